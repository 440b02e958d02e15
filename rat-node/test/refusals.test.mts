// Bad input: what is of the wrong type, name or state is refused with the name of the parameter and what was expected.
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import * as rat from '../index.mjs'
import { DeniedError, InvalidError, type Lake, NotFoundError, init, open } from '../index.mjs'
import { Project, rejection } from './support.mjs'

const require = createRequire(import.meta.url)

let project: Project
let lake: Lake

beforeAll(async () => {
  project = await Project.make()
  lake = await project.open()
})

afterAll(() => project[Symbol.asyncDispose]())

/** The calls as a caller without types could make them. */
const any = () => lake as unknown as Record<string, (...given: unknown[]) => Promise<unknown>>

const loose = (noun: object) => noun as Record<string, (...given: unknown[]) => Promise<unknown>>

const circle: Record<string, unknown> = {}
circle.again = circle
const ring: unknown[] = []
ring.push(ring)
/** A surrogate alone: no text, whatever it is for. */
const LONE = 'a\ud800'

describe('an argument of the wrong type names the parameter and what was expected', () => {
  const wrong: [string, () => Promise<unknown>, string][] = [
    ['open(5)', () => open(5 as never), '`path` must be a string, and is 5'],
    ['open()', () => (open as () => Promise<unknown>)(), '`path` must be a string, and is undefined'],
    ['open(bytes)', () => open(Buffer.from([0xff]) as never), '`path` must be a string, and is bytes'],
    ['open namespace', () => open(project.folder, { namespace: 1 as never }), '`namespace` must be a string, and is 1'],
    ['open readOnly', () => open(project.folder, { readOnly: 'yes' as never }), '`readOnly` must be a boolean, and is "yes"'],
    ['open options', () => open(project.folder, 'x' as never), '`options` must be a plain object, and is "x"'],
    ['open null', () => open(project.folder, null as never), '`options` must be a plain object, and is null'],
    ['settings', () => open(project.folder, { settings: { vars: { f: () => 1 } } }), '`settings.vars.f` must be made of what JSON has, or a Date, and is a function'],
    ['run()', () => any().run!(), '`pipeline` must be a string, and is undefined'],
    ['run({})', () => any().run!({}), '`pipeline` must be a string, and is an object'],
    ['run vars', () => any().run!('a.b', { vars: [] }), '`vars` must be an object, and is an array'],
    ['run var', () => any().run!('a.b', { vars: { x: NaN } }), '`vars.x` must be made of what JSON has, or a Date, and is NaN'],
    ['run circle', () => any().run!('a.b', { vars: circle }), 'nested deeper than 64'],
    ['run class', () => any().run!('a.b', new Map()), '`options` must be a plain object, and is an instance of Map'],
    ['timeout text', () => any().run!('a.b', { timeout: '1' }), '`timeout` must be a number of seconds, not negative, and is "1"'],
    ['timeout -1', () => any().query!('select 1', { timeout: -1 }), '`timeout` must be a number of seconds, not negative, and is -1'],
    ['timeout NaN', () => any().query!('select 1', { timeout: NaN }), '`timeout` must be a number of seconds, not negative, and is NaN'],
    ['limit 1.5', () => any().query!('select 1', { limit: 1.5 }), '`limit` must be a whole number, not negative, and is 1.5'],
    ['limit -1', () => any().query!('select 1', { limit: -1 }), '`limit` must be a whole number, not negative, and is -1'],
    ['namespaces', () => any().query!('select 1', { namespaces: [1] }), '`namespaces[0]` must be a string, and is 1'],
    ['params', () => any().query!('select $1', { params: 1 }), '`params` must be an array or an object, and is 1'],
    ['param', () => any().query!('select $1', { params: [{}] }), '`params[0]` must be null, a boolean'],
    ['param in a list', () => any().query!('select $1', { params: [[1, {}]] }), '`params[0][1]` must be null, a boolean'],
    ['param circle', () => any().query!('select $1', { params: [ring] }), 'nested deeper than 64'],
    ['no param', () => any().query!('select $a', { params: { a: undefined } }), '`params.a` must be null, a boolean'],
    ['bigint', () => any().query!('select $a', { params: { a: 2n ** 63n } }), 'a bigint of 64 bits with its sign, a string, a Date, a Uint8Array or an array of these, and is 9223372036854775808n'],
    ['bigint of many digits', () => any().query!('select $a', { params: { a: -(10n ** 50n) } }), 'and is a bigint of 51 digits'],
    ['date', () => any().query!('select $1', { params: [new Date(NaN)] }), '`params[0]` must be a valid Date, and is an invalid Date'],
    ['far date', () => any().query!('select $1', { params: [new Date(8.64e15)] }), '`params[0]` must be a valid Date, and is a Date that is too far from now'],
    ['select of a Date', () => any().build!(new Date(0)), '`select` must be a string or an array of strings, and is 1970-01-01T00:00:00.000Z'],
    ['class without a name', () => any().query!('select $1', { params: [new (class {})()] }), 'an array of these, and is an instance of a class without a name'],
    ['generator', () => any().query!('select 1', { params: (async function* () {})() }), '`params` must be an array or an object, and is an instance of a class without a name'],
    ['large number', () => any().query!('select 1', { limit: 1e300 }), '`limit` must be a whole number, not negative, and is 1e300'],
    ['item of select', () => any().build!(['a', 5]), '`select[1]` must be a string, and is 5'],
    ['inherited options', () => any().query!('select 1', Object.create({ signal: AbortSignal.abort() })), '`options` must be a plain object, and is an object that inherits fields'],
    ['options of a class', () => any().query!('select 1', new (class Options { signal = undefined })()), '`options` must be a plain object, and is an instance of Options'],
    ['options of a Proxy', () => any().query!('select 1', new Proxy([1], {})), '`options` must be a plain object, and is an array'],
    ['query(sql)', () => any().query!(Symbol('x')), '`sql` must be a string, and is a symbol'],
    ['stream', () => lake.stream(1 as never).next(), '`sql` must be a string, and is 1'],
    ['select', () => any().build!(3), '`select` must be a string or an array of strings, and is 3'],
    ['exclude', () => any().build!([], { exclude: {} }), '`exclude` must be a string or an array of strings, and is an object'],
    ['concurrency', () => any().build!([], { concurrency: 'all' }), '`concurrency` must be a whole number, not negative, and is "all"'],
    ['publish', () => any().build!([], { publish: 'later' }), '`later` is no way to publish a build'],
    ['maintain select', () => any().maintain!(3), '`select` must be a string or an array of strings, and is 3'],
    ['write data', () => any().write!('silver.x', 'rows'), '`data` must be an array of objects, rows or a stream of a query, a Table or a RecordBatch of apache-arrow, or bytes of Arrow IPC, and is "rows"'],
    ['write row', () => any().write!('silver.x', [{ id: 1 }, 2]), '`data[1]` must be an object of values by the names of columns, and is 2'],
    ['write value', () => any().write!('silver.x', [{ id: { deep: 1 } }]), '`data[0].id` must be null, a boolean'],
    ['write nothing', () => any().write!('silver.x', []), 'the rows have no columns'],
    ['uniqueKey', () => any().write!('silver.x', new Uint8Array(), { uniqueKey: 1 }), '`uniqueKey` must be a string or an array of strings, and is 1'],
    ['dryRun', () => any().maintain!([], { dryRun: 1 }), '`dryRun` must be a boolean, and is 1'],
    ['keepSnapshots', () => any().maintain!([], { keepSnapshots: -1 }), '`keepSnapshots` must be a whole number, not negative, and is -1'],
    ['keepFor', () => any().maintain!([], { keepFor: '7d' }), '`keepFor` must be a number of seconds, not negative, and is "7d"'],
    ['orphanGrace', () => any().maintain!([], { orphanGrace: Infinity }), '`orphanGrace` must be a number of seconds, not negative, and is Infinity'],
    ['signal', () => any().query!('select 1', { signal: 1 }), '`signal` must be an AbortSignal, and is 1'],
    ['onEvent', () => any().run!('a.b', { onEvent: {} }), '`onEvent` must be a function, and is an object'],
    ['raiseOnFailure', () => any().run!('a.b', { raiseOnFailure: 0 }), '`raiseOnFailure` must be a boolean, and is 0'],
    ['runs status', () => lake.runs.list({ status: 'done' as never }), '`done` is no status of a run'],
    ['runs since', () => lake.runs.list({ since: 'yesterday' as never }), '`since` must be a valid Date or ISO 8601 text, with its zone, and is "yesterday"'],
    ['open lone', () => open(LONE), '`path` must be a string, and is text that is not Unicode'],
    ['query lone', () => lake.query(`select '${LONE}'`), '`sql` must be a string, and is text that is not Unicode'],
    ['param lone', () => lake.query('select $1', { params: [LONE] }), '`params[0]` must be null, a boolean'],
    ['param name lone', () => lake.query('select 1', { params: { [LONE]: 1 } }), '`params` must be an array or an object, and is an object with a name that is text that is not Unicode'],
    ['put name lone', () => lake.landing.put('z', LONE, 'a'), '`name` must be a string, and is text that is not Unicode'],
    ['put data lone', () => lake.landing.put('z', 'a.csv', LONE), '`data` must be a Buffer, a Uint8Array or a string, and is text that is not Unicode'],
    ['put data', () => lake.landing.put('z', 'a.csv', 5 as never), '`data` must be a Buffer, a Uint8Array or a string, and is 5'],
  ]
  it.each(wrong)('%s', async (_, refused, message) => {
    const error = await rejection(refused())
    expect(error).toBeInstanceOf(InvalidError)
    expect((error as InvalidError).code).toBe('INVALID_ARGUMENT')
    expect((error as InvalidError).summary).toContain(message)
  })
})

it('an argument of what answers at once is named, too', async () => {
  const result = await lake.query('select 1')
  expect(() => result.head(-1)).toThrow('`rows` must be a whole number, not negative, and is -1')
  expect(() => result.head('all' as never)).toThrow(InvalidError)
})

describe('a URL that is no folder of this machine', () => {
  const urls = ['s3://bucket/shop', 'https://host/shop', 'file://host/shop', 'file:///a%2Fb', 'file:///sh%FF', 'file:///a?b']
  it.each([...urls, ...urls.map((url) => new URL(url)), 'file:shop', 'file:///100%'])('%s', async (url) => {
    for (const verb of [open, init]) {
      const error = (await rejection(verb(url))) as InvalidError
      expect(error).toBeInstanceOf(InvalidError)
      expect(error.code).toBe('INVALID_URL')
      expect(error.summary).toContain(String(url).split('?')[0])
    }
  })
})

it.runIf(process.platform === 'linux')('a file whose name is not UTF-8 is named', async () => {
  const folder = Buffer.from(join(project.folder, 'default/landing/odd/'))
  await mkdir(folder, { recursive: true })
  await writeFile(Buffer.concat([folder, Buffer.from([0x63, 0xe9, 0x2e, 0x63, 0x73, 0x76])]), 'a\n1\n')
  const error = (await rejection(lake.landing.files('odd'))) as InvalidError
  expect([error.code, error.retryable]).toEqual(['INVALID_NAME', false])
  expect(error.summary).toContain('`default/landing/odd/c%E9.csv`')
  await rm(folder, { recursive: true })
})

describe('an option that is not known', () => {
  const unknown: [string, () => Promise<unknown>, string, string][] = [
    ['query limt', () => any().query!('select 1', { limt: 1 }), '`limt` is not an option of `query`', 'did you mean `limit`?'],
    ['run fullrefresh', () => any().run!('a.b', { full_refresh: true }), '`full_refresh` is not an option of `run`', 'did you mean `fullRefresh`?'],
    ['query onEvent', () => any().query!('select 1', { onEvent: () => 1 }), '`onEvent` is not an option of `query`', 'its options are params'],
    ['open', () => open('.', { settngs: {} } as never), '`settngs` is not an option of `open`', 'did you mean `settings`?'],
    ['maintain dry_run', () => any().maintain!([], { dry_run: true }), '`dry_run` is not an option of `maintain`', 'did you mean `dryRun`?'],
    ['check', () => any().check!([], { force: true }), '`force` is not an option of `check`', 'its options are signal'],
    ['tables.list', () => loose(lake.tables).list!({ limt: 1 }), '`limt` is not an option of `tables.list`', 'its options are signal'],
    ['tables.get', () => loose(lake.tables).get!('a.b', { at: 1 }), '`at` is not an option of `tables.get`', 'its options are signal'],
    ['build', () => any().build!([], { timeout: 1 }), '`timeout` is not an option of `build`', 'its options are'],
  ]
  it.each(unknown)('%s', async (_, refused, message, help) => {
    const error = (await rejection(refused())) as InvalidError
    expect([error.code, error.summary]).toEqual(['INVALID_ARGUMENT', message])
    expect(error.help).toContain(help)
  })
})

describe('every argument of every verb is named when it is of another type', () => {
  const wrong = new Map()
  /** What must be given, by verb; that every verb is here is held below. */
  const given: Record<string, Record<string, unknown>> = {
    open: { path: 'memory://' },
    init: { path: 'memory://' },
    check: { select: [] },
    compile: { pipeline: 'a.b' },
    plan: { pipeline: 'a.b' },
    preview: { pipeline: 'a.b' },
    test: { select: [] },
    graph: { select: [] },
    run: { pipeline: 'a.b' },
    submit: { pipeline: 'a.b' },
    build: { select: [] },
    maintain: { select: [] },
    write: { table: 'a.b', data: new Uint8Array() },
    query: { sql: 'select 1' },
    stream: { sql: 'select 1' },
    'tables.list': {},
    'tables.get': { name: 'a.b' },
    'tables.history': { name: 'a.b' },
    'tables.rollback': { name: 'a.b', snapshotId: 1n },
    'tables.tag': { name: 'a.b', tag: 't', snapshotId: 1n },
    'tables.branch': { name: 'a.b', branch: 't', snapshotId: 1n },
    'tables.untag': { name: 'a.b', tag: 't' },
    'tables.rename': { name: 'a.b', to: 'a.c' },
    'tables.drop': { name: 'a.b' },
    'runs.list': {},
    'runs.get': { id: 'x' },
    'runs.cancel': { id: 'x' },
    'runs.report': { id: 'x' },
    'runs.logs': { id: 'x', after: 0 },
    'runs.tests': { id: 'x' },
    'landing.zones': {},
    'landing.files': { zone: 'z' },
    'landing.samples': { zone: 'z' },
    'landing.put': { zone: 'z', name: 'a.csv', data: '' },
    'landing.remove': { zone: 'z', name: 'a.csv' },
    'landing.preview': { zone: 'z' },
    'landing.restore': { zone: 'z' },
    'namespaces.list': {},
  }

  const call = async (verb: string, ...values: unknown[]): Promise<unknown> => {
    if (verb === 'open' || verb === 'init') return (rat as unknown as Record<string, (...values: unknown[]) => unknown>)[verb]!(...values)
    const [noun, method] = verb.includes('.') ? (verb.split('.') as [string, string]) : [undefined, verb]
    const owner = (noun === undefined ? lake : lake[noun as keyof Lake]) as unknown as Record<string, (...values: unknown[]) => unknown>
    const answer = owner[method]!(...values)
    return verb === 'stream' ? (answer as AsyncGenerator).next() : answer
  }

  it('none is forgotten', () => {
    const nouns = ['tables', 'runs', 'landing', 'namespaces'] as const
    const methods = (of: object) => Object.getOwnPropertyNames(Object.getPrototypeOf(of)).filter((name) => !['constructor', 'url', 'namespace', 'close'].includes(name))
    const all = ['open', 'init', ...methods(lake), ...nouns.flatMap((noun) => methods(lake[noun]).map((method) => `${noun}.${method}`))]
    expect(all.sort()).toEqual(Object.keys(given).sort())
  })

  const positional = Object.entries(given).flatMap(([verb, values]) => Object.keys(values).map((name, at) => [verb, name, at] as const))
  it.each(positional)('%s %s', async (verb, name, at) => {
    const values = Object.values(given[verb]!)
    const error = await rejection(call(verb, ...values.slice(0, at), wrong, ...values.slice(at + 1)))
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', summary: expect.stringMatching(new RegExp(`^\`${name}\` must be .*an instance of Map$`)) as string })
  })

  // Every verb can be stopped; those that are not listed have no other option.
  const bare = Object.keys(given).filter((verb) => verb.includes('.') && !(verb in (require('../rat.node') as { options: () => object }).options()))
  it.each(bare)('%s has no option but signal', async (verb) => {
    const nothing = await rejection(call(verb, ...Object.values(given[verb]!), { nonsense: 1 }))
    expect(nothing).toMatchObject({ code: 'INVALID_ARGUMENT', summary: `\`nonsense\` is not an option of \`${verb}\`` })
    const odd = await rejection(call(verb, ...Object.values(given[verb]!), 5))
    expect(odd).toMatchObject({ code: 'INVALID_ARGUMENT', summary: '`options` must be a plain object, and is 5' })
    const aborted = await rejection(call(verb, ...Object.values(given[verb]!), { signal: AbortSignal.abort('enough') }))
    expect(aborted).toMatchObject({ code: 'CANCELLED', cause: 'enough' })
    const signal = await rejection(call(verb, ...Object.values(given[verb]!), { signal: 1 }))
    expect(signal).toMatchObject({ summary: '`signal` must be an AbortSignal, and is 1' })
  })

  const known = (require('../rat.node') as { options: () => Record<string, string[]> }).options()
  // A handle has a test of its own, with a run to wait for.
  const ofVerbs = Object.entries({ ...known, stream: known['query']! }).filter(([verb]) => verb !== 'runHandle.wait')
  const options = ofVerbs.flatMap(([verb, names]) => names.map((name) => [verb, name] as const))
  it.each(options)('%s { %s }', async (verb, name) => {
    const error = await rejection(call(verb, ...Object.values(given[verb]!), { [name]: wrong }))
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', summary: expect.stringMatching(new RegExp(`^\`${name}\` must be .*an instance of Map$`)) as string })
  })
})

describe('states', () => {
  it('a closed lake refuses every verb', async () => {
    const closed = await project.open()
    closed.close()
    closed.close()
    const { landing, runs, tables } = closed
    const empty = await (await lake.query('select 1 as id')).toIPC()
    const verbs: (() => Promise<unknown>)[] = [
      () => closed.check(), () => closed.compile('silver.orders'), () => closed.plan('silver.orders'), () => closed.preview('silver.orders'), () => closed.test(), () => closed.graph(), () => closed.run('silver.orders'),
      () => closed.submit('silver.orders'), () => closed.build(), () => closed.query('select 1'), () => closed.stream('select 1').next(), () => closed.maintain(),
      () => closed.write('silver.w', empty),
      () => tables.list(), () => tables.get('a.b'), () => tables.history('a.b'), () => tables.rollback('a.b', 1n), () => tables.tag('a.b', 't'),
      () => tables.branch('a.b', 't'), () => tables.untag('a.b', 't'), () => tables.drop('a.b'), () => tables.rename('a.b', 'a.c'),
      () => runs.list(), () => runs.get('x'), () => runs.cancel('x'), () => runs.report('x'), () => runs.logs('x'), () => runs.tests('x'),
      () => landing.zones(), () => landing.files('z'), () => landing.samples('z'), () => landing.put('z', 'a.csv', ''),
      () => landing.remove('z', 'a.csv'), () => landing.preview('z'), () => landing.restore('z'), () => closed.namespaces.list(),
    ]
    for (const verb of verbs) {
      const error = await rejection(verb())
      expect(error).toBeInstanceOf(InvalidError)
      expect((error as InvalidError).code).toBe('CLOSED')
    }
  })

  it('a lake for reading only is read, never written', async () => {
    await using fresh = await Project.make()
    const only = await fresh.open({ readOnly: true })
    expect((await only.query('select 1 as one')).toArray()).toEqual([{ one: 1n }])
    expect((await only.check()).ok).toBe(true)
    const { landing, tables } = only
    const empty = await (await lake.query('select 1 as id')).toIPC()
    const verbs: (() => Promise<unknown>)[] = [
      () => only.run('silver.orders'), () => only.submit('silver.orders'), () => only.runs.cancel('x'), () => only.build(), () => only.maintain(), () => only.write('silver.w', empty),
      () => landing.put('z', 'a.csv', 'a\n'), () => landing.remove('z', 'a.csv'), () => landing.restore('z'),
      () => tables.rollback('a.b', 1n), () => tables.tag('a.b', 't'), () => tables.branch('a.b', 't'), () => tables.untag('a.b', 't'),
      () => tables.drop('a.b'), () => tables.rename('a.b', 'a.c'),
    ]
    for (const verb of verbs) {
      const error = await rejection(verb())
      expect(error).toBeInstanceOf(DeniedError)
      expect((error as DeniedError).code).toBe('READ_ONLY_LAKE')
    }
    expect(await readdir(fresh.folder)).toEqual(['default'])
  })

  it('a path that is not there, not text or not of this world is an error of its own', async () => {
    expect(await rejection(open(`${project.folder}/nothing`))).toBeInstanceOf(NotFoundError)
    expect(await rejection(open(new URL('https://example.org/lake') as never))).toBeInstanceOf(InvalidError)
    expect(await rejection(open('ftp://host/lake'))).toBeInstanceOf(InvalidError)
  })

  it('names that are not there are not found, with the nearest', async () => {
    expect(await rejection(lake.run('silver.order'))).toMatchObject({ kind: 'not_found', code: 'PIPELINE_NOT_FOUND' })
    expect(await rejection(lake.tables.get('silver.nothing'))).toMatchObject({ code: 'TABLE_NOT_FOUND' })
    expect(await rejection(lake.runs.logs('none'))).toMatchObject({ code: 'RUN_NOT_FOUND' })
    expect(await rejection(lake.landing.files('none'))).toMatchObject({ code: 'UNKNOWN_ZONE' })
    const graph = await lake.graph()
    for (const name of ['a', 'silver.order', 'orders']) expect(() => graph.upstream(name)).toThrow(NotFoundError)
    expect(graph.downstream('silver.orders')).toEqual(['default.gold.totals'])
    expect(() => graph.upstream(1 as never)).toThrow('`pipeline` must be a string, and is 1')
  })

  it('what is not read-only is denied', async () => {
    const error = await rejection(lake.query('drop table silver.orders'))
    expect(error).toBeInstanceOf(DeniedError)
    expect(error).toMatchObject({ code: 'NOT_READ_ONLY', retryable: false, kind: 'denied', name: 'DeniedError' })
    expect((error as DeniedError).diagnostics[0]).toMatchObject({ path: 'query', line: 1, column: 1 })
    expect((error as DeniedError).message).toContain('drop table silver.orders')
  })
})

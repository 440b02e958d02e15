import { getEventListeners } from 'node:events'
import { mkdir, readdir, rename, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { inspect } from 'node:util'

import { tableFromArrays, tableToIPC } from 'apache-arrow'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { CancelledError, InternalError, type Event, Lake, type MaintenanceReport, RatError, RunFailedError, init, open } from '../index.mjs'
import { HEAVY, ORDERS, Project, SLOW, rejection } from './support.mjs'

/** What the package keeps to itself. */
const require = createRequire(import.meta.url)
const { call } = require('../lib/call.js')
const native = require('../rat.node')

let project: Project
let lake: Lake

beforeEach(async () => {
  project = await Project.make()
  lake = await project.open()
})

afterEach(() => project[Symbol.asyncDispose]())

describe('building', () => {
  it('goes in order, then has nothing to do', async () => {
    const report = await lake.build()
    expect(report.runs.map((run) => [run.pipeline, run.status, run.rowsWritten])).toEqual([
      ['default.silver.orders', 'success', 2],
      ['default.gold.totals', 'success', 2],
    ])
    const again = await lake.build()
    expect(again.runs.every((run) => run.skippedReason)).toBe(true)
    const forced = await lake.build('silver.orders+', { force: true, exclude: ['gold.*'] })
    expect(forced.runs.map((run) => [run.pipeline, run.skippedReason])).toEqual([['default.silver.orders', null]])
  })

  it('keeps identifiers of 64 bits exact, and names of tables as they are', async () => {
    const report = await lake.build()
    const [orders, totals] = report.runs
    expect(typeof orders!.snapshotId).toBe('bigint')
    expect(totals!.inputs).toEqual({ 'default.silver.orders': orders!.snapshotId })
    const told = await lake.tables.get('silver.orders')
    expect(told.snapshotId).toBe(orders!.snapshotId)
  })

  it('reports what JSON can say, identifiers as decimal text', async () => {
    const events: Event[] = []
    const report = await lake.build(undefined, { onEvent: (event) => void events.push(event) })
    const snapshot = report.runs[0]!.snapshotId!
    const said = (value: unknown) => JSON.parse(JSON.stringify(value)) as Record<string, unknown>
    expect(said(report.runs[1])).toEqual({ ...report.runs[1], snapshotId: String(report.runs[1]!.snapshotId), inputs: { 'default.silver.orders': String(snapshot) } })
    const published = `"snapshotId":"${snapshot}"`
    expect(JSON.stringify(report)).toContain(published)
    expect(JSON.stringify(events)).toContain(published)
    expect(JSON.stringify(await lake.tables.get('silver.orders'))).toContain(published)
    expect(JSON.stringify(await lake.tables.history('silver.orders'))).toContain(published)
    expect(JSON.stringify(await lake.runs.report(report.runs[0]!.id))).toContain(published)
    expect(said(await lake.plan('gold.totals'))).toMatchObject({ baseSnapshotId: String(report.runs[1]!.snapshotId) })
    // It is no part of the data.
    expect(Object.keys(report.runs[0]!)).not.toContain('toJSON')
    expect(structuredClone(report)).toEqual(report)
    expect(await lake.graph().then((graph) => Object.getOwnPropertySymbols(graph.nodes[0]).concat(Object.getOwnPropertyNames(graph.nodes[0]) as never))).not.toContain('toJSON')
  })

  it('reports rows of samples as they are', async () => {
    await project.pipeline('silver/ids', "select 9007199254740993 as id, [9007199254740993, 1] as ids, 5 as few, 'x' as snapshot_id\n")
    await project.write('default/pipelines/silver/ids/tests/quality/none.sql', 'select * from {{ this }}')
    const { tests } = await lake.run('silver.ids', { raiseOnFailure: false })
    expect(tests[0]!.samples).toEqual([{ id: 9007199254740993n, ids: [9007199254740993n, 1], few: 5, snapshot_id: 'x' }])
    expect(JSON.parse(JSON.stringify(tests[0]!.samples))).toEqual([{ id: '9007199254740993', ids: ['9007199254740993', 1], few: 5, snapshot_id: 'x' }])
    await project.pipeline('silver/own', 'select 9007199254740993 as id, 1 as "toJSON"\n')
    await project.write('default/pipelines/silver/own/tests/quality/none.sql', 'select * from {{ this }}')
    const own = await lake.run('silver.own', { raiseOnFailure: false })
    expect(own.tests[0]!.samples).toEqual([{ id: 9007199254740993n, toJSON: 1 }])
  })

  it('tells what happens, in order, before the promise settles', async () => {
    const events: Event[] = []
    const report = await lake.run('silver.orders', { onEvent: (event) => void events.push(event) })
    expect(events[0]).toEqual({ event: 'started', runId: report.id, pipeline: 'default.silver.orders', attempt: 1 })
    const phases = events.flatMap((event) => (event.event === 'phase' ? [event.phase] : []))
    expect(phases).toEqual(report.phases.map((phase) => phase.phase))
    const last = events.at(-1)
    expect(last?.event === 'finished' && last.report.snapshotId).toBe(report.snapshotId)
  })

  it('tells a slow listener the newest progress alone', async () => {
    await project.pipeline('bronze/heavy', HEAVY)
    const events: Event[] = []
    const onEvent = async (event: Event) => {
      events.push(event)
      // Busy until the run is over.
      if (event.event === 'started') while ((await lake.runs.get(event.runId)).finishedAt === null);
    }
    const { rowsTotal } = await lake.run('bronze.heavy', { onEvent })
    const progress = events.flatMap((event, at) => (event.event === 'progress' ? [[at, event.rows]] : []))
    expect(progress.length).toBeGreaterThan(0)
    expect(progress.map(([at]) => events[at! - 1]!.event)).not.toContain('progress')
    expect(progress.at(-1)![1]).toBe(rowsTotal)
  })

  it('keeps no event for nobody', async () => {
    const unheard = new native.Call(false)
    expect(await unheard.event()).toBeUndefined()
  })

  it('stops when a callback throws, and rejects with what it threw', async () => {
    const thrown = new Error('{not today}')
    const stop = (event: Event) => {
      if (event.event === 'phase') throw thrown
    }
    expect(await rejection(lake.run('silver.orders', { onEvent: stop }))).toBe(thrown)
    expect(await rejection(lake.build(undefined, { onEvent: () => Promise.reject(thrown) }))).toBe(thrown)
    // The process lives, and so does the lake.
    expect((await lake.run('silver.orders')).status).toBe('success')
  })

  it('says who called: the frame is the first or the second', async () => {
    const frames = (error: unknown) => (error as Error).stack!.replace((error as Error).message, '').split('\n').filter((line) => /^ +at /.test(line))
    const graph = await lake.graph()
    const calls: (() => unknown)[] = [
      async () => await lake.query('select nothing'),
      async () => await lake.tables.get('silver.nothing'),
      async () => await lake.stream('select nothing').next(),
      async () => await lake.build(['silver.nothing']),
      async () => await open('/nothing'),
      () => graph.upstream('nothing'),
    ]
    for (const call of calls) {
      const error = await rejection((async () => await call())())
      expect(error).toBeInstanceOf(RatError)
      expect(frames(error).slice(0, 2).join('\n')).toContain('lake.test.mts')
    }
    await project.pipeline('silver/broken', "select cast('x' as int) as id")
    const failed = await rejection((async () => await lake.run('silver.broken'))())
    expect(failed).toBeInstanceOf(RunFailedError)
    expect(frames(failed).slice(0, 2).join('\n')).toContain('lake.test.mts')
  })

  it('throws the report of a failed run unless told not to', async () => {
    await project.write('default/pipelines/silver/orders/tests/quality/cheap.sql', 'select * from {{ this }} where amount > 10')
    const error = await rejection(lake.run('silver.orders'))
    expect(error).toBeInstanceOf(RunFailedError)
    const failed = error as RunFailedError
    expect([failed.kind, failed.code]).toEqual(['rejected', 'QUALITY_FAILED'])
    expect(failed.report.pipeline && failed.report.tests[0]).toMatchObject({ name: 'cheap', count: 1, samples: [{ customer: 'Ada' }] })

    const report = await lake.run('silver.orders', { raiseOnFailure: false })
    expect(report.error).toBeInstanceOf(RatError)
    expect([report.ok, report.error?.code]).toEqual([false, 'QUALITY_FAILED'])
    expect((await lake.build(undefined, { raiseOnFailure: false })).ok).toBe(false)
    const build = await rejection(lake.build())
    expect(build).toBeInstanceOf(RunFailedError)
    expect((build as RunFailedError).context.pipeline).toBe('default.silver.orders')
  })
})

it('a lake is opened, not made', () => {
  expect(() => new (Lake as unknown as new (path: string) => Lake)('./shop')).toThrow('open a lake with `open()`')
})

describe('aborting', () => {
  beforeEach(() => project.pipeline('bronze/heavy', HEAVY))

  it('rejects with CancelledError, says why, and nothing is published', async () => {
    const abort = new AbortController()
    const reason = new Error('enough')
    const onEvent = (event: Event) => {
      if (event.event === 'phase' && event.phase === 'execute') abort.abort(reason)
    }
    const error = await rejection(lake.run('bronze.heavy', { signal: abort.signal, onEvent }))
    expect(error).toBeInstanceOf(CancelledError)
    expect((error as CancelledError).cause).toBe(reason)
    expect(await lake.tables.list()).toEqual([])
    const { runs } = await lake.runs.list({ pipeline: 'bronze.heavy' })
    expect(runs.map((run) => run.status)).toEqual(['cancelled'])
  })

  it('comes too late for what is being published, and the report tells', async () => {
    const abort = new AbortController()
    const onEvent = (event: Event) => {
      if (event.event === 'phase' && event.phase === 'publish') abort.abort()
    }
    expect(await lake.run('silver.orders', { signal: abort.signal, onEvent })).toMatchObject({ ok: true, status: 'success' })
    expect(await lake.write('bronze.rows', [{ id: 1 }], { signal: new AbortController().signal })).toMatchObject({ ok: true })
  })

  it('of a build tells what was published before', async () => {
    await project.pipeline('gold/slow', "select o.id, i from {{ ref('silver.orders') }} o, generate_series(1, 5000000) t(i)")
    const abort = new AbortController()
    const onEvent = (event: Event) => {
      if (event.event === 'phase' && event.phase === 'execute' && event.pipeline === 'default.gold.slow') abort.abort()
    }
    const error = await rejection(lake.build(['silver.orders', 'gold.slow'], { signal: abort.signal, onEvent }))
    expect(error).toBeInstanceOf(CancelledError)
    const { report } = error as CancelledError
    expect(report).toMatchObject({ status: 'cancelled', runs: [{ status: 'success' }, { status: 'cancelled' }] })
  })

  it('never starts what was aborted before', async () => {
    const error = await rejection(lake.build(undefined, { signal: AbortSignal.abort() }))
    expect(error).toBeInstanceOf(CancelledError)
    expect((await lake.runs.list()).runs).toEqual([])
    for (const verb of [
      () => lake.query('select 1', { signal: AbortSignal.abort() }),
      () => lake.check(undefined, { signal: AbortSignal.abort() }),
      () => lake.graph(undefined, { signal: AbortSignal.abort() }),
    ]) {
      expect(await rejection(verb())).toBeInstanceOf(CancelledError)
    }
  })

  it('stops a query and a stream', async () => {
    const cross = 'select sum(a.i * b.i) as s from generate_series(1, 300000) a(i), generate_series(1, 300000) b(i)'
    const error = await rejection(lake.query(cross, { signal: AbortSignal.timeout(50) }))
    expect(error).toBeInstanceOf(CancelledError)
    expect((error as CancelledError).cause).toMatchObject({ name: 'TimeoutError' })

    const abort = new AbortController()
    const read = async () => {
      for await (const batch of lake.stream('select * from generate_series(1, 10000000) t(i)', { signal: abort.signal })) {
        expect(batch.numRows).toBeGreaterThan(0)
        abort.abort()
      }
    }
    expect(await rejection(read())).toBeInstanceOf(CancelledError)
  })

  it('does not wait for a listener that never answers', async () => {
    const abort = new AbortController()
    const never = new Promise<void>(() => {})
    const onEvent = (event: Event) => {
      setImmediate(() => abort.abort('enough'))
      return event.event === 'started' ? never : undefined
    }
    expect(await rejection(lake.run('bronze.heavy', { signal: abort.signal, onEvent }))).toMatchObject({ code: 'CANCELLED', cause: 'enough' })
  })

  it('stops every verb that takes a signal, those that ask and those that wait', async () => {
    const handle = await lake.submit('bronze.heavy')
    const listening = new AbortController()
    const listen = async () => {
      for await (const event of handle.events({ signal: listening.signal })) {
        expect(event.event).toBe('started')
        listening.abort()
      }
    }
    expect(await rejection(listen())).toBeInstanceOf(CancelledError)
    handle.cancel()
    await handle.wait({ raiseOnFailure: false })
    const signal = AbortSignal.abort()
    for (const verb of [() => open(project.folder, { signal }), () => init(join(project.folder, 'x'), { signal }), () => lake.submit('silver.orders', { signal })]) {
      expect(await rejection(verb())).toBeInstanceOf(CancelledError)
    }
    expect(await readdir(project.folder)).not.toContain('x')
    // As for `fetch`, null is none.
    expect((await lake.query('select 1', { signal: null })).numRows).toBe(1)
  })

  it('takes one listener of a signal for any number of verbs', async () => {
    const abort = new AbortController()
    const warnings: Error[] = []
    const warned = (warning: Error) => warnings.push(warning)
    process.on('warning', warned)
    const waiting = Array.from({ length: 16 }, () => lake.query(SLOW, { signal: abort.signal }).catch((error: RatError) => error.code))
    expect(getEventListeners(abort.signal, 'abort')).toHaveLength(1)
    abort.abort()
    expect(await Promise.all(waiting)).toEqual(Array(16).fill('CANCELLED'))
    await new Promise(setImmediate)
    process.off('warning', warned)
    expect(warnings).toEqual([])
    expect(getEventListeners(abort.signal, 'abort')).toEqual([])
  })

  it('leaves no listener on the signal', async () => {
    const { signal } = new AbortController()
    let listeners = 0
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = (...given: Parameters<typeof add>) => (listeners++, add(...given))
    signal.removeEventListener = (...given: Parameters<typeof remove>) => (listeners--, remove(...given))
    await lake.query('select 1', { signal })
    expect(listeners).toBe(0)
  })
})

describe('many at once', () => {
  it('runs eight pipelines of one lake from eight promises', async () => {
    const names = Array.from({ length: 8 }, (_, i) => `bronze/part${i}`)
    for (const [i, name] of names.entries()) await project.pipeline(name, `select ${i} as part, x from generate_series(1, 1000) t(x)\n`)
    const reports = await Promise.all(names.map((name) => lake.run(name.replace('/', '.'))))
    expect(reports.map((report) => report.rowsTotal)).toEqual(Array(8).fill(1000))
    const counts = await Promise.all(names.map((_, i) => lake.query(`select count(*) as n, min(part) as part from bronze.part${i}`)))
    expect(counts.map((count) => count.toArray()[0])).toEqual(names.map((_, part) => ({ n: 1000n, part: expect.anything() })))
  })

  it('keeps two lakes of one process apart', async () => {
    await using other = await Project.make({ 'silver/orders': "select 7 as id, 'Zoe' as customer, 1.0 as amount\n" })
    const second = await other.open()
    await Promise.all([lake.run('silver.orders'), second.run('silver.orders')])
    const ask = async (of: Lake) => (await of.query('select customer from silver.orders order by 1')).toArray().map((row) => row.customer)
    expect(await Promise.all([ask(lake), ask(second)])).toEqual([['Ada', 'Bob'], ['Zoe']])
  })
})

describe('the handle', () => {
  it('is closed by using, and by await using', async () => {
    let outer: Lake
    {
      using inner = await open(project.folder)
      outer = inner
      expect((await inner.query('select 1 as one')).numRows).toBe(1)
    }
    expect(await rejection(outer.query('select 1'))).toMatchObject({ code: 'CLOSED' })
    {
      await using inner = await open(project.folder)
      outer = inner
    }
    expect(await rejection(outer.check())).toMatchObject({ code: 'CLOSED' })
  })

  it('opens by path and by URL, and knows where it is', async () => {
    const url = new URL(`file://${project.folder}/`)
    using other = await open(url, { namespace: 'crm', settings: { engine: { query_rows: 1 } } })
    expect(other.url).toContain(project.folder)
    expect(other.namespace).toBe('crm')
    expect(inspect(other, { breakLength: Infinity })).toBe(`Lake { url: '${other.url}', namespace: 'crm' }`)
    expect((await other.query('select * from generate_series(1, 10) t(i)')).numRows).toBe(1)
  })

  it('opens folders whose names have signs of URLs in them, as they are', async () => {
    const folder = join(project.folder, 'a%FFb%20c #?d é')
    await mkdir(join(folder, 'default/pipelines/silver/orders'), { recursive: true })
    await writeFile(join(folder, 'default/pipelines/silver/orders/pipeline.sql'), ORDERS)
    const url = pathToFileURL(folder)
    for (const path of [folder, url, url.href, url.href.replace('///', '/'), url.href.replace('///', '//localhost/')]) {
      using other = await open(path)
      expect(fileURLToPath(other.url)).toBe(folder)
      using again = await open(other.url)
      expect(again.url).toBe(other.url)
      expect((await other.build(undefined, { force: true })).status).toBe('success')
      expect((await other.query('select count(*) as n from silver.orders')).toArray()).toEqual([{ n: 2n }])
    }
  })

  it('outlives a panic in the core', async () => {
    const error = await rejection(call((c: unknown) => native.panicOnPurpose(c)))
    expect(error).toBeInstanceOf(InternalError)
    expect((error as InternalError).code).toBe('INTERNAL')
    expect((error as InternalError).message).toContain('a defect on purpose')
    expect((await lake.run('silver.orders')).status).toBe('success')
  })
})

describe('the nouns', () => {
  it('tell of tables, runs, namespaces and the graph', async () => {
    const report = await lake.build()
    expect(await lake.tables.list()).toEqual([
      { name: 'default.silver.orders', kind: 'table' },
      { name: 'default.gold.totals', kind: 'table' },
    ])
    const orders = await lake.tables.get('silver.orders')
    expect(orders.columns.map((column) => column.name)).toEqual(['id', 'customer', 'amount'])
    expect([orders.rowCount, orders.properties['rat.merge-strategy']]).toEqual([2, 'incremental'])
    const [entry] = await lake.tables.history('silver.orders')
    expect(entry).toMatchObject({ snapshotId: orders.snapshotId, isCurrent: true, runId: report.runs[0]!.id, references: ['main'] })

    const page = await lake.runs.list({ limit: 1, status: ['success'], since: new Date(0) })
    expect([page.runs.length, page.next]).toEqual([1, page.runs[0]!.id])
    const { startedAt } = await lake.runs.get(page.runs[0]!.id)
    expect((await lake.runs.list({ since: startedAt })).runs.map((run) => run.id)).toContain(page.next)
    expect((await lake.runs.list({ until: startedAt })).runs.map((run) => run.id)).not.toContain(page.next)
    const rest = await lake.runs.list({ after: page.next! })
    expect(rest.runs.map((run) => run.id)).not.toContain(page.next)
    const id = report.runs[0]!.id
    expect((await lake.runs.get(id)).pipeline).toBe('default.silver.orders')
    expect((await lake.runs.report(id))?.snapshotId).toBe(orders.snapshotId)
    expect((await lake.runs.logs(id)).map((line) => line.seq)[0]).toBe(1)
    expect(Array.isArray(await lake.runs.tests(id))).toBe(true)
    expect(await lake.namespaces.list()).toEqual(['default'])

    const graph = await lake.graph()
    expect(graph.order()).toEqual(['default.silver.orders', 'default.gold.totals'])
    expect(graph.upstream('gold.totals')).toEqual(['default.silver.orders'])
    expect(graph.downstream('default.silver.orders')).toEqual(['default.gold.totals'])
    expect(graph.edges).toEqual([{ from: 'default.silver.orders', to: 'default.gold.totals' }])
    expect(graph.nodes[0]!.latestRun).toMatchObject({ id, status: 'success', rowsWritten: 2 })
    expect(graph.nodes[1]!.lineage[0]).toEqual({ column: 'customer', from: [{ table: 'default.silver.orders', column: 'customer' }] })
    expect(graph.toMermaid()).toContain('flowchart LR')
    expect(Object.keys(JSON.parse(JSON.stringify(graph)))).toEqual(['nodes', 'edges'])
  })

  it('go back in time', async () => {
    const first = (await lake.run('silver.orders')).snapshotId!
    await lake.tables.tag('silver.orders', 'monday')
    await project.pipeline('silver/orders', "-- @merge_strategy: incremental\n-- @unique_key: id\nselect 3 as id, 'Cleo' as customer, 9.5 as amount\n")
    const { finishedAt } = await lake.run('silver.orders')
    const count = async (asOf?: Date | bigint | string) => (await lake.query('select count(*) as n from silver.orders', asOf === undefined ? {} : { asOf })).toArray()[0]!.n
    expect([await count(), await count(first), await count('monday'), await count(new Date(Date.parse(finishedAt) + 1000))]).toEqual([3n, 2n, 2n, 3n])
    const back = await lake.tables.rollback('silver.orders', first)
    expect([back.snapshotId, await count()]).toEqual([first, 2n])
    expect((await lake.tables.branch('silver.orders', 'try')).references.map((r) => [r.name, r.kind])).toContainEqual(['try', 'branch'])
    expect((await lake.tables.untag('silver.orders', 'monday')).references.map((r) => r.name)).not.toContain('monday')
    await lake.tables.drop('silver.orders')
    expect(await lake.tables.list()).toEqual([])
    expect(await rejection(lake.tables.rollback('silver.orders', 5 as never))).toMatchObject({ summary: '`snapshotId` must be a bigint, and is 5' })
  })

  it('compile and test without writing', async () => {
    const compiled = await lake.compile('gold.totals', { sql: "select customer, '{{ var('x') }}' as x from {{ ref('silver.orders') }}", vars: { x: 1 } })
    expect([compiled.dependencies, compiled.schema?.map((column) => column.name)]).toEqual([['default.silver.orders'], ['customer', 'x']])
    expect(compiled.sql).toContain("'1' as x")
    expect((await lake.compile('silver.orders')).config.find(({ key }) => key === 'unique_key')).toMatchObject({ value: ['id'], origin: { line: 2 } })
    await project.write('default/pipelines/silver/orders/config.yaml', 'tests:\n  - unique: [id]\n')
    expect(await rejection(lake.test('silver.orders'))).toMatchObject({ code: 'NOT_BUILT' })
    await lake.run('silver.orders')
    expect((await lake.test()).map((test) => [test.pipeline, test.name, test.status])).toContainEqual(['default.silver.orders', 'unique(id)', 'passed'])
  })

  it('keep tables small, and say so before', async () => {
    await project.pipeline('bronze/events', '-- @merge_strategy: append_only\nselect * from (values (1), (2)) t(id)\n')
    for (let run = 0; run < 6; run++) await lake.run('bronze.events')
    const now = { keepSnapshots: 1, keepFor: 0, orphanGrace: 0 }
    const would = await lake.maintain('bronze.events', { ...now, dryRun: true })
    expect(would).toMatchObject({ dryRun: true, tables: [{ name: 'default.bronze.events', filesRewritten: 6, filesWritten: 0, error: null }] })
    expect(await lake.tables.history('bronze.events')).toHaveLength(6)
    const { tables } = await lake.maintain(undefined, now)
    expect(tables).toMatchObject([{ filesRewritten: 6, filesWritten: 1 }])
    expect(tables[0]!.snapshotsExpired).toBeGreaterThan(0)
    expect((await lake.query('select count(*) as n from bronze.events')).toArray()).toEqual([{ n: 12n }])
    expect(await rejection(lake.maintain('bronze.evnts'))).toMatchObject({ code: 'PIPELINE_NOT_FOUND' })
  })

  it('tell what a run would do, and rename the table of a pipeline that is gone', async () => {
    await using own = await Project.make()
    const lake = await own.open()
    const plan = await lake.plan('silver.orders')
    expect([plan.isFirstRun, plan.rowsWritten, plan.bytesWritten]).toEqual([true, { kind: 'at_most', value: 2 }, { kind: 'unknown' }])
    expect(await lake.tables.list()).toEqual([])
    await lake.run('silver.orders')
    expect(await rejection(lake.tables.rename('silver.orders', 'silver.other'))).toMatchObject({ code: 'TABLE_HAS_PIPELINE' })
    await rename(join(own.folder, 'default/pipelines/silver/orders'), join(own.folder, 'default/pipelines/silver/sales'))
    expect((await lake.check()).diagnostics.map(({ code }) => code)).toContain('PIPELINE_GONE')
    expect((await lake.tables.rename('silver.orders', 'silver.sales')).name).toBe('default.silver.sales')
    expect((await lake.maintain(undefined, { relocate: true })).tables.map((table) => table.filesRelocated)).toEqual([0])
  })

  it('write rows that a program has', async () => {
    const rows = async (sql: string) => (await lake.query(sql)).toIPC()
    const events: string[] = []
    const onEvent = (event: Event) => void events.push(event.event)
    const report = await lake.write('bronze.t', await rows("select 1 as id, 'a' as name union all select 2, 'b'"), { onEvent })
    expect(report).toMatchObject({ pipeline: 'default.bronze.t', trigger: 'write', rowsInserted: 2 })
    expect(events.at(-1)).toBe('finished')
    await lake.write('bronze.t', await rows("select 2 as id, 'B' as name"), { strategy: 'incremental', uniqueKey: 'id', settings: { sort_by: ['id'] } })
    expect((await lake.query('select id, name from bronze.t order by id')).toArray()).toEqual([{ id: 1n, name: 'a' }, { id: 2n, name: 'B' }])
    expect(await rejection(lake.write('silver.orders', await rows('select 1 as id')))).toMatchObject({ code: 'TABLE_HAS_PIPELINE' })
    expect(await rejection(lake.write('bronze.t', new Uint8Array([1, 2, 3])))).toMatchObject({ code: 'INVALID_ARGUMENT' })
    const failed = await rejection(lake.write('bronze.t', await rows('select null::bigint as id'), { strategy: 'incremental', uniqueKey: ['id'] }))
    expect(failed).toBeInstanceOf(RunFailedError)
    expect(failed).toMatchObject({ code: 'NULL_KEY' })
  })

  it('write objects, rows of a query and tables of apache-arrow', async () => {
    const at = new Date('2024-02-29T12:00:00.123Z')
    await lake.write('bronze.t', [
      { id: 1, price: 2, raw: new Uint8Array([7]), tags: ['a', null] },
      { id: 2n, price: 2.5, name: 'Bob', at, tags: [] },
      { id: 3, name: undefined },
    ])
    const all = async () => (await lake.query('select id, price, raw, tags, name, at from bronze.t order by id')).toArray()
    expect(await all()).toEqual([
      { id: 1n, price: 2, raw: Buffer.from([7]), tags: ['a', null], name: null, at: null },
      { id: 2n, price: 2.5, raw: null, tags: [], name: 'Bob', at },
      { id: 3n, price: null, raw: null, tags: null, name: null, at: null },
    ])
    const table = tableFromArrays({ id: BigInt64Array.from([3n, 4n]), name: ['Cy', 'Di'] })
    await lake.write('bronze.t', table, { strategy: 'incremental', uniqueKey: 'id' })
    expect((await all()).map(({ id, name }) => [id, name])).toEqual([[1n, null], [2n, 'Bob'], [3n, 'Cy'], [4n, 'Di']])
    await lake.write('bronze.batch', table.batches[0]!)
    const bytes = tableToIPC(table, 'stream')
    await lake.write('bronze.batch', bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer)
    await lake.write('bronze.batch', (await lake.query('select * from bronze.batch')).toArray())
    expect((await lake.query('select id, name, count(*) as n from bronze.batch group by id, name order by id')).toArray()).toEqual([
      { id: 3n, name: 'Cy', n: 4n },
      { id: 4n, name: 'Di', n: 4n },
    ])
    await lake.tables.drop('bronze.batch')
    await lake.write('bronze.t', await lake.query('select 9 as id'), { strategy: 'full_refresh' })
    expect((await lake.query('select * from bronze.t')).toArray()).toEqual([{ id: 9n }])
    const mixed = await rejection(lake.write('bronze.u', [{ id: 1 }, { id: 'two' }]))
    expect(mixed).toMatchObject({ code: 'INVALID_ARGUMENT', summary: '`id` in row 1 is VARCHAR, and BIGINT in the rows before' })
    expect(await lake.tables.list()).toHaveLength(1)
  })

  it('take dates as variables', async () => {
    await project.pipeline('gold/since', "select '{{ var('since') }}' as since\n")
    const { sql } = await lake.compile('gold.since', { vars: { since: new Date('2024-02-29T12:00:00Z') } })
    expect(sql).toContain("'2024-02-29T12:00:00.000Z'")
  })

  it('tell which table could not be maintained, and maintain the others', async () => {
    for (const name of ['events', 'others']) {
      await project.pipeline(`bronze/${name}`, '-- @merge_strategy: append_only\nselect * from (values (1), (2)) t(id)\n')
      for (let run = 0; run < 6; run++) await lake.run(`bronze.${name}`)
    }
    const metadata = `${fileURLToPath((await lake.tables.get('bronze.events')).location)}/metadata`
    for (const file of await readdir(metadata)) if (file.endsWith('.avro')) await writeFile(`${metadata}/${file}`, 'worn out')
    const failed = (await rejection(lake.maintain())) as RunFailedError
    expect(failed).toBeInstanceOf(RunFailedError)
    const [events, others] = (failed.report as MaintenanceReport).tables
    expect(events!.error).toBeInstanceOf(RatError)
    expect(events!.error!.code).toBe(failed.code)
    expect(others).toMatchObject({ error: null, filesRewritten: 6 })
    const maintained = await lake.maintain(undefined, { raiseOnFailure: false })
    expect([maintained.ok, maintained.tables[0]!.error]).toEqual([false, expect.any(RatError)])
  })

  it('begin with a project that runs', async () => {
    using shop = await init(`${project.folder}/new`)
    expect((await shop.build()).status).toBe('success')
    expect((await shop.query('select sum(orders) as n from gold.daily_sales')).numRows).toBe(1)
    expect(await rejection(init(`${project.folder}/new`))).toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await rejection(init(`${project.folder}/other`, { example: 'shp' as never }))).toMatchObject({ help: 'did you mean `shop`?' })
  })

  it('put files into landing zones and bring them back', async () => {
    await project.pipeline('bronze/orders', "-- @archive_landing_zones: true\nselect * from read_csv('{{ landing_zone(\"orders\") }}')\n")
    const path = await lake.landing.put('orders', 'monday.csv', 'id,name\n1,Ada\n')
    expect(path).toBe('default/landing/orders/monday.csv')
    await lake.landing.put('orders', 'tuesday.csv', new TextEncoder().encode('id,name\n2,Bob\n'))
    await lake.landing.remove('orders', 'tuesday.csv')
    expect(await lake.landing.zones()).toEqual([{ namespace: 'default', name: 'orders', files: 1, bytes: 14 }])
    expect((await lake.landing.files('orders')).map((file) => [file.name, file.size])).toEqual([['monday.csv', 14]])
    expect(await lake.landing.samples('orders')).toEqual([])
    const preview = await lake.landing.preview('orders', { limit: 5 })
    expect(preview.toArray()).toEqual([{ id: 1n, name: 'Ada' }])

    const run = await lake.run('bronze.orders')
    expect(await lake.landing.files('orders')).toEqual([])
    expect(await lake.landing.restore('orders', { run: run.id })).toEqual({ files: [path], kept: [] })
    expect((await lake.landing.files('orders')).map((file) => file.name)).toEqual(['monday.csv'])
  })

  it('check a project without running it', async () => {
    await project.pipeline('gold/broken', "select customr\nfrom {{ ref('silver.orders') }}\n")
    const report = await lake.check()
    expect(report.ok).toBe(false)
    expect(report.diagnostics.map((d) => [d.code, d.path, d.line, d.column])).toEqual([
      ['UNKNOWN_COLUMN', 'default/pipelines/gold/broken/pipeline.sql', 1, 8],
    ])
    expect((await lake.check('silver.orders')).ok).toBe(true)
    expect(ORDERS).toContain('unique_key')
  })
})

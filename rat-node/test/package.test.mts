// What npm would publish, in an empty folder: no apache-arrow, no source tree.
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import ts from 'typescript'
import { afterAll, beforeAll, expect, it } from 'vitest'

const run = promisify(execFile)
const root = new URL('../..', import.meta.url).pathname
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rat-package-'))
  await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: join(root, 'rat-node') })
  const [packed] = (await readdir(folder)).filter((file) => file.endsWith('.tgz'))
  await mkdir(join(folder, 'app'))
  await writeFile(join(folder, 'app', 'package.json'), '{"private": true}')
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', '--omit=optional', '--silent', join(folder, packed!)], { cwd: join(folder, 'app') })
  await cp(join(root, 'examples/projects/flights'), join(folder, 'flights'), { recursive: true })
  for (const zone of ['airlines', 'airports', 'planes']) await land(zone, `${zone}.csv`)
  await land('weather', 'weather_2013-01.csv')
  await land('flights', 'flights_2013-01_week1.csv')
}, 300_000)

afterAll(() => rm(folder, { recursive: true, force: true }))

const land = (zone: string, file: string) =>
  cp(join(root, 'examples/data/nycflights13', file), join(folder, 'flights/default/landing', zone, file))

/** Runs a program in the folder where the package is installed. */
async function node(name: string, text: string): Promise<string> {
  await writeFile(join(folder, 'app', name), text)
  return (await run('node', [name, join(folder, 'flights')], { cwd: join(folder, 'app') })).stdout.trim()
}

const PROGRAM = `
  const lake = await open(process.argv[2])
  const { status, runs } = await lake.build()
  let flights = 0
  for await (const batch of lake.stream('select carrier from silver.flights')) flights += batch.toArray().length
  const { n } = (await lake.query('select count(*) as n from silver.flights')).toArray()[0]
  const missing = await (await lake.query('select 1 as one')).toArrow().catch((error) => error.message)
  console.log(JSON.stringify([status, runs.length > 5, flights > 1000 && BigInt(flights) === n, missing]))
  lake.close()`

it('opens, builds, queries and iterates, by import', async () => {
  const answer = await node('main.mjs', `import { open } from '@rat/node'\n${PROGRAM}`)
  expect(JSON.parse(answer)).toEqual(['success', true, true, 'toArrow() needs the package apache-arrow: npm install apache-arrow'])
}, 300_000)

it('is one library for import and require', async () => {
  const answer = await node('main.cjs', `
    const rat = require('@rat/node')
    import('@rat/node').then(async (imported) => {
      const error = await imported.open('./nothing').catch((error) => error)
      console.log(error instanceof rat.NotFoundError, Object.keys(imported).sort().join() === Object.keys(rat).sort().join())
    })`)
  expect(answer).toBe('true true')
})

// What a developer has who knows nothing of rat: every option of the compiler that finds fault, and no package but Node's types.
const CONSUMER = `
  import { Readable } from 'node:stream'
  import { type BuildReport, type Event, type Param, CancelledError, Lake, RatError, RunFailedError, open } from '@rat/node'

  interface Sale { day: Date; amount: string; orders: bigint }
  interface Row { id: number; name?: string | undefined }

  export async function all(signal: AbortSignal | undefined, limit: number | undefined): Promise<void> {
    await using lake = await open('./shop', { signal, namespace: undefined })
    const select = ['silver.a', 'gold.b'] as const
    const events: Event[] = []
    const built: BuildReport = await lake.build(select, { exclude: select, signal, onEvent: (event) => events.push(event), concurrency: undefined })
    const params = ['a', 1, [2n, null]] as const
    const named: { readonly since: Date } = { since: new Date(built.startedAt) }
    const sales: Sale[] = (await lake.query('select $1', { params, limit, signal: null, namespaces: select })).toArray<Sale>()
    for (const { amount } of await lake.query<Sale>('select $since', { params: named })) amount.toUpperCase()
    for await (const batch of lake.stream<Sale>('select 1', { limit })) for (const { orders } of batch) orders.toString(16)
    const list: readonly Param[] = [1, 'b']
    await lake.query('select $1', { params: list })
    Readable.from(lake.stream('select 1').toIPC()).pipe(process.stdout)
    const rows: readonly Row[] = [{ id: 1 }]
    await lake.write('bronze.t', rows, { uniqueKey: ['id'] as const, timeout: undefined })
    await lake.write('bronze.t', sales)
    await lake.write('bronze.t', (await lake.query('select 1')).toArray())
    await lake.write('bronze.t', lake.stream('select 1'))
    await lake.write('bronze.t', new ArrayBuffer(8))
    await lake.write('bronze.t', (await lake.query('select 1')).head(1))
    const { numRows, schema } = await (await lake.query('select 1')).toArrow()
    numRows.toFixed(schema.fields.length)
    await lake.runs.list({ since: built.startedAt, status: ['failed'] as const, after: undefined })
    // @ts-expect-error: no rows
    await lake.write('bronze.t', 42)
    // @ts-expect-error: no rows
    await lake.write('bronze.t', 'rows')
    // @ts-expect-error: a table is not any
    ;(await (await lake.query('select 1')).toArrow()).nothing
    // @ts-expect-error: rat makes its errors
    new RatError('boom')
    // @ts-expect-error: a lake is opened
    new Lake('./shop')
    try {
      await lake.run('silver.a')
    } catch (error) {
      if (error instanceof RunFailedError) {
        const { report } = error
        if (report.runs) console.log(report.runs.length)
        else if (report.tables) console.log(report.tables.length)
        else console.log(report.pipeline.length, report.phases.length)
      } else if (error instanceof CancelledError) console.log(error.report?.status)
    }
  }
`

it.each([{ types: [] }, { types: [], module: ts.ModuleKind.Preserve, moduleResolution: ts.ModuleResolutionKind.Bundler }])('its types hold in a strict program: %o', async (own) => {
  const modules = join(folder, 'app/node_modules')
  await mkdir(join(modules, '@types'), { recursive: true })
  for (const name of ['@types/node', 'undici-types']) await cp(join(root, 'rat-node/node_modules', name), join(modules, name), { recursive: true })
  const file = join(folder, 'app', 'consumer.mts')
  await writeFile(file, CONSUMER)
  const options: ts.CompilerOptions = {
    strict: true,
    skipLibCheck: false,
    noEmit: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noPropertyAccessFromIndexSignature: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    ...own,
  }
  const found = ts.getPreEmitDiagnostics(ts.createProgram([file], options))
  const told = found.map((one) => `${one.file?.fileName.replace(folder, '') ?? ''} ${one.start ?? ''} ${ts.flattenDiagnosticMessageText(one.messageText, ' ')}`)
  expect(told).toEqual([])
}, 120_000)

it('says of a library that is missing, or of another platform, which and what to do', async () => {
  const library = join(folder, 'app/node_modules/@rat/node/rat.node')
  const kept = join(folder, 'rat.node')
  const message = () => node('broken.cjs', "try { require('@rat/node') } catch (error) { console.log(error.message, '|', error.cause.code) }")
  await rename(library, kept)
  try {
    const machine = `@rat/node has no library that loads on ${process.platform} ${process.arch} with Node ${process.versions.node}: install`
    expect(await message()).toMatch(machine)
    await writeFile(library, 'of another platform')
    expect(await message()).toMatch(/make npm.* \| ERR_DLOPEN_FAILED$/)
  } finally {
    await rename(kept, library)
  }
})

it('holds what it needs and nothing else', async () => {
  const installed = join(folder, 'app/node_modules/@rat/node')
  expect(await readFile(join(installed, 'LICENSE'), 'utf8')).toBe(await readFile(join(root, 'LICENSE'), 'utf8'))
  expect((await readdir(installed)).sort()).toEqual(['LICENSE', 'README.md', 'index.d.mts', 'index.d.ts', 'index.js', 'index.mjs', 'lib', 'package.json', 'rat.node'])
  expect((await stat(join(installed, 'rat.node'))).size).toBeGreaterThan(1e6)
})

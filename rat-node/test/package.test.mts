// What npm would publish, in an empty folder: no apache-arrow, no source tree.
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

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

it('holds what it needs and nothing else', async () => {
  const installed = join(folder, 'app/node_modules/@rat/node')
  expect((await readdir(installed)).sort()).toEqual(['README.md', 'index.d.mts', 'index.d.ts', 'index.js', 'index.mjs', 'lib', 'package.json', 'rat.node'])
  expect((await stat(join(installed, 'rat.node'))).size).toBeGreaterThan(1e6)
})

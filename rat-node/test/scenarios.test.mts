// The Markdown files of tests/scenarios, played from Node. tests/src/scenarios says what each fence means; Rust and Python play the same.
import { readFile, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, it } from 'vitest'

import type { Amount, Lake, RatError, Result, RunReport } from '../index.mjs'
import { Project } from './support.mjs'

const folder = new URL('../../tests/scenarios', import.meta.url).pathname

interface Fence {
  line: number
  words: string[]
  body: string
}

function fences(text: string): Fence[] {
  const found: Fence[] = []
  let open = false
  for (const [number, line] of text.split('\n').entries()) {
    if (!line.startsWith('```')) {
      if (open) found.at(-1)!.body += `${line}\n`
    } else {
      if (!open) found.push({ line: number + 1, words: line.slice(3).split(/\s+/).filter(Boolean), body: '' })
      open = !open
    }
  }
  expect(open, 'the last fence is not closed').toBe(false)
  return found
}

/** Without a word all is meant, which an empty list is not. */
const selection = (words: string[]) => (words.length > 0 ? words : undefined)
const short = (name: string) => name.split('.').slice(1).join('.')
const lines = (all: string[]) => all.map((line) => `${line}\n`).join('')

function outcome(run: RunReport): string {
  if (run.skippedReason) return `${short(run.pipeline)} skipped`
  return `${short(run.pipeline)} ${run.error ? `failed ${run.error.code}` : `${run.status} ${run.rowsWritten}`}`
}

function rows(result: Result): string {
  const cell = (value: unknown) => (value === null ? 'NULL' : String(value))
  const cells = result.toArray().map((row) => Object.values(row).map(cell))
  return lines([result.columns, ...cells].map((cells) => cells.join(' | ')))
}

const plan = async (lake: Lake, pipeline: string, flags: string[]): Promise<string> => {
  const [fullRefresh, allowDataLoss] = ['full-refresh', 'allow-data-loss'].map((flag) => flags.includes(flag))
  const told = await lake.plan(pipeline, { fullRefresh: fullRefresh!, allowDataLoss: allowDataLoss! })
  const refused = told.diagnostics.filter(({ severity }) => severity === 'error').map(({ code }) => code)
  if (refused.length > 0) return lines(refused)
  const text = (amount: Amount) => (amount.kind === 'unknown' ? 'unknown' : `${amount.kind === 'exact' ? '' : 'at most '}${amount.value}`)
  const amounts = [
    ['rows_written', told.rowsWritten], ['rows_total', told.rowsTotal], ['files_added', told.filesAdded], ['files_dropped', told.filesDropped],
    ['files_rewritten', told.filesRewritten], ['files_deleted_from', told.filesDeletedFrom],
  ] as [string, Amount][]
  return lines([...amounts.map(([name, amount]) => `${name} ${text(amount)}`), `files_pruned ${told.filesPruned}`])
}

const verbs: Record<string, (lake: Lake, words: string[], sql: string) => Promise<string>> = {
  check: async (lake) => lines((await lake.check()).diagnostics.map((d) => d.code)) || 'ok\n',
  build: async (lake, select) => lines((await lake.build(selection(select), { raiseOnFailure: false })).runs.map(outcome)),
  run: async (lake, [pipeline, ...flags]) => {
    const [fullRefresh, allowDataLoss] = ['full-refresh', 'allow-data-loss'].map((flag) => flags.includes(flag))
    return lines([outcome(await lake.run(pipeline!, { fullRefresh: fullRefresh!, allowDataLoss: allowDataLoss!, raiseOnFailure: false }))])
  },
  plan: async (lake, [pipeline, ...flags]) => plan(lake, pipeline!, flags),
  rows: async (lake, _, sql) => rows(await lake.query(sql)),
  refused: async (lake, _, sql) => lines([await lake.query(sql).then(() => 'answered', (error: RatError) => error.code)]),
  graph: async (lake, select) => lines((await lake.graph(selection(select))).edges.map((edge) => `${short(edge.from)} -> ${short(edge.to)}`)),
  tables: async (lake) => {
    const infos = (await lake.tables.list()).map(async ({ name }) => lake.tables.get(name))
    return lines((await Promise.all(infos)).map((table) => `${short(table.name)} ${table.kind} ${table.rowCount ?? '-'}`))
  },
  columns: async (lake, [name]) => lines((await lake.tables.get(name!)).columns.map((column) => `${column.name} ${column.type}`)),
  history: async (lake, [name]) => lines((await lake.tables.history(name!)).map((entry) => `${entry.operation} ${entry.rowCount ?? '-'}`)),
  runs: async (lake) => lines((await lake.runs.list()).runs.map((run) => `${short(run.pipeline)} ${run.errorCode ?? run.status}`)),
  zones: async (lake) => lines((await lake.landing.zones()).map((zone) => `${zone.name} ${zone.files}`)),
  preview: async (lake, [zone]) => rows(await lake.landing.preview(zone!)),
  restore: async (lake, [zone]) => lines((await lake.landing.restore(zone!)).files.map((path) => path.split('/').at(-1)!)),
}

const files = (await readdir(folder)).filter((file) => file.endsWith('.md'))

it.each(files)('%s plays as written', async (file) => {
  await using project = await Project.make({})
  const lake = await project.open()
  let sql = ''
  for (const { line, words, body } of fences(await readFile(join(folder, file), 'utf8'))) {
    const [verb, ...rest] = words
    if (verb === 'file') await project.write(rest[0]!, body)
    else if (verb === 'remove') await rm(join(project.folder, rest[0]!))
    else if (verb === 'query') sql = body
    else if (verb !== undefined && verb in verbs) expect(await verbs[verb]!(lake, rest, sql), `${file}:${line}`).toBe(body)
    // A fence for the reader: a command line, some Python.
  }
})

// Rows before anything is written: of a pipeline, of an editor's text, over samples.
import { afterEach, beforeEach, expect, it } from 'vitest'

import { InvalidError, type Lake, Result } from '../index.mjs'
import { Project, rejection } from './support.mjs'

let project: Project
let lake: Lake

beforeEach(async () => {
  project = await Project.make()
  lake = await project.open()
})

afterEach(() => project[Symbol.asyncDispose]())

it('shows the first rows of a pipeline, and what they took', async () => {
  const shown = await lake.preview('silver.orders', { limit: 1, count: true })
  expect(shown.data).toBeInstanceOf(Result)
  expect(shown.data.toArray()).toEqual([{ id: 1n, customer: 'Ada', amount: '12.50' }])
  expect([shown.rowCount, shown.phases.map(({ phase }) => phase)]).toEqual([2, ['plan', 'execute', 'count']])
  expect(shown.columns[0]).toEqual({ name: 'id', type: 'BIGINT', nullable: expect.any(Boolean) as boolean })
  expect(shown.plan).toContain('Limit')
  expect([shown.warnings, typeof shown.peakMemoryBytes]).toEqual([[], 'number'])
  expect([await lake.tables.list(), (await lake.runs.list()).runs]).toEqual([[], []])
})

it('takes a text in the place of a file, or alone', async () => {
  expect((await lake.preview('silver.orders', { sql: 'select {{ 6 * 7 }} as n' })).data.toArray()).toEqual([{ n: 42n }])
  expect((await lake.preview(undefined, { sql: "select {{ var('n') }} as n", vars: { n: 7 }, fullRefresh: true })).data.toArray()).toEqual([{ n: 7n }])
  expect(await rejection(lake.preview())).toMatchObject({ code: 'INVALID_ARGUMENT' })
  expect(await rejection(lake.preview('gold.totals'))).toMatchObject({ code: 'NOT_BUILT' })
  const wrong = (await rejection(lake.preview('silver.orders', { sql: 'select 1 as a,\n  b' }))) as InvalidError
  expect(wrong).toBeInstanceOf(InvalidError)
  expect(wrong.diagnostics[0]).toMatchObject({ code: 'UNKNOWN_COLUMN', line: 2, column: 3 })
})

it('shows samples where there are any, and stops when it is told to', async () => {
  await project.pipeline('bronze/landed', "select * from read_csv_auto('{{ landing_zone('in') }}')")
  await lake.landing.put('in', 'a.csv', 'word\nlanded\n')
  await lake.landing.put('in', '_samples/s.csv', 'word\nsample\n')
  expect((await lake.preview('bronze.landed')).data.toArray()).toEqual([{ word: 'sample' }])
  expect(await rejection(lake.preview('bronze.landed', { signal: AbortSignal.abort() }))).toMatchObject({ kind: 'cancelled' })
})

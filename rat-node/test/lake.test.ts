import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { tableFromIPC } from 'apache-arrow'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { DeniedError, InvalidError, Lake, NotFoundError, RatError, RunFailedError, open } from '../index.js'

let project: string
let lake: Lake

async function write(layer: string, name: string, sql: string) {
  const folder = join(project, 'default', 'pipelines', layer, name)
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'pipeline.sql'), sql)
}

beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), 'rat-node-'))
  await write(
    'silver',
    'orders',
    "-- @merge_strategy: incremental\n-- @unique_key: id\nselect * from (values (1, 'Ada', 12.5), (2, 'Bob', 7.25)) t(id, customer, amount)\n",
  )
  await write('gold', 'totals', "select customer, sum(amount) as total from {{ ref('silver.orders') }} group by customer order by customer\n")
  lake = await open(project)
})

afterEach(async () => {
  lake.close()
  await rm(project, { recursive: true, force: true })
})

describe('a lake', () => {
  it('builds in order, then has nothing to do', async () => {
    const report = await lake.build()
    expect(report.runs.map((run) => [run.pipeline, run.rowsWritten])).toEqual([
      ['default.silver.orders', 2],
      ['default.gold.totals', 2],
    ])
    const again = await lake.build()
    expect(again.runs.every((run) => run.skippedReason)).toBe(true)
  })

  it('answers with plain values and with Arrow', async () => {
    const result = await lake.query(
      "select 1::bigint as i, 2.5::double as f, 'x' as s, true as b, date '2024-02-29' as d, 1.50::decimal(5, 2) as m, null as n, [1, 2] as l",
    )
    expect(result.toArray()).toEqual([
      { i: 1n, f: 2.5, s: 'x', b: true, d: new Date('2024-02-29T00:00:00Z'), m: '1.50', n: null, l: [expect.anything(), expect.anything()] },
    ])
    expect(tableFromIPC(result.toIPC()).numRows).toBe(1)
    expect([result.numRows, result.columns.length]).toEqual([1, 8])
  })

  it('throws typed errors with code and place', async () => {
    await write('gold', 'broken', "select customr\nfrom {{ ref('silver.orders') }}\n")
    const report = await lake.check()
    expect(report.ok).toBe(false)
    expect(report.diagnostics.map((d) => [d.code, d.path, d.line, d.column])).toEqual([
      ['UNKNOWN_COLUMN', 'default/pipelines/gold/broken/pipeline.sql', 1, 8],
    ])
    await expect(open(join(project, 'nothing'))).rejects.toBeInstanceOf(NotFoundError)
    await expect(lake.query('drop table silver.orders')).rejects.toBeInstanceOf(DeniedError)
    const failed = await lake.run('gold.broken').catch((error: unknown) => error)
    expect(failed).toBeInstanceOf(RatError)
  })

  it('throws the report of a failed run unless told not to', async () => {
    const tests = join(project, 'default/pipelines/silver/orders/tests/quality')
    await mkdir(tests, { recursive: true })
    await writeFile(join(tests, 'cheap.sql'), 'select * from {{ this }} where amount > 10')
    const error = await lake.run('silver.orders').catch((error: unknown) => error)
    expect(error).toBeInstanceOf(RunFailedError)
    expect((error as RunFailedError).code).toBe('QUALITY_FAILED')
    const report = await lake.run('silver.orders', { raiseOnFailure: false })
    expect(report.error?.code).toBe('QUALITY_FAILED')
  })

  it('refuses when it is closed, and refuses options it does not know', async () => {
    const other = await open(project)
    other.close()
    await expect(other.query('select 1')).rejects.toBeInstanceOf(InvalidError)
    await expect(lake.query('select 1', { limt: 1 } as never)).rejects.toBeInstanceOf(InvalidError)
  })

  it('answers many promises at once', async () => {
    await lake.build()
    const answers = await Promise.all(Array.from({ length: 8 }, () => lake.query('select count(*) as n from silver.orders')))
    expect(answers.map((answer) => answer.toArray()[0]?.n)).toEqual(Array(8).fill(2n))
  })
})

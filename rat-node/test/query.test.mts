import { execFile } from 'node:child_process'
import { inspect, promisify } from 'node:util'

import { tableFromIPC } from 'apache-arrow'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { type Lake, Result, Rows } from '../index.mjs'
import { Project, rejection } from './support.mjs'

let project: Project
let lake: Lake

beforeEach(async () => {
  project = await Project.make({})
  lake = await project.open()
})

afterEach(() => project[Symbol.asyncDispose]())

const row = async (sql: string) => (await lake.query(sql)).toArray()[0]

describe('values', () => {
  it('are what JavaScript has for them', async () => {
    expect(await row("select 1::int as i, 2.5::double as f, 'x' as s, true as b, null as n")).toEqual({ i: 1, f: 2.5, s: 'x', b: true, n: null })
    expect(await row('select 9223372036854775807::bigint as most, -5::bigint as less')).toEqual({ most: 9223372036854775807n, less: -5n })
    expect(await row("select date '2024-02-29' as d, timestamp '1969-12-31 23:59:59.999999' as t")).toEqual({
      d: new Date('2024-02-29T00:00:00Z'),
      t: new Date('1969-12-31T23:59:59.999Z'),
    })
    expect(await row("select 1.50::decimal(5, 2) as m, -12345678901234567890.123456789::decimal(38, 9) as wide")).toEqual({
      m: '1.50',
      wide: '-12345678901234567890.123456789',
    })
    const bytes = await row("select x'6162' as b")
    expect(Buffer.isBuffer(bytes!.b) && (bytes!.b as Buffer).toString()).toBe('ab')
    expect(await row('select [1::int, null, 3::int] as l, [[1::int]] as deep')).toEqual({ l: [1, null, 3], deep: [[1]] })
    expect(await row("select struct_pack(a := 1::int, b := ['x']) as s")).toEqual({ s: { a: 1, b: ['x'] } })
  })

  it('are pairs of a map, and text for what JavaScript has no type for', async () => {
    const odd = await row("select map {'a': 1::int, 'b': null} as m, time '10:00:00' as t, interval '1 day' as i")
    expect(odd).toEqual({ m: [['a', 1], ['b', null]], t: '10:00:00', i: '1 days' })
    expect(new Map(odd!.m as [string, number][]).get('a')).toBe(1)
  })

  it('stay fields of the row whatever the column is called', async () => {
    const odd = await row('select 1::int as "__proto__", 2::int as "constructor", 3::int as "a b", 4::int as "é"')
    expect(Object.entries(odd!)).toEqual([['__proto__', 1], ['constructor', 2], ['a b', 3], ['é', 4]])
    expect(Object.getPrototypeOf(odd)).toBe(Object.prototype)
  })

  it('come as Arrow too, and the rows can be looped over', async () => {
    const result = await lake.query('select i, i * 2 as twice from generate_series(1, 1000) t(i) order by i')
    expect([result.columns, result.types, result.numRows]).toEqual([['i', 'twice'], ['BIGINT', 'BIGINT'], 1000])
    expect(result.durationMs).toBeGreaterThan(0)
    const table = tableFromIPC(await result.toIPC())
    expect([table.numRows, table.schema.fields.map((field) => field.name)]).toEqual([1000, ['i', 'twice']])
    expect((await result.toArrow()).get(999)?.toJSON()).toEqual({ i: 1000n, twice: 2000n })
    expect([...result].length).toBe(1000)
    expect(inspect(await lake.query("select 1::int as a, 'x' as b"), { breakLength: Infinity })).toMatch(/^Result \{ columns: \[ 'a', 'b' \], types: .*, numRows: 1, durationMs: [\d.]+ \}$/)
    const head = result.head(2)
    expect(head).toBeInstanceOf(Result)
    expect([head.toArray(), head.durationMs]).toEqual([[{ i: 1n, twice: 2n }, { i: 2n, twice: 4n }], result.durationMs])
    expect([result.head(0).numRows, result.head(5000).numRows]).toEqual([0, 1000])
    for await (const batch of lake.stream('select 1::int as a')) expect([batch.head(1).toArray(), batch.head(1) instanceof Rows]).toEqual([[{ a: 1 }], true])
    const empty = await lake.query("select 1 as a where 'x' = 'y'")
    expect([empty.numRows, empty.columns, empty.toArray(), tableFromIPC(await empty.toIPC()).numRows]).toEqual([0, ['a'], [], 0])
  })
})

describe('parameters', () => {
  it('stand for placeholders and never become SQL', async () => {
    const ask = async (sql: string, params: never) => (await lake.query(sql, { params })).toArray()[0]
    const given = [1, 2n, 2.5, "'; drop table x; --", true, null] as never
    expect(await ask('select $1 as a, $2 as b, $3 as c, $4 as d, $5 as e, $6 as f', given)).toEqual({
      a: 1n, b: 2n, c: 2.5, d: "'; drop table x; --", e: true, f: null,
    })
    expect(await ask('select $day as day, $name as name', { day: new Date('2024-02-29T12:00:00.123Z'), name: 'Ada' } as never)).toEqual({
      day: new Date('2024-02-29T12:00:00.123Z'), name: 'Ada',
    })
  })

  it('are bytes, lists and exact numbers as text', async () => {
    const params = [new Uint8Array([0, 39, 255]), [1, 2n, null], [['a'], []], '12.50']
    const [row] = (await lake.query('select $1 as b, $2 as l, $3 as deep, $4::decimal(5, 2) as m', { params })).toArray()
    expect(row).toEqual({ b: Buffer.from([0, 39, 255]), l: [1n, 2n, null], deep: [['a'], []], m: '12.50' })
    const found = await lake.query('select x from generate_series(1, 5) t(x) where x = any($some) order by x', { params: { some: [2, 4, 9] } })
    expect(found.toArray()).toEqual([{ x: 2n }, { x: 4n }])
  })
})

describe('a stream', () => {
  it('gives all rows, batch by batch', async () => {
    let [seen, sum] = [0, 0n]
    for await (const batch of lake.stream('select i from generate_series(1, 200000) t(i)')) {
      expect(batch).toBeInstanceOf(Rows)
      seen += batch.numRows
      for (const row of batch) sum += row.i as bigint
    }
    expect([seen, sum]).toEqual([200_000, 20_000_100_000n])
  })

  it('takes the memory of few rows for many', async () => {
    // In a process of its own, whose peak nothing else has made. 200 MB of rows pass through.
    const { stdout } = await promisify(execFile)(process.execPath, [new URL('memory.mjs', import.meta.url).pathname, '4000000'])
    const [seen, grown] = JSON.parse(stdout) as [number, number]
    expect(seen).toBe(4_000_000)
    console.log(`4,000,000 rows took ${(grown / 1e6).toFixed(0)} MB more than the first 100,000`)
    expect(grown / 1e6).toBeLessThan(128)
  })

  it('stops the query when the loop is left', async () => {
    for await (const batch of lake.stream(`select * from generate_series(1, 1000000000000) t(i)`)) {
      expect(batch.columns).toEqual(['i'])
      break
    }
    const stream = lake.stream('select * from generate_series(1, 1000000000000) t(i)')
    expect((await stream.next()).done).toBe(false)
    expect(await stream.return()).toEqual({ done: true, value: undefined })
    expect((await stream.next()).done).toBe(true)
  })

  it('rejects with what goes wrong under way', async () => {
    const read = async () => {
      for await (const batch of lake.stream("select cast(case when i = 500000 then 'x' else '1' end as int) as n from generate_series(1, 1000000) t(i)")) {
        expect(batch.numRows).toBeGreaterThan(0)
      }
    }
    expect(await rejection(read())).toMatchObject({ kind: 'rejected' })
    expect(await rejection(lake.stream('select nothing from nowhere').next())).toMatchObject({ code: 'UNKNOWN_TABLE' })
  })

  it('says of what is not built yet how to build it', async () => {
    await using fresh = await Project.make()
    const empty = await fresh.open()
    const help = 'build it with what it reads: `rat build +silver.orders`'
    expect(await rejection(empty.query('select * from silver.orders'))).toMatchObject({ code: 'NOT_BUILT', help })
    expect(await rejection(empty.stream('select * from silver.orders').next())).toMatchObject({ code: 'NOT_BUILT', help })
  })

  it('takes as many batches as the Arrow stream of one has', async () => {
    for await (const batch of lake.stream('select 1 as a')) expect(tableFromIPC(await batch.toIPC()).numRows).toBe(1)
  })
})

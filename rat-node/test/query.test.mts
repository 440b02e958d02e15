import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { inspect, promisify } from 'node:util'

import { tableFromIPC } from 'apache-arrow'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { type Lake, Result, Rows } from '../index.mjs'
import { Project, SLOW, rejection } from './support.mjs'

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
    const odd = await row("select map {'a': 1::int, 'b': null} as m, time '10:00:00' as t, interval '1 month 2 days 3 seconds' as i")
    expect(odd).toEqual({ m: [['a', 1], ['b', null]], t: '10:00:00', i: '1 month 2 days 00:00:03' })
    expect(new Map(odd!.m as [string, number][]).get('a')).toBe(1)
  })

  it('are the text of SQL where no Date reaches', async () => {
    const far = "select to_timestamp(9000000000000) as t, date '1970-01-01' + 200000000 as d, epoch_ms(9000000000000000) as m, [time '10:00:00'] as l"
    expect(await row(far)).toEqual({ t: '287168-08-24 16:00:00+00', d: '549551-05-28', m: '287168-08-24 16:00:00', l: ['10:00:00'] })
  })

  it('stay fields of the row whatever the column is called', async () => {
    const odd = await row('select 1::int as "__proto__", 2::int as "constructor", 3::int as "a b", 4::int as "é"')
    expect(Object.entries(odd!)).toEqual([['__proto__', 1], ['constructor', 2], ['a b', 3], ['é', 4]])
    expect(Object.getPrototypeOf(odd)).toBe(Object.prototype)
  })

  it('are made as a loop comes to them, and come whole by toArray', async () => {
    const result = await lake.query<{ i: bigint }>('select i from generate_series(1, 10000) t(i) order by i')
    let made = 0
    for (const { i } of result) if (++made && i === 3000n) break
    expect(made).toBe(3000)
    expect([...result]).toEqual(result.toArray())
    expect(result.head(2000).toArray().at(-1)).toEqual({ i: 2000n })
    const [first, second] = result
    expect([first, second]).toEqual([{ i: 1n }, { i: 2n }])
  })

  it('are what JSON can say, a bigint as decimal text', async () => {
    const result = await lake.query("select 9007199254740993 as id, 1.5 as x, [1, null] as l, struct_pack(n := 2) as s, date '2024-02-29' as d")
    const said = { id: '9007199254740993', x: '1.5', l: ['1', null], s: { n: '2' }, d: '2024-02-29T00:00:00.000Z' }
    expect(JSON.parse(JSON.stringify({ result }))).toEqual({ result: [said] })
    for await (const batch of lake.stream('select 1 as a')) expect(JSON.stringify(batch)).toBe('[{"a":"1"}]')
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

  it('are NaN and the infinite numbers, too', async () => {
    const params = [NaN, Infinity, -Infinity]
    expect((await lake.query('select $1 as a, $2 as b, $3 as c', { params })).toArray()).toEqual([{ a: NaN, b: Infinity, c: -Infinity }])
    await lake.write('bronze.n', params.map((x, i) => ({ i, x })))
    expect((await lake.query('select x from bronze.n order by i')).toArray().map(({ x }) => x)).toEqual(params)
  })

  it('are an array behind a Proxy, and the fields of an object alone', async () => {
    expect((await lake.query('select $1 as a', { params: new Proxy([1], {}) })).toArray()).toEqual([{ a: 1n }])
    const given = { a: 1 }
    Object.defineProperty(Object.prototype, 'extra', { value: 1, enumerable: true, configurable: true, writable: true })
    const asked = await lake.query('select $a as a', { params: given, limit: 1 }).finally(() => delete (Object.prototype as { extra?: number }).extra)
    expect(asked.numRows).toBe(1)
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

  it('stops at once when it is left while a batch is awaited', async () => {
    // One query at a time: the next begins when the one before has stopped.
    const one = await project.open({ settings: { engine: { queries: 1 } } })
    const over = { done: true, value: undefined }
    const stream = one.stream(SLOW)
    const waiting = stream.next()
    expect(await stream.return()).toEqual(over)
    expect([await waiting, await stream.next()]).toEqual([over, over])
    expect((await one.query('select 1')).numRows).toBe(1)

    const opened = await one.stream(SLOW).start()
    const batch = opened.next()
    opened.close()
    expect(await batch).toEqual(over)
    expect((await one.query('select 2')).numRows).toBe(1)

    const piped = Readable.from(one.stream(SLOW))
    piped.read()
    piped.destroy()
    await once(piped, 'close')
    expect((await one.query('select 3')).numRows).toBe(1)

    await using disposed = one.stream('select * from generate_series(1, 1000000000000) t(i)')
    expect((await disposed.next()).done).toBe(false)
    const thrown = new Error('enough')
    expect(await rejection(disposed.throw(thrown))).toBe(thrown)
    expect((await one.query('select 4')).numRows).toBe(1)
  })

  it('tells its columns once it has started, and each batch to one of those who ask', async () => {
    const stream = lake.stream<{ i: bigint }>('select i from generate_series(1, 100000) t(i)')
    expect([stream.columns, stream.types]).toEqual([null, null])
    expect(await stream.start()).toBe(stream)
    expect([stream.columns, stream.types]).toEqual([['i'], ['BIGINT']])
    let [first, rows] = [0n, 0]
    const read = async () => {
      for await (const batch of stream) {
        rows += batch.numRows
        for (const { i } of batch) if (i === 1n) first += i
      }
    }
    await Promise.all([read(), read(), read()])
    expect([first, rows]).toEqual([1n, 100_000])
    expect(await rejection(lake.stream('select nothing').start())).toMatchObject({ code: 'UNKNOWN_COLUMN' })
  })

  it('is one Arrow IPC stream, the schema first', async () => {
    const pieces: Buffer[] = []
    for await (const piece of lake.stream('select i, i * 2 as twice from generate_series(1, 100000) t(i) order by i').toIPC()) pieces.push(piece)
    expect(pieces.length).toBeGreaterThan(3)
    expect(tableFromIPC(pieces[0]!).schema.fields.map(({ name }) => name)).toEqual(['i', 'twice'])
    const table = tableFromIPC(Buffer.concat(pieces))
    expect([table.numRows, table.get(99_999)?.toJSON()]).toEqual([100_000, { i: 100000n, twice: 200000n }])
    const empty = await buffer(Readable.from(lake.stream("select 1 as a where 'x' = 'y'").toIPC()))
    expect([tableFromIPC(empty).numRows, tableFromIPC(empty).schema.fields.map(({ name }) => name)]).toEqual([0, ['a']])
    const one = await project.open({ settings: { engine: { queries: 1 } } })
    for await (const piece of one.stream('select * from generate_series(1, 1000000000000) t(i)').toIPC()) if (piece.length > 1000) break
    expect((await one.query('select 1')).numRows).toBe(1)
    expect(await rejection(lake.stream('select nothing').toIPC().next())).toMatchObject({ code: 'UNKNOWN_COLUMN' })
  })

  it('is written into a table as it comes', async () => {
    // One query at a time, and a write beside it.
    const one = await project.open({ settings: { engine: { queries: 1 } } })
    const report = await one.write('bronze.t', one.stream('select i from generate_series(1, 300000) t(i)'))
    expect(report.rowsInserted).toBe(300_000)
    const begun = one.stream('select i from generate_series(1, 300000) t(i)')
    const { value } = await begun.next()
    expect((await one.write('bronze.u', begun)).rowsInserted).toBe(300_000 - value!.numRows)
    expect(await begun.next()).toEqual({ done: true, value: undefined })
    expect(await rejection(one.write('bronze.u', begun))).toMatchObject({ code: 'INVALID_ARGUMENT', summary: 'the stream was read to its end, or closed' })
    expect(await rejection(one.write('bronze.v', one.stream('select nothing')))).toMatchObject({ code: 'UNKNOWN_COLUMN' })
    const abort = new AbortController()
    const slow = one.write('bronze.v', one.stream(SLOW, { signal: abort.signal }), { onEvent: (event) => void (event.event === 'phase' && abort.abort('enough')) })
    expect(await rejection(slow)).toMatchObject({ code: 'CANCELLED', cause: 'enough' })
    const busy = await one.stream(SLOW).start()
    const waiting = busy.next()
    const queued = one.write('bronze.v', one.stream('select 1 as a'), { signal: AbortSignal.timeout(20) })
    expect(await rejection(queued)).toMatchObject({ code: 'CANCELLED', cause: { name: 'TimeoutError' } })
    busy.close()
    expect((await waiting).done).toBe(true)
    const failing = one.stream("select cast(case when i = 500000 then 'x' else '1' end as int) as n from generate_series(1, 1000000) t(i)")
    expect(await rejection(one.write('bronze.v', failing))).toMatchObject({ kind: 'rejected' })
    expect((await one.tables.list()).map(({ name }) => name)).toEqual(['default.bronze.t', 'default.bronze.u'])
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

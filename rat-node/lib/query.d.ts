// @ts-ignore: the package is optional.
import type { Table as Imported } from 'apache-arrow'

import type { Abortable } from './lake.js'

/** What a table and a batch of `apache-arrow` have, of whichever version. */
export interface ArrowData {
  readonly schema: { readonly fields: readonly unknown[] }
  readonly numRows: number
}

/** A table of `apache-arrow`. Without the package it would be any, which takes and gives everything. */
type Table = [unknown] extends [Imported] ? ArrowData : Imported

/**
 * A row as a plain object, by the names of the columns.
 *
 * | SQL | JavaScript |
 * |---|---|
 * | `BIGINT`, `UBIGINT` | bigint |
 * | smaller integers, `FLOAT`, `DOUBLE` | number |
 * | `DECIMAL`, `TIME`, `INTERVAL` | string, exact |
 * | `DATE`, `TIMESTAMP`, `TIMESTAMPTZ` | Date, in UTC, to the millisecond; a string where a Date does not reach |
 * | `BLOB` | Buffer |
 * | lists | arrays |
 * | structs | objects |
 * | maps | arrays of `[key, value]`, for `new Map(…)` |
 * | NULL | null |
 */
export type Row = Record<string, unknown>

/**
 * A value for a placeholder, or of a row to write. A whole number is a `BIGINT`, another a `DOUBLE`; a Date is a `TIMESTAMPTZ`, a Uint8Array a
 * `BLOB`, an array a list of values of one type: `x = ANY($1)`. An exact number goes as a string, `$1::DECIMAL(10, 2)`.
 */
export type Param = null | boolean | number | bigint | string | Date | Uint8Array | readonly Param[]

/** How a query runs. */
export interface QueryOptions extends Abortable {
  /** Values for `$1`, `$2` or `?` in order, or an object of values for `$name`, each a `Param`. They never become SQL. */
  params?: readonly Param[] | object | undefined
  /** The most rows of the result; the rest is not computed. */
  limit?: number | undefined
  /** Seconds; 60 unless `rat.toml` says otherwise. What a stream's reader does between batches does not count. */
  timeout?: number | undefined
  /** The namespaces that exist for this query; all unless given. */
  namespaces?: string | readonly string[] | undefined
  /** The moment that the whole query sees: a Date, the number of a snapshot, or text that is a time or the name of a tag. Now unless given. */
  asOf?: Date | bigint | string | undefined
}

/** Rows as Arrow. `T` is what the caller knows of a row. */
export class Rows<T = Row> implements Iterable<T> {
  protected constructor()
  /** The names of the columns. */
  readonly columns: string[]
  /** The types of the columns, as SQL writes them: `DECIMAL(10, 2)`. */
  readonly types: string[]
  readonly numRows: number
  /** The first rows alone; no row is copied. Throws `InvalidError` for what is no number of rows. */
  head(rows: number): this
  /** The rows as plain objects, made on the spot: for millions of rows, `lake.stream` leaves the event loop free in between. */
  toArray<U = T>(): U[]
  /** The rows for `JSON.stringify`: a bigint is decimal text, since `JSON.parse` would round a number of that size. */
  toJSON(): unknown[]
  /** The rows as an Arrow IPC stream, encoded off the event loop, for any reader of Arrow. */
  toIPC(): Promise<Buffer>
  /** The rows as a table of `apache-arrow`, an optional package. Throws an `Error` that says how to install it where it is missing. */
  toArrow(): Promise<Table>
  /** The rows as plain objects, made as the loop comes to them. */
  [Symbol.iterator](): Generator<T, void, undefined>
}

/** The rows of a query, whole. */
export class Result<T = Row> extends Rows<T> {
  /** How long the query took, planning included, in milliseconds. */
  readonly durationMs: number
}

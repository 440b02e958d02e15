'use strict'

const { arrow } = require('./arrow.js')
const { call } = require('./call.js')
const { told } = require('./errors.js')
const { shows } = require('./inspect.js')
const { jsonable } = require('./json.js')

/** How many rows a loop makes at once, of which it may not need all. */
const AT_ONCE = 1024

/** Rows as Arrow. */
class Rows {
  #native

  constructor(native) {
    this.#native = native
  }

  get columns() {
    return this.#native.columns
  }

  get types() {
    return this.#native.types
  }

  get numRows() {
    return this.#native.numRows
  }

  head(rows) {
    return new this.constructor(told(() => this.#native.head(rows)))
  }

  toArray() {
    return told(() => this.#native.toArray(0, this.numRows))
  }

  /** JSON has no bigint, and `JSON.parse` would round a number of that size. */
  toJSON() {
    return this.toArray().map(jsonable)
  }

  toIPC() {
    return call((c) => this.#native.toIPC(c))
  }

  async toArrow() {
    const [bytes, { tableFromIPC }] = await Promise.all([this.toIPC(), arrow('toArrow()')])
    return tableFromIPC(bytes)
  }

  *[Symbol.iterator]() {
    for (let at = 0; at < this.numRows; at += AT_ONCE) yield* told(() => this.#native.toArray(at, AT_ONCE))
  }
}

/** The rows of a query, whole. */
class Result extends Rows {
  #durationMs

  constructor(native) {
    super(native)
    this.#durationMs = native.durationMs
  }

  get durationMs() {
    return this.#durationMs
  }
}

shows(Rows, 'columns', 'types', 'numRows')
shows(Result, 'columns', 'types', 'numRows', 'durationMs')

module.exports = { Rows, Result }

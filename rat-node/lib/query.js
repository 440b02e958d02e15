'use strict'

const { arrow } = require('./arrow.js')
const { call } = require('./call.js')
const { told } = require('./errors.js')
const { shows } = require('./inspect.js')

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
    return this.#native.toArray()
  }

  toIPC() {
    return call((c) => this.#native.toIPC(c))
  }

  async toArrow() {
    const [bytes, { tableFromIPC }] = await Promise.all([this.toIPC(), arrow('toArrow()')])
    return tableFromIPC(bytes)
  }

  [Symbol.iterator]() {
    return this.toArray()[Symbol.iterator]()
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

/** The rows of a query, batch by batch; leaving the loop stops the query. */
async function* stream(open, options) {
  const native = await call(open, options)
  try {
    for (;;) {
      const batch = await call((c) => native.next(c), options)
      if (batch === null) return
      yield new Rows(batch)
    }
  } finally {
    native.close()
  }
}

module.exports = { Rows, Result, stream }

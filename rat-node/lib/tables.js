'use strict'

const { call } = require('./call.js')

/** `lake.tables`. */
class Tables {
  #native

  constructor(native) {
    this.#native = native
  }

  list() {
    return call((c) => this.#native.tablesList(c))
  }

  get(name) {
    return call((c) => this.#native.tablesGet(c, name))
  }

  history(name) {
    return call((c) => this.#native.tablesHistory(c, name))
  }
}

module.exports = { Tables }

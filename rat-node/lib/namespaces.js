'use strict'

const { call } = require('./call.js')

/** `lake.namespaces`. */
class Namespaces {
  #native

  constructor(native) {
    this.#native = native
  }

  list() {
    return call((c) => this.#native.namespacesList(c))
  }
}

module.exports = { Namespaces }

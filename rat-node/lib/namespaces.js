'use strict'

const { bare } = require('./call.js')

/** `lake.namespaces`. */
class Namespaces {
  #native

  constructor(native) {
    this.#native = native
  }

  list(options) {
    return bare('namespaces.list', options, (c) => this.#native.namespacesList(c))
  }
}

module.exports = { Namespaces }

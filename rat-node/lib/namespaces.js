'use strict'

const { bare } = require('./call.js')

/** `lake.namespaces`. */
class Namespaces {
  #native

  constructor(native) {
    this.#native = native
  }

  list(...beyond) {
    return bare('namespaces.list', beyond, (c) => this.#native.namespacesList(c))
  }
}

module.exports = { Namespaces }

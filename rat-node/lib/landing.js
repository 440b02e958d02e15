'use strict'

const { call } = require('./call.js')
const { Result } = require('./query.js')

/** `lake.landing`. */
class Landing {
  #native

  constructor(native) {
    this.#native = native
  }

  zones() {
    return call((c) => this.#native.landingZones(c))
  }

  files(zone) {
    return call((c) => this.#native.landingFiles(c, zone))
  }

  samples(zone) {
    return call((c) => this.#native.landingSamples(c, zone))
  }

  put(zone, name, data) {
    return call((c) => this.#native.landingPut(c, zone, name, data))
  }

  remove(zone, name) {
    return call((c) => this.#native.landingRemove(c, zone, name))
  }

  async preview(zone, options) {
    return new Result(await call((c) => this.#native.landingPreview(c, zone, options)))
  }

  restore(zone, options) {
    return call((c) => this.#native.landingRestore(c, zone, options))
  }
}

module.exports = { Landing }

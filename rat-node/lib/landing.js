'use strict'

const { bare, call } = require('./call.js')
const { Result } = require('./query.js')

/** `lake.landing`. */
class Landing {
  #native

  constructor(native) {
    this.#native = native
  }

  zones(...beyond) {
    return bare('landing.zones', beyond, (c) => this.#native.landingZones(c))
  }

  files(zone, ...beyond) {
    return bare('landing.files', beyond, (c) => this.#native.landingFiles(c, zone))
  }

  samples(zone, ...beyond) {
    return bare('landing.samples', beyond, (c) => this.#native.landingSamples(c, zone))
  }

  put(zone, name, data, ...beyond) {
    return bare('landing.put', beyond, (c) => this.#native.landingPut(c, zone, name, data))
  }

  remove(zone, name, ...beyond) {
    return bare('landing.remove', beyond, (c) => this.#native.landingRemove(c, zone, name))
  }

  async preview(zone, options) {
    return new Result(await call((c) => this.#native.landingPreview(c, zone, options)))
  }

  restore(zone, options) {
    return call((c) => this.#native.landingRestore(c, zone, options))
  }
}

module.exports = { Landing }

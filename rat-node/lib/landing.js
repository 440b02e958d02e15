'use strict'

const { bare, call, split } = require('./call.js')
const { Result } = require('./query.js')

/** `lake.landing`. */
class Landing {
  #native

  constructor(native) {
    this.#native = native
  }

  zones(options) {
    return bare('landing.zones', options, (c) => this.#native.landingZones(c))
  }

  files(zone, options) {
    return bare('landing.files', options, (c) => this.#native.landingFiles(c, zone))
  }

  samples(zone, options) {
    return bare('landing.samples', options, (c) => this.#native.landingSamples(c, zone))
  }

  put(zone, name, data, options) {
    return bare('landing.put', options, (c) => this.#native.landingPut(c, zone, name, data))
  }

  remove(zone, name, options) {
    return bare('landing.remove', options, (c) => this.#native.landingRemove(c, zone, name))
  }

  async preview(zone, options) {
    const [ours, given] = split(options, 'signal')
    return new Result(await call((c) => this.#native.landingPreview(c, zone, given), ours))
  }

  restore(zone, options) {
    const [ours, given] = split(options, 'signal')
    return call((c) => this.#native.landingRestore(c, zone, given), ours)
  }
}

module.exports = { Landing }

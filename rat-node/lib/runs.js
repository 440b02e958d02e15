'use strict'

const { call } = require('./call.js')
const { report } = require('./report.js')

/** `lake.runs`. */
class Runs {
  #native

  constructor(native) {
    this.#native = native
  }

  list(options) {
    return call((c) => this.#native.runsList(c, options))
  }

  get(id) {
    return call((c) => this.#native.runsGet(c, id))
  }

  cancel(id) {
    return call((c) => this.#native.runsCancel(c, id))
  }

  async report(id) {
    const kept = await call((c) => this.#native.runsReport(c, id))
    return kept && report(kept)
  }

  logs(id, after) {
    return call((c) => this.#native.runsLogs(c, id, after))
  }

  tests(id) {
    return call((c) => this.#native.runsTests(c, id))
  }
}

module.exports = { Runs }

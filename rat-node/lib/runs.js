'use strict'

const { bare, call } = require('./call.js')
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

  get(id, ...beyond) {
    return bare('runs.get', beyond, (c) => this.#native.runsGet(c, id))
  }

  cancel(id, ...beyond) {
    return bare('runs.cancel', beyond, (c) => this.#native.runsCancel(c, id))
  }

  async report(id, ...beyond) {
    const kept = await bare('runs.report', beyond, (c) => this.#native.runsReport(c, id))
    return kept && report(kept)
  }

  logs(id, after, ...beyond) {
    return bare('runs.logs', beyond, (c) => this.#native.runsLogs(c, id, after))
  }

  tests(id, ...beyond) {
    return bare('runs.tests', beyond, (c) => this.#native.runsTests(c, id))
  }
}

module.exports = { Runs }

'use strict'

const { bare, call, split } = require('./call.js')
const { report } = require('./report.js')

/** `lake.runs`. */
class Runs {
  #native

  constructor(native) {
    this.#native = native
  }

  list(options) {
    const [ours, given] = split(options, 'signal')
    return call((c) => this.#native.runsList(c, given), ours)
  }

  get(id, options) {
    return bare('runs.get', options, (c) => this.#native.runsGet(c, id))
  }

  cancel(id, options) {
    return bare('runs.cancel', options, (c) => this.#native.runsCancel(c, id))
  }

  async report(id, options) {
    const kept = await bare('runs.report', options, (c) => this.#native.runsReport(c, id))
    return kept && report(kept)
  }

  logs(id, after, options) {
    return bare('runs.logs', options, (c) => this.#native.runsLogs(c, id, after))
  }

  tests(id, options) {
    return bare('runs.tests', options, (c) => this.#native.runsTests(c, id))
  }
}

module.exports = { Runs }

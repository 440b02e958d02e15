'use strict'

const { call, split } = require('./call.js')
const { shows } = require('./inspect.js')
const { Pull } = require('./pull.js')
const { finished, report } = require('./report.js')

/** A run in the background. */
class RunHandle {
  #native

  constructor(native) {
    this.#native = native
  }

  get id() {
    return this.#native.id
  }

  get pipeline() {
    return this.#native.pipeline
  }

  get status() {
    return this.#native.status
  }

  async wait(options) {
    const [ours, given] = split(options, 'signal', 'raiseOnFailure')
    return finished(await call((c) => this.#native.wait(c, given), ours), ours)
  }

  cancel() {
    this.#native.cancel()
  }

  events(options) {
    const [ours, given] = split(options, 'signal')
    const pull = new Pull(ours)
    let events
    return pull.iterator(async () => {
      const event = await pull.call((c) => (events ??= this.#native.events(given)).next(c))
      return event && report(event)
    })
  }
}

shows(RunHandle, 'id', 'pipeline', 'status')

module.exports = { RunHandle }

'use strict'

const { call, split } = require('./call.js')
const { shows } = require('./inspect.js')
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

  async *events() {
    const events = this.#native.events()
    for (let event = await call((c) => events.next(c)); event !== undefined; event = await call((c) => events.next(c))) yield report(event)
  }
}

shows(RunHandle, 'id', 'pipeline', 'status')

module.exports = { RunHandle }

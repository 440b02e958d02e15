'use strict'

const { shows } = require('./inspect.js')
const { Pull } = require('./pull.js')
const { Rows } = require('./query.js')

/** What `lake.write` needs of a stream: its signal, and the native one, which a call of its own may start. */
let inside

/** The rows of a query, batch by batch. */
class Stream {
  #ask
  #signal
  #opening
  #native = null
  #pull
  #batches

  static {
    inside = (stream) => ({ signal: stream.#signal, opened: (c) => stream.#opened(c) })
  }

  constructor(ask, ours) {
    this.#ask = ask
    this.#signal = ours.signal
    this.#pull = new Pull(ours, () => this.#native?.close())
    this.#batches = this.#pull.iterator(async () => {
      const batch = await this.#taken((native, c) => native.next(c))
      return batch && new Rows(batch)
    })
  }

  get columns() {
    return this.#native?.columns ?? null
  }

  get types() {
    return this.#native?.types ?? null
  }

  async start() {
    await this.#opened()
    return this
  }

  close() {
    this.#pull.close()
  }

  toIPC() {
    return this.#pull.iterator(() => this.#taken((native, c) => native.nextIPC(c)))
  }

  next() {
    return this.#batches.next()
  }

  return(value) {
    return this.#batches.return(value)
  }

  throw(error) {
    return this.#batches.throw(error)
  }

  [Symbol.asyncIterator]() {
    return this
  }

  async [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]() {
    this.close()
  }

  #opened(c) {
    const asked = () => (c === undefined ? this.#pull.call(this.#ask) : this.#ask(c))
    this.#opening ??= (async () => asked())().then((native) => {
      this.#native = native
      if (this.#pull.isClosed) native.close()
      return native
    })
    return this.#opening
  }

  async #taken(take) {
    const native = await this.#opened()
    return this.#pull.call((c) => take(native, c))
  }
}

shows(Stream, 'columns', 'types')

module.exports = { Stream, inside }

'use strict'

const { call } = require('./call.js')
const { RatError } = require('./errors.js')

/**
 * What comes piece by piece, as an async iterator. Leaving it stops what is awaited at once: an async generator would first wait for it,
 * which may take as long as a query.
 */
class Pull {
  #ours
  #close
  #calls = new Set()
  #isClosed = false
  #isOver = false

  constructor(ours, close = () => {}) {
    this.#ours = ours
    this.#close = close
  }

  get isClosed() {
    return this.#isClosed
  }

  call(verb) {
    return call(verb, this.#ours, this.#calls)
  }

  /** What is awaited is given up. */
  close() {
    this.#isClosed = true
    for (const one of this.#calls) one.cancel()
    this.#close()
  }

  /** What is awaited still comes. */
  #end() {
    this.#isOver = true
    this.#close()
  }

  /** An iterator over what `next` gives until it gives nothing. Of several who ask at once, each gets what came for it. */
  iterator(next) {
    const done = { done: true, value: undefined }
    const step = async () => {
      if (this.#isClosed || this.#isOver) return done
      try {
        const value = await next()
        if (this.#isClosed) return done
        if (value !== null && value !== undefined) return { done: false, value }
        this.#end()
        return done
      } catch (error) {
        // Closing is what stopped it, and no failure.
        if (this.#isClosed) return done
        this.#end()
        if (error instanceof RatError) Error.captureStackTrace(error, step)
        throw error
      }
    }
    return {
      next: step,
      return: async (value) => {
        this.close()
        return { done: true, value }
      },
      throw: async (error) => {
        this.close()
        throw error
      },
      [Symbol.asyncIterator]() {
        return this
      },
      [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]: async () => this.close(),
    }
  }
}

module.exports = { Pull }

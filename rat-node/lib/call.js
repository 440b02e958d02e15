'use strict'

const { fromNative } = require('./errors.js')
const { jsonable } = require('./json.js')
const { Call, noOptions, refuse } = require('../rat.node')

/** What this side does itself, and what it takes for good. Everything else is said to the core, which refuses what it does not know. */
const OURS = {
  signal: ['an AbortSignal', (given) => typeof given?.addEventListener === 'function'],
  onEvent: ['a function', (given) => typeof given === 'function'],
  raiseOnFailure: ['a boolean', (given) => typeof given === 'boolean'],
}

/** The options of a verb in two: those of these names, and the rest. */
function split(options, ...names) {
  // What is no object of options goes to the core whole, to be refused.
  if (options === null || typeof options !== 'object' || !names.some((name) => name in options)) return [{}, options]
  const [ours, rest] = [{}, { ...options }]
  for (const name of names) {
    ours[name] = rest[name]
    delete rest[name]
  }
  return [ours, rest]
}

/**
 * Awaits one verb of the core. Its errors are of the class of their kind; the signal cancels it; events go to `onEvent` in order, all of
 * them before the promise settles. What `onEvent` throws stops the verb and is what the caller gets.
 */
async function call(verb, ours = {}) {
  const { signal, onEvent } = ours
  const native = new Call()
  const cancel = () => native.cancel()
  if (signal?.aborted) cancel()
  const answer = (async () => {
    try {
      for (const [name, [expected, holds]] of Object.entries(OURS)) {
        if (ours[name] !== undefined && !holds(ours[name])) refuse(name, expected, ours[name])
      }
      signal?.addEventListener('abort', cancel)
      return await verb(native)
    } catch (error) {
      throw fromNative(error, signal?.aborted ? { cause: signal.reason } : undefined)
    } finally {
      native.end()
      if (OURS.signal[1](signal)) signal.removeEventListener('abort', cancel)
    }
  })()
  const [done, told] = await Promise.allSettled([answer, tell(native, onEvent)])
  for (const outcome of [told, done]) {
    if (outcome.status === 'rejected') throw outcome.reason
  }
  return jsonable(done.value)
}

/** A verb that has no options: what is given beyond its arguments is refused. */
const bare = (name, beyond, verb) =>
  call((c) => {
    noOptions(name, beyond[0])
    return verb(c)
  })

async function tell(native, onEvent) {
  if (typeof onEvent !== 'function') return
  try {
    for (let event = await native.event(); event !== undefined; event = await native.event()) await onEvent(jsonable(event))
  } catch (error) {
    native.cancel()
    throw error
  }
}

module.exports = { bare, call, split }

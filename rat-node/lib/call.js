'use strict'

const { RatError, fromNative } = require('./errors.js')
const { Call, noOptions, refuse } = require('./native.js')

/** What this side does itself, and what it takes for good. Everything else is said to the core, which refuses what it does not know. */
const OURS = {
  signal: ['an AbortSignal', (given) => typeof given?.addEventListener === 'function'],
  onEvent: ['a function', (given) => typeof given === 'function'],
  raiseOnFailure: ['a boolean', (given) => typeof given === 'boolean'],
}

/** Whether it is a literal, or has no prototype: the objects whose own fields are all that there is. */
function isPlain(given) {
  if (given === null || typeof given !== 'object') return false
  const prototype = Object.getPrototypeOf(given)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** The options of a verb in two: those of these names, and the rest. */
function split(options, ...names) {
  // What is no object of options goes to the core whole, to be refused.
  if (!isPlain(options)) return [{}, options]
  const [ours, rest] = [{}, { ...options }]
  for (const name of names) {
    if (!Object.hasOwn(rest, name)) continue
    ours[name] = rest[name]
    delete rest[name]
  }
  // As for `fetch`, null is no signal.
  if (ours.signal === null) delete ours.signal
  return [ours, rest]
}

/** What waits for each signal. One listener of a signal serves all: Node takes eleven for a leak. */
const waiting = new WeakMap()

/** Does something when the signal is aborted, or at once when it is; gives what takes that back. */
function onAbort(signal, act) {
  if (signal.aborted) {
    act()
    return () => {}
  }
  let known = waiting.get(signal)
  if (known === undefined) {
    const acts = new Set()
    const all = () => {
      waiting.delete(signal)
      for (const one of acts) one()
    }
    known = { acts, all }
    waiting.set(signal, known)
    signal.addEventListener('abort', all, { once: true })
  }
  known.acts.add(act)
  return () => {
    known.acts.delete(act)
    if (known.acts.size > 0 || waiting.get(signal) !== known) return
    waiting.delete(signal)
    signal.removeEventListener('abort', known.all)
  }
}

/**
 * Awaits one verb of the core. Its errors are of the class of their kind; the signal cancels it; events go to `onEvent` in order, all of
 * them before the promise settles, unless `onEvent` is still busy when the signal is aborted. What `onEvent` throws stops the verb and is
 * what the caller gets. While it is under way, it is in `calls`.
 */
async function call(verb, ours = {}, calls = new Set()) {
  const { signal, onEvent } = ours
  const native = new Call(typeof onEvent === 'function')
  let forget = () => {}
  const aborted = new Promise((resolve) => {
    if (!OURS.signal[1](signal)) return
    forget = onAbort(signal, () => {
      native.cancel()
      resolve()
    })
  })
  const answer = (async () => {
    for (const [name, [expected, holds]] of Object.entries(OURS)) {
      if (ours[name] !== undefined && !holds(ours[name])) refuse(name, expected, ours[name])
    }
    return verb(native)
  })()
  calls.add(native)
  const [done, told] = await Promise.allSettled([answer.finally(() => native.end()), tell(native, onEvent, aborted)])
  calls.delete(native)
  forget()
  if (told.status === 'rejected') throw told.reason
  if (done.status === 'fulfilled') return done.value
  const error = fromNative(done.reason, signal?.aborted ? { cause: signal.reason } : undefined)
  // The verb comes first on the stack, and then who called it.
  if (error instanceof RatError) Error.captureStackTrace(error, call)
  throw error
}

/** A verb that has no options of its own. */
function bare(name, options, verb) {
  const [ours, rest] = split(options, 'signal')
  return call((c) => {
    noOptions(name, rest)
    return verb(c)
  }, ours)
}

async function tell(native, onEvent, aborted) {
  if (typeof onEvent !== 'function') return
  const stopped = Symbol('the signal was aborted')
  try {
    for (let event = await native.event(); event !== undefined; event = await native.event()) {
      if ((await Promise.race([onEvent(event), aborted.then(() => stopped)])) === stopped) return
    }
  } catch (error) {
    native.cancel()
    throw error
  }
}

module.exports = { bare, call, split }

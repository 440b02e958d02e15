'use strict'

/** The base of every error of rat. `message` is the drawn snippet. */
class RatError extends Error {
  constructor(data, options) {
    super(data.drawn, options)
    this.name = new.target.name
    this.kind = data.kind
    this.code = data.code
    this.summary = data.message
    this.help = data.help
    this.retryable = data.retryable
    this.context = data.context
    this.diagnostics = data.diagnostics
  }
}

class InvalidError extends RatError {}
class NotFoundError extends RatError {}
class ConflictError extends RatError {}
class RejectedError extends RatError {}
class DeniedError extends RatError {}
class CancelledError extends RatError {}
class TimeoutError extends RatError {}
class UnavailableError extends RatError {}
class CorruptError extends RatError {}
class InternalError extends RatError {}

/** A run or a build failed; `report` tells all. Kind and code are the first failure's. */
class RunFailedError extends RatError {
  constructor(data, report) {
    super(data)
    this.report = report
  }
}

const classes = {
  invalid: InvalidError,
  not_found: NotFoundError,
  conflict: ConflictError,
  rejected: RejectedError,
  denied: DeniedError,
  cancelled: CancelledError,
  timeout: TimeoutError,
  unavailable: UnavailableError,
  corrupt: CorruptError,
  internal: InternalError,
}

/** The error of the core's kind, from its data. */
const fromData = (data, options) => new classes[data.kind](data, options)

/** The same from what the native side threw; anything that is not the core's stays as it is. */
function fromNative(error, options) {
  if (!(error instanceof Error) || !error.message.startsWith('{')) return error
  return fromData(JSON.parse(error.message), options)
}

/** What is asked for and answered at once, with the core's error for the native side's. */
function told(ask) {
  try {
    return ask()
  } catch (thrown) {
    const error = fromNative(thrown)
    if (error instanceof RatError) Error.captureStackTrace(error, told)
    throw error
  }
}

module.exports = {
  RatError,
  InvalidError,
  NotFoundError,
  ConflictError,
  RejectedError,
  DeniedError,
  CancelledError,
  TimeoutError,
  UnavailableError,
  CorruptError,
  InternalError,
  RunFailedError,
  fromData,
  fromNative,
  told,
}

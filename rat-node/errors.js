/** The base of every error of rat. */
export class RatError extends Error {
  constructor(carried) {
    super(carried.drawn)
    this.name = new.target.name
    this.kind = carried.kind
    this.code = carried.code
    this.summary = carried.message
    this.help = carried.help
    this.retryable = carried.retryable
    this.context = carried.context
    this.diagnostics = carried.diagnostics
  }
}

export class InvalidError extends RatError {}
export class NotFoundError extends RatError {}
export class ConflictError extends RatError {}
export class RejectedError extends RatError {}
export class DeniedError extends RatError {}
export class CancelledError extends RatError {}
export class TimeoutError extends RatError {}
export class UnavailableError extends RatError {}
export class CorruptError extends RatError {}
export class InternalError extends RatError {}

/** A run or a build failed; `report` tells all. Kind and code are the first failure's. */
export class RunFailedError extends RatError {
  constructor(carried, report) {
    super(carried)
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

/** The error of the core's kind, from what the native side carried across; anything else as it is. */
export function fromNative(error) {
  if (!(error instanceof Error) || !error.message.startsWith('{')) return error
  const carried = JSON.parse(error.message)
  return new classes[carried.kind](carried)
}

/** The same from a report's own `error` field. */
export function fromCarried(carried, report) {
  return new RunFailedError(carried, report)
}

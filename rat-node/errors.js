/** The base of every error of rat. `message` is the drawn snippet. */
export class RatError extends Error {
  constructor(data) {
    super(data.drawn)
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
  constructor(cause, report) {
    super({ ...cause, drawn: cause.message, message: cause.summary })
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
export function fromData(data) {
  return new classes[data.kind](data)
}

/** The same from what the native side threw; anything that is not the core's stays as it is. */
export function fromNative(error) {
  if (!(error instanceof Error) || !error.message.startsWith('{')) return error
  const camel = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase())
  const named = (key, value) =>
    value && typeof value === 'object' && !Array.isArray(value) && key !== 'context'
      ? Object.fromEntries(Object.entries(value).map(([name, field]) => [camel(name), field]))
      : value
  return fromData(JSON.parse(error.message, named))
}

// One implementation for `import` and `require`: an error caught by either is of the same class.
import rat from './index.js'

export const { open, init, Lake, Graph, Result, Rows, RunHandle, Stream } = rat
export const { RatError, InvalidError, NotFoundError, ConflictError, RejectedError, DeniedError, CancelledError } = rat
export const { TimeoutError, UnavailableError, CorruptError, InternalError, RunFailedError } = rat

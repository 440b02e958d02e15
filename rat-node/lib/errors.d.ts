import type { BuildReport, MaintenanceReport, RunReport } from './report.js'

/** A place in a file of the project, and what is there. Lines and columns count from 1, columns in characters. */
export interface Label {
  path: string
  line: number
  column: number
  endLine: number
  endColumn: number
  text: string
}

/** A problem in the project. Lines and columns count from 1, columns in characters; null where the problem has no place. */
export interface Diagnostic {
  /** A word that stays the same from version to version: `UNKNOWN_REF`. */
  code: string
  severity: 'error' | 'warning'
  message: string
  path: string | null
  line: number | null
  column: number | null
  endLine: number | null
  endColumn: number | null
  /** The way out. */
  help: string
  /** Every place it is about, the first first. */
  labels: Label[]
  /** The message with the lines of the file, underlined. */
  drawn: string
}

/** What the caller can do about an error. */
export type Kind =
  | 'invalid'
  | 'not_found'
  | 'conflict'
  | 'rejected'
  | 'denied'
  | 'cancelled'
  | 'timeout'
  | 'unavailable'
  | 'corrupt'
  | 'internal'

/** The base of every error of rat. `message` is the drawn snippet. */
export class RatError extends Error {
  /** rat makes them. */
  constructor(made: never)
  kind: Kind
  /** A word that stays the same from version to version: `UNKNOWN_REF`, `COMMIT_CONFLICT`. docs/errors has a page for each. */
  code: string
  /** One sentence, without place or help. */
  summary: string
  /** The way out. */
  help: string
  /** Whether the same call may succeed when it is made again. */
  retryable: boolean
  /** Facts about it: the table, the file, the run. */
  context: Record<string, string>
  /** All problems of the project that it stands for. */
  diagnostics: Diagnostic[]
}

/** The project, a setting or an argument is wrong: change it. */
export class InvalidError extends RatError {}
/** What was named does not exist: name something else, or make it. */
export class NotFoundError extends RatError {}
/** Somebody else changed the same thing: run again. */
export class ConflictError extends RatError {}
/** The data did not pass: look at the rows. */
export class RejectedError extends RatError {}
/** Not allowed here. */
export class DeniedError extends RatError {}
/** The caller stopped it; `cause` is the reason of the signal. */
export class CancelledError extends RatError {
  /** Of a run, a write or a build that had begun: what had been published before. */
  report?: RunReport | BuildReport | undefined
}
/** It took longer than allowed. */
export class TimeoutError extends RatError {}
/** A disk, a store, a catalog or a budget did not give what was needed: try again later, or give more. */
export class UnavailableError extends RatError {}
/** What is stored is not what was written: restore it. */
export class CorruptError extends RatError {}
/** A defect in rat: report it. */
export class InternalError extends RatError {}

/** A run, a build or a maintenance failed; `report` tells all. Kind and code are the first failure's. */
export class RunFailedError extends RatError {
  /** Which it is, its fields tell: `if (report.runs)` it is of a build, `if (report.tables)` of a maintenance, `if (report.pipeline)` of a run. */
  report:
    | (RunReport & { runs?: undefined; tables?: undefined })
    | (BuildReport & { pipeline?: undefined; tables?: undefined })
    | (MaintenanceReport & { pipeline?: undefined; runs?: undefined })
}

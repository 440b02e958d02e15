/** A problem in the project. Lines and columns count from 1, columns in characters. */
export interface Diagnostic {
  code: string
  severity: 'error' | 'warning'
  message: string
  help: string
  path: string | null
  line: number | null
  column: number | null
  endLine: number | null
  endColumn: number | null
  drawn: string
}

/** The base of every error of rat. `message` is the drawn snippet. */
export class RatError extends Error {
  kind: string
  code: string
  /** One sentence, without place or help. */
  summary: string
  help: string
  retryable: boolean
  context: Record<string, string>
  diagnostics: Diagnostic[]
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
  report: RunReport | BuildReport
}

/** Everything about one run of one pipeline. Times are ISO 8601 in UTC, durations in milliseconds. */
export interface RunReport {
  id: string
  pipeline: string
  status: 'pending' | 'running' | 'success' | 'failed' | 'cancelled'
  trigger: string
  strategy: string
  startedAt: string
  finishedAt: string
  durationMs: number
  attempt: number
  rowsWritten: number
  rowsInserted: number
  rowsUpdated: number
  rowsDeleted: number
  rowsDropped: number
  rowsTotal: number | null
  bytesWritten: number
  filesAdded: number
  filesRemoved: number
  snapshotId: number | null
  baseSnapshotId: number | null
  inputs: Record<string, number | null>
  watermark: string | null
  phases: { phase: string; startedAt: string; durationMs: number }[]
  tests: Record<string, unknown>[]
  warnings: Diagnostic[]
  error: RatError | null
  skippedReason: string | null
  logs: { seq: number; at: string; level: string; message: string }[]
}

/** Everything about one build: one run report a pipeline, in dependency order. */
export interface BuildReport {
  status: string
  startedAt: string
  durationMs: number
  runs: RunReport[]
}

/** What `check` found: `ok` when no diagnostic is an error. */
export interface CheckReport {
  ok: boolean
  diagnostics: Diagnostic[]
  pipelines: {
    name: string
    sql: string | null
    columns: { name: string; type: string }[] | null
    lineage: { column: string; from: { table: string; column: string }[] }[]
    diagnostics: Diagnostic[]
  }[]
}

export interface RunOptions {
  fullRefresh?: boolean
  allowDataLoss?: boolean
  vars?: Record<string, unknown>
  /** Seconds. */
  timeout?: number
  /** Throw `RunFailedError` when it failed. Default true. */
  raiseOnFailure?: boolean
}

export interface BuildOptions extends Omit<RunOptions, 'timeout'> {
  exclude?: string | string[]
  publish?: 'each' | 'together'
  force?: boolean
  failFast?: boolean
  concurrency?: number
}

export interface QueryOptions {
  limit?: number
  /** Seconds; 60 unless `rat.toml` says otherwise. */
  timeout?: number
  namespaces?: string[]
}

/** The rows of a query. */
export interface Result {
  readonly columns: string[]
  readonly numRows: number
  readonly durationMs: number
  /** Plain objects: bigint for 64-bit integers, Date for dates and times, text for decimals. */
  toArray(): Record<string, unknown>[]
  /** An Arrow IPC stream, for `tableFromIPC` of `apache-arrow`. */
  toIPC(): Buffer
}

/** A lake: a folder of pipelines and the tables they make. */
export class Lake implements Disposable {
  private constructor()
  /** Compiles and types the whole project. */
  check(select?: string | string[]): Promise<CheckReport>
  /** Runs one pipeline. */
  run(pipeline: string, options?: RunOptions): Promise<RunReport>
  /** Runs many pipelines in dependency order, independent ones at the same time; unchanged ones are skipped. */
  build(select?: string | string[], options?: BuildOptions): Promise<BuildReport>
  /** Answers one read-only statement. */
  query(sql: string, options?: QueryOptions): Promise<Result>
  /** Every verb of this handle throws from now on. */
  close(): void
  [Symbol.dispose](): void
}

/** Opens the lake in a folder that exists. */
export function open(
  path: string,
  options?: { namespace?: string; settings?: Record<string, unknown>; readOnly?: boolean },
): Promise<Lake>

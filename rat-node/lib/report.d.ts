import type { Diagnostic, RatError } from './errors.js'
import type { Result } from './query.js'

/** Where a run stands. */
export type RunStatus = 'pending' | 'running' | 'success' | 'failed' | 'cancelled'

/** The steps of a run, in their order. */
export type Phase = 'plan' | 'execute' | 'write' | 'test' | 'publish' | 'archive'

/** A column, with the type that SQL writes: `DECIMAL(10, 2)`. */
export interface Column {
  name: string
  type: string
  nullable: boolean
}

/** Where a column comes from. */
export interface ColumnLineage {
  column: string
  from: { table: string; column: string }[]
}

/** How long a phase took, in milliseconds. */
export interface PhaseReport {
  phase: Phase
  startedAt: string
  durationMs: number
}

/** What one quality test found. */
export interface TestResult {
  /** The pipeline whose table was tested. */
  pipeline: string
  /** The file's name without `.sql`, or of a built-in test its words: `unique(id)`. */
  name: string
  description: string | null
  /** Whether a failure keeps the rows from being published. */
  severity: 'error' | 'warning'
  status: 'passed' | 'failed' | 'error'
  /** Violating rows; null when it could not be run. */
  count: number | null
  /** Up to 20 of the violating rows, as JSON has them. */
  samples: Record<string, unknown>[] | null
  durationMs: number
  sql: string
  remediation: string | null
  tags: string[]
  error: RatError | null
}

/** How long a step of a preview took, in milliseconds. */
export interface PreviewPhase {
  phase: 'plan' | 'execute' | 'count'
  durationMs: number
}

/** The first rows of a pipeline's query, and what they took. */
export interface Preview {
  data: Result
  columns: Column[]
  /** How many rows the query gives in all, where that was counted or all of them are shown. */
  rowCount: number | null
  phases: PreviewPhase[]
  /** How the engine goes about it. */
  plan: string
  warnings: Diagnostic[]
  /** The most memory that sorts, joins and aggregates had at once. */
  peakMemoryBytes: number
}

/** A line of a run's log. */
export interface LogLine {
  /** From 1, without gaps. */
  seq: number
  at: string
  level: string
  message: string
}

/** Everything about one run of one pipeline. Times are ISO 8601 in UTC, durations in milliseconds. */
export interface RunReport {
  /** Whether it published, or had nothing to do. */
  ok: boolean
  /** Empty when nothing was started. */
  id: string
  /** `namespace.layer.name`. */
  pipeline: string
  status: RunStatus
  trigger: string
  /** The merge strategy, `view` or `ephemeral`. */
  strategy: string
  startedAt: string
  finishedAt: string
  durationMs: number
  /** 1, and one more for each retry after a transient error. */
  attempt: number
  rowsWritten: number
  rowsInserted: number
  rowsUpdated: number
  rowsDeleted: number
  /** Versions that stay and have an end now, under `scd2`. */
  rowsEnded: number
  rowsDropped: number
  /** Rows of the table afterwards; null for a view, and while they are not known. */
  rowsTotal: number | null
  bytesWritten: number
  filesAdded: number
  filesRemoved: number
  /** The snapshot published; null when nothing was. */
  snapshotId: bigint | null
  baseSnapshotId: bigint | null
  /** The input tables and the snapshot of each that was read. */
  inputs: Record<string, bigint | null>
  watermark: string | null
  phases: PhaseReport[]
  tests: TestResult[]
  warnings: Diagnostic[]
  error: RatError | null
  /** Why nothing was done, when nothing was. */
  skippedReason: string | null
  logs: LogLine[]
}

/** A number as far as it is known before a run. What is said holds whatever the rows turn out to be. */
export type Amount = { kind: 'exact'; value: number } | { kind: 'at_most'; value: number } | { kind: 'unknown' }

/** What a run of one pipeline would do to its table, told before it runs. */
export interface WritePlan {
  /** Whether the run would begin: no diagnostic is an error. */
  ok: boolean
  /** `namespace.layer.name`. */
  pipeline: string
  /** The merge strategy, `view` or `ephemeral`. */
  strategy: string
  /** Why a build would leave it as it is; null when a build would run it. */
  fresh: string | null
  isFirstRun: boolean
  isRebuild: boolean
  baseSnapshotId: bigint | null
  /** The input tables and the snapshot of each that would be read. */
  inputs: Record<string, bigint | null>
  landingFiles: LandedInput[]
  watermark: string | null
  rowsWritten: Amount
  rowsTotal: Amount
  /** Data files that the table has now. */
  filesBefore: number
  /** Those of them that stay as they are for sure. */
  filesPruned: number
  /** Data files that go as a whole, unread. */
  filesDropped: Amount
  /** Data files that are written again without the rows that leave. */
  filesRewritten: Amount
  /** Data files that get a position delete file. */
  filesDeletedFrom: Amount
  /** Files that come, of deletes too. */
  filesAdded: Amount
  /** Files that go, of deletes too. */
  filesRemoved: Amount
  bytesWritten: Amount
  schemaChanges: SchemaChange[]
  tests: PlannedTest[]
  diagnostics: Diagnostic[]
}

/** A file of a landing zone that a run would read, and its size in bytes. */
export interface LandedInput {
  path: string
  size: number
}

/** A quality test that would run. */
export interface PlannedTest {
  name: string
  severity: 'error' | 'warning'
}

/** What becomes of a column; its type, or for a rename its name, before and after. */
export interface SchemaChange {
  kind: 'add' | 'retype' | 'make_optional' | 'rename' | 'drop'
  column: string
  before: string | null
  after: string | null
}

/** Everything about one build: one run report a pipeline, in dependency order. */
export interface BuildReport {
  /** Whether nothing failed. */
  ok: boolean
  status: RunStatus
  startedAt: string
  durationMs: number
  runs: RunReport[]
}

/** What maintenance did, or in a dry run would do, table by table. */
export interface MaintenanceReport {
  /** Whether every table was maintained. */
  ok: boolean
  /** Whether nothing was changed. */
  dryRun: boolean
  tables: MaintainedTable[]
}

/** What maintenance did to one table. Sizes are in bytes. */
export interface MaintainedTable {
  name: string
  /** Data files that were written again. */
  filesRewritten: number
  /** Data files in their place; zero in a dry run. */
  filesWritten: number
  bytesRewritten: number
  snapshotsExpired: number
  /** Files that only those snapshots reached, deleted. */
  filesDeleted: number
  bytesDeleted: number
  /** Files that nothing reached, deleted. */
  orphansDeleted: number
  orphanBytes: number
  /** Files written anew with the paths of where the lake is now; only when that was asked for. */
  filesRelocated: number
  /** What stopped it, when something did. */
  error: RatError | null
}

/** What `check` found: `ok` when no diagnostic is an error. */
export interface CheckReport {
  ok: boolean
  diagnostics: Diagnostic[]
  pipelines: CheckedPipeline[]
}

/** One pipeline, checked. */
export interface CheckedPipeline {
  name: string
  /** Null when its template has an error. */
  sql: string | null
  /** Null when they are unknown. */
  columns: Column[] | null
  lineage: ColumnLineage[]
  diagnostics: Diagnostic[]
}

/** One pipeline, compiled for its next run. */
export interface Compiled {
  /** Whether no diagnostic is an error. */
  ok: boolean
  name: string
  language: 'sql' | 'python'
  /** The SQL of the next run; null when the template has an error. */
  sql: string | null
  /** The tables that a first or a later run reads. */
  dependencies: string[]
  landingZones: { zone: string; newOnly: boolean }[]
  /** Every setting, with the place where it was written; null for a default. */
  config: { key: string; value: unknown; origin: { path: string; line: number } | null }[]
  /** The columns of its table; null when they are unknown. */
  schema: Column[] | null
  lineage: ColumnLineage[]
  /** Its quality tests that are queries. */
  tests: { path: string; sql: string }[]
  /** What makes its SQL, as one hash: a build skips a pipeline whose hash and inputs have not changed. */
  codeHash: string | null
  diagnostics: Diagnostic[]
}

/** What happens while a run is under way, in order. */
export type Event =
  | { event: 'started'; runId: string; pipeline: string; attempt: number }
  | { event: 'phase'; runId: string; pipeline: string; phase: Phase }
  | { event: 'progress'; runId: string; pipeline: string; rows: number }
  | { event: 'test'; runId: string; pipeline: string; name: string; status: TestResult['status'] }
  | { event: 'finished'; report: RunReport }

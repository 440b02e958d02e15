// Written by types.mjs from the structs of rat-core. Times are ISO 8601 in UTC, durations in milliseconds, sizes in bytes.
import type { Diagnostic, RatError } from './errors.js'
import type { Result } from './query.js'

/** Where a run stands. */
export type RunStatus = 'pending' | 'running' | 'success' | 'failed' | 'cancelled'

/** One run as the ledger has it. */
export interface RunRecord {
  /** The run's identifier. */
  id: string
  /** The pipeline's full name. */
  pipeline: string
  /** Who asked. */
  trigger: string
  /** The merge strategy, or `view`. */
  strategy: string
  /** 1, and one more for each retry. */
  attempt: number
  /** Where it stands. */
  status: RunStatus
  /** The phase it is in, while it runs. */
  phase: string | null
  /** When it began. */
  startedAt: string
  /** When it ended. */
  finishedAt: string | null
  /** From begin to end, in milliseconds. */
  durationMs: number | null
  /** Rows it wrote. */
  rowsWritten: number | null
  /** The snapshot it published. */
  snapshotId: bigint | null
  /** The code it failed with. */
  errorCode: string | null
  /** The sentence it failed with. */
  errorMessage: string | null
}

/** One page of runs. */
export interface RunPage {
  /** Newest first. */
  runs: RunRecord[]
  /** Give this as `after` for the next page; null at the end. */
  next: string | null
}

/** One line of a run's log. */
export interface LogLine {
  /** From 1, without gaps. */
  seq: number
  /** When it was said. */
  at: string
  /** `info`, `warning` or `error`. */
  level: 'info' | 'warning' | 'error'
  /** The line. */
  message: string
}

/** What one quality test found, without the rows: samples are data, and are not kept. */
export interface TestLine {
  /** The test's name. */
  name: string
  /** `error` or `warning`. */
  severity: 'error' | 'warning'
  /** `passed`, `failed` or `error`. */
  status: 'passed' | 'failed' | 'error'
  /** Rows that violate it. */
  violations: number | null
  /** How long it took, in milliseconds. */
  durationMs: number
  /** What went wrong, if it could not be run. */
  message: string | null
}

/** A column, for people and programs. */
export interface Column {
  /** Its name. */
  name: string
  /** Its type as SQL writes it: `BIGINT`, `DECIMAL(10, 2)`. */
  type: string
  /** Whether it can hold NULL. */
  nullable: boolean
}

/** Where one output column comes from. */
export interface ColumnLineage {
  /** The output column. */
  column: string
  /** The columns its values are made of, sorted; none for a constant. */
  from: ColumnOrigin[]
}

/** A column of a table, or of the files of a landing zone. */
export interface ColumnOrigin {
  /** The full name, `default.silver.orders`, or the zone's URL, `landing://default/orders`. */
  table: string
  /** The column, as the table spells it. */
  column: string
}

/** What one quality test found. */
export interface TestResult {
  /** The pipeline whose table was tested. */
  pipeline: string
  /** The file's name without `.sql`, or of a built-in test its words: `unique(id)`. */
  name: string
  /** What it is for, as its header says. */
  description: string | null
  /** Whether a failure keeps the rows from being published. */
  severity: 'error' | 'warning'
  /** How it ended. */
  status: 'passed' | 'failed' | 'error'
  /** Violating rows; null when it could not be run. */
  count: number | null
  /**
   * Up to 20 of the violating rows. Data: shown to the caller, never logged or kept. Serialised, each is an object by the names of the
   * columns; what JSON would round or has no word for is text, as SQL writes it.
   */
  samples: Record<string, unknown>[] | null
  /** How long it took. */
  durationMs: number
  /** The query that was run. */
  sql: string
  /** What to do about violations, as its header says. */
  remediation: string | null
  /** The labels of its header. */
  tags: string[]
  /** Why it could not be run. */
  error: RatError | null
}

/** The steps of a run. */
export type Phase = 'plan' | 'execute' | 'write' | 'test' | 'publish' | 'archive'

/** How long a phase took. */
export interface PhaseReport {
  /** Which. */
  phase: Phase
  /** When it began. */
  startedAt: string
  /** How long it took, in milliseconds, with fractions. */
  durationMs: number
}

/** Everything about one run of one pipeline. */
export interface RunReport {
  /** Whether the run published, or had nothing to do. */
  ok: boolean
  /** The run's identifier; the snapshot it published carries it as `rat.run-id`. Empty when nothing was started. */
  id: string
  /** The pipeline, `namespace.layer.name`. */
  pipeline: string
  /** How it ended. */
  status: RunStatus
  /** Who asked: `manual`, `build`, `schedule`. */
  trigger: string
  /** The merge strategy as configured, `view` or `ephemeral`. */
  strategy: string
  /** When it began. */
  startedAt: string
  /** When it ended. */
  finishedAt: string
  /** From begin to end, in milliseconds. */
  durationMs: number
  /** 1, and one more for each retry after a transient error. */
  attempt: number
  /** New rows the run wrote: what the query gave, without the rows dropped as duplicates or as older than the stored ones. */
  rowsWritten: number
  /** Rows whose key the table did not have; without a key, all rows written. */
  rowsInserted: number
  /** Rows that took the place of a stored row of the same key. */
  rowsUpdated: number
  /** Stored rows that are gone and have no successor of the same key. */
  rowsDeleted: number
  /** Stored versions of a key that stay and have an end now, under `scd2`. */
  rowsEnded: number
  /** Rows of the query that did not reach the table: duplicates of a key, and rows older than the stored one under `keep_newer`. */
  rowsDropped: number
  /** Rows of the table afterwards, published or not; null for a view, and while the table has deletes whose number is not known. */
  rowsTotal: number | null
  /** Bytes of the data files written, rewritten rows included. */
  bytesWritten: number
  /** Data files added. */
  filesAdded: number
  /** Data files the table no longer refers to. */
  filesRemoved: number
  /** The snapshot published; null when nothing was. */
  snapshotId: bigint | null
  /** The snapshot the run built on; null on a first run. */
  baseSnapshotId: bigint | null
  /** The input tables and the snapshot of each that the run read; null for an input that is empty or a view. */
  inputs: Record<string, bigint | null>
  /** How far the table is afterwards, as templates see it in `watermark_value`. */
  watermark: string | null
  /** The phases passed, in order, the one that failed last. */
  phases: PhaseReport[]
  /** The quality tests, in the order they ran; the built-in ones first. */
  tests: TestResult[]
  /** What did not stop the run and may surprise. */
  warnings: Diagnostic[]
  /** Why it failed or was cancelled. */
  error: RatError | null
  /** Why nothing was done, when nothing was. */
  skippedReason: string | null
  /** The run's log. */
  logs: LogLine[]
}

/** Everything about one build. */
export interface BuildReport {
  /** Whether nothing failed. */
  ok: boolean
  /** Success when no run failed; cancelled when it was asked to stop before all had run. */
  status: RunStatus
  /** When it began. */
  startedAt: string
  /** From begin to end, in milliseconds. */
  durationMs: number
  /** One report a pipeline, in dependency order; those skipped have a `skippedReason`. */
  runs: RunReport[]
}

/** What happens while a run is under way, in order. */
export type Event =
  /** The run is written down. */
  | { event: 'started'; runId: string; pipeline: string; attempt: number }
  /** A phase begins. A run that starts over after a conflict passes its phases again. */
  | { event: 'phase'; runId: string; pipeline: string; phase: Phase }
  /** Rows were read from the query so far. */
  | { event: 'progress'; runId: string; pipeline: string; rows: number }
  /** A quality test ended. */
  | { event: 'test'; runId: string; pipeline: string; name: string; status: 'passed' | 'failed' | 'error' }
  /** The run ended, or was skipped. The report is what the call returns. */
  | { event: 'finished'; report: RunReport }

/** What a run of one pipeline would do to the files of its table, as far as that is told by manifests, statistics and the query itself. */
export interface WritePlan {
  /** Whether the run would begin: no diagnostic is an error. */
  ok: boolean
  /** The pipeline, `namespace.layer.name`. */
  pipeline: string
  /** The merge strategy as configured, `view` or `ephemeral`. */
  strategy: string
  /** Why a build would leave it as it is; null when a build would run it. A run is asked for and runs. */
  fresh: string | null
  /** Whether there is no table yet. */
  isFirstRun: boolean
  /** Whether the table is made anew. */
  isRebuild: boolean
  /** The snapshot the run would build on; null on a first run. */
  baseSnapshotId: bigint | null
  /** The input tables and the snapshot of each that the run would read; null for an input that is empty. */
  inputs: Record<string, bigint | null>
  /** The files of landing zones that the run would read. */
  landingFiles: LandedInput[]
  /**
   * How far the table is, as templates see it in `watermark_value`, before `watermark_lookback`; null before the first publish, and when
   * only its rows tell.
   */
  watermark: string | null
  /** New rows that are written. */
  rowsWritten: Amount
  /** Rows of the table afterwards. */
  rowsTotal: Amount
  /** Data files that the table has now. */
  filesBefore: number
  /** Those of them that stay as they are for sure. The run, which knows the keys, may leave more of them alone. */
  filesPruned: number
  /** Data files that go as a whole, unread. */
  filesDropped: Amount
  /** Data files that are written again without the rows that leave. */
  filesRewritten: Amount
  /** Data files that get a position delete file. */
  filesDeletedFrom: Amount
  /** Files that come, as `filesAdded` of `RunReport` counts them. */
  filesAdded: Amount
  /** Files that go, as `filesRemoved` of `RunReport` counts them. */
  filesRemoved: Amount
  /** Bytes of the files that come. Unknown where rows with texts, binaries or nested values are written, whose length is in no metadata. */
  bytesWritten: Amount
  /** What changes about the table's columns; nothing on a first run, which makes them. */
  schemaChanges: SchemaChange[]
  /** The quality tests that decide whether it is published, in the order they run. */
  tests: PlannedTest[]
  /**
   * All that would stop the run before it reads a row, as errors, as far as one does not hide the other, and what may surprise, as warnings.
   */
  diagnostics: Diagnostic[]
}

/** A file of a landing zone. */
export interface LandedInput {
  /** Its path in the lake. */
  path: string
  /** Its size in bytes. */
  size: number
}

/** A test that would run. */
export interface PlannedTest {
  /** Its name, as in `name` of `TestResult`. */
  name: string
  /** `error` or `warning`. */
  severity: 'error' | 'warning'
}

/** A change to a column. */
export interface SchemaChange {
  /** What becomes of it. */
  kind: 'add' | 'retype' | 'make_optional' | 'rename' | 'drop'
  /** The column, by the name it has afterwards, or had. */
  column: string
  /** The type, or for a rename the name, that it has now; null for a column that is new. */
  before: string | null
  /** The type or name that it will have; null for a column that goes. */
  after: string | null
}

/** How many, as far as that can be told beforehand. What is said holds whatever the rows turn out to be. */
export type Amount =
  /** Exactly so many. */
  | { kind: 'exact'; value: number }
  /** So many or fewer. */
  | { kind: 'at_most'; value: number }
  /** Only running tells. */
  | { kind: 'unknown' }

/** The first rows of a pipeline's query, and what it took. */
export interface Preview {
  /** The rows. */
  data: Result
  /** Their columns, with the types that SQL writes. */
  columns: Column[]
  /** How many rows the query gives in all, where that was counted or all of them are shown. */
  rowCount: number | null
  /** How long it took: `plan`, `execute`, and `count` where that was asked for. */
  phases: PreviewPhase[]
  /** How the engine goes about it. */
  plan: string
  /** What may surprise. */
  warnings: Diagnostic[]
  /** The most memory that sorts, joins and aggregates had at once, in bytes. */
  peakMemoryBytes: number
}

/** How long one step of a preview took. */
export interface PreviewPhase {
  /** `plan`, `execute` or `count`. */
  phase: 'plan' | 'execute' | 'count'
  /** In milliseconds, with fractions. */
  durationMs: number
}

/** One pipeline, compiled for its next run. */
export interface Compiled {
  /** Whether no diagnostic is an error. */
  ok: boolean
  /** `namespace.layer.name`. */
  name: string
  /** What it is written in. */
  language: 'sql' | 'python'
  /** The SQL of the next run; null when the template has an error, and for a pipeline in Python. */
  sql: string | null
  /** The tables that a first or a later run reads, by name. */
  dependencies: string[]
  /** The landing zones that a first or a later run reads. */
  landingZones: CompiledZone[]
  /** Every setting, in the order of the reference page. */
  config: ConfigValue[]
  /** The columns of its table, with the types that SQL writes. */
  schema: Column[] | null
  /** Where each column comes from, in the order of the columns. */
  lineage: ColumnLineage[]
  /** Its quality tests that are queries. */
  tests: CompiledTest[]
  /** What makes its SQL, as one hash: a build skips a pipeline whose hash and inputs have not changed. */
  codeHash: string | null
  /** What is wrong with it. */
  diagnostics: Diagnostic[]
}

/** A landing zone that a pipeline reads. */
export interface CompiledZone {
  /** The zone, in the pipeline's namespace. */
  zone: string
  /** Whether only files are meant that no earlier published run consumed. */
  newOnly: boolean
}

/** A quality test, compiled. */
export interface CompiledTest {
  /** Its file. */
  path: string
  /** The SQL. */
  sql: string
}

/** One setting of a pipeline. */
export interface ConfigValue {
  /** The key. */
  key: string
  /** The value that holds. */
  value: unknown
  /** Where it was written; null for a default. */
  origin: ConfigOrigin | null
}

/** A place in a file of the project. */
export interface ConfigOrigin {
  /** The file. */
  path: string
  /** The line, from 1. */
  line: number
}

/** A pipeline, or a table that no pipeline makes; of that, only name, kind and layer are known. */
export interface GraphNode {
  /** `namespace.layer.name`. */
  name: string
  /** What it is. */
  kind: 'pipeline' | 'table'
  /** The layer. */
  layer: 'bronze' | 'silver' | 'gold'
  /** The pipeline's folder inside the project. */
  path: string | null
  /** What it is written in. */
  language: 'sql' | 'python' | null
  /** `table`, `view` or `ephemeral`. */
  materialized: 'table' | 'view' | 'ephemeral' | null
  /** The merge strategy of a pipeline that makes a table. */
  strategy: string | null
  /** What the pipeline makes, in a sentence. */
  description: string | null
  /** Who answers for it. */
  owner: string | null
  /** Words to select it by. */
  tags: string[]
  /** The columns of its table; null when they are unknown. */
  columns: Column[] | null
  /** Where each column comes from, in the order of the columns. */
  lineage: ColumnLineage[]
  /** Whether its project files have no error. */
  ok: boolean
  /** Its newest run, if it ever ran. */
  latestRun: LatestRun | null
}

/** One reads the other. */
export interface GraphEdge {
  /** What is read. */
  from: string
  /** What reads it. */
  to: string
}

/** One line of what became of a run. */
export interface LatestRun {
  /** The run's identifier. */
  id: string
  /** Where it stands. */
  status: RunStatus
  /** When it began. */
  startedAt: string
  /** From begin to end, in milliseconds. */
  durationMs: number | null
  /** Rows it wrote. */
  rowsWritten: number | null
  /** The code it failed with. */
  errorCode: string | null
}

/** A table or view as the catalog and its current snapshot describe it; nothing is scanned. */
export interface TableInfo {
  /** `namespace.layer.name`. */
  name: string
  /** Table or view. */
  kind: 'table' | 'view'
  /** The columns, with the types that SQL writes. */
  columns: Column[]
  /** Rows of the current snapshot; null while deletes make it unknown, and for a view; 0 before the first. */
  rowCount: number | null
  /** Bytes of its files. */
  sizeBytes: number | null
  /** Its data files. */
  fileCount: number | null
  /** The current snapshot. */
  snapshotId: bigint | null
  /** The metadata file the catalog points to. */
  metadataLocation: string | null
  /** The table's folder. */
  location: string
  /** How new files are partitioned, as `partition_by` writes it: `day(ts)`. */
  partitionBy: string[]
  /** The order new files are in. */
  sortBy: string[]
  /** Branches and tags. */
  references: NamedReference[]
  /** The properties. */
  properties: Record<string, string>
  /** The stored SQL of a view. */
  sql: string | null
}

/** A name and what it stands for. */
export interface TableEntry {
  /** The name. */
  name: string
  /** Table or view. */
  kind: 'table' | 'view'
}

/** One snapshot in a table's history. */
export interface HistoryEntry {
  /** Its id. */
  snapshotId: bigint
  /** The snapshot it was made on; null for the first. */
  parentId: bigint | null
  /** When it was committed. */
  committedAt: string
  /** `append`, `overwrite`, `delete` or `replace`. */
  operation: 'append' | 'overwrite' | 'delete' | 'replace'
  /** Whether readers see this one now. */
  isCurrent: boolean
  /** Whether the current one was made on it, or is it; not after a rollback to an earlier one. */
  isAncestor: boolean
  /** The run that made it, if one of rat's did. */
  runId: string | null
  /** The table's rows at it, as far as its summary tells. */
  rowCount: number | null
  /** The bytes of the table's files at it. */
  sizeBytes: number | null
  /** The table's data files at it. */
  fileCount: number | null
  /** Branches and tags that name it. */
  references: string[]
}

/** A branch or a tag. */
export interface NamedReference {
  /** Its name. */
  name: string
  /** What it is. */
  kind: 'branch' | 'tag'
  /** The snapshot it names. */
  snapshotId: bigint
}

/** What maintenance did, or with `dryRun` would do, table by table. */
export interface MaintenanceReport {
  /** Whether every table was maintained. */
  ok: boolean
  /** Whether nothing was changed. */
  dryRun: boolean
  /** One entry a table, in the order of their names. */
  tables: MaintainedTable[]
}

/** What was done to one table. */
export interface MaintainedTable {
  /** The table. */
  name: string
  /** Data files that were written again, because they were small or most of their rows deleted. */
  filesRewritten: number
  /** Data files in their place; zero in a dry run. */
  filesWritten: number
  /** Bytes of the files that were written again. */
  bytesRewritten: number
  /** Snapshots the table no longer has. */
  snapshotsExpired: number
  /** Files that only those snapshots reached, deleted. */
  filesDeleted: number
  /** The bytes of those, as far as the metadata says. */
  bytesDeleted: number
  /** Files that nothing reached, deleted. */
  orphansDeleted: number
  /** The bytes of those. */
  orphanBytes: number
  /** Files written anew with the paths of where the lake is now; only when that was asked for. */
  filesRelocated: number
  /** Why the table could not be maintained, or not to the end. */
  error: RatError | null
}

/** A landing zone. */
export interface Zone {
  /** The namespace. */
  namespace: string
  /** The name. */
  name: string
  /** How many files there are to ingest, consumed ones that were not moved included. */
  files: number
  /** Their bytes. */
  bytes: number
}

/** A file in a zone. */
export interface ZoneFile {
  /** The name inside the zone, with folders: `2024/monday.csv`. */
  name: string
  /** The path in the lake. */
  path: string
  /** The size in bytes. */
  size: number
  /** When it was written. */
  modified: string
}

/** What `restore` of `Landing` did. */
export interface Restored {
  /** Paths of the files that are back in the zone. */
  files: string[]
  /** Paths of those that stay where they are: a file of the same name has landed since. */
  kept: string[]
}

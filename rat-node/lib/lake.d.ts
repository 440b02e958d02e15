import type { CheckReport } from './check.js'
import type { Graph } from './graph.js'
import type { RunHandle } from './handle.js'
import type { Landing } from './landing.js'
import type { Namespaces } from './namespaces.js'
import type { ArrowData, QueryOptions, Result, Row, Rows } from './query.js'
import type { BuildReport, Compiled, Event, MaintenanceReport, Preview, RunReport, TestResult, WritePlan } from './report.js'
import type { Runs } from './runs.js'
import type { Stream } from './stream.js'
import type { Tables } from './tables.js'

/** Which pipelines, in dbt's grammar: `silver.orders`, `+x`, `x+`, `tag:a`, `layer:gold`, `path:…`; an array is a union, an empty one nothing. All when it is left out. */
export type Select = string | readonly string[]

/** What stops a verb; every one takes it. */
export interface Abortable {
  /** Aborting rejects the promise with `CancelledError`, whose `cause` is the signal's reason. */
  signal?: AbortSignal | null | undefined
}

/** How a lake is opened. */
export interface OpenOptions extends Abortable {
  /** The namespace that `layer.name` means. Default `default`. */
  namespace?: string | undefined
  /** Settings over those of `rat.toml`, in its shape: `{ engine: { memory: '1GiB' } }`. */
  settings?: Record<string, unknown> | undefined
  /** Every verb that writes is rejected with `DeniedError`, and nothing is created on disk. */
  readOnly?: boolean | undefined
}

/** What `init` writes. */
export interface InitOptions extends Abortable {
  /** `shop`, three pipelines over two small files, or `flights`, a month of real flights. Default `shop`. */
  example?: 'shop' | 'flights' | undefined
}

/** How a pipeline is compiled. */
export interface CompileOptions extends Abortable {
  /** A text to compile in the place of the pipeline's file; its config and tests stay. */
  sql?: string | undefined
  /** Whether the run would rebuild the table. */
  fullRefresh?: boolean | undefined
  /** Values for `var()`, over those of `rat.toml`. */
  vars?: Record<string, unknown> | undefined
}

/** How a plan is made: as a run with these options. */
export interface PlanOptions extends Abortable {
  /** Whether the run would rebuild the table. */
  fullRefresh?: boolean | undefined
  /** With `fullRefresh`: also where that loses what cannot be rebuilt. */
  allowDataLoss?: boolean | undefined
  /** Values for `var()`, over those of `rat.toml`. */
  vars?: Record<string, unknown> | undefined
}

/** What a preview shows. */
export interface PreviewOptions extends Abortable {
  /** A text in the place of the pipeline's file, such as an editor has it; without a pipeline, a text of its own. */
  sql?: string | undefined
  /** Whether the run would rebuild the table. */
  fullRefresh?: boolean | undefined
  /** Values for `var()`, over those of `rat.toml`. */
  vars?: Record<string, unknown> | undefined
  /** The most rows that are shown; the rest is not computed. 100 unless given. */
  limit?: number | undefined
  /** Count all rows too, which reads all of them. */
  count?: boolean | undefined
}

/** How tables are tested. */
export interface TestOptions extends Abortable {
  /** Values for `var()`, over those of `rat.toml`. */
  vars?: Record<string, unknown> | undefined
}

/** How a pipeline runs. */
export interface RunOptions extends Abortable {
  /** Rebuild the table from nothing. */
  fullRefresh?: boolean | undefined
  /** With `fullRefresh`: rebuild also where that loses what cannot be rebuilt. */
  allowDataLoss?: boolean | undefined
  /** Values for `var()`, over those of `rat.toml`. */
  vars?: Record<string, unknown> | undefined
  /** Seconds; the pipeline's own `timeout` unless given. */
  timeout?: number | undefined
  /** Told what happens, in order. What it throws stops the run, unless it is being published already, and is what the caller gets. */
  onEvent?: ((event: Event) => unknown) | undefined
  /** Throw `RunFailedError` when something failed. Default true. */
  raiseOnFailure?: boolean | undefined
}

/** How a pipeline runs in the background. */
export interface SubmitOptions extends Abortable {
  /** Rebuild the table from nothing. */
  fullRefresh?: boolean | undefined
  /** With `fullRefresh`: rebuild also where that loses what cannot be rebuilt. */
  allowDataLoss?: boolean | undefined
  /** Values for `var()`, over those of `rat.toml`. */
  vars?: Record<string, unknown> | undefined
  /** Seconds; the pipeline's own `timeout` unless given. */
  timeout?: number | undefined
}

/** How pipelines are built. */
export interface BuildOptions extends Omit<RunOptions, 'timeout'> {
  /** Which of the selected to leave out. */
  exclude?: Select | undefined
  /** When tables are published: each when it is done, or all together at the end. Default `each`. */
  publish?: 'each' | 'together' | undefined
  /** Run also what has not changed. */
  force?: boolean | undefined
  /** Start nothing more after the first failure. */
  failFast?: boolean | undefined
  /** How many pipelines run at the same time. */
  concurrency?: number | undefined
}

/** Rows to write: values by the names of columns, rows or a stream of a query, a table or a batch of `apache-arrow`, or Arrow IPC. */
export type WriteRows = readonly object[] | Rows<unknown> | Stream<unknown> | ArrowData | Uint8Array | ArrayBuffer

/** How rows are written into a table that no pipeline makes. */
export interface WriteOptions extends Abortable {
  /** The merge strategy; `append_only` unless given. */
  strategy?: 'full_refresh' | 'append_only' | 'incremental' | 'delete_insert' | 'scd2' | 'snapshot' | undefined
  /** The columns of the key. */
  uniqueKey?: string | readonly string[] | undefined
  /** More of what `config.yaml` knows, in its words: `partition_by`, `watermark_column`, `on_schema_change`. */
  settings?: Record<string, unknown> | undefined
  /** Seconds; as long as it takes unless given. */
  timeout?: number | undefined
  /** Told what happens, in order. What it throws stops the write and is what the caller gets. */
  onEvent?: ((event: Event) => unknown) | undefined
  /** Throw `RunFailedError` when it failed. Default true. */
  raiseOnFailure?: boolean | undefined
}

/** How tables are kept small. What is not given is as `[maintenance]` of `rat.toml` says. */
export interface MaintainOptions extends Abortable {
  /** Say what would be done, and do nothing. */
  dryRun?: boolean | undefined
  /**
   * The lake's folder was moved (`LAKE_MOVED`): write what holds absolute paths anew for where it is now, of tables and views, and do nothing
   * else. Every snapshot stays readable; stopped anywhere, it is called again.
   */
  relocate?: boolean | undefined
  /** How many snapshots stay whatever their age. */
  keepSnapshots?: number | undefined
  /** Seconds that a snapshot stays after another took its place. */
  keepFor?: number | undefined
  /** Seconds after which a file that nobody names is deleted. */
  orphanGrace?: number | undefined
  /** Throw `RunFailedError` when a table could not be maintained. Default true. */
  raiseOnFailure?: boolean | undefined
}

/**
 * A lake: a folder of pipelines and the tables they make.
 *
 * Every verb runs off the event loop. Every one rejects with `InvalidError` (`CLOSED`) after `close()`, and with `InvalidError`
 * (`INVALID_ARGUMENT`) when an argument is of another type, or an option of another name, than declared here.
 */
export class Lake implements Disposable, AsyncDisposable {
  private constructor()
  /** The lake's root as a URL, percent-encoded, which `open` takes. */
  readonly url: string
  /** The namespace that `layer.name` means. */
  readonly namespace: string
  readonly tables: Tables
  readonly runs: Runs
  readonly landing: Landing
  readonly namespaces: Namespaces
  /** Compiles and types the whole project: templates, settings, references, and every query against what it reads. */
  check(select?: Select, options?: Abortable): Promise<CheckReport>
  /**
   * Compiles and types one pipeline as its next run would; nothing is run. A pipeline with errors is compiled as far as it goes.
   *
   * Rejects with `NotFoundError` (`PIPELINE_NOT_FOUND`).
   */
  compile(pipeline: string, options?: CompileOptions): Promise<Compiled>
  /**
   * Tells what a run of one pipeline would do to its table, and does nothing: rows and files that come and go, inputs, columns that change,
   * tests, and what would stop it. Manifests, statistics and the query are read, and no row: each number is exact, a limit, or unknown.
   *
   * Rejects with `NotFoundError` (`PIPELINE_NOT_FOUND`). What a run would refuse is in the plan's diagnostics.
   */
  plan(pipeline: string, options?: PlanOptions): Promise<WritePlan>
  /**
   * The first rows that the query of a pipeline's next run gives; nothing is written. Landing zones are read from their `_samples/` where
   * there are any, and the limits of `query` hold. A text alone: `lake.preview(undefined, { sql })`.
   *
   * Rejects with `InvalidError` (`NOT_BUILT`) when it reads what is not built, and for what is wrong with the text, at its place.
   */
  preview(pipeline?: string | null, options?: PreviewOptions): Promise<Preview>
  /**
   * Runs the quality tests of published tables, and writes nothing.
   *
   * Rejects as `check` does, and for a single pipeline with what keeps its tests from being made, such as `NOT_BUILT`.
   */
  test(select?: Select, options?: TestOptions): Promise<TestResult[]>
  /** The pipelines, what reads what, and what became of the newest run of each. */
  graph(select?: Select, options?: Abortable): Promise<Graph>
  /**
   * Runs one pipeline: plan, execute, write, test, publish.
   *
   * Rejects with `RunFailedError`, which has the report, when it failed; `NotFoundError` (`PIPELINE_NOT_FOUND`); `DeniedError`
   * (`READ_ONLY_LAKE`); `CancelledError` when the signal was aborted, and then nothing is published. A signal that comes while it is being
   * published comes too late: the promise resolves.
   */
  run(pipeline: string, options?: RunOptions): Promise<RunReport>
  /**
   * Runs one pipeline in the background, and gives a handle on it at once: to wait for, to listen to, to cancel. Runs of one table come in
   * the order in which they were submitted. The run goes on when the handle is dropped and when the lake is closed.
   *
   * Rejects with `NotFoundError` (`PIPELINE_NOT_FOUND`) and `DeniedError` (`READ_ONLY_LAKE`); what goes wrong in the run comes out of `wait()`.
   * Aborting the signal stops the asking, not a run that began.
   */
  submit(pipeline: string, options?: SubmitOptions): Promise<RunHandle>
  /**
   * Runs many pipelines in dependency order, independent ones at the same time; unchanged ones are skipped, and so is what comes after a
   * failure. Rejects as `run` does, and with `InvalidError` (`INVALID_SELECTOR`). An aborted signal starts nothing more and cancels what runs;
   * what had been published stays, and is in the `report` of the `CancelledError`.
   */
  build(select?: Select, options?: BuildOptions): Promise<BuildReport>
  /**
   * Answers one read-only statement, whole.
   *
   * Rejects with `DeniedError` (`NOT_READ_ONLY`), `InvalidError` for what cannot be planned, `TimeoutError`, `UnavailableError`
   * (`OUT_OF_MEMORY`), `RejectedError` (`RESULT_TOO_LARGE`).
   */
  query<T = Row>(sql: string, options?: QueryOptions): Promise<Result<T>>
  /** Answers one read-only statement batch by batch, in constant memory. The query starts with the loop and stops with it. */
  stream<T = Row>(sql: string, options?: QueryOptions): Stream<T>
  /**
   * Writes rows into a table that no pipeline makes, and makes the table where there is none: a run as any other, one commit or nothing.
   * `data` is an array of objects with values as `Param` has them, rows of a query, a `Table` or a `RecordBatch` of `apache-arrow`, or Arrow
   * IPC, a stream or a file. A stream of a query is written as it comes, what of it was not read yet.
   *
   * The type of a column of objects is found out from its values, which have one type: whole numbers and bigints are `BIGINT`, and `DOUBLE`
   * where one of them is not whole. A row that does not have a column has NULL there.
   *
   * Rejects as `run` does, and with `InvalidError`: `TABLE_HAS_PIPELINE` for the table of a pipeline, `INVALID_ARGUMENT` for values that have
   * no type in common, with row and column.
   */
  write(table: string, data: WriteRows, options?: WriteOptions): Promise<RunReport>
  /**
   * Keeps tables small: writes small and much-deleted files again, lets old snapshots go, deletes files that nobody names. No row changes,
   * and nothing that a run under way reads or writes is touched. Without a selection, every table of the lake.
   *
   * Rejects with `RunFailedError`, which has the report, when a table could not be maintained (the others are, all the same);
   * `NotFoundError` (`PIPELINE_NOT_FOUND`); `DeniedError` (`READ_ONLY_LAKE`).
   */
  maintain(select?: Select, options?: MaintainOptions): Promise<MaintenanceReport>
  /** Every verb of this handle rejects from now on. What is under way goes on. */
  close(): void
  [Symbol.dispose](): void
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Opens the lake in a folder that exists: a path, a `file:` URL (percent-encoded, of this machine), or `memory://`.
 *
 * Rejects with `NotFoundError` (`PATH_NOT_FOUND`), with `InvalidError` (`INVALID_URL`) for a URL of anything else, and with `InvalidError` for what is wrong in `rat.toml`.
 */
export function open(path: string | URL, options?: OpenOptions): Promise<Lake>

/**
 * Writes a small project that runs, with files landed for it, and opens it. The folder is made if it is not there.
 *
 * Rejects with `InvalidError` (`INVALID_ARGUMENT`) for an example that does not exist, and for a folder that holds a project.
 */
export function init(path: string | URL, options?: InitOptions): Promise<Lake>

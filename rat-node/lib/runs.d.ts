import type { LogLine, RunReport, RunStatus } from './report.js'

/** What the ledger has of a run. */
export interface RunRecord {
  id: string
  pipeline: string
  trigger: string
  strategy: string
  attempt: number
  status: RunStatus
  phase: string | null
  startedAt: string
  finishedAt: string | null
  durationMs: number | null
  rowsWritten: number | null
  snapshotId: bigint | null
  errorCode: string | null
  errorMessage: string | null
}

/** One page of runs. */
export interface RunPage {
  /** Newest first. */
  runs: RunRecord[]
  /** Give this as `after` for the next page; null at the end. */
  next: string | null
}

/** Which runs to list. */
export interface RunFilter {
  /** Only this pipeline; it need not exist any more. */
  pipeline?: string
  /** Only runs in one of these states. */
  status?: RunStatus | RunStatus[]
  /** Only runs that began at this time or later. */
  since?: Date
  /** Only runs that began before this time. */
  until?: Date
  /** How many a page holds at the most; 100 unless given. */
  limit?: number
  /** Go on after this run: `next` of the page before. */
  after?: string
}

/** What one quality test of a run found, without rows. */
export interface TestLine {
  name: string
  severity: string
  status: string
  violations: number | null
  durationMs: number
  message: string | null
}

/** What ran. Every call with an id rejects with `NotFoundError` (`RUN_NOT_FOUND`) when there is no such run. */
export class Runs {
  private constructor()
  /** One page of runs, newest first. */
  list(options?: RunFilter): Promise<RunPage>
  /** One run. */
  get(id: string): Promise<RunRecord>
  /**
   * Asks a run that this lake object has under way to stop, and does not wait until it has: it ends as `cancelled`, and nothing of it is
   * published. When it has published already, it is a success.
   *
   * Rejects with `ConflictError` for a run that is over (`RUN_ENDED`), and for one that another process has under way, or a lake that was
   * opened apart (`RUN_ELSEWHERE`).
   */
  cancel(id: string): Promise<void>
  /** The report of a run that is over, without sample rows and log; null while it is under way. */
  report(id: string): Promise<RunReport | null>
  /** A run's log, after the line numbered `after`. */
  logs(id: string, after?: number): Promise<LogLine[]>
  /** A run's quality tests, in the order they ran. */
  tests(id: string): Promise<TestLine[]>
}

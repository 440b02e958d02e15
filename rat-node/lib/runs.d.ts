import type { Abortable } from './lake.js'
import type { LogLine, RunPage, RunRecord, RunReport, RunStatus, TestLine } from './report.js'

/** Which runs to list. */
export interface RunFilter extends Abortable {
  /** Only this pipeline; it need not exist any more. */
  pipeline?: string | undefined
  /** Only runs in one of these states. */
  status?: RunStatus | readonly RunStatus[] | undefined
  /** Only runs that began at this time or later: a Date, or text as reports have it. */
  since?: Date | string | undefined
  /** Only runs that began before this time. */
  until?: Date | string | undefined
  /** How many a page holds at the most; 100 unless given. */
  limit?: number | undefined
  /** Go on after this run: `next` of the page before. */
  after?: string | undefined
}

/** What ran. Every call with an id rejects with `NotFoundError` (`RUN_NOT_FOUND`) when there is no such run. */
export class Runs {
  private constructor()
  /** One page of runs, newest first. */
  list(options?: RunFilter): Promise<RunPage>
  /** One run. */
  get(id: string, options?: Abortable): Promise<RunRecord>
  /**
   * Asks a run that this lake object has under way to stop, and does not wait until it has: it ends as `cancelled`, and nothing of it is
   * published. When it has published already, it is a success.
   *
   * Rejects with `ConflictError` for a run that is over (`RUN_ENDED`), and for one that another process has under way, or a lake that was
   * opened apart (`RUN_ELSEWHERE`).
   */
  cancel(id: string, options?: Abortable): Promise<void>
  /** The report of a run that is over, without sample rows and log; null while it is under way. */
  report(id: string, options?: Abortable): Promise<RunReport | null>
  /** A run's log, after the line numbered `after`. */
  logs(id: string, after?: number, options?: Abortable): Promise<LogLine[]>
  /** A run's quality tests, in the order they ran. */
  tests(id: string, options?: Abortable): Promise<TestLine[]>
}

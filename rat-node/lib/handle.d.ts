import type { Abortable } from './lake.js'
import type { Event, RunReport, RunStatus } from './report.js'

/** How the end of a run is waited for. */
export interface WaitOptions extends Abortable {
  /** Seconds; as long as it takes unless given. A run that is still under way then goes on. */
  timeout?: number | undefined
  /** Throw `RunFailedError` when it failed or was cancelled. Default true. */
  raiseOnFailure?: boolean | undefined
}

/**
 * A run that goes on in the background, whoever looks. Dropping the handle leaves it going, and so does closing the lake. It ends with the
 * program, and does not keep it from ending: `await handle.wait()`.
 */
export class RunHandle {
  private constructor()
  /** The run's identifier, from the beginning. A retry after a transient error is a run of its own, and has another. */
  readonly id: string
  /** Its pipeline, `namespace.layer.name`. */
  readonly pipeline: string
  /** `pending` while it waits for another run of its table, `running`, and at the end what came of it. */
  readonly status: RunStatus
  /**
   * The report, when it is over. Any number may wait, before the end and after it.
   *
   * Aborting the signal stops the waiting, not the run. Rejects with `TimeoutError` when it is still under way, with `RunFailedError`, which has the report, when it failed or was cancelled, and
   * with `CancelledError` when the signal was aborted.
   */
  wait(options?: WaitOptions): Promise<RunReport>
  /** Asks it to stop: it ends as `cancelled`, and nothing of it is published. When it has published already, it is a success. */
  cancel(): void
  /**
   * What happens, from the beginning and to the end, whenever it is asked for. Where rows are read faster than somebody listens, only the
   * newest progress is told. Aborting the signal stops the listening, not the run.
   */
  events(options?: Abortable): AsyncGenerator<Event, undefined, undefined>
}

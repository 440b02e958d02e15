import type { Abortable } from './lake.js'
import type { HistoryEntry, TableEntry, TableInfo } from './report.js'

/** The tables of a lake. Names are `layer.name` or `namespace.layer.name`. */
export class Tables {
  private constructor()
  /** Tables and views, by name. */
  list(options?: Abortable): Promise<TableEntry[]>
  /** One table or view. Rejects with `NotFoundError` (`TABLE_NOT_FOUND`) when there is none. */
  get(name: string, options?: Abortable): Promise<TableInfo>
  /** Every snapshot a table still has, newest first. */
  history(name: string, options?: Abortable): Promise<HistoryEntry[]>
  /**
   * Makes a snapshot of a table's history what readers see again: its rows, and what runs knew of it. Snapshots made since stay in the history.
   * Rejects with `InvalidError` when the table has no such snapshot, `DeniedError` (`READ_ONLY_LAKE`), `ConflictError` (`COMMIT_CONFLICT`).
   */
  rollback(name: string, snapshotId: bigint, options?: Abortable): Promise<TableInfo>
  /** Gives a snapshot, or the current one, a name that stays: maintenance keeps it, and `asOf` finds it. */
  tag(name: string, tag: string, snapshotId?: bigint, options?: Abortable): Promise<TableInfo>
  /** Starts a branch at a snapshot, or at the current one. */
  branch(name: string, branch: string, snapshotId?: bigint, options?: Abortable): Promise<TableInfo>
  /** Removes a tag or a branch. Its snapshots stay until maintenance. */
  untag(name: string, tag: string, options?: Abortable): Promise<TableInfo>
  /**
   * Gives a table or view another name, such as the one its pipeline has now: rows, history and watermark go with it.
   *
   * Rejects with `InvalidError`: `TABLE_EXISTS`, and `TABLE_HAS_PIPELINE` while the pipeline of the old name is there.
   */
  rename(name: string, to: string, options?: Abortable): Promise<TableInfo>
  /** Takes a table or view out of the catalog. Its files stay until maintenance; its pipeline's next run is a first run. */
  drop(name: string, options?: Abortable): Promise<void>
}

import type { Column } from './report.js'

/** A table or a view, by name. */
export interface TableEntry {
  name: string
  kind: 'table' | 'view'
}

/** A table or view as its current snapshot describes it; nothing is scanned. */
export interface TableInfo {
  /** `namespace.layer.name`. */
  name: string
  kind: 'table' | 'view'
  columns: Column[]
  /** Null while deletes make it unknown, and for a view. */
  rowCount: number | null
  sizeBytes: number | null
  fileCount: number | null
  snapshotId: bigint | null
  metadataLocation: string | null
  location: string
  /** As `partition_by` writes it: `day(ts)`. */
  partitionBy: string[]
  sortBy: string[]
  /** Branches and tags. */
  references: { name: string; kind: 'branch' | 'tag'; snapshotId: bigint }[]
  properties: Record<string, string>
  /** Of a view. */
  sql: string | null
}

/** One snapshot in a table's history. */
export interface HistoryEntry {
  snapshotId: bigint
  parentId: bigint | null
  committedAt: string
  operation: 'append' | 'overwrite' | 'delete' | 'replace'
  isCurrent: boolean
  /** Whether the current one was made on it, or is it. */
  isAncestor: boolean
  /** The run that made it, if one of rat's did. */
  runId: string | null
  rowCount: number | null
  sizeBytes: number | null
  fileCount: number | null
  references: string[]
}

/** The tables of a lake. Names are `layer.name` or `namespace.layer.name`. */
export class Tables {
  private constructor()
  /** Tables and views, by name. */
  list(): Promise<TableEntry[]>
  /** One table or view. Rejects with `NotFoundError` (`TABLE_NOT_FOUND`) when there is none. */
  get(name: string): Promise<TableInfo>
  /** Every snapshot a table still has, newest first. */
  history(name: string): Promise<HistoryEntry[]>
  /**
   * Makes a snapshot of a table's history what readers see again: its rows, and what runs knew of it. Snapshots made since stay in the history.
   * Rejects with `InvalidError` when the table has no such snapshot, `DeniedError` (`READ_ONLY_LAKE`), `ConflictError` (`COMMIT_CONFLICT`).
   */
  rollback(name: string, snapshotId: bigint): Promise<TableInfo>
  /** Gives a snapshot, or the current one, a name that stays: maintenance keeps it, and `asOf` finds it. */
  tag(name: string, tag: string, snapshotId?: bigint): Promise<TableInfo>
  /** Starts a branch at a snapshot, or at the current one. */
  branch(name: string, branch: string, snapshotId?: bigint): Promise<TableInfo>
  /** Removes a tag or a branch. Its snapshots stay until maintenance. */
  untag(name: string, tag: string): Promise<TableInfo>
  /**
   * Gives a table or view another name, such as the one its pipeline has now: rows, history and watermark go with it.
   *
   * Rejects with `InvalidError`: `TABLE_EXISTS`, and `TABLE_HAS_PIPELINE` while the pipeline of the old name is there.
   */
  rename(name: string, to: string): Promise<TableInfo>
  /** Takes a table or view out of the catalog. Its files stay until maintenance; its pipeline's next run is a first run. */
  drop(name: string): Promise<void>
}

import type { Diagnostic } from './errors.js'
import type { Column, ColumnLineage } from './report.js'

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

import type { Column, ColumnLineage, RunStatus } from './report.js'

/** A pipeline, or a table that no pipeline makes; of that, only name, kind and layer are known. */
export interface GraphNode {
  /** `namespace.layer.name`. */
  name: string
  kind: 'pipeline' | 'table'
  layer: 'bronze' | 'silver' | 'gold'
  /** The pipeline's folder inside the project. */
  path: string | null
  language: 'sql' | 'python' | null
  materialized: string | null
  /** The merge strategy of a pipeline that makes a table. */
  strategy: string | null
  description: string | null
  owner: string | null
  tags: string[]
  /** Null when they are unknown. */
  columns: Column[] | null
  lineage: ColumnLineage[]
  /** Whether its project files have no error. */
  ok: boolean
  latestRun: LatestRun | null
}

/** One line of what became of a run. */
export interface LatestRun {
  id: string
  status: RunStatus
  startedAt: string
  durationMs: number | null
  rowsWritten: number | null
  errorCode: string | null
}

/** What reads what. */
export class Graph {
  private constructor()
  /** Pipelines in build order, then tables that no pipeline makes. */
  nodes: GraphNode[]
  edges: { from: string; to: string }[]
  /** The pipelines, each after all that it reads. */
  order(): string[]
  /** Everything a pipeline needs, directly or not, in build order. */
  upstream(pipeline: string): string[]
  /** Everything that needs a pipeline, directly or not, in build order. */
  downstream(pipeline: string): string[]
  /** A Mermaid flowchart, left to right, a colour for each layer. */
  toMermaid(): string
  /** `{ nodes, edges }`, for `JSON.stringify`. */
  toJSON(): { nodes: GraphNode[]; edges: { from: string; to: string }[] }
}

import type { GraphEdge, GraphNode } from './report.js'

/** What reads what. */
export class Graph {
  private constructor()
  /** Pipelines in build order, then tables that no pipeline makes. */
  nodes: GraphNode[]
  edges: GraphEdge[]
  /** The pipelines, each after all that it reads. */
  order(): string[]
  /** Everything a pipeline needs, directly or not, in build order. Throws `NotFoundError` (`PIPELINE_NOT_FOUND`), and so does `downstream`. */
  upstream(pipeline: string): string[]
  /** Everything that needs a pipeline, directly or not, in build order. */
  downstream(pipeline: string): string[]
  /** A Mermaid flowchart, left to right, a colour for each layer. */
  toMermaid(): string
  /** `{ nodes, edges }`, for `JSON.stringify`. */
  toJSON(): { nodes: GraphNode[]; edges: GraphEdge[] }
}

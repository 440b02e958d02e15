import type { Abortable } from './lake.js'

/** The namespaces of a lake. */
export class Namespaces {
  private constructor()
  /** Every namespace that has a folder or a table, by name. */
  list(options?: Abortable): Promise<string[]>
}

import type { Row, Rows } from './query.js'

/**
 * The rows of a query as they come, batch by batch; each comes once. The query starts when it is first asked for something, and leaving the
 * loop, `return()` or `close()` stops it at once, whatever is awaited. For `node:stream`, `Readable.from(stream)`.
 */
export class Stream<T = Row> implements AsyncIterableIterator<Rows<T>>, AsyncDisposable {
  private constructor()
  /** The names of the columns; null until the query has started. */
  readonly columns: string[] | null
  /** The types of the columns, as SQL writes them; null until the query has started. */
  readonly types: string[] | null
  /** Starts the query, if it has not begun: from then on the columns are known. */
  start(): Promise<this>
  /** The next batch, which has rows. */
  next(): Promise<IteratorResult<Rows<T>, undefined>>
  /** Stops the query. */
  return(value?: unknown): Promise<IteratorResult<Rows<T>, undefined>>
  /** Stops the query, and rejects with the error. */
  throw(error?: unknown): Promise<IteratorResult<Rows<T>, undefined>>
  /** Stops the query. What was not read is lost. */
  close(): void
  /**
   * The rows as one Arrow IPC stream in pieces, the schema first: for a file, or for the body of an answer, by `Readable.from(stream.toIPC())`.
   * Without rows it is the schema alone.
   */
  toIPC(): AsyncGenerator<Buffer, undefined, undefined>
  [Symbol.asyncIterator](): this
  [Symbol.asyncDispose](): Promise<void>
}

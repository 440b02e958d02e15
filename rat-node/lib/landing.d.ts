import type { Restored, Zone, ZoneFile } from './report.js'
import type { Result } from './query.js'

/** The landing zones of the lake's namespace. Rejects with `NotFoundError` (`UNKNOWN_ZONE`) for a zone that is not there. */
export class Landing {
  private constructor()
  /** Every zone, by name. */
  zones(): Promise<Zone[]>
  /** The files of a zone that are there to be ingested. */
  files(zone: string): Promise<ZoneFile[]>
  /** The files in a zone's `_samples/`, which previews and checks read and no run does. */
  samples(zone: string): Promise<ZoneFile[]>
  /** Puts a file into a zone, which is made if it is not there, and gives its path. A run sees the whole file or none. */
  put(zone: string, name: string, data: Uint8Array | string): Promise<string>
  /** Removes a file that was not ingested. One that is not there is no error. */
  remove(zone: string, name: string): Promise<void>
  /** The first rows of a zone, 100 unless `limit` says otherwise; nothing is consumed. */
  preview(zone: string, options?: { limit?: number }): Promise<Result>
  /** Brings back what runs have moved away: the files of one run, or of all. */
  restore(zone: string, options?: { run?: string }): Promise<Restored>
}

import type { Abortable } from './lake.js'
import type { Restored, Zone, ZoneFile } from './report.js'
import type { Result } from './query.js'

/** What a preview of a zone shows. */
export interface LandingPreviewOptions extends Abortable {
  /** The most rows that are shown. 100 unless given. */
  limit?: number | undefined
}

/** What is brought back into a zone. */
export interface RestoreOptions extends Abortable {
  /** Only the files that this run took; all unless given. */
  run?: string | undefined
}

/** The landing zones of the lake's namespace. Rejects with `NotFoundError` (`UNKNOWN_ZONE`) for a zone that is not there. */
export class Landing {
  private constructor()
  /** Every zone, by name. */
  zones(options?: Abortable): Promise<Zone[]>
  /** The files of a zone that are there to be ingested. */
  files(zone: string, options?: Abortable): Promise<ZoneFile[]>
  /** The files in a zone's `_samples/`, which previews and checks read and no run does. */
  samples(zone: string, options?: Abortable): Promise<ZoneFile[]>
  /** Puts a file into a zone, which is made if it is not there, and gives its path. A run sees the whole file or none. */
  put(zone: string, name: string, data: Uint8Array | string, options?: Abortable): Promise<string>
  /** Removes a file that was not ingested. One that is not there is no error. */
  remove(zone: string, name: string, options?: Abortable): Promise<void>
  /** The first rows of a zone; nothing is consumed. */
  preview(zone: string, options?: LandingPreviewOptions): Promise<Result>
  /** Brings back what runs have moved away. */
  restore(zone: string, options?: RestoreOptions): Promise<Restored>
}

/** The entries that this node matches reads against: the port that the runtime places them through, and the question. */
import type { AgencyId, EntryRef } from '../../protocol/identifiers.ts'
import type { Instant } from '../../protocol/instant.ts'
import type { SharedEntry } from '../../protocol/messages/message.ts'
import type { Read } from '../ingest/read.ts'
import type { HotlistPort } from '../runtime/node.ts'
import { EntryTable } from './entry-table.ts'
import { matchRead, type EntryMatch } from './match.ts'
import { PlateIndex } from './plate-index.ts'

export class Hotlist implements HotlistPort {
  readonly #table = new EntryTable()
  readonly #index = new PlateIndex()

  get size (): number { return this.#table.size }

  /** Again with other facts replaces it. */
  place (entry: SharedEntry): void {
    const handle = this.#table.put(entry)
    this.#index.remove(handle)
    this.#index.place(handle, entry.plate, entry.country, entry.until)
  }

  remove (owner: AgencyId, ref: EntryRef): void {
    const handle = this.#table.remove(owner, ref)
    if (handle !== undefined) this.#index.remove(handle)
  }

  match (read: Pick<Read, 'plate'>, now: Instant): EntryMatch[] { return matchRead(read, this.#index, this.#table, now) }
}

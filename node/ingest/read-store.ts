/**
 * Reads that stay at the node that made them, for a configured time, and then are gone. One key for each hour of reads:
 * when the hour is over its time, the key is erased first, then the rows; nothing is ever scanned to be forgotten.
 */
import { openRecord, sealRecord, RECORD_NONCE_BYTES } from '../../keys/records.ts'
import { HOUR, monthOf, type Duration, type Instant } from '../../protocol/instant.ts'
import { numberKey } from '../../protocol/records.ts'
import type { Entropy, RecordKeySlot, RecordKeys, Store, StoreWrite } from '../runtime/ports.ts'
import type { Read } from './read.ts'

interface Bucket extends RecordKeySlot { readonly hour: number, readonly key: Uint8Array }
const PAGE = 500
const ID_KEY = 'id-key'
const encoder = new TextEncoder()
const bucketKey = (hour: number): string => `bucket/${numberKey(hour)}`
const rowsOf = (hour: number): string => `read/${numberKey(hour)}/`

export class ReadStore {
  readonly #store: Store
  readonly #keys: RecordKeys
  readonly #entropy: Entropy
  readonly #retention: Duration
  #bucket: Bucket | undefined

  constructor (parts: { store: Store, recordKeys: RecordKeys, entropy: Entropy, retention: Duration }) {
    this.#store = parts.store
    this.#keys = parts.recordKeys
    this.#entropy = parts.entropy
    this.#retention = parts.retention
  }

  /** Drawn once for this node; see `IngestOptions.idKey`. */
  async idKey (): Promise<string> {
    const known = await this.#store.get(ID_KEY)
    const key = known ?? this.#entropy.bytes(16)
    if (known === undefined) await this.#store.commit([{ op: 'put', key: ID_KEY, value: key }])
    return Buffer.from(key).toString('hex')
  }

  /** Resolves when they are durable. */
  async keep (reads: readonly Read[], now: Instant): Promise<void> {
    const { bucket, opening } = await this.#bucketAt(now)
    const key = rowsOf(bucket.hour) + numberKey(now) + Buffer.from(this.#entropy.bytes(6)).toString('hex')
    const value = sealRecord(bucket.key, encoder.encode(JSON.stringify(reads)), this.#entropy.bytes(RECORD_NONCE_BYTES), encoder.encode(key))
    await this.#store.commit([...opening, { op: 'put', key, value }])
  }

  /** Retained reads received since then, oldest first; undecipherable rows are passed over. */
  async * since (from: Instant): AsyncGenerator<Read> {
    for (let hour = Math.floor(from / HOUR); ; hour++) {
      const slot = await this.#slotOf(hour)
      const key = slot && await this.#keys.get(slot)
      if (key !== undefined) yield * this.#rows(hour, key)
      if (hour >= (this.#bucket?.hour ?? -1)) return
    }
  }

  async * #rows (hour: number, key: Uint8Array): AsyncGenerator<Read> {
    for (let after: string | undefined; ;) {
      const page = await this.#store.scan({ prefix: rowsOf(hour), limit: PAGE, ...(after !== undefined && { after }) })
      for (const row of page) {
        const opened = openRecord(key, row.value, encoder.encode(row.key))
        if (opened !== undefined) yield * JSON.parse(new TextDecoder().decode(opened)) as Read[]
      }
      if (page.length < PAGE) return
      after = page.at(-1)!.key
    }
  }

  async #bucketAt (now: Instant): Promise<{ bucket: Bucket, opening: StoreWrite[] }> {
    const hour = Math.floor(now / HOUR)
    if (this.#bucket?.hour === hour) return { bucket: this.#bucket, opening: [] }
    const known = await this.#slotOf(hour)
    const key = known && await this.#keys.get(known)
    if (known !== undefined && key !== undefined) return { bucket: this.#bucket = { ...known, hour, key }, opening: [] }
    const month = monthOf(now)
    const [taken] = await this.#keys.take(month, 1)
    this.#bucket = { hour, month, slot: taken!.slot, key: taken!.key }
    return { bucket: this.#bucket, opening: [{ op: 'put', key: bucketKey(hour), value: encoder.encode(JSON.stringify({ month, slot: taken!.slot })) }] }
  }

  async #slotOf (hour: number): Promise<RecordKeySlot | undefined> {
    const found = await this.#store.get(bucketKey(hour))
    return found && JSON.parse(new TextDecoder().decode(found)) as RecordKeySlot
  }

  /** Hours whose time is over are gone when this resolves; answers how many. */
  async forget (now: Instant): Promise<number> {
    const last = Math.floor((now - this.#retention) / HOUR) - 1
    const buckets = (await this.#store.scan({ prefix: 'bucket/', limit: PAGE })).filter(({ key }) => parseInt(key.slice('bucket/'.length), 16) <= last)
    await this.#keys.erase(buckets.map(({ value }) => JSON.parse(new TextDecoder().decode(value)) as RecordKeySlot))
    for (const { key } of buckets) {
      await this.#dropRows(rowsOf(parseInt(key.slice('bucket/'.length), 16)))
      await this.#store.commit([{ op: 'delete', key }])
    }
    return buckets.length
  }

  async #dropRows (prefix: string): Promise<void> {
    for (;;) {
      const page = await this.#store.scan({ prefix, limit: PAGE })
      if (page.length === 0) return
      await this.#store.commit(page.map(({ key }) => ({ op: 'delete', key })))
    }
  }

  async close (): Promise<void> {
    await this.#store.close()
    await this.#keys.close()
  }
}

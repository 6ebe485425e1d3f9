/**
 * Footage of reads, kept at home: frames sealed under a record key of their own, for as long as their camera's config
 * says, then gone, key first. A match pins its frames until the hit is taken back, or for the longest time that the node
 * allows. Invariants: the commitment is answered only when the frames are durable; the disk is bounded, the oldest
 * unpinned frames give way, and what gives way or finds no room is counted; a read is never lost for want of room.
 *
 *   blob         sealed record (keys/records.ts) over the frames (evidence-set.ts), under the name of its row
 *   index row    `evidence/READ` in the store of reads: times, sizes, key slot and commitment; no plate, no camera
 */
import { openRecord, sealRecord, RECORD_NONCE_BYTES } from '../../keys/records.ts'
import { derivedMessageId, utf8ToBytes } from '../../protocol/bytes.ts'
import type { AgencyId, Digest, MessageId } from '../../protocol/identifiers.ts'
import { monthOf, type Duration, type Instant } from '../../protocol/instant.ts'
import type { Entropy, RecordKeys, RecordKeySlot, Store } from '../runtime/ports.ts'
import { commitmentOfManifest, EVIDENCE_SALT_BYTES, manifestOf } from './evidence.ts'
import { chooseFrames, decodeSet, encodeSet, type KeptFrame } from './evidence-set.ts'

/** Where sealed footage lies, by name. `put` resolves when it would survive a power cut. */
export interface Blobs {
  put (name: string, bytes: Uint8Array): Promise<void>
  get (name: string): Promise<Uint8Array | undefined>
  delete (name: string): Promise<void>
  names (): Promise<string[]>
}

export interface EvidenceRow {
  readonly readId: MessageId
  readonly controller: AgencyId
  readonly siteRef: string
  readonly at: Instant
  /** Unpinned, it is gone then. */
  readonly until: Instant
  readonly pinnedUntil?: Instant
  readonly candidates: readonly MessageId[]
  readonly frames: number
  readonly bytes: number
  readonly commitment: Digest
}
type StoredRow = EvidenceRow & { readonly key: RecordKeySlot }
export interface EvidenceTotals { readonly sets: number, readonly pinned: number, readonly bytes: number, readonly bytesMax: number, readonly displaced: number, readonly unkept: number }

export interface EvidenceRingParts {
  readonly store: Store
  readonly recordKeys: RecordKeys
  readonly blobs: Blobs
  readonly entropy: Entropy
  readonly bytesMax: number
  readonly pinFor: Duration
}

const PREFIX = 'evidence/'
const PAGE = 500
const decoder = new TextDecoder()
const rowKey = (readId: MessageId): string => PREFIX + readId

export class EvidenceRing {
  readonly #parts: EvidenceRingParts
  /** Oldest first. */
  readonly #rows: Map<MessageId, StoredRow>
  #bytes = 0
  #displaced = 0
  #unkept = 0
  /** Changes, one after the other. */
  #turn: Promise<unknown> = Promise.resolve()

  private constructor (parts: EvidenceRingParts, rows: readonly StoredRow[]) {
    this.#parts = parts
    this.#rows = new Map(rows.map(row => [row.readId, row]))
    this.#bytes = rows.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  /** Footage without a row was never committed to, and goes. */
  static async open (parts: EvidenceRingParts): Promise<EvidenceRing> {
    const rows: StoredRow[] = []
    for (let after: string | undefined; ;) {
      const page = await parts.store.scan({ prefix: PREFIX, limit: PAGE, ...(after !== undefined && { after }) })
      rows.push(...page.map(({ value }) => JSON.parse(decoder.decode(value)) as StoredRow))
      if (page.length < PAGE) break
      after = page.at(-1)!.key
    }
    const ring = new EvidenceRing(parts, rows.sort((a, b) => a.at - b.at))
    for (const name of await parts.blobs.names()) if (!ring.#rows.has(name as MessageId)) await parts.blobs.delete(name)
    return ring
  }

  /** Resolves when frames and commitment are durable; `none` when there is nothing to keep, no room, or no disk. */
  keep (about: Pick<EvidenceRow, 'readId' | 'controller' | 'siteRef' | 'at' | 'until'>, frames: readonly Pick<KeptFrame, 'at' | 'bytes' | 'mediaType'>[]): Promise<Digest | 'none'> {
    return this.#inTurn(async () => {
      const known = this.#rows.get(about.readId)
      if (known !== undefined) return known.commitment
      const kept = chooseFrames(frames)
      if (kept.length === 0) return 'none'
      const salted = kept.map(frame => ({ ...frame, salt: this.#parts.entropy.bytes(EVIDENCE_SALT_BYTES) }))
      try { return await this.#write(about, salted) } catch {
        this.#unkept++
        return 'none'
      }
    })
  }

  async #write (about: Pick<EvidenceRow, 'readId' | 'controller' | 'siteRef' | 'at' | 'until'>, frames: readonly KeptFrame[]): Promise<Digest | 'none'> {
    const { recordKeys, blobs, store, entropy } = this.#parts
    const plain = encodeSet(frames)
    if (!await this.#makeRoom(plain.length)) {
      this.#unkept++
      return 'none'
    }
    const month = monthOf(about.at)
    const [taken] = await recordKeys.take(month, 1)
    const sealed = sealRecord(taken!.key, plain, entropy.bytes(RECORD_NONCE_BYTES), utf8ToBytes(rowKey(about.readId)))
    await blobs.put(about.readId, sealed)
    const row: StoredRow = { ...about, candidates: [], frames: frames.length, bytes: sealed.length, commitment: commitmentOfManifest(manifestOf(frames)), key: { month, slot: taken!.slot } }
    await this.#store(store, row)
    this.#bytes += row.bytes
    return row.commitment
  }

  /** A match keeps its frames, before its candidate leaves. */
  pin (readId: MessageId, candidates: readonly MessageId[], now: Instant): Promise<void> {
    return this.#inTurn(async () => {
      const row = this.#rows.get(readId)
      if (row !== undefined) await this.#store(this.#parts.store, { ...row, candidates: [...new Set([...row.candidates, ...candidates])], pinnedUntil: now + this.#parts.pinFor })
    })
  }

  /** Nothing came of it, or it was taken back: it goes as if it had never matched. */
  release (readId: MessageId): Promise<void> {
    return this.#inTurn(async () => {
      const row = this.#rows.get(readId)
      if (row === undefined) return
      const { pinnedUntil, ...free } = row
      await this.#store(this.#parts.store, free)
    })
  }

  /** By the id of a read, of a candidate that was made of it, or of the hit that a partner was told. */
  find (id: string): EvidenceRow | undefined {
    const own = this.#rows.get(id as MessageId)
    if (own !== undefined) return own
    return [...this.#rows.values()].find(({ candidates }) => candidates.some(candidate => candidate === id || derivedMessageId('hit', candidate) === id))
  }

  /** Newest first. */
  list (controller: AgencyId): EvidenceRow[] { return [...this.#rows.values()].filter(row => row.controller === controller).reverse() }

  /** Undefined when it is gone, or is not what was kept. */
  async read (readId: MessageId): Promise<KeptFrame[] | undefined> {
    const row = this.#rows.get(readId)
    if (row === undefined) return undefined
    const [key, sealed] = await Promise.all([this.#parts.recordKeys.get(row.key), this.#parts.blobs.get(readId)])
    const plain = key === undefined || sealed === undefined ? undefined : openRecord(key, sealed, utf8ToBytes(rowKey(readId)))
    const frames = plain && decodeSet(plain)
    return frames !== undefined && commitmentOfManifest(manifestOf(frames)) === row.commitment ? frames : undefined
  }

  /** What had its time is gone when this resolves; answers how many. `isTakenBack` of a candidate ends its pin. */
  sweep (now: Instant, isTakenBack: (candidate: MessageId) => Promise<boolean>): Promise<number> {
    return this.#inTurn(async () => {
      const over: StoredRow[] = []
      for (const row of [...this.#rows.values()]) {
        const isPinned = row.pinnedUntil !== undefined && row.pinnedUntil > now && !await allHold(row.candidates, isTakenBack)
        if (!isPinned && row.until <= now) over.push(row)
        else if (!isPinned && row.pinnedUntil !== undefined) await this.#store(this.#parts.store, (({ pinnedUntil, ...free }) => free)(row))
      }
      await this.#erase(over)
      return over.length
    })
  }

  totals (): EvidenceTotals {
    const pinned = [...this.#rows.values()].filter(({ pinnedUntil }) => pinnedUntil !== undefined).length
    return { sets: this.#rows.size, pinned, bytes: this.#bytes, bytesMax: this.#parts.bytesMax, displaced: this.#displaced, unkept: this.#unkept }
  }

  /** Resolves when nothing is under way. */
  async idle (): Promise<void> { await this.#turn }

  async #makeRoom (bytes: number): Promise<boolean> {
    const free: StoredRow[] = []
    let after = this.#bytes + bytes
    for (const row of this.#rows.values()) {
      if (after <= this.#parts.bytesMax) break
      if (row.pinnedUntil !== undefined) continue
      free.push(row)
      after -= row.bytes
    }
    if (after > this.#parts.bytesMax) return false
    this.#displaced += free.length
    await this.#erase(free)
    return true
  }

  async #erase (rows: readonly StoredRow[]): Promise<void> {
    if (rows.length === 0) return
    await this.#parts.recordKeys.erase(rows.map(({ key }) => key))
    for (const { readId } of rows) await this.#parts.blobs.delete(readId)
    await this.#parts.store.commit(rows.map(({ readId }) => ({ op: 'delete', key: rowKey(readId) })))
    for (const { readId, bytes } of rows) if (this.#rows.delete(readId)) this.#bytes -= bytes
  }

  async #store (store: Store, row: StoredRow): Promise<void> {
    await store.commit([{ op: 'put', key: rowKey(row.readId), value: utf8ToBytes(JSON.stringify(row)) }])
    this.#rows.set(row.readId, row)
  }

  #inTurn<T> (run: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(run)
    this.#turn = done.catch(() => {})
    return done
  }
}

const allHold = async (items: readonly MessageId[], holds: (item: MessageId) => Promise<boolean>): Promise<boolean> =>
  items.length > 0 && (await Promise.all(items.map(holds))).every(Boolean)

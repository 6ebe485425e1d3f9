/**
 * Gives every (owner, reference) a handle and keeps what a match must say of the entry, packed: owners are interned,
 * references lie in one byte arena, codes are positions in their closed lists. It never sees a plate.
 * A handle is dense, belongs to one entry until that is removed, and is then given out again.
 */
import type { AgencyId, EntryRef } from '../../protocol/identifiers.ts'
import { ACTIONS, CATEGORIES, type Action, type Category } from '../../protocol/messages/vocabulary.ts'
import { chainHeads, isRow, NONE, ROWS_MAX, SEGMENT_BITS, SEGMENT_MASK, SEGMENT_ROWS, spread } from './columns.ts'

/** `until` is in seconds since 1970, exclusive. */
export interface EntryFacts {
  readonly owner: AgencyId, readonly ref: EntryRef, readonly category: Category, readonly action: Action, readonly until: number
}

const OWNERS_MAX = 0xFFFF
const UNTIL_MAX = 0xFFFF_FFFF
/** The arena is packed again when more than this lies idle, and more than is in use. */
const IDLE_BYTES_MIN = 4096

interface Segment {
  readonly owner: Uint16Array
  /** 0 marks a free row. */
  readonly refLength: Uint8Array
  readonly refAt: Uint32Array
  readonly category: Uint8Array, readonly action: Uint8Array
  readonly until: Uint32Array
  /** The next row of a hash chain, or of the chain of free rows. */
  readonly next: Uint32Array
}
const bytes = (): Uint8Array => new Uint8Array(SEGMENT_ROWS)
const words = (): Uint32Array => new Uint32Array(SEGMENT_ROWS)
const emptySegment = (): Segment =>
  ({ owner: new Uint16Array(SEGMENT_ROWS), refLength: bytes(), refAt: words(), category: bytes(), action: bytes(), until: words(), next: words() })

export class EntryTable {
  readonly #owners: AgencyId[] = []
  readonly #ownerNumbers = new Map<AgencyId, number>()
  readonly #segments: Segment[] = []
  #heads = chainHeads(0)
  #free = NONE
  #used = 0
  #size = 0
  #arena = new Uint8Array(1024)
  #arenaEnd = 0
  #arenaIdle = 0

  get size (): number { return this.#size }

  /** The entry's handle; the same one with the facts replaced when it is here already. Throws RangeError when the table is full. */
  put (facts: EntryFacts): number {
    const owner = this.#internOwner(facts.owner)
    const known = this.#find(owner, facts.ref)
    const row = known === NONE ? this.#takeRow(owner, facts.ref) : known
    const { segment, at } = this.#at(row)
    segment.category[at] = CATEGORIES.indexOf(facts.category)
    segment.action[at] = ACTIONS.indexOf(facts.action)
    segment.until[at] = Math.min(facts.until, UNTIL_MAX)
    return row
  }

  handleOf (owner: AgencyId, ref: EntryRef): number | undefined {
    const number = this.#ownerNumbers.get(owner)
    const row = number === undefined ? NONE : this.#find(number, ref)
    return row === NONE ? undefined : row
  }

  get (handle: number): EntryFacts | undefined {
    const segment = this.#segments[handle >>> SEGMENT_BITS]; const at = handle & SEGMENT_MASK
    if (!isRow(handle) || segment === undefined || segment.refLength[at] === 0) return undefined
    return {
      owner: this.#owners[segment.owner[at]!]!,
      ref: String.fromCharCode(...this.#refBytes(handle)) as EntryRef,
      category: CATEGORIES[segment.category[at]!]!,
      action: ACTIONS[segment.action[at]!]!,
      until: segment.until[at]!
    }
  }

  /** The handle that it had and that is free now; undefined when there was no such entry. */
  remove (owner: AgencyId, ref: EntryRef): number | undefined {
    const row = this.handleOf(owner, ref)
    if (row === undefined) return undefined
    this.#unchain(row)
    const { segment, at } = this.#at(row)
    this.#arenaIdle += this.#refBytes(row).fill(0).length
    segment.refLength[at] = 0
    segment.next[at] = this.#free
    this.#free = row
    this.#size--
    return row
  }

  #internOwner (owner: AgencyId): number {
    const known = this.#ownerNumbers.get(owner)
    if (known !== undefined) return known
    if (this.#owners.length >= OWNERS_MAX) throw new RangeError('too many owners of entries')
    this.#ownerNumbers.set(owner, this.#owners.length)
    return this.#owners.push(owner) - 1
  }

  #takeRow (owner: number, ref: EntryRef): number {
    const row = this.#free === NONE ? this.#newRow() : this.#free
    const { segment, at } = this.#at(row)
    if (row === this.#free) this.#free = segment.next[at]!
    segment.owner[at] = owner
    this.#keepRef(row, ref)
    this.#chain(row)
    if (++this.#size > this.#heads.length * 2) this.#chainAnew()
    return row
  }

  #newRow (): number {
    if (this.#used >= ROWS_MAX) throw new RangeError('too many entries')
    if (this.#used === this.#segments.length * SEGMENT_ROWS) this.#segments.push(emptySegment())
    return this.#used++
  }

  #at (row: number): { segment: Segment, at: number } { return { segment: this.#segments[row >>> SEGMENT_BITS]!, at: row & SEGMENT_MASK } }

  // ── References: ASCII (ENTRY_REF), one byte a character, one after the other in the arena ─────────────────────────

  #refBytes (row: number): Uint8Array {
    const { segment, at } = this.#at(row)
    return this.#arena.subarray(segment.refAt[at], segment.refAt[at]! + segment.refLength[at]!)
  }

  #keepRef (row: number, ref: EntryRef): void {
    if (this.#arenaIdle > IDLE_BYTES_MIN && this.#arenaIdle * 2 > this.#arenaEnd) this.#repack(this.#arenaEnd - this.#arenaIdle)
    if (this.#arenaEnd + ref.length > this.#arena.length) this.#repack(this.#arena.length + Math.ceil(this.#arena.length / 2))
    const { segment, at } = this.#at(row)
    segment.refAt[at] = this.#arenaEnd
    segment.refLength[at] = ref.length
    for (let i = 0; i < ref.length; i++) this.#arena[this.#arenaEnd++] = ref.charCodeAt(i)
  }

  /** Into a new arena of so many bytes, without what lies idle. */
  #repack (length: number): void {
    const packed = new Uint8Array(Math.max(length, 1024))
    let end = 0
    for (let row = 0; row < this.#used; row++) {
      const { segment, at } = this.#at(row)
      const ref = this.#refBytes(row)
      packed.set(ref, end)
      segment.refAt[at] = end
      end += ref.length
    }
    this.#arena = packed
    this.#arenaEnd = end
    this.#arenaIdle = 0
  }

  // ── Hash chains ──────────────────────────────────────────────────────────────────────────────────────────────────

  #find (owner: number, ref: EntryRef): number {
    let row = this.#heads[this.#bucket(owner, hashOfText(ref))]!
    while (row !== NONE && !this.#isAt(row, owner, ref)) row = this.#nextOf(row)
    return row
  }

  #isAt (row: number, owner: number, ref: EntryRef): boolean {
    const { segment, at } = this.#at(row)
    if (segment.owner[at] !== owner || segment.refLength[at] !== ref.length) return false
    const from = segment.refAt[at]!
    for (let i = 0; i < ref.length; i++) if (this.#arena[from + i] !== ref.charCodeAt(i)) return false
    return true
  }

  #bucketOf (row: number): number { return this.#bucket(this.#segments[row >>> SEGMENT_BITS]!.owner[row & SEGMENT_MASK]!, hashOfBytes(this.#refBytes(row))) }
  #bucket (owner: number, hash: number): number { return spread(owner, hash) & (this.#heads.length - 1) }
  #nextOf (row: number): number { return this.#segments[row >>> SEGMENT_BITS]!.next[row & SEGMENT_MASK]! }
  #setNext (row: number, next: number): void { this.#segments[row >>> SEGMENT_BITS]!.next[row & SEGMENT_MASK] = next }

  #chain (row: number): void {
    const bucket = this.#bucketOf(row)
    this.#setNext(row, this.#heads[bucket]!)
    this.#heads[bucket] = row
  }

  #unchain (row: number): void {
    const bucket = this.#bucketOf(row)
    let before = this.#heads[bucket]!
    if (before === row) { this.#heads[bucket] = this.#nextOf(row); return }
    while (this.#nextOf(before) !== row) before = this.#nextOf(before)
    this.#setNext(before, this.#nextOf(row))
  }

  /** Free rows keep their own chain. */
  #chainAnew (): void {
    this.#heads = chainHeads(this.#size * 2)
    for (let row = 0; row < this.#used; row++) if (this.#refBytes(row).length > 0) this.#chain(row)
  }
}

const hashStep = (hash: number, byte: number): number => Math.imul(hash, 31) + byte | 0
function hashOfBytes (bytes: Uint8Array): number {
  let hash = 0
  for (const byte of bytes) hash = hashStep(hash, byte)
  return hash
}
function hashOfText (text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = hashStep(hash, text.charCodeAt(i))
  return hash
}

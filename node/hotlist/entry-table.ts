/**
 * Gives every (owner, reference) a handle and keeps what a match must say of the entry, packed: owners are interned,
 * references lie in one byte arena, codes are positions in their closed lists. It never sees a plate.
 * A handle is dense, belongs to one entry until that is removed, and is then given out again.
 */
import type { AgencyId, EntryRef } from '../../protocol/identifiers.ts'
import { ACTIONS, CATEGORIES, type Action, type Category } from '../../protocol/messages/vocabulary.ts'
import { chainHeads, headCount, NONE, roomFor, ROWS_MAX, spread, widened } from './columns.ts'

/** `until` is in seconds since 1970, exclusive. */
export interface EntryFacts {
  readonly owner: AgencyId, readonly ref: EntryRef, readonly category: Category, readonly action: Action, readonly until: number
}

const OWNERS_MAX = 0xFFFF
const UNTIL_MAX = 0xFFFF_FFFF

export class EntryTable {
  readonly #owners: AgencyId[] = []
  readonly #ownerNumbers = new Map<AgencyId, number>()
  #owner = new Uint16Array(0)
  /** 0 marks a free row. */
  #refLength = new Uint8Array(0)
  #refAt = new Uint32Array(0)
  #category = new Uint8Array(0)
  #action = new Uint8Array(0)
  #until = new Uint32Array(0)
  /** The next row of a hash chain, or of the chain of free rows. */
  #next = new Uint32Array(0)
  #heads = chainHeads(0)
  #free = NONE
  #used = 0
  #size = 0
  #arena = new Uint8Array(0)
  #arenaEnd = 0
  #arenaIdle = 0

  get size (): number { return this.#size }

  /** The entry's handle; the same one with the facts replaced when it is here already. Throws RangeError when the table is full. */
  put (facts: EntryFacts): number {
    const owner = this.#internOwner(facts.owner)
    const known = this.#find(owner, facts.ref)
    const row = known === NONE ? this.#takeRow(owner, facts.ref) : known
    this.#category[row] = CATEGORIES.indexOf(facts.category)
    this.#action[row] = ACTIONS.indexOf(facts.action)
    this.#until[row] = Math.min(facts.until, UNTIL_MAX)
    return row
  }

  handleOf (owner: AgencyId, ref: EntryRef): number | undefined {
    const number = this.#ownerNumbers.get(owner)
    const row = number === undefined ? NONE : this.#find(number, ref)
    return row === NONE ? undefined : row
  }

  get (handle: number): EntryFacts | undefined {
    if (!this.#isUsed(handle)) return undefined
    return {
      owner: this.#owners[this.#owner[handle]!]!,
      ref: this.#refText(handle) as EntryRef,
      category: CATEGORIES[this.#category[handle]!]!,
      action: ACTIONS[this.#action[handle]!]!,
      until: this.#until[handle]!
    }
  }

  /** The handle that it had and that is free now; undefined when there was no such entry. */
  remove (owner: AgencyId, ref: EntryRef): number | undefined {
    const row = this.handleOf(owner, ref)
    if (row === undefined) return undefined
    this.#unchain(row, this.#bucket(this.#owner[row]!, ref))
    this.#arena.fill(0, this.#refAt[row]!, this.#refAt[row]! + this.#refLength[row]!)
    this.#arenaIdle += this.#refLength[row]!
    this.#refLength[row] = 0
    this.#next[row] = this.#free
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
    let row = this.#free
    if (row === NONE) {
      if (this.#used >= ROWS_MAX) throw new RangeError('too many entries')
      this.#widen(this.#used + 1)
      row = this.#used++
    } else this.#free = this.#next[row]!
    this.#owner[row] = owner
    this.#keepRef(row, ref)
    const bucket = this.#bucket(owner, ref)
    this.#next[row] = this.#heads[bucket]!
    this.#heads[bucket] = row
    this.#size++
    return row
  }

  #find (owner: number, ref: EntryRef): number {
    let row = this.#heads[this.#bucket(owner, ref)]!
    while (row !== NONE && !(this.#owner[row] === owner && this.#isRef(row, ref))) row = this.#next[row]!
    return row
  }

  #unchain (row: number, bucket: number): void {
    if (this.#heads[bucket] === row) { this.#heads[bucket] = this.#next[row]!; return }
    let before = this.#heads[bucket]!
    while (this.#next[before] !== row) before = this.#next[before]!
    this.#next[before] = this.#next[row]!
  }

  /** References are ASCII (ENTRY_REF), one byte a character. */
  #keepRef (row: number, ref: EntryRef): void {
    if (this.#arenaIdle > 4096 && this.#arenaIdle * 2 > this.#arenaEnd) this.#compactArena()
    this.#arena = widened(this.#arena, roomFor(this.#arenaEnd + ref.length, this.#arena.length))
    this.#refAt[row] = this.#arenaEnd
    this.#refLength[row] = ref.length
    for (let i = 0; i < ref.length; i++) this.#arena[this.#arenaEnd++] = ref.charCodeAt(i)
  }

  #compactArena (): void {
    const packed = new Uint8Array(this.#arenaEnd - this.#arenaIdle)
    let end = 0
    for (let row = 0; row < this.#used; row++) {
      const length = this.#refLength[row]!
      packed.set(this.#arena.subarray(this.#refAt[row], this.#refAt[row]! + length), end)
      this.#refAt[row] = end
      end += length
    }
    this.#arena = packed
    this.#arenaEnd = end
    this.#arenaIdle = 0
  }

  #isUsed (row: number): boolean { return (this.#refLength[row] ?? 0) !== 0 }

  #isRef (row: number, ref: EntryRef): boolean {
    if (this.#refLength[row] !== ref.length) return false
    const at = this.#refAt[row]!
    for (let i = 0; i < ref.length; i++) if (this.#arena[at + i] !== ref.charCodeAt(i)) return false
    return true
  }

  #refText (row: number): string {
    return String.fromCharCode(...this.#arena.subarray(this.#refAt[row], this.#refAt[row]! + this.#refLength[row]!))
  }

  #bucket (owner: number, ref: string): number {
    let hash = owner
    for (let i = 0; i < ref.length; i++) hash = Math.imul(hash, 31) + ref.charCodeAt(i) | 0
    return spread(owner, hash) & (this.#heads.length - 1)
  }

  #widen (rows: number): void {
    const room = roomFor(rows, this.#refLength.length)
    if (room === this.#refLength.length) return
    this.#owner = widened(this.#owner, room)
    this.#refLength = widened(this.#refLength, room)
    this.#refAt = widened(this.#refAt, room)
    this.#category = widened(this.#category, room)
    this.#action = widened(this.#action, room)
    this.#until = widened(this.#until, room)
    this.#next = widened(this.#next, room)
    if (headCount(room) === this.#heads.length) return
    this.#heads = chainHeads(room)
    for (let row = 0; row < this.#used; row++) {
      const bucket = this.#bucket(this.#owner[row]!, this.#refText(row))
      this.#next[row] = this.#heads[bucket]!
      this.#heads[bucket] = row
    }
  }
}

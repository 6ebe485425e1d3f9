/**
 * Finds the entries that a plate meets, among millions, in well under two microseconds: exactly, or with the same
 * skeleton. Rows are the caller's handles (dense small integers, `EntryTable` makes them); one hash chain per skeleton
 * holds both kinds of match, because equal plates have equal skeletons. About 30 bytes a row, no text.
 *
 * Which country keeps which read:
 *   entry of C, reader saw C            → match, country known
 *   entry of C, reader saw another      → no match (a wrong plate hurts someone), unless that country is itself in doubt
 *   entry of C, country unknown         → match, flagged for a person (a missed plate hurts someone too), except where
 *                                         the entry's own text is implausible in C: that entry needs a reader that saw C
 *   entry without a country             → matches any read, flagged
 * What one owner lists never hides what another lists: every entry is judged alone, look-alikes beside exact ones.
 */
import type { NationId } from '../../protocol/identifiers.ts'
import { NATION_ID } from '../../protocol/identifiers.ts'
import type { MatchKind } from '../../protocol/messages/vocabulary.ts'
import { chainHeads, isRow, NONE, SEGMENT_BITS, SEGMENT_MASK, SEGMENT_ROWS, spread } from './columns.ts'
import { emptyCode, encodePlate, type PlateCode } from './plate-code.ts'
import { isPlausible } from './plate-formats.ts'

export interface PlateMatch { readonly handle: number, readonly kind: MatchKind, readonly countryKnown: boolean }

/** A country as a number: 0 for none, else 1 + 26·first + second letter; the flag marks an entry that needs a reader that saw it. */
const NEEDS_SEEN_COUNTRY = 0x8000
const countryCode = (country: NationId | undefined): number =>
  country === undefined ? 0 : (country.charCodeAt(0) - 65) * 26 + country.charCodeAt(1) - 64
const UNTIL_MAX = 0xFFFF_FFFF

interface Segment {
  readonly high: Uint32Array, readonly low: Uint32Array
  readonly skeletonHigh: Uint32Array, readonly skeletonLow: Uint32Array
  readonly country: Uint16Array
  /** Seconds since 1970; 0 marks a free row. */
  readonly until: Uint32Array
  readonly next: Uint32Array
}
const words = (): Uint32Array => new Uint32Array(SEGMENT_ROWS)
const emptySegment = (): Segment =>
  ({ high: words(), low: words(), skeletonHigh: words(), skeletonLow: words(), country: new Uint16Array(SEGMENT_ROWS), until: words(), next: words() })

export class PlateIndex {
  readonly #segments: Segment[] = []
  #heads = chainHeads(0)
  #size = 0
  readonly #code: PlateCode = emptyCode()

  get size (): number { return this.#size }

  /**
   * Places an entry, or replaces the one at this handle. `until` is in seconds since 1970, exclusive.
   * Throws RangeError for a handle outside 0…ROWS_MAX−1 or an end that is not a positive integer, TypeError for a
   * plate that is not normalised or a country that is none.
   */
  place (handle: number, plate: string, country: NationId | undefined, until: number): void {
    if (!isRow(handle)) throw new RangeError('the handle is outside the index')
    if (!Number.isSafeInteger(until) || until <= 0) throw new RangeError('the end of an entry is a positive integer of seconds')
    if (country !== undefined && !NATION_ID.test(country)) throw new TypeError('not a country code')
    if (!encodePlate(plate, this.#code)) throw new TypeError('the plate of an entry must be normalised')
    this.remove(handle)
    while (this.#segments.length <= handle >>> SEGMENT_BITS) this.#segments.push(emptySegment())
    const segment = this.#segments[handle >>> SEGMENT_BITS]!; const at = handle & SEGMENT_MASK
    segment.high[at] = this.#code.high
    segment.low[at] = this.#code.low
    segment.skeletonHigh[at] = this.#code.skeletonHigh
    segment.skeletonLow[at] = this.#code.skeletonLow
    segment.country[at] = countryCode(country) | (country === undefined || isPlausible(plate, country) ? 0 : NEEDS_SEEN_COUNTRY)
    segment.until[at] = Math.min(until, UNTIL_MAX)
    this.#chain(handle)
    if (++this.#size > this.#heads.length * 2) this.#chainAnew()
  }

  /** False when there was none. */
  remove (handle: number): boolean {
    if (!isRow(handle) || !this.#isPlaced(handle)) return false
    this.#unchain(handle)
    const segment = this.#segments[handle >>> SEGMENT_BITS]!; const at = handle & SEGMENT_MASK
    segment.high[at] = segment.low[at] = segment.skeletonHigh[at] = segment.skeletonLow[at] = segment.until[at] = 0
    this.#size--
    return true
  }

  /**
   * Every entry in force at `now` (seconds since 1970) that this normalised plate meets, by handle. `country` is what
   * the reader saw on the plate, never what was derived from its text; with `excludesOthers` false it is in doubt:
   * it agrees with entries of that country and keeps the read from none.
   */
  match (plate: string, country: NationId | undefined, now: number, excludesOthers = true): PlateMatch[] {
    const code = this.#code
    if (!encodePlate(plate, code)) return []
    const readCountry = countryCode(country)
    const matches: PlateMatch[] = []
    for (let row = this.#heads[this.#bucket(code.skeletonHigh, code.skeletonLow)]!, next = NONE; row !== NONE; row = next) {
      const segment = this.#segments[row >>> SEGMENT_BITS]!; const at = row & SEGMENT_MASK
      next = segment.next[at]!
      if (segment.skeletonLow[at] !== code.skeletonLow || segment.skeletonHigh[at] !== code.skeletonHigh) continue
      const entryCountry = segment.country[at]!
      if (segment.until[at]! <= now || !admits(entryCountry, readCountry, excludesOthers)) continue
      const exact = segment.low[at] === code.low && segment.high[at] === code.high
      matches.push({ handle: row, kind: exact ? 'exact' : 'look-alike', countryKnown: readCountry !== 0 && (entryCountry & ~NEEDS_SEEN_COUNTRY) === readCountry })
    }
    return matches.length > 1 ? matches.sort((a, b) => a.handle - b.handle) : matches
  }

  #isPlaced (handle: number): boolean { return (this.#segments[handle >>> SEGMENT_BITS]?.until[handle & SEGMENT_MASK] ?? 0) !== 0 }

  #bucketOf (row: number): number {
    const segment = this.#segments[row >>> SEGMENT_BITS]!; const at = row & SEGMENT_MASK
    return this.#bucket(segment.skeletonHigh[at]!, segment.skeletonLow[at]!)
  }

  #bucket (high: number, low: number): number { return spread(high, low) & (this.#heads.length - 1) }
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

  #chainAnew (): void {
    this.#heads = chainHeads(this.#size * 2)
    for (let row = 0; row < this.#segments.length * SEGMENT_ROWS; row++) if (this.#isPlaced(row)) this.#chain(row)
  }
}

function admits (entryCountry: number, readCountry: number, excludesOthers: boolean): boolean {
  if (entryCountry === 0 || (entryCountry & ~NEEDS_SEEN_COUNTRY) === readCountry) return true
  return (readCountry === 0 || !excludesOthers) && (entryCountry & NEEDS_SEEN_COUNTRY) === 0
}

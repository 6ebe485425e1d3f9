/**
 * Finds the entries that a plate meets, among millions, in well under two microseconds: exactly, or with the same
 * skeleton. Rows are the caller's handles (dense small integers, `EntryTable` makes them); one hash chain per skeleton
 * holds both kinds of match, because equal plates have equal skeletons. About 35 bytes a row, no text.
 *
 * Which country keeps which read:
 *   entry of C, read known to be of C             → match, country known
 *   entry of C, read known to be of another       → no match: a wrong plate hurts someone
 *   entry of C, read of unknown country           → match, flagged for a person, except where the entry's own text is
 *                                                   implausible in C: such an entry needs a reader that saw the country
 *   entry without a country                       → matches any read, flagged
 * What one owner lists never hides what another lists: every entry is judged alone, look-alikes beside exact ones.
 */
import type { NationId } from '../../protocol/identifiers.ts'
import { NATION_ID } from '../../protocol/identifiers.ts'
import type { MatchKind } from '../../protocol/messages/vocabulary.ts'
import { chainHeads, headCount, NONE, roomFor, ROWS_MAX, spread, widened } from './columns.ts'
import { emptyCode, encodePlate, type PlateCode } from './plate-code.ts'
import { isPlausible } from './plate-formats.ts'

export interface PlateMatch { readonly handle: number, readonly kind: MatchKind, readonly countryKnown: boolean }

/** `country` column: 0 for none, else 1 + 26·first + second letter; the flag marks an entry that needs a known country. */
const NEEDS_KNOWN_COUNTRY = 0x8000
const countryCode = (country: NationId | undefined): number =>
  country === undefined ? 0 : (country.charCodeAt(0) - 65) * 26 + country.charCodeAt(1) - 64
const UNTIL_MAX = 0xFFFF_FFFF

export class PlateIndex {
  #high = new Uint32Array(0)
  #low = new Uint32Array(0)
  #skeletonHigh = new Uint32Array(0)
  #skeletonLow = new Uint32Array(0)
  #country = new Uint16Array(0)
  /** Seconds since 1970; 0 marks a free row. */
  #until = new Uint32Array(0)
  #next = new Uint32Array(0)
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
    if (!Number.isInteger(handle) || handle < 0 || handle >= ROWS_MAX) throw new RangeError('the handle is outside the index')
    if (!Number.isSafeInteger(until) || until <= 0) throw new RangeError('the end of an entry is a positive integer of seconds')
    if (country !== undefined && !NATION_ID.test(country)) throw new TypeError('not a country code')
    if (!encodePlate(plate, this.#code)) throw new TypeError('the plate of an entry must be normalised')
    this.remove(handle)
    this.#widen(handle + 1)
    this.#high[handle] = this.#code.high
    this.#low[handle] = this.#code.low
    this.#skeletonHigh[handle] = this.#code.skeletonHigh
    this.#skeletonLow[handle] = this.#code.skeletonLow
    this.#country[handle] = countryCode(country) | (country === undefined || isPlausible(plate, country) ? 0 : NEEDS_KNOWN_COUNTRY)
    this.#until[handle] = Math.min(until, UNTIL_MAX)
    this.#chain(handle)
    this.#size++
  }

  /** False when there was none. */
  remove (handle: number): boolean {
    if (!this.#isPlaced(handle)) return false
    const bucket = this.#bucket(this.#skeletonHigh[handle]!, this.#skeletonLow[handle]!)
    if (this.#heads[bucket] === handle) this.#heads[bucket] = this.#next[handle]!
    else {
      let before = this.#heads[bucket]!
      while (this.#next[before] !== handle) before = this.#next[before]!
      this.#next[before] = this.#next[handle]!
    }
    this.#high[handle] = this.#low[handle] = this.#skeletonHigh[handle] = this.#skeletonLow[handle] = 0
    this.#until[handle] = 0
    this.#size--
    return true
  }

  /**
   * Every entry in force at `now` (seconds since 1970) that this normalised plate meets, by handle. `country` is given
   * only when it is known: seen by the reader with enough confidence, not derived from the text.
   */
  match (plate: string, country: NationId | undefined, now: number): PlateMatch[] {
    const code = this.#code
    if (!encodePlate(plate, code)) return []
    const readCountry = countryCode(country)
    const matches: PlateMatch[] = []
    for (let row = this.#heads[this.#bucket(code.skeletonHigh, code.skeletonLow)]!; row !== NONE; row = this.#next[row]!) {
      if (this.#skeletonLow[row] !== code.skeletonLow || this.#skeletonHigh[row] !== code.skeletonHigh) continue
      if (this.#until[row]! <= now || !this.#admits(row, readCountry)) continue
      const exact = this.#low[row] === code.low && this.#high[row] === code.high
      matches.push({ handle: row, kind: exact ? 'exact' : 'look-alike', countryKnown: readCountry !== 0 && this.#country[row] !== 0 })
    }
    return matches.length > 1 ? matches.sort((a, b) => a.handle - b.handle) : matches
  }

  #admits (row: number, readCountry: number): boolean {
    const entryCountry = this.#country[row]!
    if (entryCountry === 0) return true
    return readCountry === 0 ? (entryCountry & NEEDS_KNOWN_COUNTRY) === 0 : (entryCountry & ~NEEDS_KNOWN_COUNTRY) === readCountry
  }

  #isPlaced (handle: number): boolean { return (this.#until[handle] ?? 0) !== 0 }

  #bucket (high: number, low: number): number { return spread(high, low) & (this.#heads.length - 1) }

  #chain (row: number): void {
    const bucket = this.#bucket(this.#skeletonHigh[row]!, this.#skeletonLow[row]!)
    this.#next[row] = this.#heads[bucket]!
    this.#heads[bucket] = row
  }

  #widen (rows: number): void {
    const room = roomFor(rows, this.#until.length)
    if (room === this.#until.length) return
    this.#high = widened(this.#high, room)
    this.#low = widened(this.#low, room)
    this.#skeletonHigh = widened(this.#skeletonHigh, room)
    this.#skeletonLow = widened(this.#skeletonLow, room)
    this.#country = widened(this.#country, room)
    this.#until = widened(this.#until, room)
    this.#next = widened(this.#next, room)
    if (headCount(room) === this.#heads.length) return
    this.#heads = chainHeads(room)
    for (let row = 0; row < this.#until.length; row++) if (this.#until[row] !== 0) this.#chain(row)
  }
}

/**
 * Chance for simulations, all of it from one seed. Streams are forked by name and do not depend on what others drew, so a
 * draw that is added in one place changes nothing in another. Draws are integers; where a fraction is needed only
 * operations are used that every machine rounds alike, so traces are the same everywhere.
 */
import { sha256, utf8ToBytes } from '../protocol/bytes.ts'

const TWO_32 = 2 ** 32

/** xoshiro128** 1.1 (Blackman, Vigna: Scrambled Linear Pseudorandom Number Generators), seeded by SHA-256 of the stream's name. */
export class Random {
  /** The seed, then the names of the forks that led here. */
  readonly name: string
  readonly #state = new Uint32Array(4)

  constructor (seed: number | string) {
    this.name = String(seed)
    const digest = sha256(utf8ToBytes(`tiltas/random/${this.name}`))
    const view = new DataView(digest.buffer, digest.byteOffset)
    for (let i = 0; i < 4; i++) this.#state[i] = view.getUint32(4 * i)
  }

  /** A stream of its own; the same name gives the same stream, whatever was drawn before. */
  fork (name: string): Random { return new Random(`${this.name}/${name}`) }

  /** 0 to 2^32 − 1. */
  uint32 (): number {
    const state = this.#state
    const result = Math.imul(rotateLeft(Math.imul(state[1]!, 5), 7), 9) >>> 0
    const shifted = state[1]! << 9
    state[2]! ^= state[0]!
    state[3]! ^= state[1]!
    state[1]! ^= state[2]!
    state[0]! ^= state[3]!
    state[2]! ^= shifted
    state[3] = rotateLeft(state[3]!, 11)
    return result
  }

  /** 0 up to, not including, `max` (an integer from 1 to 2^32), each as likely. @throws RangeError */
  integer (max: number): number {
    if (!Number.isInteger(max) || max < 1 || max > TWO_32) throw new RangeError('max is an integer from 1 to 2^32')
    const fair = TWO_32 - TWO_32 % max
    let drawn = this.uint32()
    while (drawn >= fair) drawn = this.uint32()
    return drawn % max
  }

  /** `low` to `high`, both included. */
  between (low: number, high: number): number { return low + this.integer(high - low + 1) }

  /** True `perMille` times of 1000. Draws once whatever it is given, so turning a fault off shifts nothing. */
  chance (perMille: number): boolean { return this.integer(1000) < perMille }

  /** @throws RangeError when there is nothing to pick from */
  pick<T> (items: readonly T[]): T { return items[this.integer(items.length)]! }

  /** A new array in any order. */
  shuffle<T> (items: readonly T[]): T[] {
    const mixed = [...items]
    for (let i = mixed.length - 1; i > 0; i--) {
      const j = this.integer(i + 1)
      const held = mixed[i]!
      mixed[i] = mixed[j]!
      mixed[j] = held
    }
    return mixed
  }

  bytes (length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    for (let i = 0; i < length; i += 4) {
      const word = this.uint32()
      for (let k = 0; k < 4 && i + k < length; k++) bytes[i + k] = word >>> (8 * k)
    }
    return bytes
  }

  /**
   * Waits between events that come independently, `mean` on average, as an integer. By comparisons only, since logarithms
   * differ between machines (von Neumann 1951, Various Techniques Used in Connection with Random Digits).
   */
  exponential (mean: number): number {
    for (let whole = 0; ; whole++) {
      const first = this.uint32()
      if (this.#fallsOddly(first)) return Math.floor(mean * whole + mean * (first / TWO_32))
    }
  }

  /** Whether a falling run that begins with `first` has odd length. */
  #fallsOddly (first: number): boolean {
    let isOdd = true
    let last = first
    for (let next = this.uint32(); next < last; next = this.uint32()) {
      isOdd = !isOdd
      last = next
    }
    return isOdd
  }
}

const rotateLeft = (n: number, by: number): number => ((n << by) | (n >>> (32 - by))) >>> 0

/**
 * Chance of the demo world: a small seeded generator, so that one seed always gives the same plates, trips and misreads.
 * Invariant: every part draws from a stream of its own name, so that changing one part leaves the others as they were.
 * It decides nothing that has to be secret.
 */
import { sha256, utf8ToBytes } from '../../protocol/bytes.ts'

export class Chance {
  readonly #state: Int32Array

  /** The same seed and names give the same stream. */
  constructor (seed: string, ...names: string[]) {
    const digest = sha256(utf8ToBytes(['tiltas/demo/chance', seed, ...names].join('\0')))
    this.#state = new Int32Array(digest.slice().buffer, 0, 4)
  }

  /** Uniform in [0, 1), 32 bits: three words of state are mixed by shifts and adds, the fourth counts so that no cycle is short. */
  share (): number {
    const s = this.#state
    const sum = (s[0]! + s[1]! + s[3]!) | 0
    s[3] = s[3]! + 1
    s[0] = s[1]! ^ (s[1]! >>> 9)
    s[1] = s[2]! + (s[2]! << 3)
    s[2] = ((s[2]! << 21) | (s[2]! >>> 11)) + sum
    return (sum >>> 0) / 4_294_967_296
  }

  /** An integer from 0 to `count - 1`. */
  below (count: number): number { return Math.floor(this.share() * count) }
  between (low: number, high: number): number { return low + this.share() * (high - low) }
  happens (probability: number): boolean { return this.share() < probability }
  pick<T> (list: readonly T[]): T { return list[this.below(list.length)]! }

  /** One of the names, as often as its weight says. */
  weighted<Name extends string> (weights: { readonly [N in Name]: number }): Name {
    const names = Object.keys(weights) as Name[]
    let left = this.share() * names.reduce((sum, name) => sum + weights[name], 0)
    return names.find(name => (left -= weights[name]) < 0) ?? names[names.length - 1]!
  }

  /** One character for each of the pattern: `L` of the letters, `D` a digit, `N` a digit but zero, others as they are. */
  text (pattern: string, letters: string): string {
    return [...pattern].map(kind => {
      if (kind === 'L') return letters[this.below(letters.length)]!
      if (kind === 'D') return String(this.below(10))
      return kind === 'N' ? String(1 + this.below(9)) : kind
    }).join('')
  }
}

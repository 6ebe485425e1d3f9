/**
 * Chance of the demo world, in shares and weights, over the simulations' seeded generator: one seed always gives the same
 * plates, trips and misreads. Invariant: every part draws from a stream of its own name, so that changing one part
 * leaves the others as they were. It decides nothing that has to be secret.
 */
import { Random } from '../random.ts'

export class Chance {
  readonly #random: Random

  /** The same seed and names give the same stream. */
  constructor (seed: string, ...names: string[]) { this.#random = names.reduce((random, name) => random.fork(name), new Random(`demo/${seed}`)) }

  /** Uniform in [0, 1), in steps of 2^-32. */
  share (): number { return this.#random.uint32() / 4_294_967_296 }

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

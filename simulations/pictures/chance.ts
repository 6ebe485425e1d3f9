/** Draws that pictures need beyond those of traces: fractions, and choices by weight. */
import type { Random } from '../random.ts'

/** From `low` up to, not including, `high`. */
export const real = (random: Random, low: number, high: number): number => low + (high - low) * (random.uint32() / 2 ** 32)

/** True with the given likelihood from 0 to 1. */
export const likely = (random: Random, likelihood: number): boolean => random.uint32() / 2 ** 32 < likelihood

/** About normal, with a mean of 0 and a deviation of 1, never beyond ±3.5: the sum of twelve even draws would be, this takes four. */
export const spread = (random: Random): number => (real(random, -1, 1) + real(random, -1, 1) + real(random, -1, 1) + real(random, -1, 1)) * 0.866

/** One of the items, each as likely as its weight says. */
export function pickWeighted<T extends { readonly weight?: number }> (random: Random, items: readonly T[]): T {
  let left = real(random, 0, items.reduce((sum, { weight = 1 }) => sum + weight, 0))
  for (const item of items) {
    left -= item.weight ?? 1
    if (left < 0) return item
  }
  return items.at(-1)!
}

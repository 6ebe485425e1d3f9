/** Parameters of a property run: the seed is printed first, and `SEED=… npm test keys` repeats the run. */
import { randomInt } from 'node:crypto'
import type { Parameters } from 'fast-check'

const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31))
console.log(`seed ${seed}`)
export const seeded = <Values>(parameters: Parameters<Values> = {}): Parameters<Values> => ({ seed, ...parameters })

/** A seed that is printed before anything random happens; `TILTAS_SEED` repeats a run. */
export function seeded (numRuns = 300): { seed: number, numRuns: number } {
  const seed = Number(process.env['TILTAS_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
  console.log(`seed ${seed}`)
  return { seed, numRuns }
}

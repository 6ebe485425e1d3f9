import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { sameTraceTwice } from '../../simulations/checkers/same-seed-same-trace.ts'
import { simulate, type Verdict } from '../../simulations/seed.ts'

/** `seed hours why`, one a line: seeds that found something once. */
const found = readFileSync(new URL('../seeds.txt', import.meta.url), 'utf8').split('\n').filter(line => /^\d/.test(line))
  .map(line => line.split(' ')).map(([seed, hours, ...why]) => ({ seed: Number(seed), hours: Number(hours), why: why.join(' ') }))

const assertHolds = ({ violations }: Verdict): void => assert.equal(violations.map(({ checker, what }) => `${checker}: ${what}`), [])

console.log('seeds 101 to 112')
const x = suite('seeds')

for (const { seed, hours, why } of found) {
  x(`seed ${seed} holds, that once found: ${why}`, async () => assertHolds(await simulate({ seed, hours })))
}

x('fresh seeds hold for half an hour, faults and all', async () => {
  for (let seed = 101; seed <= 106; seed++) assertHolds(await simulate({ seed, hours: 0.5 }))
})

x('a seed holds with real cryptography', async () => assertHolds(await simulate({ seed: 107, hours: 0.1, real: true })))

x('the same seed leaves the same trace, with the double and with real cryptography', async () => {
  for (const options of [{ seed: 108, hours: 0.25 }, { seed: 109, hours: 0.25 }, { seed: 110, hours: 0.05, real: true }]) {
    const first = await simulate(options)
    assert.equal(await sameTraceTwice(first, () => simulate(options)), [])
  }
})

x('other seeds leave other traces', async () => {
  const [one, other] = [await simulate({ seed: 111, hours: 0.02 }), await simulate({ seed: 112, hours: 0.02 })]
  assert.is.not(one.traceHash, other.traceHash)
})

x.run()

/** Time and chance, of the machine and of the simulation, by the same contract. */
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../../node/adapters/system-clock.ts'
import { systemEntropy } from '../../../node/adapters/system-entropy.ts'
import { SimulatedClock } from '../../../simulations/clock.ts'
import { Random } from '../../../simulations/random.ts'
import { Scheduler } from '../../../simulations/scheduler.ts'
import { clockSuite } from '../../suites/clock-suite.ts'
import { entropySuite } from '../../suites/entropy-suite.ts'

clockSuite('the machine', () => ({ clock: systemClock, pass: async wait => { await sleep(wait) } }))

clockSuite('the simulation', () => {
  const scheduler = new Scheduler(1_800_000_000_000)
  return { clock: new SimulatedClock(scheduler, () => 0, () => false), pass: wait => scheduler.runUntil(scheduler.now() + wait) }
})

entropySuite('the machine', () => systemEntropy)
entropySuite('the simulation', () => new Random('entropy suite'))

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as fc from 'fast-check'
import { Scheduler } from '../../simulations/scheduler.ts'
import { SimulatedClock } from '../../simulations/clock.ts'

const seed = Number(process.env['SEED'] ?? 20261122)
console.log(`seed ${seed}`)
const x = suite('scheduler')

x('runs by time, and in the order of scheduling at the same time', async () => {
  await fc.assert(fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 60 }), async waits => {
    const scheduler = new Scheduler(1000)
    const ran: { wait: number, i: number }[] = []
    waits.forEach((wait, i) => scheduler.schedule(wait, () => { assert.is(scheduler.now(), 1000 + wait); ran.push({ wait, i }) }))
    await scheduler.runUntil(2000)
    assert.equal(ran, waits.map((wait, i) => ({ wait, i })).sort((a, b) => a.wait - b.wait || a.i - b.i))
    assert.is(scheduler.now(), 2000)
  }), { seed })
})

x('everything that one callback sets off in promises is over before the next runs', async () => {
  const scheduler = new Scheduler(0)
  const said: string[] = []
  const chain = async (name: string, length: number): Promise<void> => {
    for (let i = 0; i < length; i++) await (i % 2 === 0 ? Promise.resolve() : new Promise<void>(resolve => queueMicrotask(resolve)))
    said.push(name)
  }
  scheduler.schedule(1, () => { void chain('long', 500); void chain('short', 1) })
  scheduler.schedule(1, () => said.push('next'))
  await scheduler.runUntil(1)
  assert.equal(said, ['short', 'long', 'next'])
})

x('what is cancelled never runs, and what lies beyond the end waits', async () => {
  const scheduler = new Scheduler(0)
  const said: string[] = []
  const cancel = scheduler.schedule(5, () => said.push('cancelled'))
  scheduler.schedule(4, () => cancel())
  scheduler.schedule(11, () => said.push('later'))
  await scheduler.runUntil(10)
  assert.equal(said, [])
  await scheduler.runUntil(11)
  assert.equal(said, ['later'])
})

x('refuses the past, and says what a callback threw', async () => {
  const scheduler = new Scheduler(0)
  assert.throws(() => scheduler.schedule(-1, () => {}), (error: unknown) => error instanceof RangeError)
  scheduler.schedule(1, () => { throw new Error('broken') })
  let thrown: unknown
  await scheduler.runUntil(2).catch(error => { thrown = error })
  assert.is((thrown as Error).message, 'broken')
})

x('a clock is wrong by its skew, and stops with its node', async () => {
  const scheduler = new Scheduler(100)
  let isOver = false; let rang = 0
  const clock = new SimulatedClock(scheduler, () => -30, () => isOver)
  assert.is(clock.now(), 70)
  clock.after(5, () => rang++)
  clock.after(15, () => rang++)
  scheduler.schedule(10, () => { isOver = true })
  await scheduler.runUntil(200)
  assert.is(rang, 1)
  clock.after(1, () => rang++)
  await scheduler.runUntil(300)
  assert.is(rang, 1)
})

x.run()

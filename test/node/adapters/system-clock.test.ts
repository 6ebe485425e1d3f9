/** The machine's clocks and chance; nothing here measures seconds. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { systemClock } from '../../../node/adapters/system-clock.ts'
import { systemEntropy } from '../../../node/adapters/system-entropy.ts'

const test = suite('system clock and entropy')
const wait = (ms: number): Promise<void> => new Promise(resolve => { systemClock.after(ms, resolve) })

test('waits end once, in their order, and may be cancelled', async () => {
  const order: string[] = []
  systemClock.after(20, () => order.push('late'))
  systemClock.after(-5, () => order.push('past'))
  const cancel = systemClock.after(5, () => order.push('cancelled'))
  cancel()
  cancel()
  const before = systemClock.now()
  await wait(60)
  assert.equal(order, ['past', 'late'])
  assert.ok(Number.isInteger(before) && systemClock.now() > before)
})

test('a wait longer than a timer can count does not end at once', async () => {
  let ended = false
  const cancels = [2 ** 31, 2 ** 31 + 5, 400 * 24 * 3_600_000].map(duration => systemClock.after(duration, () => { ended = true }))
  await wait(30)
  for (const cancel of cancels) cancel()
  assert.not.ok(ended)
})

test('entropy has the length asked for and does not repeat', () => {
  for (const length of [0, 1, 12, 32, 100_000]) assert.is(systemEntropy.bytes(length).length, length)
  assert.is(systemEntropy.bytes(32).constructor, Uint8Array)
  assert.is(new Set(Array.from({ length: 1000 }, () => String(systemEntropy.bytes(16)))).size, 1000)
  assert.is(new Set(systemEntropy.bytes(10_000)).size, 256)
})

test.run()

/** What every Clock does, whatever makes its time pass: the machine, or a simulation. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Duration } from '../../protocol/instant.ts'
import type { Clock } from '../../node/runtime/ports.ts'

/** `pass` resolves when the clock went on by at least so much and what was due by then has run. */
export interface ClockWorld { readonly clock: Clock, pass (wait: Duration): Promise<void> }

export function clockSuite (name: string, makeWorld: () => ClockWorld): void {
  const test = suite(`${name} as Clock`)

  test('now is in whole milliseconds and does not run backwards', async () => {
    const { clock, pass } = makeWorld()
    const before = clock.now()
    await pass(20)
    assert.ok(Number.isSafeInteger(before) && Number.isSafeInteger(clock.now()))
    assert.ok(clock.now() > before)
  })

  test('waits end once each, in the order in which they are due', async () => {
    const { clock, pass } = makeWorld()
    const order: string[] = []
    clock.after(40, () => order.push('third'))
    clock.after(5, () => order.push('first'))
    clock.after(20, () => order.push('second'))
    await pass(80)
    await pass(80)
    assert.equal(order, ['first', 'second', 'third'])
  })

  test('nothing runs before `after` has returned, also without a wait', async () => {
    const { clock, pass } = makeWorld()
    let ran = false
    clock.after(0, () => { ran = true })
    assert.not.ok(ran)
    await pass(20)
    assert.ok(ran)
  })

  test('what is cancelled never runs; cancelling again, or too late, changes nothing', async () => {
    const { clock, pass } = makeWorld()
    const order: string[] = []
    const cancelled = clock.after(5, () => order.push('cancelled'))
    const kept = clock.after(5, () => order.push('kept'))
    cancelled()
    cancelled()
    await pass(30)
    kept()
    await pass(30)
    assert.equal(order, ['kept'])
  })

  test('what a wait begins is waited for as well', async () => {
    const { clock, pass } = makeWorld()
    const order: string[] = []
    clock.after(5, () => { order.push('outer'); clock.after(5, () => order.push('inner')) })
    await pass(60)
    assert.equal(order, ['outer', 'inner'])
  })

  test.run()
}

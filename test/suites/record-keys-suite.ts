/** The contract of the RecordKeys port, for every version of it. */
import type { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { RecordKeySlot, RecordKeys } from '../../node/runtime/ports.ts'
import { assertCode, errorOf } from './store-suite.ts'

export interface RecordKeysWorld {
  /** Record keys at this world's place; the last ones are closed. */
  open (): Promise<RecordKeys>
  close (): Promise<void>
}

const MONTH = '2026-11'
const LATER = '2026-12'
const at = (slot: number, month = MONTH): RecordKeySlot => ({ month, slot })

export function recordKeysSuite (test: ReturnType<typeof suite>, makeWorld: () => Promise<RecordKeysWorld>): void {
  const withKeys = (what: string, run: (keys: RecordKeys, world: RecordKeysWorld) => Promise<void>): void => test(what, async () => {
    const world = await makeWorld()
    const keys = await world.open()
    try { await run(keys, world) } finally {
      await keys.close()
      await world.close()
    }
  })

  withKeys('keys are fresh, numbered from 0, and found again by their slot', async keys => {
    const first = await keys.take(MONTH, 3)
    const other = await keys.take(LATER, 1)
    assert.equal([...first, ...other].map(({ slot }) => slot), [0, 1, 2, 0])
    for (const { slot, key } of first) {
      assert.is(key.length, 32)
      assert.equal(new Uint8Array((await keys.get(at(slot)))!), new Uint8Array(key))
    }
    assert.is(new Set([...first, ...other].map(({ key }) => String(key))).size, 4)
    assert.equal(await keys.take(MONTH, 0), [])
    assert.is(await keys.get(at(1_000_000)), undefined)
    assert.is(await keys.get(at(0, '2020-01')), undefined)
  })

  withKeys('no slot is handed out twice, by takes at the same time, of any size', async keys => {
    const counts = [1, 400, 5000, 3, 9000, 1, 4096, 77]
    const taken = (await Promise.all(counts.map(count => keys.take(MONTH, count)))).flat()
    assert.is(new Set(taken.map(({ slot }) => slot)).size, counts.reduce((sum, count) => sum + count))
    for (const i of [0, 401, 5401, 14_404, taken.length - 1]) assert.equal(await keys.get(at(taken[i]!.slot)), new Uint8Array(taken[i]!.key))
  })

  withKeys('keys outlive a restart, and slots go on', async (keys, world) => {
    const before = await keys.take(MONTH, 100)
    await keys.close()
    const again = await world.open()
    for (const { slot, key } of before) assert.equal(await again.get(at(slot)), new Uint8Array(key))
    const after = await again.take(MONTH, 100)
    assert.ok(after.every(({ slot }) => slot > before.at(-1)!.slot))
    assert.equal(await again.get(at(after[0]!.slot)), new Uint8Array(after[0]!.key))
    await again.close()
  })

  withKeys('an erased key is gone, also after a restart; its neighbours stay', async (keys, world) => {
    const taken = await keys.take(MONTH, 10)
    const kept = (await keys.take(LATER, 1))[0]!
    await keys.get(at(4))
    await Promise.all([keys.erase([at(3), at(5)]), keys.erase([at(0)]), keys.erase([]), keys.erase([at(3)])])
    const check = async (from: RecordKeys): Promise<void> => {
      for (const { slot, key } of taken) assert.equal(await from.get(at(slot)), [0, 3, 5].includes(slot) ? undefined : new Uint8Array(key), `slot ${slot}`)
      assert.equal(await from.get(at(0, LATER)), new Uint8Array(kept.key))
    }
    await check(keys)
    const next = (await keys.take(MONTH, 1))[0]!
    assert.ok(!taken.some(({ slot }) => slot === next.slot))
    await keys.close()
    const again = await world.open()
    await check(again)
    await again.close()
  })

  withKeys('erasing while taking and reading hurts nobody', async keys => {
    const taken = await keys.take(MONTH, 1000)
    const doomed = taken.filter(({ slot }) => slot % 3 === 0)
    const [, more, read] = await Promise.all([
      Promise.all(doomed.map(({ slot }) => keys.erase([at(slot)]))),
      Promise.all(Array.from({ length: 30 }, () => keys.take(MONTH, 400))),
      Promise.all(taken.filter(({ slot }) => slot % 3 !== 0).map(async ({ slot, key }) => String(await keys.get(at(slot))) === String(key)))
    ])
    assert.ok(read.every(Boolean))
    assert.is(new Set([...taken, ...more.flat()].map(({ slot }) => slot)).size, 13_000)
    for (const { slot } of doomed) assert.is(await keys.get(at(slot)), undefined)
    const last = more.at(-1)!.at(-1)!
    assert.equal(await keys.get(at(last.slot)), new Uint8Array(last.key))
  })

  withKeys('months before a date are dropped and never begin again', async (keys, world) => {
    await keys.take('2026-09', 1)
    await keys.take('2026-10', 5000)
    const kept = (await keys.take(MONTH, 1))[0]!
    await keys.get(at(7, '2026-10'))
    await keys.dropBefore(MONTH)
    assert.is(await keys.get(at(0, '2026-09')), undefined)
    assert.is(await keys.get(at(7, '2026-10')), undefined)
    assert.equal(await keys.get(at(0)), new Uint8Array(kept.key))
    assert.instance(await errorOf(keys.take('2026-10', 1)), RangeError)
    await keys.erase([at(7, '2026-10')])
    await keys.dropBefore('2026-10')
    await keys.close()
    const again = await world.open()
    assert.instance(await errorOf(again.take('2026-10', 1)), RangeError)
    assert.equal(await again.get(at(0)), new Uint8Array(kept.key))
    await again.close()
  })

  withKeys('mistakes of the caller are refused and break nothing', async keys => {
    await keys.take(MONTH, 1)
    for (const month of ['2026-13', '2026-1', '', '../../etc', '2026-11/x']) {
      assert.instance(await errorOf(keys.take(month, 1)), TypeError, month)
      assert.instance(await errorOf(keys.get(at(0, month))), TypeError, month)
      assert.instance(await errorOf(keys.erase([at(0, month)])), TypeError, month)
      assert.instance(await errorOf(keys.dropBefore(month)), TypeError, month)
    }
    for (const count of [-1, 0.5, NaN]) assert.instance(await errorOf(keys.take(MONTH, count)), RangeError)
    for (const slot of [1, -1, 0.5]) assert.instance(await errorOf(keys.erase([at(slot)])), RangeError, `slot ${slot}`)
    assert.is((await keys.take(MONTH, 1))[0]!.slot, 1)
    assert.ok(await keys.get(at(1)))
  })

  withKeys('closed, they refuse everything', async keys => {
    await keys.take(MONTH, 1)
    await keys.close()
    await assertCode(keys.take(MONTH, 1), 'failed', 'take')
    await assertCode(keys.get(at(0)), 'failed', 'get')
    await assertCode(keys.erase([at(0)]), 'failed', 'erase')
    await assertCode(keys.dropBefore(LATER), 'failed', 'dropBefore')
    await keys.close()
  })
}

/** The simulated disk: the contracts of Store and RecordKeys, and what a disk may do to a node. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { StoreError, type Store } from '../../node/runtime/ports.ts'
import { FAILING_DISK, STEADY_DISK, SimulatedDisk, type DiskFaults } from '../../simulations/disk.ts'
import { Random } from '../../simulations/random.ts'
import { recordKeysSuite } from '../suites/record-keys-suite.ts'
import { assertCode, bytesOf, put, storeSuite } from '../suites/store-suite.ts'

const test = suite('simulated disk')
const MONTH = '2026-11'

/** Time that passes by itself, for the contracts. */
const soon = { schedule: (_after: number, run: () => void) => { const timer = setImmediate(run); return () => clearImmediate(timer) } }
for (const faults of [STEADY_DISK, { ...STEADY_DISK, read: 3, slow: 300, slowSync: 1000 }]) {
  storeSuite(test, async () => {
    const disk = new SimulatedDisk(soon, new Random('contract'), faults)
    return {
      open: () => disk.openStore(),
      isPersistent: true,
      corrupt: async key => { assert.ok(disk.corrupt(key)) },
      close: async () => {}
    }
  }, 100)
  recordKeysSuite(test, async () => {
    const disk = new SimulatedDisk(soon, new Random('contract'), faults)
    return { open: () => disk.openRecordKeys(), close: async () => {} }
  })
}

/** Time that a test moves. */
class VirtualTime {
  now = 0
  #steps: { at: number, run: () => void }[] = []

  schedule (after: number, run: () => void): () => void {
    const step = { at: this.now + after, run }
    this.#steps.push(step)
    return () => { this.#steps = this.#steps.filter(one => one !== step) }
  }

  /** Runs the steps due until then, each followed by all that it causes at once. */
  async pass (duration: number): Promise<void> {
    const end = this.now + duration
    await new Promise(setImmediate)
    for (;;) {
      const next = this.#steps.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
      if (next === undefined) break
      this.#steps = this.#steps.filter(one => one !== next)
      this.now = next.at
      next.run()
      await new Promise(setImmediate)
    }
    this.now = end
  }
}

type Fate = 'waiting' | 'resolved' | StoreError['code']
function fateOf (promise: Promise<unknown>): { now: Fate } {
  const fate: { now: Fate } = { now: 'waiting' }
  promise.then(() => { fate.now = 'resolved' }, error => { fate.now = (error as StoreError).code })
  return fate
}
const newDisk = (seed: string, faults: DiskFaults = STEADY_DISK) => {
  const time = new VirtualTime()
  return { time, disk: new SimulatedDisk(time, new Random(seed), faults) }
}
const at = (n: number) => `k/${String(n).padStart(4, '0')}`
const keysOf = async (store: Store): Promise<string[]> => (await store.scan({ prefix: '', limit: 1e6 })).map(({ key }) => key)

test('a commit resolves, and is seen, only when its fsync is over', async () => {
  const { time, disk } = newDisk('sync', { ...STEADY_DISK, sync: 10, jitter: 0 })
  const store = await disk.openStore()
  const fate = fateOf(store.commit([put('a', '1')]))
  await time.pass(9)
  assert.is(fate.now, 'waiting')
  assert.is(await store.get('a'), undefined)
  await time.pass(1)
  assert.is(fate.now, 'resolved')
  assert.equal(await store.get('a'), bytesOf('1'))
})

test('commits that come during an fsync share the next', async () => {
  const { time, disk } = newDisk('group', { ...STEADY_DISK, sync: 10, jitter: 0 })
  const store = await disk.openStore()
  const fates = [fateOf(store.commit([put(at(0), '')]))]
  await time.pass(1)
  for (let i = 1; i < 50; i++) fates.push(fateOf(store.commit([put(at(i), '')])))
  await time.pass(9)
  assert.equal(fates.map(({ now }) => now), ['resolved', ...Array.from({ length: 49 }, () => 'waiting')])
  await time.pass(10)
  assert.ok(fates.every(({ now }) => now === 'resolved'))
})

test('a crash keeps all that was promised, and of the rest a beginning, each commit whole', async () => {
  const kept = new Map<number, number>()
  for (let seed = 0; seed < 200; seed++) {
    const { time, disk } = newDisk(`crash ${seed}`, { ...STEADY_DISK, sync: 5, jitter: 0 })
    const store = await disk.openStore()
    const fates = []
    for (let i = 0; i < 4; i++) {
      fates.push(fateOf(store.commit([put(`${at(i)}/a`, ''), put(`${at(i)}/b`, '')])))
      await time.pass(2)
    }
    const late = fateOf(store.get(at(0)))
    await time.pass(0)
    assert.is(late.now, 'resolved')
    const promised = fates.filter(({ now }) => now === 'resolved').length
    disk.crash()
    const dead = [fateOf(store.get(at(0))), fateOf(store.commit([put('dead', '')])), fateOf(store.scan({ prefix: '', limit: 1 }))]
    const again = await disk.openStore()
    const keys = await keysOf(again)
    const count = keys.length / 2
    assert.equal(keys, Array.from({ length: count }, (_, i) => [`${at(i)}/a`, `${at(i)}/b`]).flat())
    assert.ok(count >= promised)
    kept.set(count, (kept.get(count) ?? 0) + 1)
    await time.pass(1000)
    assert.ok([...fates.slice(promised), ...dead].every(({ now }) => now === 'waiting'), 'a dead node hears nothing')
    assert.equal(await keysOf(again), keys)
  }
  assert.equal([...kept.keys()].sort(), [1, 2, 3, 4], 'from only what was promised to everything')
})

test('after a failed fsync nothing works, and the data may be there or not', async () => {
  const outcomes = new Set<boolean>()
  for (let seed = 0; seed < 30; seed++) {
    const { time, disk } = newDisk(`fail ${seed}`, { ...STEADY_DISK, fails: 1000 })
    const store = await disk.openStore()
    const [first, second] = [fateOf(store.commit([put('a', '1')])), fateOf(store.commit([put('b', '1')]))]
    await time.pass(20)
    assert.equal([first.now, second.now], ['failed', 'failed'])
    await assertCode(store.get('a'), 'failed', 'a read')
    await assertCode(store.commit([put('c', '1')]), 'failed', 'a commit')
    disk.setFaults(STEADY_DISK)
    await assertCode(store.commit([put('c', '1')]), 'failed', 'a commit after the disk healed')
    await store.close()
    const keys = await keysOf(await disk.openStore())
    assert.ok(['', 'a', 'a,b'].includes(String(keys)), String(keys))
    outcomes.add(keys.includes('a'))
  }
  assert.is(outcomes.size, 2)
})

test('a full disk takes nothing', async () => {
  const { time, disk } = newDisk('full', { ...STEADY_DISK, full: 1000 })
  const store = await disk.openStore()
  const fate = fateOf(store.commit([put('a', '1')]))
  await time.pass(20)
  assert.is(fate.now, 'full')
  disk.crash()
  assert.equal(await keysOf(await disk.openStore()), [])
})

test('a backup is what was durable then, and can be restored twice', async () => {
  const { time, disk } = newDisk('backup')
  const store = await disk.openStore()
  const keys = await disk.openRecordKeys()
  const taken = fateOf(keys.take(MONTH, 3))
  const first = fateOf(store.commit([put('a', '1')]))
  await time.pass(20)
  assert.equal([taken.now, first.now], ['resolved', 'resolved'])
  const backup = disk.snapshot()
  const later = [fateOf(store.commit([put('a', '2'), put('b', '2')])), fateOf(keys.erase([{ month: MONTH, slot: 1 }]))]
  await time.pass(20)
  assert.equal(later.map(({ now }) => now), ['resolved', 'resolved'])
  for (let round = 0; round < 2; round++) {
    disk.restore(backup)
    const old = await disk.openStore()
    const oldKeys = await disk.openRecordKeys()
    assert.equal(await old.scan({ prefix: '', limit: 9 }), [{ key: 'a', value: bytesOf('1') }])
    assert.ok(await oldKeys.get({ month: MONTH, slot: 1 }), 'erased, but in the backup')
    const changed = [fateOf(old.commit([put('a', String(round)), put('c', '')])), fateOf(oldKeys.erase([{ month: MONTH, slot: 1 }]))]
    await time.pass(20)
    assert.equal(changed.map(({ now }) => now), ['resolved', 'resolved'])
  }
})

test('a crash never gives a slot twice, and every slot given has its key afterwards', async () => {
  for (let seed = 0; seed < 50; seed++) {
    const { time, disk } = newDisk(`slots ${seed}`, { ...STEADY_DISK, sync: 5, jitter: 5 })
    const random = new Random(`slots ${seed}`)
    const given = new Map<number, string>()
    for (let life = 0; life < 4; life++) {
      const keys = await disk.openRecordKeys()
      for (let i = 0; i < 5; i++) {
        keys.take(MONTH, random.integer(150)).then(taken => {
          for (const { slot, key } of taken) {
            assert.not.ok(given.has(slot))
            given.set(slot, String(key))
          }
        })
        await time.pass(random.integer(12))
      }
      disk.crash()
    }
    const keys = await disk.openRecordKeys()
    for (const [slot, key] of given) assert.is(String(await keys.get({ month: MONTH, slot })), key)
  }
})

test('the same seed and the same calls give the same disk', async () => {
  const run = async (seed: string): Promise<string> => {
    const { time, disk } = newDisk(seed, { ...FAILING_DISK, fails: 30, full: 30, slow: 100 })
    const trace: unknown[] = []
    for (let life = 0; life < 8; life++) {
      const store = await disk.openStore()
      const keys = await disk.openRecordKeys()
      for (let i = 0; i < 30; i++) {
        store.commit([put(at(i), String(life))]).then(() => trace.push(time.now, i), error => trace.push(time.now, (error as StoreError).code))
        keys.take(MONTH, 40).then(taken => trace.push(time.now, taken[0]!.slot), error => trace.push(time.now, (error as StoreError).code))
        store.get(at(i)).then(value => trace.push(time.now, String(value)), error => trace.push(time.now, (error as StoreError).code))
        await time.pass(7)
      }
      disk.crash()
      const kept = keysOf(await disk.openStore())
      await time.pass(20)
      trace.push((await kept).length)
      disk.crash()
    }
    return JSON.stringify(trace)
  }
  const first = await run('same')
  assert.is(await run('same'), first)
  assert.is.not(await run('other'), first)
  assert.match(first, /"failed"/)
  assert.match(first, /"full"/)
})

test.run()

/** The vault over record keys on a simulated disk and in files. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openFileRecordKeys } from '../../../node/adapters/file-record-keys.ts'
import { systemEntropy } from '../../../node/adapters/system-entropy.ts'
import { StoreError } from '../../../node/runtime/ports.ts'
import { Vault, slotOf, type PlainRecord } from '../../../node/runtime/vault.ts'
import { SimulatedDisk } from '../../../simulations/disk.ts'
import { Random } from '../../../simulations/random.ts'
import { seeded } from '../../keys/seeded.ts'
import { assertCode, bytesOf } from '../../suites/store-suite.ts'

const test = suite('vault')
const MONTH = '2026-11'
const soon = { schedule: (_after: number, run: () => void) => { setImmediate(run); return () => {} } }
const newKeys = () => new SimulatedDisk(soon, new Random('vault')).openRecordKeys()
const text = (bytes: unknown): string => bytes instanceof Uint8Array ? Buffer.from(bytes).toString('latin1') : String(bytes)

test('what is sealed opens under its own key only, and shows nothing', async () => {
  const keys = await newKeys()
  const vault = new Vault(keys, systemEntropy)
  const records: PlainRecord[] = Array.from({ length: 500 }, (_, i) => ({ key: `out/${i}`, month: `2026-${i % 2 === 0 ? 10 : 11}`, value: bytesOf(`plate of ${i}`) }))
  const sealed = await vault.sealMany(records)
  assert.is(sealed.length, 500)
  assert.is(new Set(sealed.map(bytes => JSON.stringify(slotOf(bytes)))).size, 500)
  for (const [i, bytes] of sealed.entries()) {
    assert.is(bytes[0], 1)
    assert.is(text(bytes.subarray(1, 8)), records[i]!.month)
    assert.not.ok(text(bytes).includes('plate'))
    assert.is(bytes.length, 16 + 12 + records[i]!.value.length + 16)
  }
  const opened = await vault.openMany(sealed.map((bytes, i) => ({ key: `out/${i}`, bytes })))
  assert.equal(opened.map(text), records.map(({ value }) => text(value)))
  assert.equal(await vault.openMany([{ key: 'out/1', bytes: sealed[0]! }]), ['corrupt'])
  assert.equal(await vault.sealMany([]), [])
  assert.equal(await vault.openMany([]), [])
})

test('erasing a slot erases that record and no other', async () => {
  const keys = await newKeys()
  const vault = new Vault(keys, systemEntropy)
  const sealed = await vault.sealMany(['a', 'b', 'c'].map(key => ({ key, month: MONTH, value: bytesOf(key) })))
  await keys.erase([vault.slotOf(sealed[1]!)])
  const opened = await vault.openMany(sealed.map((bytes, i) => ({ key: 'abc'[i]!, bytes })))
  assert.equal(opened.map(text), ['a', 'erased', 'c'])
  const [again] = await vault.sealMany([{ key: 'b', month: MONTH, value: bytesOf('b') }])
  assert.not.equal(slotOf(again!), slotOf(sealed[1]!))
})

test('any change to a sealed record is noticed', async () => {
  const vault = new Vault(await newKeys(), systemEntropy)
  const [sealed] = await vault.sealMany([{ key: 'k', month: MONTH, value: bytesOf('value') }])
  await fc.assert(fc.asyncProperty(fc.nat(sealed!.length - 1), fc.nat(7), async (at, bit) => {
    const changed = sealed!.slice()
    changed[at]! ^= 1 << bit
    const [opened] = await vault.openMany([{ key: 'k', bytes: changed }])
    // In the header it may name a slot that has no key; it never opens.
    assert.ok(opened === 'corrupt' || (opened === 'erased' && at >= 1 && at < 16), `byte ${at}: ${text(opened)}`)
  }), seeded({ numRuns: 300 }))
  for (const length of [0, 1, 15, 16, 43]) assert.equal(await vault.openMany([{ key: 'k', bytes: sealed!.subarray(0, length) }]), ['corrupt'])
})

test('slotOf reads big slots and refuses what is no sealed record', () => {
  const header = (month: string, slot: string): Uint8Array => new Uint8Array(Buffer.concat([Buffer.from([1]), Buffer.from(month), Buffer.from(slot, 'hex'), Buffer.alloc(28)]))
  assert.equal(slotOf(header('2026-11', '0000000000000007')), { month: '2026-11', slot: 7 })
  assert.equal(slotOf(header('2026-11', '001fffffffffffff')), { month: '2026-11', slot: Number.MAX_SAFE_INTEGER })
  for (const bytes of [new Uint8Array(0), bytesOf('{"type":"hit/1"}'.padEnd(60)), header('2026-13', '0000000000000007'), header('../../x', '0000000000000007'), header('2026-11', '0020000000000000')]) {
    assert.throws(() => slotOf(bytes), (error: Error) => error instanceof StoreError && error.code === 'corrupt')
  }
})

test('it works on files, over a restart, until the month is dropped', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tiltas-vault-'))
  try {
    const keys = await openFileRecordKeys(folder)
    const vault = new Vault(keys, systemEntropy)
    const sealed = await vault.sealMany(Array.from({ length: 300 }, (_, i) => ({ key: `k/${i}`, month: MONTH, value: bytesOf(String(i)) })))
    await keys.close()
    await assertCode(vault.sealMany([{ key: 'k', month: MONTH, value: bytesOf('') }]), 'failed', 'sealing without keys')
    const again = await openFileRecordKeys(folder)
    const reopened = new Vault(again, systemEntropy)
    const opened = await reopened.openMany(sealed.map((bytes, i) => ({ key: `k/${i}`, bytes })))
    assert.equal(opened.map(text), sealed.map((_, i) => String(i)))
    await again.dropBefore('2026-12')
    assert.equal(await reopened.openMany([{ key: 'k/0', bytes: sealed[0]! }]), ['erased'])
    await again.close()
  } finally { await rm(folder, { recursive: true }) }
})

test.run()

/**
 * What the storage adapters do a second on this machine and disk: durable commits by size, reads, record keys, and the
 * vault. `node test/bench/store.ts [--seconds N]`, seconds for each line; medians of five parts; ends with one JSON line.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openFileRecordKeys } from '../../node/adapters/file-record-keys.ts'
import { openLevelStore } from '../../node/adapters/level-store.ts'
import { systemEntropy } from '../../node/adapters/system-entropy.ts'
import type { StoreWrite } from '../../node/runtime/ports.ts'
import { Vault } from '../../node/runtime/vault.ts'
import { Random } from '../../simulations/random.ts'

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '2' } } })
const PARTS = 5
const PART_MS = Number(values.seconds) * 1000 / PARTS
const VALUE_BYTES = 300
const RECORD_BYTES = 1024
const MONTH = '2026-11'

const random = new Random('bench')
const results: Record<string, number> = {}
/** `run` answers how many it did. */
async function measure (name: string, run: () => Promise<number>): Promise<void> {
  await run()
  const rates: number[] = []
  for (let part = 0; part < PARTS; part++) {
    const began = performance.now()
    let done = 0
    while (performance.now() - began < PART_MS) done += await run()
    rates.push(done / (performance.now() - began) * 1000)
  }
  const median = Math.round(rates.sort((a, b) => a - b)[PARTS >> 1]!)
  results[name] = median
  console.log(`${name.padEnd(34)} ${median.toLocaleString('en').padStart(10)} a second   ${(1e6 / median).toFixed(2).padStart(8)} µs each`)
}

const folder = await mkdtemp(join(tmpdir(), 'tiltas-bench-'))
const store = await openLevelStore(join(folder, 'store'))
const keys = await openFileRecordKeys(join(folder, 'record-keys'))
const vault = new Vault(keys, systemEntropy)

let written = 0
const keyAt = (n: number): string => `out/lt/national/urgent/${n.toString(16).padStart(12, '0')}`
// Values of their own, so that compression gains nothing.
const pool = random.bytes(64 * 1024)
const valueAt = (n: number): Uint8Array => pool.subarray(n * 97 % (pool.length - VALUE_BYTES)).subarray(0, VALUE_BYTES)
const writes = (count: number): StoreWrite[] => Array.from({ length: count }, () => ({ op: 'put', key: keyAt(written), value: valueAt(written++) }))

for (const size of [1, 10, 100, 400]) {
  await measure(`commit of ${size}, records`, async () => { await store.commit(writes(size)); return size })
}
await measure('64 commits of 1 at a time, records', async () => {
  await Promise.all(Array.from({ length: 64 }, () => store.commit(writes(1))))
  return 64
})
await measure('getMany of 100 recent, records', async () => {
  const from = written - 100 - random.integer(20_000)
  return (await store.getMany(Array.from({ length: 100 }, (_, i) => keyAt(from + i)))).length
})
await measure('getMany of 100 anywhere, records', async () => (await store.getMany(Array.from({ length: 100 }, () => keyAt(random.integer(written))))).length)
await measure('get, records', async () => { await store.get(keyAt(random.integer(written))); return 1 })
await measure('scan of 1000, records', async () => (await store.scan({ prefix: 'out/', after: keyAt(random.integer(written - 1000)), limit: 1000 })).length)
await measure('take of 400, slots', async () => (await keys.take(MONTH, 400)).length)
await measure('get of recent keys', async () => {
  await Promise.all(Array.from({ length: 100 }, (_, slot) => keys.get({ month: MONTH, slot })))
  return 100
})
const plain = Array.from({ length: 400 }, (_, i) => ({ key: keyAt(i), month: MONTH, value: random.bytes(RECORD_BYTES) }))
await measure('vault seal of 400 × 1 KB, records', async () => (await vault.sealMany(plain)).length)
const sealed = (await vault.sealMany(plain)).map((bytes, i) => ({ key: keyAt(i), bytes }))
await measure('vault open of 400 × 1 KB, records', async () => (await vault.openMany(sealed)).length)
await measure('seal and commit of 400 × 1 KB', async () => {
  const fresh = await vault.sealMany(plain)
  await store.commit(fresh.map((value, i) => ({ op: 'put', key: keyAt(written + i), value })))
  written += 400
  return 400
})
let erased = 0
await measure('erase of 100 slots, slots', async () => {
  const from = erased
  erased += 100
  await keys.erase(Array.from({ length: 100 }, (_, i) => ({ month: MONTH, slot: from + i })))
  return 100
})

await store.close()
await keys.close()
await rm(folder, { recursive: true })
console.log(JSON.stringify({ bench: 'store', unit: 'a second', valueBytes: VALUE_BYTES, recordBytes: RECORD_BYTES, ...results }))

/**
 * The process that durable-writes.test.ts kills: writes batches of plain and personal records, and erases some, telling
 * what it was promised. `durable-writer.ts <folder> <life>`; each line is one synchronous write.
 */
import { writeSync } from 'node:fs'
import { join } from 'node:path'
import { openFileRecordKeys } from '../../../node/adapters/file-record-keys.ts'
import { openLevelStore } from '../../../node/adapters/level-store.ts'
import { systemEntropy } from '../../../node/adapters/system-entropy.ts'
import type { StoreWrite } from '../../../node/runtime/ports.ts'
import { Vault } from '../../../node/runtime/vault.ts'

const WRITERS = 3
const MONTHS = ['2026-11', '2026-12']
const [folder, life] = process.argv.slice(2) as [string, string]
const store = await openLevelStore(join(folder, 'store'))
const keys = await openFileRecordKeys(join(folder, 'record-keys'))
const vault = new Vault(keys, systemEntropy)
const tell = (...words: (string | number)[]): void => { writeSync(1, `${words.join(' ')}\n`) }

let batches = 0
async function writeBatch (): Promise<Uint8Array> {
  const n = batches++
  const count = 1 + n * 7 % 20
  const records = Array.from({ length: count }, (_, i) => ({ key: `batch/${life}/${n}/${i}`, month: MONTHS[n % 2]!, value: Buffer.from(`${life} ${n} ${i} of ${count}`) }))
  const sealed = await vault.sealMany(records)
  const writes = records.flatMap(({ key, value }, i): StoreWrite[] => [{ op: 'put', key, value: sealed[i]! }, { op: 'put', key: `plain/${key}`, value }])
  await store.commit(writes)
  tell('committed', n, count)
  return sealed[0]!
}

async function write (): Promise<never> {
  for (;;) {
    const sealed = await writeBatch()
    await writeBatch()
    const { month, slot } = vault.slotOf(sealed)
    tell('erasing', month, slot)
    await keys.erase([{ month, slot }])
    tell('erased', month, slot)
  }
}
await Promise.all(Array.from({ length: WRITERS }, write))

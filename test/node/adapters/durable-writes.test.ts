/**
 * Store, record keys and vault under kill -9: what was promised is there, nothing is there in part, every personal record
 * opens unless it was erased, what was erased stays so, and no slot serves two records.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openFileRecordKeys } from '../../../node/adapters/file-record-keys.ts'
import { openLevelStore } from '../../../node/adapters/level-store.ts'
import { systemEntropy } from '../../../node/adapters/system-entropy.ts'
import type { Store } from '../../../node/runtime/ports.ts'
import { Vault } from '../../../node/runtime/vault.ts'

const KILLS = 22
const AFTER_FIRST_PROMISE_MS_MAX = 120
const WRITER = join(import.meta.dirname, 'durable-writer.ts')
const test = suite('durable writes')

/** What a life was promised before it was killed. */
async function liveAndDie (folder: string, life: number): Promise<string[]> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', WRITER, folder, String(life)], { stdio: ['ignore', 'pipe', 'inherit'] })
  let told = ''
  child.stdout.on('data', chunk => { told += chunk })
  const closed = once(child, 'close')
  await Promise.race([once(child.stdout, 'data'), closed])
  await wait(Math.random() * AFTER_FIRST_PROMISE_MS_MAX)
  // Every other time right after a promise, when one made too early is not kept yet.
  if (life % 2 === 0) await Promise.race([once(child.stdout, 'data'), closed])
  child.kill('SIGKILL')
  const [, signal] = await closed
  assert.is(signal, 'SIGKILL', 'it was still alive')
  return told.split('\n').slice(0, -1)
}

interface Erasures { readonly begun: Set<string>, readonly done: Set<string> }
const promisesOf = (lines: readonly string[], verb: string): string[] => lines.filter(line => line.startsWith(`${verb} `)).map(line => line.slice(verb.length + 1))
const text = (bytes: Uint8Array | string): string => typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString()

/** Checks every record of one life, and answers the slots it used. */
async function check (store: Store, vault: Vault, life: number, committed: readonly string[], { begun, done }: Erasures): Promise<string[]> {
  const sealed = await store.scan({ prefix: `batch/${life}/`, limit: 1e6 })
  const opened = await vault.openMany(sealed.map(({ key, value }) => ({ key, bytes: value })))
  const plain = new Map((await store.scan({ prefix: `plain/batch/${life}/`, limit: 1e6 })).map(({ key, value }) => [key, text(value)]))
  const found = new Map<string, number>()
  const slots = sealed.map(({ key, value }, i) => {
    const { month, slot } = vault.slotOf(value)
    const name = `${month} ${slot}`
    const [, , n] = key.split('/')
    found.set(n!, (found.get(n!) ?? 0) + 1)
    const content = text(opened[i]!)
    if (content !== 'erased' || !begun.has(name)) assert.is(content, plain.get(`plain/${key}`), key)
    if (done.has(name)) assert.is(content, 'erased', `${key} came back`)
    return name
  })
  assert.is(plain.size, sealed.length)
  for (const [n, count] of found) assert.is(count, 1 + Number(n) * 7 % 20, `batch ${n} is there in part`)
  for (const line of committed) assert.ok(found.has(line.split(' ')[0]!), `batch ${line} is lost`)
  return slots
}

test(`killed ${KILLS} times at any moment`, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tiltas-kill-'))
  const lives: string[][] = []
  const erasures: Erasures = { begun: new Set(), done: new Set() }
  try {
    for (let life = 0; life < KILLS; life++) {
      const lines = await liveAndDie(folder, life)
      lives.push(promisesOf(lines, 'committed'))
      for (const slot of promisesOf(lines, 'erasing')) erasures.begun.add(slot)
      for (const slot of promisesOf(lines, 'erased')) erasures.done.add(slot)
    }
    const store = await openLevelStore(join(folder, 'store'))
    const keys = await openFileRecordKeys(join(folder, 'record-keys'))
    const vault = new Vault(keys, systemEntropy)
    const slots: string[] = []
    for (const [life, committed] of lives.entries()) slots.push(...await check(store, vault, life, committed, erasures))
    assert.is(new Set(slots).size, slots.length, 'a slot served two records')
    assert.ok(lives.every(committed => committed.length > 0) && erasures.done.size > 0)
    console.log(`${lives.flat().length} commits promised, ${slots.length} personal records, ${erasures.done.size} erased of ${erasures.begun.size}`)
    await store.close()
    await keys.close()
  } finally { await rm(folder, { recursive: true }) }
})

test.run()

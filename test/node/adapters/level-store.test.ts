/** The store on LevelDB: the contract, and what only a real disk can do wrong. */
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, readdir, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Level } from 'level'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openLevelStore } from '../../../node/adapters/level-store.ts'
import type { Store } from '../../../node/runtime/ports.ts'
import { assertCode, bytesOf, put, storeSuite, type StoreWorld } from '../../suites/store-suite.ts'

const test = suite('level store')
const newFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'tiltas-store-'))

const filesOf = async (folder: string, ending: string): Promise<string[]> =>
  (await readdir(folder)).filter(name => name.endsWith(ending)).sort().map(name => join(folder, name))

/** Flips one bit in the first file that holds these bytes. */
async function flip (folder: string, ending: string, bytes: Uint8Array): Promise<void> {
  for (const path of await filesOf(folder, ending)) {
    const content = await readFile(path)
    const found = content.indexOf(bytes)
    if (found < 0) continue
    content[found + (bytes.length >> 1)]! ^= 0x10
    return writeFile(path, content)
  }
  throw new Error(`no ${ending} file holds it`)
}

async function makeWorld (): Promise<StoreWorld> {
  const folder = await newFolder()
  return {
    open: () => openLevelStore(join(folder, 'store')),
    isPersistent: true,
    async corrupt (_key, value) {
      // Opening moves everything from LevelDB's log, whose damage it drops, to its tables, whose damage it hands on.
      await (await openLevelStore(join(folder, 'store'))).close()
      await flip(join(folder, 'store'), '.ldb', value.subarray(100, 140))
    },
    close: () => rm(folder, { recursive: true })
  }
}
storeSuite(test, makeWorld, 25)

async function inFolder (run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await newFolder()
  try { await run(folder) } finally { await rm(folder, { recursive: true }) }
}
const value = (i: number): Uint8Array => bytesOf(`value ${i} `.padEnd(120, 'abcdefghij'))
const commitMany = async (store: Store, count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await store.commit([put(`k/${i}`, value(i))])
}

test('only its owner may look into the folder', () => inFolder(async folder => {
  const store = await openLevelStore(join(folder, 'deep', 'store'))
  assert.is((await stat(join(folder, 'deep', 'store'))).mode & 0o777, 0o700)
  await store.close()
}))

test('a batch that LevelDB silently drops from its log is noticed at start', () => inFolder(async folder => {
  const store = await openLevelStore(folder)
  await commitMany(store, 400)
  await store.close()
  await flip(folder, '.log', bytesOf('value 200 '))
  const error = await assertCode(openLevelStore(folder), 'corrupt', 'opening')
  assert.match(error.message, /^batch \d+ of \d+ is missing$/)
}))

test('what a power cut left half written at the end of the log is no damage', () => inFolder(async folder => {
  const store = await openLevelStore(folder)
  await commitMany(store, 50)
  await store.close()
  const [log] = await filesOf(folder, '.log')
  await truncate(log!, (await stat(log!)).size - 30)
  const again = await openLevelStore(folder)
  assert.equal(await again.get('k/48'), value(48))
  assert.is(await again.get('k/49'), undefined)
  await commitMany(again, 60)
  await again.close()
  await (await openLevelStore(folder)).close()
}))

/** What the store writes for this content, made without it: SHA-256 over key, 00 and content, cut to 16 bytes, then the content. */
const rawValue = (key: string, content: Uint8Array): Uint8Array =>
  Buffer.concat([createHash('sha256').update(key).update('\x00').update(content).digest().subarray(0, 16), content])
const number = (n: number): Uint8Array => new Uint8Array(new BigUint64Array([BigInt(n)]).buffer).reverse()

async function writeRaw (folder: string, operations: ({ type: 'put', key: string, value: Uint8Array } | { type: 'del', key: string })[]): Promise<void> {
  const raw = new Level<string, Uint8Array>(folder, { valueEncoding: 'view' })
  await raw.batch(operations)
  await raw.close()
}

test('batch numbers go round their marks, and one that is missing is found', () => inFolder(async folder => {
  await (await openLevelStore(folder)).close()
  const keyOfMark = (n: number): string => `\x00batch/${String(n % 32_768).padStart(5, '0')}`
  await writeRaw(folder, Array.from({ length: 32_768 }, (_, i) => ({ type: 'put', key: keyOfMark(5000 + i), value: rawValue(keyOfMark(5000 + i), number(5000 + i)) })))
  const store = await openLevelStore(folder)
  await commitMany(store, 20)
  await store.close()
  await (await openLevelStore(folder)).close()
  await writeRaw(folder, [{ type: 'del', key: keyOfMark(5020) }])
  const error = await assertCode(openLevelStore(folder), 'corrupt', 'opening')
  assert.is(error.message, 'batch 5020 of 37787 is missing')
}))

test('a store of a later version is refused; one without a format is no store', () => inFolder(async folder => {
  await (await openLevelStore(folder)).close()
  await writeRaw(folder, [{ type: 'put', key: '\x00format', value: rawValue('\x00format', number(2)) }])
  const error = await assertCode(openLevelStore(folder), 'newer', 'opening')
  assert.match(error.message, /format 2/)
  await writeRaw(join(folder, 'other'), [{ type: 'put', key: 'k', value: bytesOf('v') }])
  await assertCode(openLevelStore(join(folder, 'other')), 'corrupt', 'opening another LevelDB')
}))

test('a value moved under another key does not fit', () => inFolder(async folder => {
  const store = await openLevelStore(folder)
  await store.commit([put('a', 'right of a'), put('short', 'x')])
  await store.close()
  const raw = new Level<string, Uint8Array>(folder, { valueEncoding: 'view' })
  const moved = (await raw.get('a'))!
  await raw.close()
  await writeRaw(folder, [{ type: 'put', key: 'b', value: moved }, { type: 'put', key: 'short', value: bytesOf('abc') }])
  const again = await openLevelStore(folder)
  assert.equal(await again.get('a'), bytesOf('right of a'))
  assert.is((await assertCode(again.get('b'), 'corrupt', 'reading b')).key, 'b')
  assert.is((await assertCode(again.get('short'), 'corrupt', 'reading a stub')).key, 'short')
  await again.close()
}))

/** Lets the next files that LevelDB makes be this device. */
async function nextFilesAre (folder: string, device: string): Promise<void> {
  const numbers = (await readdir(folder)).map(name => Number(/^(?:MANIFEST-)?(\d+)/.exec(name)?.[1] ?? 0))
  for (let i = 1; i < 8; i++) for (const ending of ['log', 'ldb']) await symlink(device, join(folder, `${String(Math.max(...numbers) + i).padStart(6, '0')}.${ending}`))
}
const removeLinks = async (folder: string): Promise<void> => {
  for (const name of await readdir(folder)) if ((await stat(join(folder, name))).isCharacterDevice()) await rm(join(folder, name))
}

/** /dev/full takes no bytes (ENOSPC); /dev/null takes them, and its fdatasync fails. */
for (const [device, code] of [['/dev/full', 'full'], ['/dev/null', 'failed']] as const) {
  test(`after a commit that fails on ${device} nothing works until the store is opened anew`, () => inFolder(async folder => {
    const store = await openLevelStore(folder)
    await nextFilesAre(folder, device)
    const filler = crypto.getRandomValues(new Uint8Array(60_000))
    let acknowledged = 0
    let failure: unknown
    while (failure === undefined && acknowledged < 800) {
      await store.commit([put(`k/${String(acknowledged).padStart(4, '0')}`, filler)]).then(() => { acknowledged++ }, error => { failure = error })
    }
    assert.is((failure as { code?: unknown } | undefined)?.code, code)
    assert.ok(acknowledged > 10)
    await assertCode(store.get('k/0000'), code, 'a read afterwards')
    await assertCode(store.commit([put('k', '')]), code, 'a commit afterwards')
    await store.close()
    await removeLinks(folder)
    const again = await openLevelStore(folder)
    assert.ok((await again.scan({ prefix: 'k/', limit: 1000 })).length >= acknowledged)
    await again.close()
  }))
}

test.run()

/** Record keys in files: the contract, and what the files themselves hold. */
import { mkdtemp, open, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openFileRecordKeys } from '../../../node/adapters/file-record-keys.ts'
import { SEGMENT_SLOTS } from '../../../node/adapters/record-key-month.ts'
import { recordKeysSuite } from '../../suites/record-keys-suite.ts'
import { assertCode } from '../../suites/store-suite.ts'

const test = suite('file record keys')
const MONTH = '2026-11'
const newFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'tiltas-keys-'))
async function inFolder (run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await newFolder()
  try { await run(folder) } finally { await rm(folder, { recursive: true }) }
}

recordKeysSuite(test, async () => {
  const folder = await newFolder()
  return { open: () => openFileRecordKeys(folder), close: () => rm(folder, { recursive: true }) }
})

const holds = async (folder: string, key: Uint8Array): Promise<boolean> => {
  for (const name of await readdir(folder)) if ((await readFile(join(folder, name))).includes(Buffer.from(key))) return true
  return false
}

test('files are for their owner only, and hold keys before they are handed out', () => inFolder(async folder => {
  const keys = await openFileRecordKeys(join(folder, 'keys'))
  const [first] = await keys.take(MONTH, 1)
  assert.ok(await holds(join(folder, 'keys'), first!.key))
  assert.is((await stat(join(folder, 'keys'))).mode & 0o777, 0o700)
  assert.equal(await readdir(join(folder, 'keys')), [`${MONTH}.00000.keys`])
  assert.is((await stat(join(folder, 'keys', `${MONTH}.00000.keys`))).mode & 0o777, 0o600)
  await keys.close()
}))

test('an erased key is in no file, neither is it in the file that was replaced', () => inFolder(async folder => {
  const keys = await openFileRecordKeys(folder)
  const taken = (await keys.take(MONTH, 3)).map(({ slot, key }) => ({ slot, key: new Uint8Array(key) }))
  const path = join(folder, `${MONTH}.00000.keys`)
  const replaced = await open(path, 'r')
  await keys.erase([{ month: MONTH, slot: 1 }])
  assert.not.ok(await holds(folder, taken[1]!.key))
  assert.not.ok((await replaced.readFile()).includes(Buffer.from(taken[1]!.key)))
  await replaced.close()
  assert.ok(await holds(folder, taken[0]!.key))
  assert.ok((await readFile(path)).subarray(32, 64).every(byte => byte === 0))
  assert.is((await stat(path)).mode & 0o777, 0o600)
  await keys.close()
}))

test('a month runs over many files; erasing touches only those that hold the slots', () => inFolder(async folder => {
  const keys = await openFileRecordKeys(folder)
  const taken = await keys.take(MONTH, SEGMENT_SLOTS + 10)
  assert.is(new Set(taken.map(({ slot }) => slot)).size, SEGMENT_SLOTS + 10)
  const [first, second] = (await readdir(folder)).sort()
  const before = (await stat(join(folder, first!))).ino
  await keys.erase([{ month: MONTH, slot: SEGMENT_SLOTS + 1 }])
  assert.is((await stat(join(folder, first!))).ino, before)
  assert.ok((await readFile(join(folder, second!))).subarray(32, 64).every(byte => byte === 0))
  assert.equal(await keys.get({ month: MONTH, slot: SEGMENT_SLOTS }), new Uint8Array(taken[SEGMENT_SLOTS]!.key))
  assert.is(await keys.get({ month: MONTH, slot: SEGMENT_SLOTS + 1 }), undefined)
  await keys.close()
  const again = await openFileRecordKeys(folder)
  assert.ok((await again.take(MONTH, 1))[0]!.slot > SEGMENT_SLOTS + 9)
  await again.close()
}))

test('a crash amid an extension or a rewriting leaves no trace', () => inFolder(async folder => {
  const keys = await openFileRecordKeys(folder)
  const taken = await keys.take(MONTH, 3)
  await keys.close()
  const path = join(folder, `${MONTH}.00000.keys`)
  await writeFile(path, crypto.getRandomValues(new Uint8Array(777)), { flag: 'a' })
  await writeFile(`${path}.new`, 'half of it')
  const again = await openFileRecordKeys(folder)
  assert.equal(await readdir(folder), [`${MONTH}.00000.keys`])
  const next = await again.take(MONTH, 1)
  assert.is(next[0]!.slot % 4096, 0)
  assert.ok(next[0]!.slot * 32 >= 4096 * 32 + 777)
  assert.equal(await again.get({ month: MONTH, slot: 2 }), new Uint8Array(taken[2]!.key))
  assert.equal(await again.get({ month: MONTH, slot: next[0]!.slot }), new Uint8Array(next[0]!.key))
  await again.close()
}))

test('a slot that no file holds yet is not mistaken for erased once it is made', () => inFolder(async folder => {
  const keys = await openFileRecordKeys(folder)
  await keys.take(MONTH, 1)
  assert.is(await keys.get({ month: MONTH, slot: 5000 }), undefined)
  const taken = await keys.take(MONTH, 6000)
  assert.equal(await keys.get({ month: MONTH, slot: 5000 }), new Uint8Array(taken.find(({ slot }) => slot === 5000)!.key))
  await keys.close()
}))

test('after a write that failed nothing is written any more', () => inFolder(async folder => {
  const keys = await openFileRecordKeys(join(folder, 'keys'))
  await keys.take(MONTH, 1)
  await rm(join(folder, 'keys'), { recursive: true })
  await assertCode(keys.take('2026-12', 1), 'failed', 'the take that needed a file')
  await assertCode(keys.take(MONTH, 1), 'failed', 'a take that did not')
  await keys.close()
}))

/** /dev/full takes no bytes (ENOSPC); /dev/null takes them, and its fdatasync fails. */
for (const [device, code] of [['/dev/full', 'full'], ['/dev/null', 'failed']] as const) {
  test(`keys that could not be made durable on ${device} are not handed out`, () => inFolder(async folder => {
    const keys = await openFileRecordKeys(folder)
    await symlink(device, join(folder, `${MONTH}.00000.keys`))
    await assertCode(keys.take(MONTH, 1), code, 'the first take')
    await assertCode(keys.take(MONTH, 1), code, 'the next')
    await keys.close()
  }))
}

test.run()

import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { privateKeyFromSeed, type KeySecret } from '../../../keys/private-key.ts'
import { createFileKeyRing, KeyFileError, openFileKeyRing } from '../../../node/adapters/file-key-ring.ts'
import { encodeJson } from '../../../protocol/messages/encoding.ts'
import { digestOf, utf8ToBytes } from '../../../protocol/bytes.ts'
import { SECRETS, keyRingSuite } from '../../suites/key-ring-suite.ts'

const PASSPHRASE = 'a bridge over the Daugava'
const folder = await mkdtemp(join(tmpdir(), 'tiltas-keys-'))
let files = 0
const freshPath = (): string => join(folder, `keys-${files++}`)
const codeOf = async (run: () => Promise<unknown>): Promise<string> => {
  try { await run(); return 'none' } catch (error) {
    assert.instance(error, KeyFileError)
    assert.not.match((error as Error).message, PASSPHRASE)
    return (error as KeyFileError).code
  }
}

const shared = freshPath()
await createFileKeyRing(shared, PASSPHRASE, SECRETS)
keyRingSuite('file-key-ring', async () => ({ ring: await openFileKeyRing(shared, PASSPHRASE) }))

const test = suite('node/adapters/file-key-ring')
test.after(() => rm(folder, { recursive: true }))

test('the file is for its owner only and holds no secret in the clear', async () => {
  assert.is((await stat(shared)).mode & 0o777, 0o600)
  const text = await readFile(shared, 'utf8')
  for (const { seed } of SECRETS) assert.not.match(text, Buffer.from(seed).toString('base64url'))
  assert.not.match(text, 'lv:police')
})

test('a file that others may read is refused', async () => {
  for (const mode of [0o640, 0o604, 0o660, 0o601]) {
    await chmod(shared, mode)
    assert.is(await codeOf(() => openFileKeyRing(shared, PASSPHRASE)), 'readable-by-others')
  }
  await chmod(shared, 0o600)
})

test('wrong passphrase, missing file, existing file, weak passphrase', async () => {
  assert.is(await codeOf(() => openFileKeyRing(shared, `${PASSPHRASE}.`)), 'wrong-passphrase')
  assert.is(await codeOf(() => openFileKeyRing(freshPath(), PASSPHRASE)), 'missing')
  assert.is(await codeOf(() => createFileKeyRing(join(folder, 'no', 'keys'), PASSPHRASE, [])), 'missing')
  const before = await readFile(shared, 'utf8')
  assert.is(await codeOf(() => createFileKeyRing(shared, PASSPHRASE, [])), 'exists')
  assert.is(await readFile(shared, 'utf8'), before)
  assert.is(await codeOf(() => createFileKeyRing(freshPath(), 'short', [])), 'weak-passphrase')
})

test('damage is told apart from a wrong passphrase', async () => {
  const text = await readFile(shared, 'utf8')
  const path = freshPath()
  const other = (character: string): string => character === 'A' ? 'B' : 'A'
  const at = text.indexOf('"ciphertext":"') + 20; const salt = text.indexOf('"salt":"') + 10
  const damaged = ['', '{}', text.slice(0, -1), `${text.slice(0, at)}${other(text[at]!)}${text.slice(at + 1)}`, `${text.slice(0, salt)}${other(text[salt]!)}${text.slice(salt + 1)}`, text.replace('"n":131072', '"n":2'), '\0'.repeat(text.length)]
  for (const content of damaged) {
    await writeFile(path, content, { mode: 0o600 })
    assert.is(await codeOf(() => openFileKeyRing(path, PASSPHRASE)), 'damaged')
  }
  const { digest, ...body } = JSON.parse(text)
  const forged = { ...body, iv: `${other(body.iv[0])}${body.iv.slice(1)}` }
  await writeFile(path, encodeJson({ ...forged, digest: digestOf(utf8ToBytes(encodeJson(forged))) }), { mode: 0o600 })
  assert.is(await codeOf(() => openFileKeyRing(path, PASSPHRASE)), 'wrong-passphrase', 'who edits it on purpose cannot make it open')
})

test('keys that were added are there after opening again; nothing is left beside the file', async () => {
  const path = freshPath()
  const more: KeySecret[] = [4, 5, 6].map(byte => ({ algorithm: 'Ed25519', purpose: 'transport', seed: new Uint8Array(32).fill(byte) }))
  const ring = await createFileKeyRing(path, PASSPHRASE, SECRETS.slice(0, 1))
  const first = await readFile(path, 'utf8')
  await Promise.all(more.map(key => ring.add([key])))
  await ring.add([more[0]!])
  assert.is(ring.list().length, 4)
  const opened = await openFileKeyRing(path, PASSPHRASE)
  assert.equal(opened.list(), ring.list())
  assert.is((await stat(path)).mode & 0o777, 0o600)
  const { iv } = JSON.parse(first)
  assert.is.not(JSON.parse(await readFile(path, 'utf8')).iv, iv)
  assert.equal((await readdir(folder)).filter(name => name.endsWith('.new')), [])
})

test('when the file cannot be replaced, the new key does not sign and the old file stands', async () => {
  const inner = await mkdtemp(join(folder, 'inner-'))
  const path = join(inner, 'keys')
  const ring = await createFileKeyRing(path, PASSPHRASE, SECRETS.slice(0, 1))
  const added: KeySecret = { algorithm: 'Ed25519', purpose: 'signing', seed: new Uint8Array(32).fill(9) }
  const text = await readFile(path, 'utf8')
  await rm(inner, { recursive: true })
  assert.is(await codeOf(() => ring.add([added])), 'missing')
  assert.not.ok(ring.has(privateKeyFromSeed(added).kid))
  assert.ok(ring.has(privateKeyFromSeed(SECRETS[0]!).kid))
  const moved = freshPath()
  await writeFile(moved, text, { mode: 0o600 })
  assert.is((await openFileKeyRing(moved, PASSPHRASE)).list().length, 1)
})

test.run()

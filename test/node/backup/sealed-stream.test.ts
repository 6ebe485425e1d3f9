/** A sealed stream gives back what went in, or says that it is not what was sealed. */
import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { BackupError } from '../../../node/backup/errors.ts'
import { CHUNK_BYTES, openStream, sealStream } from '../../../node/backup/sealed-stream.ts'

const test = suite('sealed stream')
const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))
console.log(`seed ${seed}`)
const key = randomBytes(32)

async function * pieces (bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length)
}
async function gather (source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const piece of source) all.push(piece)
  return Buffer.concat(all)
}
const seal = (plain: Uint8Array, step = 7001): Promise<Buffer> => gather(sealStream(pieces(plain, step), key))
const opens = (sealed: Uint8Array, step = 4096, with_: Uint8Array = key): Promise<Buffer> => gather(openStream(pieces(sealed, step), with_))
const codeOf = (run: Promise<unknown>): Promise<string> => run.then(() => 'opened', (error: BackupError) => error.code)

test('any length, in pieces of any size, comes back', async () => {
  await fc.assert(fc.asyncProperty(fc.integer({ min: 0, max: 3 * CHUNK_BYTES }), fc.integer({ min: 1, max: 200_000 }), fc.integer({ min: 1, max: 200_000 }), async (length, into, outOf) => {
    const plain = randomBytes(length)
    assert.ok((await opens(await seal(plain, into), outOf)).equals(plain))
  }), { seed, numRuns: 40 })
  for (const length of [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES]) assert.is((await opens(await seal(randomBytes(length)))).length, length)
})

test('one bit anywhere, and it does not open', async () => {
  const sealed = await seal(randomBytes(2 * CHUNK_BYTES + 100))
  await fc.assert(fc.asyncProperty(fc.integer({ min: 0, max: sealed.length * 8 - 1 }), async bit => {
    const changed = Buffer.from(sealed)
    changed[bit >> 3]! ^= 1 << (bit & 7)
    assert.is(await codeOf(opens(changed)), 'damaged')
  }), { seed, numRuns: 60 })
})

test('cut off anywhere, also between two chunks, it does not open', async () => {
  const sealed = await seal(randomBytes(2 * CHUNK_BYTES + 100))
  await fc.assert(fc.asyncProperty(fc.integer({ min: 0, max: sealed.length - 1 }), async length => {
    assert.ok(['truncated', 'damaged'].includes(await codeOf(opens(sealed.subarray(0, length)))), `${length}`)
  }), { seed, numRuns: 60 })
  for (const chunks of [0, 1, 2]) assert.is(await codeOf(opens(sealed.subarray(0, chunks * (CHUNK_BYTES + 16)))), 'truncated')
  assert.is(await codeOf(opens(Buffer.concat([sealed, Buffer.alloc(1)]))), 'damaged')
})

test('chunks change places, are repeated or left out: it does not open', async () => {
  const sealed = await seal(randomBytes(4 * CHUNK_BYTES))
  const [a, b, c, d] = [0, 1, 2, 3].map(i => sealed.subarray(i * (CHUNK_BYTES + 16), (i + 1) * (CHUNK_BYTES + 16))) as [Buffer, Buffer, Buffer, Buffer]
  for (const order of [[b, a, c, d], [a, a, b, c, d], [a, c, d], [a, b, c, d, d], [d]]) assert.ok(['truncated', 'damaged'].includes(await codeOf(opens(Buffer.concat(order)))))
  assert.is(await codeOf(opens(sealed, 4096, randomBytes(32))), 'damaged')
})

test('what is opened before the damage was authentic', async () => {
  const plain = randomBytes(3 * CHUNK_BYTES)
  const sealed = await seal(plain)
  sealed[2 * (CHUNK_BYTES + 16) + 5]! ^= 1
  const seen: Uint8Array[] = []
  assert.is(await codeOf((async () => { for await (const piece of openStream(pieces(sealed, 4096), key)) seen.push(piece) })()), 'damaged')
  assert.ok(Buffer.concat(seen).equals(plain.subarray(0, 2 * CHUNK_BYTES)))
})

test.run()

import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { leafHash } from '../../../protocol/log/hash.ts'
import { LEAF_BYTES_MAX, LEAF_TYPES, commitmentOf, encodeLeaf, parseLeaf, type Leaf } from '../../../protocol/log/leaf.ts'
import { flipped, fromText64, hex, runs, vectors } from './reference.ts'

const leaf = suite('protocol/log/leaf')
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))

leaf('reads the valid vectors and writes the same bytes', () => {
  for (const line of vectors<{ leaf: string, leafHash: string }>('leaves-valid.jsonl')) {
    const parsed = parseLeaf(bytesOf(line.leaf))!
    assert.is(Buffer.from(encodeLeaf(parsed)).toString(), line.leaf)
    assert.is(hex(leafHash(bytesOf(line.leaf))), hex(fromText64(line.leafHash)))
  }
})

leaf('refuses the invalid vectors', () => {
  for (const { why, leaf } of vectors<{ why: string, leaf: string }>('leaves-invalid.jsonl')) assert.is(parseLeaf(bytesOf(leaf)), undefined, why)
})

leaf('has a type for each operation that the directive names', () => {
  for (const type of ['collection', 'alteration', 'consultation', 'disclosure', 'combination', 'erasure'] as const) assert.ok(LEAF_TYPES.includes(type))
  for (const t of LEAF_TYPES) assert.equal(parseLeaf(encodeLeaf({ v: 1, t, at: 1 })), { v: 1, t, at: 1 })
})

leaf('writes no field that it does not know, and says nothing of it in the error', () => {
  const bad = { v: 1, t: 'disclosure', at: 1, plate: 'AB1234' } as unknown as Leaf
  try { encodeLeaf(bad); assert.unreachable() } catch (error) {
    assert.instance(error, TypeError)
    assert.not.match(String((error as Error).message) + String((error as Error).stack), 'AB1234')
  }
  assert.throws(() => encodeLeaf({ v: 1, t: 'refusal', at: 1, why: 'AB1234' }), TypeError)
  assert.throws(() => encodeLeaf({ v: 1, t: 'refusal', at: 1.5 }), TypeError)
})

leaf('survives any bytes', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), bytes => { parseLeaf(bytes) }), runs(500))
  assert.is(parseLeaf(new Uint8Array(LEAF_BYTES_MAX + 1).fill(0x20)), undefined)
  assert.is(parseLeaf(bytesOf('['.repeat(1000))), undefined)
})

const committing = suite('protocol/log/leaf commitments')

committing('are those of the vectors', () => {
  for (const { key, context, message, commitment } of vectors<{ key: string, context: string, message: string, commitment: string }>('commitments-valid.jsonl')) {
    assert.is(commitmentOf(new Uint8Array(Buffer.from(key, 'base64url')), context, bytesOf(message)), commitment)
  }
})

committing('are the standard HMAC over domain, context and message with their lengths', () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.string({ unit: 'grapheme' }), fc.uint8Array({ maxLength: 2000 }), (key, context, message) => {
    const length = (bytes: Uint8Array): Buffer => { const eight = Buffer.alloc(8); eight.writeBigUInt64BE(BigInt(bytes.length)); return eight }
    const expected = createHmac('sha256', key).update('tiltas/commit/v1\0').update(length(bytesOf(context))).update(bytesOf(context)).update(length(message)).update(message)
    assert.is(commitmentOf(key, context, message), expected.digest('base64url'))
  }), runs(100))
})

committing('differ when a byte moves from context to message, and when key, context or message differ', () => {
  const key = new Uint8Array(32).fill(3)
  const commitments = [
    commitmentOf(key, 'ab', bytesOf('c')), commitmentOf(key, 'a', bytesOf('bc')), commitmentOf(flipped(key, 31), 'ab', bytesOf('c')), commitmentOf(key, 'ab', bytesOf('d')), commitmentOf(key, 'bb', bytesOf('c'))
  ]
  assert.is(new Set(commitments).size, commitments.length)
})

committing('take no key but one of 32 bytes', () => {
  for (const length of [0, 16, 31, 33, 64]) assert.throws(() => commitmentOf(new Uint8Array(length), '', new Uint8Array(0)), RangeError)
})

leaf.run()
committing.run()

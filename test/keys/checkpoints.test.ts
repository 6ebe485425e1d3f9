import { createHash, createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ED25519_PUBLIC_BYTES, ML_DSA_44_PUBLIC_BYTES, assembleCheckpoint, checkpointRequests, noteVerifier } from '../../keys/checkpoints.ts'
import { openCheckpoint, parseCheckpoint, type Checkpoint } from '../../protocol/log/checkpoint.ts'
import { openNote, parseNote, parseVerifierKey, signedBytes, type NoteVerifier } from '../../protocol/log/note.ts'
import { flipped, fromText64, hex, runs, vectors } from '../protocol/log/reference.ts'

const checkpoints = suite('keys/checkpoints')

// PKCS#8 up to the seed: RFC 8410; FIPS 204 seed as RFC 9881 has it.
const PREFIXES = { 'ed25519': '302e020100300506032b657004220420', 'ml-dsa-44': '3034020100300b060960864801650304031104228020' } as const
const privateKey = (algorithm: keyof typeof PREFIXES): KeyObject => createPrivateKey({
  key: Buffer.concat([Buffer.from(PREFIXES[algorithm], 'hex'), createHash('sha256').update(`tiltas vector: ${algorithm}`).digest()]), format: 'der', type: 'pkcs8'
})
const secrets = [privateKey('ed25519'), privateKey('ml-dsa-44')] as const
const { origin, ed25519, mlDsa44 } = JSON.parse(readFileSync(new URL('../vectors/log/keys.json', import.meta.url), 'utf8')) as { origin: string, ed25519: string, mlDsa44: string }
const keys = [parseVerifierKey(ed25519)!, parseVerifierKey(mlDsa44)!] as const
const verifiers = keys.map(key => noteVerifier(key)!)
const TIME = 1_790_000_000

function signedNote (head: Checkpoint): string {
  const requests = checkpointRequests(head, keys, TIME)
  return assembleCheckpoint(head, keys, TIME, requests.map((bytes, i) => new Uint8Array(sign(null, bytes, secrets[i]!))))
}
const headOf = (size: number): Checkpoint => ({ origin, size, root: new Uint8Array(32).fill(size % 256) })

checkpoints('uses the keys that the published seeds give', () => {
  for (const [i, key] of keys.entries()) {
    assert.is(hex(key.publicKey), createPublicKey(secrets[i]!).export({ format: 'der', type: 'spki' }).subarray(-key.publicKey.length).toString('hex'))
  }
  assert.equal(keys.map(key => key.publicKey.length), [ED25519_PUBLIC_BYTES, ML_DSA_44_PUBLIC_BYTES])
})

checkpoints('opens the valid vectors, and signs the same Ed25519 lines', () => {
  for (const { note, size, root } of vectors<{ note: string, size: number, root: string }>('checkpoints-valid.jsonl')) {
    const opened = openCheckpoint(note, origin, verifiers, [])
    assert.equal(opened.ok && opened.checkpoint, { origin, size, root: fromText64(root) })
    const again = parseNote(signedNote({ origin, size, root: fromText64(root) }))!.signatures[0]!
    assert.ok(parseNote(note)!.signatures.some(line => line.keyId === again.keyId && hex(line.signature) === hex(again.signature)))
  }
})

checkpoints('refuses the invalid vectors, each with its code', () => {
  for (const { note, why, code } of vectors<{ note: string, why: string, code: string }>('checkpoints-invalid.jsonl')) {
    assert.equal(openCheckpoint(note, origin, verifiers, []), { ok: false, code }, why)
  }
})

checkpoints('signs with both keys, and one flipped byte anywhere fails', () => {
  const note = signedNote(headOf(12_345))
  assert.ok(openCheckpoint(note, origin, verifiers, []).ok)
  fc.assert(fc.property(fc.nat(note.length - 1), fc.constantFrom('A', 'x', '7', '\n', '=', ' '), (at, other) => {
    fc.pre(note[at] !== other)
    assert.not.ok(openCheckpoint(note.slice(0, at) + other + note.slice(at + 1), origin, verifiers, []).ok)
  }), runs(150))
})

checkpoints('signs a local head with the Ed25519 key alone', () => {
  const head = headOf(5)
  const [bytes] = checkpointRequests(head, [keys[0]], TIME)
  const note = assembleCheckpoint(head, [keys[0]], TIME, [new Uint8Array(sign(null, bytes!, secrets[0]))])
  assert.ok(openCheckpoint(note, origin, [verifiers[0]!], []).ok)
  assert.equal(openCheckpoint(note, origin, verifiers, []), { ok: false, code: 'not-signed' })
})

checkpoints('makes no note of a signature that does not fit', () => {
  const head = headOf(5)
  const signatures: Uint8Array[] = checkpointRequests(head, keys, TIME).map((bytes, i) => new Uint8Array(sign(null, bytes, secrets[i]!)))
  for (const i of [0, 1]) assert.throws(() => assembleCheckpoint(head, keys, TIME, signatures.with(i, flipped(signatures[i]!, 40))), TypeError)
  assert.throws(() => assembleCheckpoint(headOf(6), keys, TIME, signatures), TypeError)
  assert.throws(() => assembleCheckpoint(head, keys, TIME + 1, signatures), TypeError)
  assert.throws(() => assembleCheckpoint(head, keys, TIME, signatures.toReversed()), TypeError)
  assert.throws(() => assembleCheckpoint(head, keys, TIME, [signatures[0]!]), TypeError)
})

checkpoints('asks no key of another name or type to sign', () => {
  assert.throws(() => checkpointRequests(headOf(5), [{ ...keys[0], name: 'lt.node.example/log' }], TIME), TypeError)
  assert.throws(() => checkpointRequests(headOf(5), [{ ...keys[0], type: 0x02 }], TIME), TypeError)
})

checkpoints('takes raw keys and signatures of exactly their length', () => {
  for (const key of keys) {
    assert.is(noteVerifier({ ...key, publicKey: key.publicKey.subarray(1) }), undefined)
    assert.is(noteVerifier({ ...key, publicKey: new Uint8Array([...key.publicKey, 0]) }), undefined)
    assert.is(noteVerifier({ ...key, type: 0x02 }), undefined)
  }
  const note = parseNote(signedNote(headOf(5)))!
  const bytes = signedBytes(note.text)
  for (const [i, { signature }] of note.signatures.entries()) {
    const verifier: NoteVerifier = verifiers[i]!
    assert.ok(verifier.verify(bytes, signature))
    for (const wrong of [signature.subarray(1), new Uint8Array([...signature, 0]), new Uint8Array(0)]) assert.not.ok(verifier.verify(bytes, wrong))
  }
})

checkpoints('lets ML-DSA-44 vouch for nothing but the three lines that it covers', () => {
  const note = parseNote(signedNote(headOf(5)))!
  const signature = note.signatures[1]!.signature
  for (const text of [`${note.text}more\n`, `\ufeff${note.text}`, note.text.replace('\n5\n', '\n05\n'), 'rubbish\n']) {
    assert.not.ok(verifiers[1]!.verify(signedBytes(text), signature), JSON.stringify(text))
  }
  assert.is(parseCheckpoint(note.text)?.size, 5)
})

checkpoints('verifies the example of the signed-note specification', () => {
  const verifier = noteVerifier(parseVerifierKey('example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k')!)!
  const example = 'This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n'
  assert.ok(openNote(example, [verifier]).ok)
  assert.equal(openNote(example.replace('example message', 'Example message'), [verifier]), { ok: false, code: 'wrong-signature' })
})

checkpoints.run()

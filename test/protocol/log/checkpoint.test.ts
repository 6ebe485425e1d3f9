import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { formatCheckpoint, openCheckpoint, parseCheckpoint, type Checkpoint } from '../../../protocol/log/checkpoint.ts'
import { encodeTimestamped, parseTimestamped, subtreeMessage } from '../../../protocol/log/cosignature.ts'
import { formatNote, type NoteVerifier } from '../../../protocol/log/note.ts'
import { hex, runs } from './reference.ts'

const checkpoint = suite('protocol/log/checkpoint')

const ROOT = new Uint8Array(32).fill(0xab)
const ORIGIN = 'lv.node.example/log/2026h2'
const HEAD: Checkpoint = { origin: ORIGIN, size: 70_000, root: ROOT }
/** Accepts one byte, its own: what openCheckpoint does with the answers is what is tested here. */
const byteVerifier = (name: string, byte: number): NoteVerifier => ({ name, keyId: `0000000${byte}`, verify: (_, signature) => signature[0] === byte })
const signedBy = (head: Checkpoint, ...signers: [name: string, byte: number][]): string =>
  formatNote({ text: formatCheckpoint(head), signatures: signers.map(([name, byte]) => ({ name, keyId: `0000000${byte}`, signature: Uint8Array.of(byte) })) })

checkpoint('is three lines, read back exactly', () => {
  assert.is(formatCheckpoint({ ...HEAD, size: 0 }), `${ORIGIN}\n0\nq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=\n`)
  fc.assert(fc.property(fc.maxSafeNat(), fc.uint8Array({ minLength: 32, maxLength: 32 }), (size, root) => {
    const head = { origin: ORIGIN, size, root: new Uint8Array(root) }
    assert.equal(parseCheckpoint(formatCheckpoint(head)), head)
  }), runs(200))
})

checkpoint('has no other spelling', () => {
  const text = formatCheckpoint(HEAD)
  const bad = [
    '', '\n', text.slice(0, -1), `${text}\n`, `${text}more\n`, `\n${text}`, text.replace('70000', ''), text.replace('70000', '070000'), text.replace('70000', '-1'),
    text.replace('70000', '7e4'), text.replace('70000', ' 70000'), text.replace('70000', '9007199254740992'), text.replace('70000', '99999999999999999999'),
    text.replace(ORIGIN, ''), text.replace(ORIGIN, 'a b'), text.replace(ORIGIN, 'a+b'), text.replace('s=\n', 's\n'), text.replace('q6ur', ''), text.replace('q6ur', 'q6urq6ur')
  ]
  for (const each of bad) assert.is(parseCheckpoint(each), undefined, JSON.stringify(each))
  assert.throws(() => formatCheckpoint({ ...HEAD, root: new Uint8Array(31) }), TypeError)
  assert.throws(() => formatCheckpoint({ ...HEAD, size: -1 }), TypeError)
  assert.throws(() => formatCheckpoint({ ...HEAD, size: 2 ** 53 }), TypeError)
  assert.throws(() => formatCheckpoint({ ...HEAD, origin: 'a\nb' }), TypeError)
})

checkpoint('opens only when every log key signed', () => {
  const keys = [byteVerifier(ORIGIN, 1), byteVerifier(ORIGIN, 2)]
  const opened = openCheckpoint(signedBy(HEAD, [ORIGIN, 1], [ORIGIN, 2]), ORIGIN, keys, [])
  assert.equal(opened, { ok: true, checkpoint: HEAD, text: formatCheckpoint(HEAD), cosignatures: [] })
  assert.equal(openCheckpoint(signedBy(HEAD, [ORIGIN, 1]), ORIGIN, keys, []), { ok: false, code: 'not-signed' })
  assert.equal(openCheckpoint(signedBy(HEAD, ['stranger', 1]), ORIGIN, keys, []), { ok: false, code: 'not-signed' })
  assert.throws(() => openCheckpoint(signedBy(HEAD, [ORIGIN, 1]), ORIGIN, [], []), TypeError)
})

checkpoint('counts witnesses beside, never instead', () => {
  const [key, witness] = [byteVerifier(ORIGIN, 1), byteVerifier('witness.example', 3)]
  const opened = openCheckpoint(signedBy(HEAD, [ORIGIN, 1], ['witness.example', 3], ['other.example', 4]), ORIGIN, [key], [witness])
  assert.equal(opened.ok && opened.cosignatures.map(each => each.name), ['witness.example'])
  assert.equal(openCheckpoint(signedBy(HEAD, ['witness.example', 3]), ORIGIN, [key], [witness]), { ok: false, code: 'not-signed' })
})

checkpoint('of another log is refused, also with a known key', () => {
  assert.equal(openCheckpoint(signedBy({ ...HEAD, origin: 'lt.node.example/log' }, [ORIGIN, 1]), ORIGIN, [byteVerifier(ORIGIN, 1)], []), { ok: false, code: 'wrong-origin' })
})

checkpoint('spells out what a timestamped signature covers', () => {
  const message = subtreeMessage('w', 258, { origin: 'o/l', size: 70_000, root: ROOT })
  assert.is(hex(message), '737562747265652f76310a00' + '0177' + '0000000000000102' + '036f2f6c' + '0000000000000000' + '0000000000011170' + 'ab'.repeat(32))
  assert.throws(() => subtreeMessage('w'.repeat(256), 0, HEAD), RangeError)
})

checkpoint('carries the time before the signature', () => {
  assert.equal(parseTimestamped(encodeTimestamped(1_790_000_000, Uint8Array.of(9, 8))), { time: 1_790_000_000, signature: Uint8Array.of(9, 8) })
  assert.is(parseTimestamped(new Uint8Array(8)), undefined)
  assert.is(parseTimestamped(new Uint8Array(16).fill(255)), undefined)
})

checkpoint.run()

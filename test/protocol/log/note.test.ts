import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { fromBase64, toBase64 } from '../../../protocol/log/base64.ts'
import { NOTE_LENGTH_MAX, NOTE_SIGNATURES_MAX, encodeVerifierKey, formatNote, keyIdOf, openNote, parseNote, parseVerifierKey, type NoteVerifier } from '../../../protocol/log/note.ts'
import { hex, runs } from './reference.ts'

const note = suite('protocol/log/note')

/** A verifier whose signature of a text is its length and its name: enough to tell right from wrong without keys. */
const lengthVerifier = (name: string, keyId: string): NoteVerifier =>
  ({ name, keyId, verify: (bytes, signature) => hex(signature) === hex(signatureOf(name, bytes.length)) })
const signatureOf = (name: string, length: number): Uint8Array => Uint8Array.from([...Buffer.from(name), Math.floor(length / 256), length % 256])
const TEXT = 'line\n\nē line\n'
const line = (name: string, keyId: string, length = Buffer.byteLength(TEXT)) => ({ name, keyId, signature: signatureOf(name, length) })

note('base64 has one spelling', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), bytes => {
    assert.is(toBase64(bytes), Buffer.from(bytes).toString('base64'))
    assert.equal(fromBase64(toBase64(bytes)), new Uint8Array(bytes))
  }), runs(300))
  for (const text of ['A', 'AA', 'AAA', 'AB==', 'AAB=', 'A===', '====', 'AA=A', '-_-_', 'AAAA\n', ' AAAA', 'AA==AA==', 'AAAAA=']) assert.is(fromBase64(text), undefined, text)
})

note('reads the example of the specification, and computes its key id', () => {
  const key = parseVerifierKey('example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k')!
  assert.equal([key.name, key.type, key.publicKey.length, keyIdOf(key)], ['example.com/foo', 1, 32, '530d903a'])
  assert.is(encodeVerifierKey(key), 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k')
})

note('refuses verifier keys whose id is another, or that are spelled otherwise', () => {
  const good = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k'
  for (const bad of ['', good.replace('530d', '530e'), good.replace('530d903a', '530D903A'), good.replace('foo', 'fo'), good.replace('/foo', ' foo'), good.slice(0, -1), good.replace('Aeky', 'Aeky='), 'a+b', 'example.com/foo+530d903a+', good + '\n']) {
    assert.is(parseVerifierKey(bad), undefined, bad)
  }
})

note('reads back what it writes; the text ends at the last empty line', () => {
  const made = { text: 'a\n\n— b c\n\nd\n', signatures: [{ name: 'x.example/ā', keyId: '00ff10a0', signature: Uint8Array.of(1, 2, 3) }] }
  assert.equal(parseNote(formatNote(made)), made)
  const texts = fc.array(fc.string({ unit: 'grapheme', maxLength: 20 }).map(text => text.replace(/[\u0000-\u001f]/g, '')), { minLength: 1, maxLength: 5 })
  fc.assert(fc.property(texts, lines => {
    const text = lines.map(each => `${each}\n`).join('')
    assert.is(parseNote(formatNote({ text, signatures: made.signatures }))?.text, text)
  }), runs(200))
})

note('writes nothing that it would not read', () => {
  const signatures = [{ name: 'x', keyId: '00000000', signature: Uint8Array.of(1) }]
  for (const text of ['no line feed', 'tab\there\n', 'cr\r\n', '\ud800\n', '']) assert.throws(() => formatNote({ text, signatures }), TypeError, JSON.stringify(text))
  for (const name of ['', 'a b', 'a+b', 'a\u2003b', 'a\nb', 'a\u0000b']) assert.throws(() => formatNote({ text: 'a\n', signatures: [{ ...signatures[0]!, name }] }), TypeError, name)
  assert.throws(() => formatNote({ text: 'a\n', signatures: [] }), TypeError)
})

note('takes 100 signatures and not one more, and no endless text', () => {
  const many = (count: number): string => `a\n\n${'— x AAAAAAE=\n'.repeat(count)}`
  assert.is(parseNote(many(NOTE_SIGNATURES_MAX))?.signatures.length, NOTE_SIGNATURES_MAX)
  assert.is(parseNote(many(NOTE_SIGNATURES_MAX + 1)), undefined)
  assert.is(parseNote(`${'a'.repeat(NOTE_LENGTH_MAX)}\n\n— x AAAAAAE=\n`), undefined)
})

note('opens with every known key, ignores strangers, and needs one known key', () => {
  const [a, b] = [lengthVerifier('a.example', '00000001'), lengthVerifier('b.example', '00000002')]
  const both = formatNote({ text: TEXT, signatures: [line('a.example', '00000001'), line('stranger.example', '00000001', 3), line('a.example', '00000009', 3), line('b.example', '00000002')] })
  const opened = openNote(both, [b, a])
  assert.ok(opened.ok && opened.text === TEXT)
  assert.equal(opened.ok && opened.signatures.map(signature => signature.name), ['a.example', 'b.example'])
  assert.equal(openNote(both, []), { ok: false, code: 'no-known-key' })
  assert.equal(openNote('rubbish', [a]), { ok: false, code: 'malformed' })
})

note('refuses the whole note for one wrong signature of a known key', () => {
  const [a, b] = [lengthVerifier('a.example', '00000001'), lengthVerifier('b.example', '00000002')]
  const mixed = formatNote({ text: TEXT, signatures: [line('a.example', '00000001'), line('b.example', '00000002', 3)] })
  assert.equal(openNote(mixed, [a, b]), { ok: false, code: 'wrong-signature' })
  assert.ok(openNote(mixed, [a]).ok)
  const repeated = formatNote({ text: TEXT, signatures: [line('a.example', '00000001'), line('a.example', '00000001', 3)] })
  assert.equal(openNote(repeated, [a]), { ok: false, code: 'wrong-signature' })
})

note('counts a key once, however often it signed, and asks both keys that share an id', () => {
  const a = lengthVerifier('a.example', '00000001')
  const never: NoteVerifier = { ...a, verify: () => false }
  const twice = formatNote({ text: TEXT, signatures: [line('a.example', '00000001'), line('a.example', '00000001')] })
  const opened = openNote(twice, [never, a])
  assert.is(opened.ok && opened.signatures.length, 1)
  assert.equal(openNote(twice, [never]), { ok: false, code: 'wrong-signature' })
})

note.run()

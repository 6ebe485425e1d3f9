/**
 * Signed notes (C2SP signed-note v1.0.0): a text, an empty line, and signature lines.
 *
 *   text ending in LF ‖ LF ‖ ( "— " name " " base64( keyId(4) ‖ signature ) LF )+
 *
 * Here foreign text is first touched: nothing of it may be believed before `openNote` answers. This file knows no
 * cryptography; verifiers are handed in.
 */
import { bytesToHex, concatBytes, sha256, utf8ToBytes } from '../bytes.ts'
import { fromBase64, toBase64 } from './base64.ts'

/** The specification asks for at least 16. */
export const NOTE_SIGNATURES_MAX = 100
/** UTF-16 code units; leaves room for NOTE_SIGNATURES_MAX post-quantum signatures. */
export const NOTE_LENGTH_MAX = 512 * 1024

/** The types of signed-note's registry that we make or check. */
export const SIGNATURE_TYPES = { ed25519: 0x01, cosignature: 0x04, mlDsa44: 0x06 } as const

/** Four bytes as 8 lower-case hex digits. */
export type KeyId = string
export interface NoteSignature { readonly name: string, readonly keyId: KeyId, readonly signature: Uint8Array }
export interface Note { readonly text: string, readonly signatures: readonly NoteSignature[] }
/** A public key with the name that it signs under and its type of signature; `publicKey` is raw, without type or wrapping. */
export interface VerifierKey { readonly name: string, readonly type: number, readonly publicKey: Uint8Array }
/** `bytes` are `signedBytes(text)`; `signature` is what follows the key id in the signature line. */
export interface NoteVerifier { readonly name: string, readonly keyId: KeyId, verify (bytes: Uint8Array, signature: Uint8Array): boolean }

/** `malformed`: not a note. `wrong-signature`: of a known key, and does not fit. `no-known-key`: signed by strangers only. */
export type NoteFault = 'malformed' | 'wrong-signature' | 'no-known-key'
export type OpenedNote =
  | { readonly ok: true, readonly text: string, readonly signatures: readonly NoteSignature[] }
  | { readonly ok: false, readonly code: NoteFault }

const KEY_NAME = /^[^\p{White_Space}\p{Surrogate}\u0000-\u001f+]+$/u
const SIGNATURE_LINE = /^— ([^ ]+) ([^ ]+)$/u
/** Below U+0020 only LF; a surrogate alone would not survive UTF-8. */
const FORBIDDEN = /[\u0000-\u0009\u000b-\u001f]|\p{Surrogate}/u

export const isKeyName = (name: string): boolean => KEY_NAME.test(name)

/** The bytes of a note's text that a plain (type 0x01) signature covers. */
export const signedBytes = (text: string): Uint8Array => utf8ToBytes(text)

/** SHA-256(name ‖ LF ‖ type ‖ public key), its first four bytes. */
export const keyIdOf = ({ name, type, publicKey }: VerifierKey): KeyId =>
  bytesToHex(sha256(concatBytes(utf8ToBytes(`${name}\n`), Uint8Array.of(type), publicKey)).subarray(0, 4))

/** A vkey: `name+keyId+base64(type ‖ public key)`. */
export const encodeVerifierKey = (key: VerifierKey): string =>
  `${key.name}+${keyIdOf(key)}+${toBase64(concatBytes(Uint8Array.of(key.type), key.publicKey))}`

/** Foreign text: undefined when it is not a vkey, or its key id is not that of its key. */
export function parseVerifierKey (text: string): VerifierKey | undefined {
  const parts = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/u.exec(text)
  const bytes = parts === null ? undefined : fromBase64(parts[3]!)
  if (parts === null || bytes === undefined || bytes.length < 2 || !isKeyName(parts[1]!)) return undefined
  const key: VerifierKey = { name: parts[1]!, type: bytes[0]!, publicKey: bytes.subarray(1) }
  return keyIdOf(key) === parts[2] ? key : undefined
}

/** Signature lines as they stand in a note, and as a witness answers. */
export const formatSignatures = (signatures: readonly NoteSignature[]): string =>
  signatures.map(({ name, keyId, signature }) => `— ${name} ${toBase64(concatBytes(keyIdBytes(keyId), signature))}\n`).join('')

/** Foreign text: undefined when a line of it is not a signature. */
export function parseSignatures (text: string): NoteSignature[] | undefined {
  const lines = text.endsWith('\n') ? text.slice(0, -1).split('\n') : []
  const signatures = lines.length > NOTE_SIGNATURES_MAX ? [] : lines.flatMap(line => parseSignatureLine(line) ?? [])
  return signatures.length === 0 || signatures.length < lines.length ? undefined : signatures
}

/** Throws TypeError when the text, a name or a key id is not what `parseNote` would read back. */
export function formatNote ({ text, signatures }: Note): string {
  const note = `${text}\n${formatSignatures(signatures)}`
  if (parseNote(note)?.text !== text) throw new TypeError('not the parts of a signed note')
  return note
}

const keyIdBytes = (keyId: KeyId): Uint8Array => Uint8Array.from(keyId.match(/../g) ?? [], pair => Number.parseInt(pair, 16))

/** Foreign text: undefined when it is not a note. Signatures are read, not checked: `openNote` does that. */
export function parseNote (note: string): Note | undefined {
  if (note.length > NOTE_LENGTH_MAX || FORBIDDEN.test(note) || !note.endsWith('\n')) return undefined
  const blank = note.lastIndexOf('\n\n')
  if (blank < 0) return undefined
  const signatures = parseSignatures(note.slice(blank + 2))
  return signatures && { text: note.slice(0, blank + 1), signatures }
}

function parseSignatureLine (line: string): NoteSignature | undefined {
  const parts = SIGNATURE_LINE.exec(line)
  const bytes = parts === null ? undefined : fromBase64(parts[2]!)
  if (parts === null || bytes === undefined || bytes.length < 5 || !isKeyName(parts[1]!)) return undefined
  return { name: parts[1]!, keyId: bytesToHex(bytes.subarray(0, 4)), signature: bytes.subarray(4) }
}

/**
 * The text of a note, and the signatures of known keys, one for each key. Unknown keys are ignored; one wrong signature
 * of a known key refuses the whole note; at least one known key must have signed.
 */
export function openNote (note: string, verifiers: readonly NoteVerifier[]): OpenedNote {
  const parsed = parseNote(note)
  if (parsed === undefined) return { ok: false, code: 'malformed' }
  const bytes = signedBytes(parsed.text)
  const signatures = new Map<NoteVerifier, NoteSignature>()
  for (const signature of parsed.signatures) {
    // Key ids are short, so two keys may share one; each of them is asked.
    const known = verifiers.filter(verifier => verifier.name === signature.name && verifier.keyId === signature.keyId)
    const signer = known.find(verifier => verifier.verify(bytes, signature.signature))
    if (known.length > 0 && signer === undefined) return { ok: false, code: 'wrong-signature' }
    if (signer !== undefined && !signatures.has(signer)) signatures.set(signer, signature)
  }
  return signatures.size > 0 ? { ok: true, text: parsed.text, signatures: [...signatures.values()] } : { ok: false, code: 'no-known-key' }
}

/**
 * Checkpoints signed by their log: Ed25519 (type 0x01) for everybody, ML-DSA-44 (type 0x06, name = origin) for the time
 * after quantum computers (C2SP signed-note, tlog-cosignature). Private keys stay behind the KeyRing: here are the bytes
 * that it is to sign, and the note made of its answers.
 * Invariant: no note leaves `assembleCheckpoint` whose every signature was not verified against its public key.
 */
import { verify, type KeyObject } from 'node:crypto'
import { formatCheckpoint, parseCheckpoint, type Checkpoint } from '../protocol/log/checkpoint.ts'
import { cosignatureMessage, encodeTimestamped, parseTimestamped, subtreeMessage } from '../protocol/log/cosignature.ts'
import { importPublicKey } from './key-objects.ts'
import { SIGNATURE_TYPES, formatNote, keyIdOf, signedBytes, type NoteSignature, type NoteVerifier, type VerifierKey } from '../protocol/log/note.ts'

export const ED25519_PUBLIC_BYTES = 32
export const ED25519_SIGNATURE_BYTES = 64
export const ML_DSA_44_PUBLIC_BYTES = 1312
export const ML_DSA_44_SIGNATURE_BYTES = 2420

/** A key that a log signs with: `type` 0x01 or 0x06 of SIGNATURE_TYPES, raw public key of 32 or 1312 bytes. */
export type LogKey = VerifierKey
/** A key that a witness cosigns with: `type` 0x04 or 0x06. Never a key of a log: cosignatures do not say which they are. */
export type WitnessKey = VerifierKey

/** Verifies the signatures of one key in notes; undefined when the type is not ours or the raw key has not its length. */
export function noteVerifier (key: VerifierKey): NoteVerifier | undefined {
  const verifyWith = VERIFIERS[key.type]?.(key)
  return verifyWith && { name: key.name, keyId: keyIdOf(key), verify: verifyWith }
}
const VERIFIERS: { readonly [type: number]: ((key: VerifierKey) => NoteVerifier['verify'] | undefined) | undefined } = {
  [SIGNATURE_TYPES.ed25519]: ed25519Verifier, [SIGNATURE_TYPES.cosignature]: cosignatureVerifier, [SIGNATURE_TYPES.mlDsa44]: mlDsa44Verifier
}

// The length is checked before wrapping: OpenSSL would overlook bytes behind an ML-DSA key.
const publicKeyOf = (algorithm: 'Ed25519' | 'ML-DSA-44', raw: Uint8Array, length: number): KeyObject | undefined =>
  raw.length === length ? importPublicKey(algorithm, raw) : undefined

function ed25519Verifier ({ publicKey }: VerifierKey): NoteVerifier['verify'] | undefined {
  const key = publicKeyOf('Ed25519', publicKey, ED25519_PUBLIC_BYTES)
  return key && ((bytes, signature) => signature.length === ED25519_SIGNATURE_BYTES && verify(null, bytes, key, signature))
}

/** The signature covers the text as it stands, below the time that travels with it. */
function cosignatureVerifier ({ publicKey }: VerifierKey): NoteVerifier['verify'] | undefined {
  const key = publicKeyOf('Ed25519', publicKey, ED25519_PUBLIC_BYTES)
  return key && ((bytes, timestamped) => {
    const signed = parseTimestamped(timestamped)
    return signed?.signature.length === ED25519_SIGNATURE_BYTES && verify(null, cosignatureMessage(signed.time, utf8.decode(bytes)), key, signed.signature)
  })
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/** The signature covers what the text says, not the text: so the text must be a checkpoint and nothing more. */
function mlDsa44Verifier ({ name, publicKey }: VerifierKey): NoteVerifier['verify'] | undefined {
  const key = publicKeyOf('ML-DSA-44', publicKey, ML_DSA_44_PUBLIC_BYTES)
  return key && ((bytes, timestamped) => {
    const checkpoint = parseCheckpoint(utf8.decode(bytes))
    const signed = parseTimestamped(timestamped)
    if (checkpoint === undefined || signed?.signature.length !== ML_DSA_44_SIGNATURE_BYTES) return false
    return verify(null, subtreeMessage(name, signed.time, checkpoint), key, signed.signature)
  })
}

/**
 * The bytes that each key is to sign, in the order of `keys`: by `KeyRing.sign` for type 0x01, by `signPostQuantum` for
 * 0x06. `time` is in seconds since 1970. A local head is signed with the Ed25519 key alone, a published one with both.
 * Throws TypeError for another type of key, or one whose name is not the log's origin.
 */
export const checkpointRequests = (checkpoint: Checkpoint, keys: readonly LogKey[], time: number): Uint8Array[] =>
  keys.map(key => requestFor(checkpoint, key, time))

function requestFor (checkpoint: Checkpoint, key: LogKey, time: number): Uint8Array {
  if (key.name !== checkpoint.origin) throw new TypeError('the key of a log is named as its origin')
  switch (key.type) {
    case SIGNATURE_TYPES.ed25519: return signedBytes(formatCheckpoint(checkpoint))
    case SIGNATURE_TYPES.mlDsa44: return subtreeMessage(key.name, time, checkpoint)
    default: throw new TypeError('logs sign with Ed25519 and ML-DSA-44')
  }
}

/** The signed note out of the answers to `checkpointRequests` for the same arguments; throws TypeError when a signature does not fit. */
export function assembleCheckpoint (checkpoint: Checkpoint, keys: readonly LogKey[], time: number, signatures: readonly Uint8Array[]): string {
  const text = formatCheckpoint(checkpoint)
  const bytes = signedBytes(text)
  const lines = keys.map((key, i) => {
    const signature = key.type === SIGNATURE_TYPES.mlDsa44 ? encodeTimestamped(time, signatures[i]!) : signatures[i]!
    if (noteVerifier(key)?.verify(bytes, signature) !== true) throw new TypeError('a signature does not fit the checkpoint and the key')
    return { name: key.name, keyId: keyIdOf(key), signature }
  })
  return formatNote({ text, signatures: lines })
}

/** The bytes that a witness is to sign with each key, in the order of `keys`; throws TypeError for the key of a log. */
export const cosignatureRequests = (checkpoint: Checkpoint, keys: readonly WitnessKey[], time: number): Uint8Array[] => keys.map(key => {
  if (key.name === checkpoint.origin) throw new TypeError('a witness has another name than the log')
  switch (key.type) {
    case SIGNATURE_TYPES.cosignature: return cosignatureMessage(time, formatCheckpoint(checkpoint))
    case SIGNATURE_TYPES.mlDsa44: return subtreeMessage(key.name, time, checkpoint)
    default: throw new TypeError('witnesses sign with Ed25519 (type 0x04) and ML-DSA-44')
  }
})

/** The signature lines out of the answers to `cosignatureRequests`; throws TypeError when a signature does not fit. */
export function assembleCosignatures (checkpoint: Checkpoint, keys: readonly WitnessKey[], time: number, signatures: readonly Uint8Array[]): NoteSignature[] {
  const bytes = signedBytes(formatCheckpoint(checkpoint))
  return keys.map((key, i) => {
    const signature = encodeTimestamped(time, signatures[i]!)
    if (noteVerifier(key)?.verify(bytes, signature) !== true) throw new TypeError('a cosignature does not fit the checkpoint and the key')
    return { name: key.name, keyId: keyIdOf(key), signature }
  })
}

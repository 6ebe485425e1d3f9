/**
 * A tree head as text (C2SP tlog-checkpoint v1.0.0), and the one way to believe a signed one.
 *
 *   origin LF ‖ size in decimal LF ‖ base64( root(32) ) LF
 *
 * Extension lines are refused: ML-DSA-44 signatures would not cover them.
 */
import { fromBase64, toBase64 } from './base64.ts'
import { openNote, isKeyName, type NoteSignature, type NoteVerifier } from './note.ts'
import { HASH_BYTES } from './tile.ts'

/** `origin` is the log's identity and the name of its keys: a URL without scheme. */
export interface Checkpoint { readonly origin: string, readonly size: number, readonly root: Uint8Array }

/** `wrong-origin`: authentic perhaps, but of another log. `not-signed`: a key of the log that must sign did not. */
export type CheckpointFault = 'malformed' | 'wrong-origin' | 'wrong-signature' | 'not-signed'
export type OpenedCheckpoint =
  | { readonly ok: true, readonly checkpoint: Checkpoint, readonly text: string, readonly cosignatures: readonly NoteSignature[] }
  | { readonly ok: false, readonly code: CheckpointFault }

/** Throws TypeError when it is not a checkpoint that `parseCheckpoint` would read back. */
export function formatCheckpoint ({ origin, size, root }: Checkpoint): string {
  const text = `${origin}\n${size}\n${toBase64(root)}\n`
  if (parseCheckpoint(text) === undefined) throw new TypeError('not a checkpoint')
  return text
}

/** Foreign text, without its signatures: undefined when it is not spelled the one way. Authentic only after `openCheckpoint`. */
export function parseCheckpoint (text: string): Checkpoint | undefined {
  const [origin, size, root, end, ...more] = text.split('\n')
  if (end !== '' || more.length > 0 || !isKeyName(origin!) || !/^(?:0|[1-9]\d{0,15})$/.test(size!)) return undefined
  const hash = fromBase64(root!)
  return hash?.length === HASH_BYTES && Number.isSafeInteger(Number(size)) ? { origin: origin!, size: Number(size), root: hash } : undefined
}

/**
 * A signed checkpoint of the log `origin`. Every one of `logKeys` must have signed it, one by one; `cosignatures` are
 * the verified ones of `witnesses`, and how many of them are enough is the caller's policy.
 * Throws TypeError without log keys: a checkpoint that nobody had to sign says nothing.
 */
export function openCheckpoint (note: string, origin: string, logKeys: readonly NoteVerifier[], witnesses: readonly NoteVerifier[]): OpenedCheckpoint {
  if (logKeys.length === 0) throw new TypeError('a checkpoint is opened with the keys of its log')
  const opened = openNote(note, [...logKeys, ...witnesses])
  if (!opened.ok) return { ok: false, code: opened.code === 'no-known-key' ? 'not-signed' : opened.code }
  const checkpoint = parseCheckpoint(opened.text)
  if (checkpoint === undefined) return { ok: false, code: 'malformed' }
  if (checkpoint.origin !== origin) return { ok: false, code: 'wrong-origin' }
  if (!logKeys.every(key => opened.signatures.some(isBy(key)))) return { ok: false, code: 'not-signed' }
  const cosignatures = opened.signatures.filter(signature => witnesses.some(witness => isBy(witness)(signature)))
  return { ok: true, checkpoint, text: opened.text, cosignatures }
}

const isBy = (key: NoteVerifier) => (signature: NoteSignature): boolean => signature.name === key.name && signature.keyId === key.keyId

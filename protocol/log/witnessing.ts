/**
 * What a log asks of a witness, and how a witness answers (C2SP tlog-witness v1.0.0, `add-checkpoint`):
 *
 *   "old " size LF ‖ ( base64( hash(32) ) LF ){0,63} ‖ LF ‖ checkpoint (a signed note)
 *
 * A witness remembers one head for each log and cosigns a larger one only when it is proven to add to that; so no two
 * different trees of the same size are ever cosigned. This file decides; what is remembered must be durable before the
 * cosignature leaves. It never sees an entry.
 */
import { bytesToHex, equalBytes, sha256, utf8ToBytes } from '../bytes.ts'
import { fromBase64, toBase64 } from './base64.ts'
import { openCheckpoint, type Checkpoint } from './checkpoint.ts'
import { verifyConsistency } from './consistency.ts'
import { emptyRoot } from './hash.ts'
import { NOTE_LENGTH_MAX, type NoteVerifier } from './note.ts'
import { HASH_BYTES } from './tile.ts'

export const PROOF_LINES_MAX = 63
/** UTF-16 code units of a whole request. */
export const ADD_CHECKPOINT_LENGTH_MAX = NOTE_LENGTH_MAX + 4096

export interface AddCheckpoint {
  /** The size that the log believes the witness to have seen last. */
  readonly old: number
  /** RFC 6962 consistency proof from `old` to the checkpoint. */
  readonly proof: readonly Uint8Array[]
  /** The signed checkpoint. */
  readonly note: string
}
/** What a witness has cosigned last of one log. */
export interface SeenHead { readonly size: number, readonly root: Uint8Array }

export const formatAddCheckpoint = ({ old, proof, note }: AddCheckpoint): string =>
  `old ${old}\n${proof.map(hash => `${toBase64(hash)}\n`).join('')}\n${note}`

/** Foreign text: undefined when it is not such a request. */
export function parseAddCheckpoint (body: string): AddCheckpoint | undefined {
  const end = body.indexOf('\n\n')
  if (body.length > ADD_CHECKPOINT_LENGTH_MAX || end < 0) return undefined
  const [first, ...lines] = body.slice(0, end).split('\n')
  const old = /^old (0|[1-9]\d{0,15})$/.exec(first!)?.[1]
  if (old === undefined || !Number.isSafeInteger(Number(old)) || lines.length > PROOF_LINES_MAX) return undefined
  const proof = lines.map(fromBase64)
  return proof.every(hash => hash?.length === HASH_BYTES) ? { old: Number(old), proof: proof as Uint8Array[], note: body.slice(end + 2) } : undefined
}

/** The log that a signed checkpoint says it is of; undefined when it says none. Nothing is believed yet. */
export const originOfNote = (note: string): string | undefined => /^([^\n]+)\n/.exec(note)?.[1]

/** Under which name a witness publishes what it cosigned of a log: hex SHA-256 of its origin. */
export const originHash = (origin: string): string => bytesToHex(sha256(utf8ToBytes(origin)))

/**
 * `status` is that of HTTP. 409 carries the size to start from. `evidence`: the log signed two heads that cannot both be
 * true, or one that it cannot prove; what it sent is to be kept.
 */
export type Judgement =
  | { readonly accepted: true, readonly checkpoint: Checkpoint, readonly text: string }
  | { readonly accepted: false, readonly status: 400 | 403 | 409 | 422, readonly size?: number, readonly why: string, readonly evidence?: boolean }

const refuse = (status: 400 | 403 | 422, why: string): Judgement => ({ accepted: false, status, why })

/** `logKeys` are those of the log that the note names; all of them must have signed. `seen`: size 0 before the first. */
export function judgeCheckpoint ({ old, proof, note }: AddCheckpoint, origin: string, logKeys: readonly NoteVerifier[], seen: SeenHead | undefined): Judgement {
  const opened = openCheckpoint(note, origin, logKeys, [])
  if (!opened.ok) return opened.code === 'malformed' || opened.code === 'wrong-origin' ? refuse(400, opened.code) : refuse(403, opened.code)
  const { checkpoint, text } = opened
  if (old > checkpoint.size) return refuse(400, 'old-above-size')
  const last = seen ?? { size: 0, root: emptyRoot() }
  if (old !== last.size) return { accepted: false, status: 409, size: last.size, why: 'other-size' }
  const grows = verifyConsistency({ size1: last.size, root1: last.root, size2: checkpoint.size, root2: checkpoint.root, proof })
  if (grows) return { accepted: true, checkpoint, text }
  // Of the same size, what differs is signed by the log itself: it needs no proof.
  const isFork = checkpoint.size === last.size && !equalBytes(checkpoint.root, last.root)
  return { accepted: false, status: isFork ? 409 : 422, ...(isFork && { size: last.size }), why: isFork ? 'forked' : 'not-proven', evidence: true }
}

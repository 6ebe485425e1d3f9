/**
 * What a hit promises about the footage that stayed at home: a commitment to frames, made before the hit leaves, so that
 * a frame that is disclosed later can be proven to be one of those that caused it. Invariant: the commitment tells
 * nothing of a frame to whoever has neither the frame nor its salt, and each frame can be shown without the others.
 *
 *   manifest     "tiltas/evidence/1" LF, then for each frame, in the order of time:
 *                time (ms since 1970, decimal) SP digest (base64url) LF
 *   digest       SHA-256 over "tiltas/evidence-frame/1" ‖ 00 ‖ salt (32) ‖ the frame's bytes as they are kept
 *   commitment   SHA-256 over the manifest; it is the `evidence` of reads, candidates and hits
 *
 * Nothing in it names a camera or a place. It knows no disk and no pictures: a frame is bytes.
 */
import { concatBytes, digestOf, utf8ToBytes } from '../../protocol/bytes.ts'
import { DIGEST, type Digest } from '../../protocol/identifiers.ts'
import type { Instant } from '../../protocol/instant.ts'

export const EVIDENCE_SALT_BYTES = 32
/** Frames that one read is proven by. */
export const EVIDENCE_FRAMES_MAX = 4
const HEAD = 'tiltas/evidence/1'
const FRAME_HEAD = utf8ToBytes('tiltas/evidence-frame/1\0')
const LINE = /^(0|[1-9]\d{0,14}) ([A-Za-z0-9_-]{43})$/

export interface EvidenceFrame {
  readonly at: Instant
  readonly bytes: Uint8Array
  /** Random, secret until the frame is disclosed. */
  readonly salt: Uint8Array
}
export interface ManifestLine { readonly at: Instant, readonly digest: Digest }

export function digestOfFrame ({ bytes, salt }: Pick<EvidenceFrame, 'bytes' | 'salt'>): Digest {
  if (salt.length !== EVIDENCE_SALT_BYTES) throw new RangeError('a salt has 32 bytes')
  return digestOf(concatBytes(FRAME_HEAD, salt, bytes))
}

/** The frames' manifest as text. Throws RangeError when there is no frame, or too many. */
export function manifestOf (frames: readonly EvidenceFrame[]): string {
  if (frames.length === 0 || frames.length > EVIDENCE_FRAMES_MAX) throw new RangeError(`evidence has 1 to ${EVIDENCE_FRAMES_MAX} frames`)
  const lines = [...frames].sort((a, b) => a.at - b.at).map(frame => `${frame.at} ${digestOfFrame(frame)}\n`)
  return `${HEAD}\n${lines.join('')}`
}

export const commitmentOfManifest = (manifest: string | Uint8Array): Digest => digestOf(typeof manifest === 'string' ? utf8ToBytes(manifest) : manifest)

/** Undefined when it is not exactly a manifest. Foreign bytes are first touched here. */
export function parseManifest (text: string): ManifestLine[] | undefined {
  const [head, ...rest] = text.split('\n')
  if (head !== HEAD || rest.pop() !== '' || rest.length === 0 || rest.length > EVIDENCE_FRAMES_MAX) return undefined
  const lines = rest.map(line => LINE.exec(line)).map(found => found === null ? undefined : { at: Number(found[1]), digest: found[2] as Digest })
  return lines.every(line => line !== undefined) ? lines : undefined
}

/** What became of one frame of the manifest when it was held against what was handed over. */
export type FrameVerdict = 'matches' | 'not-disclosed' | 'differs'
export type EvidenceVerdict =
  | { readonly code: 'proven' | 'no-frame-proven', readonly frames: readonly { readonly at: Instant, readonly verdict: FrameVerdict }[] }
  | { readonly code: 'not-a-manifest' | 'other-commitment' | 'not-a-digest' }

/** `disclosed` holds what was handed over for each line of the manifest, in its order: undefined where nothing was. */
export function verifyEvidence (manifest: string, commitment: string, disclosed: readonly (Pick<EvidenceFrame, 'bytes' | 'salt'> | undefined)[]): EvidenceVerdict {
  const lines = parseManifest(manifest)
  if (lines === undefined) return { code: 'not-a-manifest' }
  if (!DIGEST.test(commitment)) return { code: 'not-a-digest' }
  if (commitmentOfManifest(manifest) !== commitment) return { code: 'other-commitment' }
  const frames = lines.map(({ at, digest }, i) => ({ at, verdict: verdictOf(disclosed[i], digest) }))
  const isProven = frames.some(({ verdict }) => verdict === 'matches') && frames.every(({ verdict }) => verdict !== 'differs')
  return { code: isProven ? 'proven' : 'no-frame-proven', frames }
}

function verdictOf (frame: Pick<EvidenceFrame, 'bytes' | 'salt'> | undefined, digest: Digest): FrameVerdict {
  if (frame === undefined) return 'not-disclosed'
  return frame.salt.length === EVIDENCE_SALT_BYTES && digestOfFrame(frame) === digest ? 'matches' : 'differs'
}

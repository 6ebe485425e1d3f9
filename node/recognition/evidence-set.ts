/**
 * The frames of one read as one run of bytes, before it is sealed:
 *
 *   length of head (4, big-endian) ‖ head (JSON: time, type, salt and length of each frame) ‖ the frames, one after the other
 */
import { fromBase64url, toBase64url, utf8ToBytes } from '../../protocol/bytes.ts'
import type { Instant } from '../../protocol/instant.ts'
import { EVIDENCE_FRAMES_MAX, type EvidenceFrame } from './evidence.ts'
import type { PictureType } from './sources.ts'

/** Frames of one read together, bytes. */
export const EVIDENCE_SET_BYTES_MAX = 32 * 1024 * 1024

export interface KeptFrame extends EvidenceFrame { readonly mediaType: PictureType }

/** The first ones that fit. */
export function chooseFrames<Frame extends { readonly bytes: Uint8Array, readonly at: Instant }> (frames: readonly Frame[]): Frame[] {
  let size = 0
  return frames.slice(0, EVIDENCE_FRAMES_MAX).filter(({ bytes }) => (size += bytes.length) <= EVIDENCE_SET_BYTES_MAX).sort((a, b) => a.at - b.at)
}

interface SetHead { readonly frames: readonly { readonly at: Instant, readonly mediaType: PictureType, readonly salt: string, readonly bytes: number }[] }

export function encodeSet (frames: readonly KeptFrame[]): Uint8Array {
  const head: SetHead = { frames: frames.map(({ at, mediaType, salt, bytes }) => ({ at, mediaType, salt: toBase64url(salt), bytes: bytes.length })) }
  const text = utf8ToBytes(JSON.stringify(head))
  const set = new Uint8Array(4 + text.length + frames.reduce((sum, { bytes }) => sum + bytes.length, 0))
  new DataView(set.buffer).setUint32(0, text.length)
  set.set(text, 4)
  let at = 4 + text.length
  for (const { bytes } of frames) { set.set(bytes, at); at += bytes.length }
  return set
}

/** Of bytes that we sealed ourselves. */
export function decodeSet (set: Uint8Array): KeptFrame[] {
  const length = new DataView(set.buffer, set.byteOffset).getUint32(0)
  const head = JSON.parse(new TextDecoder().decode(set.subarray(4, 4 + length))) as SetHead
  let from = 4 + length
  return head.frames.map(({ at, mediaType, salt, bytes }) => ({ at, mediaType, salt: fromBase64url(salt)!, bytes: set.slice(from, from += bytes) }))
}

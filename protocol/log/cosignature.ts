/**
 * What timestamped signatures cover, and how their time travels (C2SP tlog-cosignature v1.1.0-rc.1): Ed25519 ones of
 * witnesses (type 0x04), and ML-DSA-44 ones (type 0x06) of witnesses and of logs. The latter cover no extension lines,
 * so we have none.
 */
import { concatBytes, u64be, utf8ToBytes } from '../bytes.ts'
import type { Checkpoint } from './checkpoint.ts'

/** What a type 0x04 signature covers: two lines, then the checkpoint's text. `time` is in seconds since 1970. */
export const cosignatureMessage = (time: number, text: string): Uint8Array => utf8ToBytes(`cosignature/v1\ntime ${time}\n${text}`)

const LABEL = 'subtree/v1\n\0'
const TIME_BYTES = 8

/**
 *   "subtree/v1\n\0" ‖ u8 length, signer ‖ u64 time ‖ u8 length, origin ‖ u64 0 ‖ u64 size ‖ root(32)
 *
 * `time` is in seconds since 1970, or 0 when nothing is said about time. Throws RangeError for names above 255 bytes.
 */
export const subtreeMessage = (signer: string, time: number, { origin, size, root }: Checkpoint): Uint8Array =>
  concatBytes(utf8ToBytes(LABEL), shortText(signer), u64be(time), shortText(origin), u64be(0), u64be(size), root)

function shortText (text: string): Uint8Array {
  const bytes = utf8ToBytes(text)
  if (bytes.length > 255) throw new RangeError('a name in a signed subtree has at most 255 bytes')
  return concatBytes(Uint8Array.of(bytes.length), bytes)
}

/** `u64 time ‖ signature`, as it stands in the signature line. */
export const encodeTimestamped = (time: number, signature: Uint8Array): Uint8Array => concatBytes(u64be(time), signature)

/** Undefined when it is too short or its time is beyond the safe integers. */
export function parseTimestamped (bytes: Uint8Array): { time: number, signature: Uint8Array } | undefined {
  if (bytes.length <= TIME_BYTES) return undefined
  const time = bytes.subarray(0, TIME_BYTES).reduce((value, byte) => value * 256 + byte, 0)
  return Number.isSafeInteger(time) ? { time, signature: bytes.subarray(TIME_BYTES) } : undefined
}

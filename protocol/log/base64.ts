/** RFC 4648 section 4 with padding, as C2SP formats want it; only the canonical spelling is read. */
import { fromBase64url, toBase64url } from '../bytes.ts'

export const toBase64 = (bytes: Uint8Array): string =>
  toBase64url(bytes).replaceAll('-', '+').replaceAll('_', '/') + '='.repeat((3 - bytes.length % 3) % 3)

/** Undefined when the text is not base64, lacks its padding or has stray bits. */
export function fromBase64 (text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined
  return fromBase64url(text.replace(/=+$/, '').replaceAll('+', '-').replaceAll('/', '_'))
}

/** Bytes from a camera to JSON. Hostile input is first touched here: strict UTF-8, bounded nesting, then the platform's parser. */
import { isNestedTooDeep } from '../../protocol/messages/encoding.ts'

/** Undefined when the bytes are not UTF-8, not JSON, or nest deeper than JSON_DEPTH_MAX. */
export function parseForeignJson (body: Uint8Array | string): unknown {
  try {
    const text = typeof body === 'string' ? body : new TextDecoder('utf-8', { fatal: true }).decode(body)
    return isNestedTooDeep(text) ? undefined : JSON.parse(text)
  } catch { return undefined }
}

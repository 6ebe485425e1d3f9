/** Looks into a compact JWS without verifying it: only for what this node signed or verified itself. */
import { fromBase64url } from '../bytes.ts'
import type { Message } from './message.ts'

/** UTF-8 to text, by percent-encoding: pure folders have no TextDecoder. */
function decodeUtf8 (bytes: Uint8Array): string {
  let latin = ''
  for (let from = 0; from < bytes.length; from += 4096) latin += String.fromCharCode(...bytes.subarray(from, from + 4096))
  if (!/[\x80-\xff]/.test(latin)) return latin
  return decodeURIComponent(latin.replace(/[^A-Za-z0-9]/g, byte => '%' + byte.charCodeAt(0).toString(16).padStart(2, '0')))
}

export const payloadOf = (jws: string): Message => JSON.parse(decodeUtf8(fromBase64url(jws.split('.')[1]!)!)) as Message

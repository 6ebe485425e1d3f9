/**
 * Deterministic bytes of a JSON value, and the only parser of foreign JSON.
 * Encoding follows RFC 8785 (JCS) for what our schemas allow: objects with keys sorted by UTF-16 code units, arrays,
 * strings, booleans, null and safe integers; never a float. What is parsed must be encoded exactly so: one value,
 * one spelling, hence no duplicate keys, no odd numbers, no second reading of signed bytes.
 */
import { JSON_DEPTH_MAX } from '../limits.ts'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined }

export function encodeJson (value: Json): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new TypeError('numbers in messages are safe integers')
    return String(value)
  }
  if (Array.isArray(value)) {
    let text = '['
    for (let i = 0; i < value.length; i++) text += (i === 0 ? '' : ',') + encodeJson(value[i]!)
    return text + ']'
  }
  const object = value as { readonly [key: string]: Json | undefined }
  let text = '{'
  for (const key of Object.keys(object).sort()) {
    const member = object[key]
    if (member !== undefined) text += (text === '{' ? '' : ',') + JSON.stringify(key) + ':' + encodeJson(member)
  }
  return text + '}'
}

/** JSON.stringify escapes surrogates only when they stand alone, and RFC 8785 section 3.2.2.2 has none of those. */
const LONE_SURROGATE = /(?:^|[^\\])(?:\\\\)*\\u[dD][89a-fA-F]/

/** Undefined when the text is not JSON, nests too deep, or is not spelled the one way that encodeJson spells it. */
export function parseJson (text: string): Json | undefined {
  if (isNestedTooDeep(text) || LONE_SURROGATE.test(text)) return undefined
  try {
    const value = JSON.parse(text) as Json
    return encodeJson(value) === text ? value : undefined
  } catch { return undefined }
}

/** Counts brackets outside strings, before anything recursive sees the text. */
export function isNestedTooDeep (text: string, depthMax = JSON_DEPTH_MAX): boolean {
  let depth = 0; let quoted = false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (quoted) {
      if (code === 92) i++
      else if (code === 34) quoted = false
    } else if (code === 34) quoted = true
    else if (code === 123 || code === 91) { if (++depth > depthMax) return true } else if (code === 125 || code === 93) depth--
  }
  return false
}

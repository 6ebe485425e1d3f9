/**
 * Deterministic bytes of a JSON value, and the only parser of foreign JSON.
 * Encoding follows RFC 8785 (JCS) for what our schemas allow: objects with keys sorted by UTF-16 code units, arrays,
 * strings, booleans, null and safe integers; never a float, never a name that is a number. What is parsed must be encoded exactly so: one value,
 * one spelling, hence no duplicate keys, no odd numbers, no second reading of signed bytes.
 */
import { JSON_DEPTH_MAX } from '../limits.ts'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined }

export const encodeJson = (value: Json): string => JSON.stringify(inOrder(value))

/** The same value with its names in order; itself, not a copy, where they are already. */
function inOrder (value: Json): Json {
  if (isInOrder(value)) return value
  if (typeof value === 'number') throw new TypeError('numbers in messages are safe integers')
  if (Array.isArray(value)) return value.map(inOrder)
  const object = value as { readonly [key: string]: Json | undefined }
  const keys = Object.keys(object).sort()
  if (keys.some(isIndex)) throw new TypeError('names in messages are no numbers')
  const ordered: { [key: string]: Json | undefined } = {}
  for (const key of keys) {
    const member = object[key]
    if (member === undefined) continue
    if (key === '__proto__') Object.defineProperty(ordered, key, { value: inOrder(member), enumerable: true })
    else ordered[key] = inOrder(member)
  }
  return ordered
}

/** Whether JSON.stringify spells it canonically: keys in order, safe integers only. */
function isInOrder (value: Json): boolean {
  if (typeof value === 'number') return Number.isSafeInteger(value)
  if (typeof value !== 'object' || value === null) return true
  if (Array.isArray(value)) return value.every(isInOrder)
  const object = value as { readonly [key: string]: Json | undefined }
  let before: string | undefined
  for (const key in object) {
    if (before === undefined ? isIndex(key) : before > key) return false
    before = key
    const member = object[key]
    if (member !== undefined && !isInOrder(member)) return false
  }
  return true
}

const INDEX = /^(?:0|[1-9]\d{0,9})$/
/** JavaScript puts names that are array indexes first, in number order; no message has any. */
const isIndex = (key: string): boolean => key.charCodeAt(0) <= 57 && INDEX.test(key)

/** JSON.stringify escapes surrogates only when they stand alone, and RFC 8785 section 3.2.2.2 has none of those. */
const LONE_SURROGATE = /(?:^|[^\\])(?:\\\\)*\\u[dD][89a-fA-F]/

/** Undefined when the text is not JSON, nests too deep, or is not spelled the one way that encodeJson spells it. */
export function parseJson (text: string): Json | undefined {
  if (isNestedTooDeep(text) || (text.includes('\\u') && LONE_SURROGATE.test(text))) return undefined
  try {
    const value = JSON.parse(text) as Json
    return isInOrder(value) && JSON.stringify(value) === text ? value : undefined
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

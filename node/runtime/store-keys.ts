/** What every store agrees on about keys: how they look, how they are ordered, and where a scan begins and ends. */
import type { StoreKey, StoreScan } from './ports.ts'

export const STORE_KEY_LENGTH_MAX = 1024
const STORE_KEY = new RegExp(`^[\\x20-\\x7e]{1,${STORE_KEY_LENGTH_MAX}}$`)
const KEY_PART = new RegExp(`^[\\x20-\\x7e]{0,${STORE_KEY_LENGTH_MAX}}$`)
/** Sorts before and after every character that keys have, so half-open ranges can be built of them. */
const BEFORE_ALL = '\x00'
const AFTER_ALL = '\x7f'

/** @throws TypeError when the key is empty, too long, or not printable ASCII, whose order is the same in UTF-8 and UTF-16 */
export function ensureStoreKey (key: StoreKey): void {
  if (!STORE_KEY.test(key)) throw new TypeError(`a store key has 1 to ${STORE_KEY_LENGTH_MAX} characters of printable ASCII`)
}

/** Keys from `from` up to, not including, `to`. */
export interface KeyRange { readonly from: StoreKey, readonly to: StoreKey }

/** @throws TypeError when prefix, after or limit are not well-formed */
export function rangeOf ({ prefix, after, limit, reverse = false }: StoreScan): KeyRange {
  if (!KEY_PART.test(prefix) || !KEY_PART.test(after ?? '')) throw new TypeError('prefix and after are printable ASCII')
  if (!Number.isSafeInteger(limit) || limit < 0) throw new TypeError('limit is an integer from 0')
  const from = prefix === '' ? ' ' : prefix
  const to = prefix + AFTER_ALL
  if (after === undefined) return { from, to }
  if (reverse) return { from, to: after < to ? after : to }
  const next = after + BEFORE_ALL
  return { from: next > from ? next : from, to }
}

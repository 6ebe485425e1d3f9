/** The hashes of an RFC 6962 tree (section 2.1): a leaf and a node can never be taken for each other. */
import { concatBytes, sha256 } from '../bytes.ts'
import { HASH_BYTES } from './tile.ts'

// 0x00 ‖ entry; one buffer for all entries that fit (every leaf of ours does), since nothing runs between filling and hashing it.
const leaf = new Uint8Array(1 + 1024)

/** SHA-256(0x00 ‖ entry). */
export function leafHash (entry: Uint8Array): Uint8Array {
  if (entry.length >= leaf.length) return sha256(concatBytes(Uint8Array.of(0x00), entry))
  leaf.set(entry, 1)
  return sha256(leaf.subarray(0, 1 + entry.length))
}

// 0x01 ‖ left ‖ right; one buffer for all, since nothing runs between filling and hashing it.
const node = new Uint8Array(1 + 2 * HASH_BYTES).fill(0x01, 0, 1)

/** SHA-256(0x01 ‖ left ‖ right). */
export function nodeHash (left: Uint8Array, right: Uint8Array): Uint8Array {
  node.set(left, 1)
  node.set(right, 1 + HASH_BYTES)
  return sha256(node)
}

/** The root of a tree without leaves: SHA-256 of nothing. */
export const emptyRoot = (): Uint8Array => sha256(new Uint8Array(0))

/** Root over `count` hashes (a power of two) that lie side by side, beginning with the `from`-th. */
export function perfectRoot (hashes: Uint8Array, from: number, count: number): Uint8Array {
  if (count === 1) return hashes.slice(from * HASH_BYTES, (from + 1) * HASH_BYTES)
  return nodeHash(perfectRoot(hashes, from, count / 2), perfectRoot(hashes, from + count / 2, count / 2))
}

/**
 * Makes a restored store honest before it is used: what it says from now on cannot be taken for what the lost one said.
 * Invariants: no stream position is given twice, since every stream goes on under a new incarnation (peers then say what they
 * hold, and send again what we lack); the first leaf after the gap says that there is one.
 */
import { noteVerifier } from '../../keys/checkpoints.ts'
import { fromBase64url, toBase64url } from '../../protocol/bytes.ts'
import type { Kid } from '../../protocol/identifiers.ts'
import { toUnixSeconds, type Instant } from '../../protocol/instant.ts'
import { formatCheckpoint } from '../../protocol/log/checkpoint.ts'
import { encodeLeaf } from '../../protocol/log/leaf.ts'
import { SIGNATURE_TYPES, signedBytes } from '../../protocol/log/note.ts'
import { appendLeaves, rootOf } from '../../protocol/log/tree.ts'
import { keyOf, type OutStreamRecord } from '../../protocol/records.ts'
import { recoverEdge } from '../runtime/log-reader.ts'
import type { KeyRing, Store, StoreWrite } from '../runtime/ports.ts'
import { BackupError } from './errors.ts'
import type { Pair } from './snapshot.ts'

/** The `why` of the leaf; its type is `start`. */
export const RESTORED_WHY = 'restored-from-backup'
const OUT_STREAM_PREFIX = 'stream/out/'
const INCARNATION_BYTES = 16

/** A stream of ours gets a new incarnation; everything else stays byte for byte. `draw`: unpredictable bytes. */
export function renewIncarnation ({ key, value }: Pair, draw: (length: number) => Uint8Array): Pair {
  if (!key.startsWith(OUT_STREAM_PREFIX)) return { key, value }
  const record = JSON.parse(Buffer.from(value).toString('utf8')) as OutStreamRecord
  return record.incarnation === '' ? { key, value } : { key, value: encode({ ...record, incarnation: toBase64url(draw(INCARNATION_BYTES)) }) }
}

const encode = (record: object): Uint8Array => Buffer.from(JSON.stringify(record), 'utf8')

export interface LogOf { readonly origin: string, readonly kid: Kid, readonly publicKey: Uint8Array }

/**
 * Appends the leaf and signs the new head; answers how many leaves the backup had. A store without a log, of a node that
 * never ran, is left alone. @throws BackupError `would-not-start` when the log does not lead to its signed head
 */
export async function logTheRestore (store: Store, keyRing: KeyRing, { origin, kid, publicKey }: LogOf, now: Instant): Promise<number> {
  const head = await readHead(store)
  if (head === undefined) return 0
  const edge = await recoverEdge(store, head.size)
  const verifier = noteVerifier({ name: origin, type: SIGNATURE_TYPES.ed25519, publicKey })
  if (verifier?.verify(headBytes(origin, head.size, rootOf(edge)), fromBase64url(head.signature) ?? new Uint8Array(0)) !== true) throw new BackupError('would-not-start', { detail: 'its log does not lead to a head signed by the key that the nation names' })
  const leaf = encodeLeaf({ v: 1, at: toUnixSeconds(now), t: 'start', why: RESTORED_WHY })
  const { tiles } = appendLeaves(edge, [leaf])
  const [signature] = await keyRing.sign([{ kid, bytes: headBytes(origin, edge.size, rootOf(edge)) }])
  await store.commit([
    { op: 'put', key: keyOf.logLeaf(head.size), value: leaf },
    ...tiles.map((tile): StoreWrite => ({ op: 'put', key: keyOf.logTile(tile.level, tile.index), value: tile.bytes })),
    { op: 'put', key: keyOf.logHead, value: encode({ size: edge.size, signature: toBase64url(signature!) }) }
  ])
  return head.size
}

const headBytes = (origin: string, size: number, root: Uint8Array): Uint8Array => signedBytes(formatCheckpoint({ origin, size, root }))

async function readHead (store: Store): Promise<{ size: number, signature: string } | undefined> {
  const bytes = await store.get(keyOf.logHead)
  return bytes === undefined ? undefined : JSON.parse(Buffer.from(bytes).toString('utf8')) as { size: number, signature: string }
}

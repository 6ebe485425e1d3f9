/** What a node believes of its own disk: only a log that leads to the head it signed. */
import { sign } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { privateKeyFromSeed } from '../../../keys/private-key.ts'
import { toBase64url } from '../../../protocol/bytes.ts'
import { parseNodeId } from '../../../protocol/identifiers.ts'
import { formatCheckpoint } from '../../../protocol/log/checkpoint.ts'
import { encodeLeaf } from '../../../protocol/log/leaf.ts'
import { signedBytes } from '../../../protocol/log/note.ts'
import { appendLeaves, emptyEdge, rootOf } from '../../../protocol/log/tree.ts'
import { keyOf } from '../../../protocol/records.ts'
import { MemoryStore } from '../../../node/runtime/memory-store.ts'
import { recoverState } from '../../../node/runtime/recover.ts'
import { Records } from '../../../node/runtime/records.ts'
import type { RecordKeys, StoreError } from '../../../node/runtime/ports.ts'
import { Vault } from '../../../node/runtime/vault.ts'

const recover = suite('recover')
const SELF = parseNodeId('lv/national')
const ORIGIN = 'tiltas.example/lv/national/log'
const LEAVES = 300
const key = privateKeyFromSeed({ algorithm: 'Ed25519', purpose: 'log', seed: new Uint8Array(32).fill(7) })
const leafAt = (index: number): Uint8Array => encodeLeaf({ v: 1, t: 'start', at: 1_800_000_000 + index })

async function storeWithLog (): Promise<MemoryStore> {
  const store = new MemoryStore()
  const leaves = Array.from({ length: LEAVES }, (_, i) => leafAt(i))
  const { edge, tiles } = appendLeaves(emptyEdge(), leaves)
  const signature = sign(null, signedBytes(formatCheckpoint({ origin: ORIGIN, size: LEAVES, root: rootOf(edge) })), key.handle)
  await store.commit([
    ...leaves.map((value, i) => ({ op: 'put' as const, key: keyOf.logLeaf(i), value })),
    ...tiles.map(({ level, index, bytes }) => ({ op: 'put' as const, key: keyOf.logTile(level, index), value: bytes })),
    { op: 'put', key: keyOf.logHead, value: Buffer.from(JSON.stringify({ size: LEAVES, signature: toBase64url(signature) })) }
  ])
  return store
}

const recoverFrom = (store: MemoryStore) => recoverState(store, new Records(store, new Vault({} as RecordKeys, { bytes: length => new Uint8Array(length) })), SELF, ORIGIN, [key.publicKey])

recover('a log that leads to its signed head is taken up where it stood', async () => {
  const state = await recoverFrom(await storeWithLog())
  assert.is(state.log.edge.size, LEAVES)
  assert.is(state.log.signedSize, LEAVES)
})

recover('a leaf that was changed on disk stops the node, and says why', async () => {
  const store = await storeWithLog()
  await store.commit([{ op: 'put', key: keyOf.logLeaf(LEAVES - 1), value: leafAt(LEAVES + 5) }])
  const error = await recoverFrom(store).then(() => undefined, (thrown: StoreError) => thrown)
  assert.is(error?.code, 'corrupt')
  assert.match(error!.message, /changed on disk/)
})

recover('a head that another key signed is none', async () => {
  const store = await storeWithLog()
  await store.commit([{ op: 'put', key: keyOf.logHead, value: Buffer.from(JSON.stringify({ size: LEAVES - 1, signature: toBase64url(new Uint8Array(64)) })) }])
  const error = await recoverFrom(store).then(() => undefined, (thrown: StoreError) => thrown)
  assert.is(error?.code, 'corrupt')
})

recover.run()

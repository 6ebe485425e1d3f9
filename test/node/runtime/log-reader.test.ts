import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { LogDamage, loadTiles, proveConsistency, proveInclusion, recoverEdge, rootAt, verifyWholeLog, FINDINGS_MAX } from '../../../node/runtime/log-reader.ts'
import { StoreError, type Store, type StoreKey, type StoreScan, type StoreWrite } from '../../../node/runtime/ports.ts'
import { verifyConsistency } from '../../../protocol/log/consistency.ts'
import { leafHash } from '../../../protocol/log/hash.ts'
import { verifyInclusion } from '../../../protocol/log/inclusion.ts'
import { tileIn, tileName } from '../../../protocol/log/tile.ts'
import { appendLeaves, emptyEdge, rootOf, type LogEdge } from '../../../protocol/log/tree.ts'
import { keyOf } from '../../../protocol/records.ts'
import { entriesUpTo, entryOf, flipped, hex, referenceRoot, runs } from '../../protocol/log/reference.ts'

const reader = suite('node/runtime/log-reader')

/** A store in memory that counts what is read, and can hold damaged values as a disk does. */
class MemoryStore implements Store {
  readonly values = new Map<StoreKey, Uint8Array>()
  readonly damaged = new Set<StoreKey>()
  reads = 0
  broken = false

  #read (key: StoreKey): Uint8Array | undefined {
    if (this.broken) throw new StoreError('failed', 'the disk is gone')
    if (this.damaged.has(key)) throw new StoreError('corrupt', 'digest differs', { key })
    this.reads++
    return this.values.get(key)
  }

  async get (key: StoreKey): Promise<Uint8Array | undefined> { return this.#read(key) }
  async getMany (keys: readonly StoreKey[]): Promise<(Uint8Array | undefined)[]> { return keys.map(key => this.#read(key)) }
  async scan ({ prefix, after = '', limit }: StoreScan): Promise<{ key: StoreKey, value: Uint8Array }[]> {
    const keys = [...this.values.keys()].filter(key => key.startsWith(prefix) && key > after).sort().slice(0, limit)
    return keys.map(key => ({ key, value: this.#read(key)! }))
  }

  async commit (writes: readonly StoreWrite[]): Promise<void> {
    for (const write of writes) { if (write.op === 'put') this.values.set(write.key, write.value); else this.values.delete(write.key) }
  }

  async close (): Promise<void> {}
}

async function append (store: Store, edge: LogEdge, count: number): Promise<void> {
  const from = edge.size
  const leaves = Array.from({ length: count }, (_, i) => entryOf(from + i))
  const { tiles } = appendLeaves(edge, leaves)
  await store.commit([
    ...leaves.map((value, i) => ({ op: 'put' as const, key: keyOf.logLeaf(from + i), value })),
    ...tiles.map(({ level, index, bytes }) => ({ op: 'put' as const, key: keyOf.logTile(level, index), value: bytes }))
  ])
}

async function logOf (size: number): Promise<{ store: MemoryStore, edge: LogEdge }> {
  const store = new MemoryStore(); const edge = emptyEdge()
  await append(store, edge, size)
  return { store, edge }
}

reader('recovers the edge as it was, at any size, and the log goes on', async () => {
  const { store } = await logOf(66_000)
  const edge = emptyEdge()
  for (const size of [0, 2, 255, 257, 600, 65_535, 65_537, 66_000]) {
    while (edge.size < size) appendLeaves(edge, [entryOf(edge.size)])
    const recovered = await recoverEdge(store, size)
    assert.equal(recovered, edge, `size ${size}`)
    assert.equal(appendLeaves(recovered, [entryOf(size)]), appendLeaves(edge, [entryOf(size)]))
  }
})

reader('reads no more than one tile a level to recover', async () => {
  const { store } = await logOf(66_000)
  store.reads = 0
  await recoverEdge(store, 66_000)
  // The leaves of the last tile, the full tiles of level 0 beyond the first 256, and the full one of level 1.
  assert.is(store.reads, 66_000 % 256 + Math.floor(66_000 / 256) % 256 + 1)
})

reader('proves inclusion and consistency, with and without the edge at hand', async () => {
  const { store, edge } = await logOf(2000)
  const place = fc.integer({ min: 1, max: 2000 }).chain(size => fc.tuple(fc.constant(size), fc.nat(size - 1)))
  await fc.assert(fc.asyncProperty(place, fc.boolean(), async ([size, index], withEdge) => {
    const held = withEdge ? edge : undefined
    const root = referenceRoot(entriesUpTo(size))
    assert.ok(verifyInclusion({ size, root, index, leafHash: leafHash(entryOf(index)), proof: await proveInclusion(store, size, index, held) }))
    const proof = await proveConsistency(store, index + 1, size, held)
    assert.ok(verifyConsistency({ size1: index + 1, root1: referenceRoot(entriesUpTo(index + 1)), size2: size, root2: root, proof }))
  }), runs(25))
})

reader('gives the roots that the log had before', async () => {
  const { store, edge } = await logOf(1200)
  for (const size of [0, 1, 255, 256, 257, 1024, 1199, 1200]) {
    assert.equal(await rootAt(store, size), referenceRoot(entriesUpTo(size)))
    assert.equal(await rootAt(store, size, edge), referenceRoot(entriesUpTo(size)))
  }
})

reader('needs no leaf for a proof when the edge is at hand', async () => {
  const { store, edge } = await logOf(700)
  for (const key of store.values.keys()) if (key.startsWith('log/leaf/')) store.values.delete(key)
  const claim = { size: 700, root: rootOf(edge), index: 650, leafHash: leafHash(entryOf(650)) }
  assert.ok(verifyInclusion({ ...claim, proof: await proveInclusion(store, 700, 650, edge) }))
  try { await proveInclusion(store, 700, 650); assert.unreachable() } catch (error) { assert.instance(error, LogDamage) }
})

reader('proves a durable size while the edge runs ahead of the store', async () => {
  const { store, edge } = await logOf(500)
  const root = rootOf(edge)
  const proving = proveInclusion(store, 500, 499, edge)
  appendLeaves(edge, entriesUpTo(5000))
  assert.ok(verifyInclusion({ size: 500, root, index: 499, leafHash: leafHash(entryOf(499)), proof: await proving }))
  assert.ok(verifyInclusion({ size: 500, root, index: 3, leafHash: leafHash(entryOf(3)), proof: await proveInclusion(store, 500, 3, edge) }))
})

reader('loads tiles at the width of the tree that is asked about', async () => {
  const { store, edge } = await logOf(600)
  const wanted = [tileIn(600, 0, 0), tileIn(600, 0, 2), tileIn(600, 1, 0)]
  const [plain, quick] = [await loadTiles(store, wanted), await loadTiles(store, wanted, edge)]
  assert.equal([...plain].map(([name, bytes]) => [name, hex(bytes)]).sort(), [...quick].map(([name, bytes]) => [name, hex(bytes)]).sort())
  assert.is(plain.get(tileName(wanted[1]!))!.length, 88 * 32)
})

reader('names what it lacks', async () => {
  const { store } = await logOf(600)
  store.values.delete(keyOf.logLeaf(520))
  try { await recoverEdge(store, 600); assert.unreachable() } catch (error) { assert.is((error as LogDamage).key, keyOf.logLeaf(520)) }
  store.values.set(keyOf.logTile(0, 1), new Uint8Array(100))
  for (const action of [() => recoverEdge(store, 513), () => proveInclusion(store, 600, 300)]) {
    try { await action(); assert.unreachable() } catch (error) { assert.is((error as LogDamage).key, keyOf.logTile(0, 1)) }
  }
  store.values.delete(keyOf.logTile(0, 0))
  try { await proveInclusion(store, 600, 3); assert.unreachable() } catch (error) { assert.is((error as LogDamage).key, keyOf.logTile(0, 0)) }
  try { await proveInclusion(store, 600, 600); assert.unreachable() } catch (error) { assert.instance(error, RangeError) }
})

reader('finds nothing wrong with a whole log, and tells how far it is', async () => {
  const { store, edge } = await logOf(2600)
  const seen: number[] = []
  const audit = await verifyWholeLog(store, 2600, rootOf(edge), (leaves, size) => { assert.is(size, 2600); seen.push(leaves) })
  assert.equal(audit, { ok: true, leaves: 2600, tiles: 10, root: rootOf(edge), findings: [], found: 0 })
  assert.equal(seen, [1024, 2048, 2600])
  assert.ok((await verifyWholeLog(store, 1300, referenceRoot(entriesUpTo(1300)))).ok)
  assert.ok((await verifyWholeLog(new MemoryStore(), 0, referenceRoot([]))).ok)
})

reader('finds every single altered byte, of a leaf or of a tile', async () => {
  const { store, edge } = await logOf(1100)
  const keys = [...store.values.keys()]
  await fc.assert(fc.asyncProperty(fc.constantFrom(...keys), fc.nat(8191), async (key, at) => {
    const value = store.values.get(key)!
    store.values.set(key, flipped(value, at))
    const audit = await verifyWholeLog(store, 1100, rootOf(edge))
    store.values.set(key, value)
    assert.not.ok(audit.ok)
    const isLeaf = key.startsWith('log/leaf/')
    assert.is(audit.findings.some(finding => finding.fault === 'root-differs'), isLeaf)
    const named = isLeaf ? key : keyOf.logLeaf(Number.parseInt(key.slice(-16), 16) * 256 + Math.floor(at / 32))
    if (!isLeaf || Number.parseInt(key.slice(-16), 16) < 1024) assert.equal(audit.findings[0], { fault: 'leaf-differs', key: named })
    else assert.equal(audit.findings, [{ fault: 'root-differs' }])
  }), runs(20))
})

reader('names missing and damaged leaves and tiles, and goes on', async () => {
  const { store, edge } = await logOf(1100)
  store.values.delete(keyOf.logLeaf(5))
  store.damaged.add(keyOf.logLeaf(700))
  store.values.delete(keyOf.logTile(0, 1))
  store.damaged.add(keyOf.logTile(0, 3))
  const audit = await verifyWholeLog(store, 1100, rootOf(edge))
  assert.equal(audit.findings, [
    { fault: 'leaf-missing', key: keyOf.logLeaf(5) }, { fault: 'leaf-damaged', key: keyOf.logLeaf(700) },
    { fault: 'tile-missing', key: keyOf.logTile(0, 1) }, { fault: 'tile-damaged', key: keyOf.logTile(0, 3) }
  ])
  assert.equal([audit.leaves, audit.tiles, audit.found], [1098, 2, 4])
  assert.equal(audit.root, rootOf(edge))
})

reader('finds a log that was cut off, swapped or rewritten as a whole', async () => {
  const { store, edge } = await logOf(600)
  store.values.delete(keyOf.logLeaf(599))
  const cut = await verifyWholeLog(store, 600, rootOf(edge))
  assert.equal(cut.findings, [{ fault: 'leaf-missing', key: keyOf.logLeaf(599) }, { fault: 'root-differs' }])
  const rewritten = new MemoryStore()
  const leaves = entriesUpTo(600).with(10, entryOf(9999))
  const { tiles } = appendLeaves(emptyEdge(), leaves)
  for (const [i, value] of leaves.entries()) rewritten.values.set(keyOf.logLeaf(i), value)
  for (const { level, index, bytes } of tiles) rewritten.values.set(keyOf.logTile(level, index), bytes)
  assert.equal((await verifyWholeLog(rewritten, 600, rootOf(edge))).findings, [{ fault: 'root-differs' }])
})

reader('keeps only the first findings of a ruin, and counts all', async () => {
  const audit = await verifyWholeLog(new MemoryStore(), 300, new Uint8Array(32))
  assert.equal([audit.ok, audit.findings.length, audit.found], [false, FINDINGS_MAX, 302])
})

reader('does not take a failing store for a damaged log', async () => {
  const { store, edge } = await logOf(300)
  store.broken = true
  for (const action of [() => verifyWholeLog(store, 300, rootOf(edge)), () => recoverEdge(store, 300), () => proveInclusion(store, 300, 3)]) {
    try { await action(); assert.unreachable() } catch (error) { assert.is((error as StoreError).code, 'failed') }
  }
})

reader.run()

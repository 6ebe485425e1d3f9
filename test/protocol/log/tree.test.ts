import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { leafHash, nodeHash } from '../../../protocol/log/hash.ts'
import { rootFromTiles, tilesForRoot } from '../../../protocol/log/ranges.ts'
import { HASH_BYTES, TILE_BYTES, edgeTiles, tileName } from '../../../protocol/log/tile.ts'
import { appendLeafHashes, appendLeaves, edgeFromTiles, emptyEdge, rootOf, type FullTile } from '../../../protocol/log/tree.ts'
import { entriesUpTo, entryOf, fromText64, hex, referenceRoot, runs, vectors } from './reference.ts'

const tree = suite('protocol/log/tree')

tree('gives the roots of the vectors, up to 70000 leaves', () => {
  const edge = emptyEdge()
  for (const { size, root } of vectors<{ size: number, root: string }>('roots.jsonl')) {
    while (edge.size < size) appendLeaves(edge, [entryOf(edge.size)])
    assert.is(hex(rootOf(edge)), hex(fromText64(root)), `size ${size}`)
  }
})

tree('gives the same root as RFC 6962 written out', () => {
  const edge = emptyEdge()
  for (let size = 0; size <= 600; size++) {
    if (size < 40 || size % 37 === 0 || size % 256 < 2) assert.equal(rootOf(edge), referenceRoot(entriesUpTo(size)), `size ${size}`)
    appendLeaves(edge, [entryOf(size)])
  }
})

tree('hashes long entries like short ones', () => {
  for (const length of [0, 1, 1023, 1024, 1025, 5000]) assert.equal(leafHash(new Uint8Array(length).fill(7)), referenceRoot([new Uint8Array(length).fill(7)]))
})

tree('never takes a leaf for a node', () => {
  const [a, b] = [leafHash(entryOf(0)), leafHash(entryOf(1))]
  assert.is.not(hex(leafHash(new Uint8Array([...a, ...b]))), hex(nodeHash(a, b)))
})

tree('does not care how leaves are grouped', () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 8 }), groups => {
    const edge = emptyEdge(); const one = emptyEdge()
    const tiles: FullTile[] = []
    for (const group of groups) tiles.push(...appendLeaves(edge, Array.from({ length: group }, (_, i) => entryOf(edge.size + i))).tiles)
    const all = appendLeaves(one, entriesUpTo(edge.size)).tiles
    assert.equal(edge, one)
    assert.equal(tiles, all)
    assert.equal(rootOf(edge), referenceRoot(entriesUpTo(edge.size)))
  }), runs(40))
})

tree('hands out each full tile once, and 70000 leaves as tlog-tiles describes them', () => {
  const { edge, tiles } = appendLeaves(emptyEdge(), entriesUpTo(70_000))
  assert.is(tiles.filter(tile => tile.level === 0).length, 273)
  assert.is(tiles.filter(tile => tile.level === 1).length, 1)
  assert.is(new Set(tiles.map(tileName)).size, 274)
  assert.ok(tiles.every(tile => tile.bytes.length === TILE_BYTES))
  assert.equal(edgeTiles(70_000), [{ level: 0, index: 273, width: 112 }, { level: 1, index: 1, width: 17 }, { level: 2, index: 0, width: 1 }])
  assert.equal(edge.tiles[2]!.subarray(0, HASH_BYTES), referenceRoot(entriesUpTo(65_536)))
})

tree('leaves a full tile alone while the edge goes on', () => {
  const edge = emptyEdge()
  const [tile] = appendLeaves(edge, entriesUpTo(256)).tiles
  const before = hex(tile!.bytes)
  appendLeaves(edge, entriesUpTo(300))
  assert.is(hex(tile!.bytes), before)
})

tree('is built again from its partial tiles and goes on as if it had never stopped', () => {
  const edge = emptyEdge()
  for (const size of [0, 1, 255, 256, 600, 65_535, 65_536, 66_000]) {
    appendLeaves(edge, entriesUpTo(size).slice(edge.size))
    const again = edgeFromTiles(size, edgeTiles(size).map(({ level, width }) => edge.tiles[level]!.slice(0, width * HASH_BYTES)))
    assert.equal(again, edge)
    const before = structuredClone(edge)
    assert.equal(appendLeaves(again, entriesUpTo(300)), appendLeaves(before, entriesUpTo(300)))
  }
})

tree('is not built from tiles that are too short', () => {
  assert.throws(() => edgeFromTiles(3, [new Uint8Array(64)]), RangeError)
  assert.throws(() => edgeFromTiles(300, [new Uint8Array(TILE_BYTES)]), RangeError)
})

tree('gives its root out of tiles, also at sizes that it had before', () => {
  const { edge, tiles } = appendLeaves(emptyEdge(), entriesUpTo(1500))
  const loaded = new Map([...tiles, ...edgeTiles(1500).map(tile => ({ ...tile, bytes: edge.tiles[tile.level]! }))].map(tile => [tileName(tile), tile.bytes]))
  for (const size of [0, 1, 2, 255, 256, 257, 600, 1024, 1499, 1500]) {
    assert.equal(rootFromTiles(size, loaded), referenceRoot(entriesUpTo(size)))
    for (const tile of tilesForRoot(size)) assert.ok(loaded.has(tileName(tile)))
  }
  loaded.delete('0/0')
  assert.throws(() => rootFromTiles(100, loaded), RangeError)
})

tree('refuses to grow beyond the safe integers, and keeps counting exactly near 2^40', () => {
  assert.throws(() => appendLeafHashes({ size: Number.MAX_SAFE_INTEGER, tiles: [], peaks: [] }, [new Uint8Array(32)]), RangeError)
  const size = 2 ** 40
  const hash = leafHash(entryOf(1))
  const edge = edgeFromTiles(size, edgeTiles(size).map(({ width }) => new Uint8Array(width * HASH_BYTES).fill(5)))
  const before = rootOf(edge)
  appendLeafHashes(edge, [hash])
  assert.is(edge.size, size + 1)
  assert.equal(rootOf(edge), nodeHash(before, hash))
})

tree.run()

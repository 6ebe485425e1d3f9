import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { edgeTiles, encodeEntries, parseEntries, parseTilePath, tileIn, tilePath, type TileAddress } from '../../../protocol/log/tile.ts'
import { runs, vectors } from './reference.ts'

const tile = suite('protocol/log/tile')

tile('names tiles as C2SP does', () => {
  assert.is(tilePath({ level: 0, index: 1_234_067, width: 256 }), 'tile/0/x001/x234/067')
  for (const { path, ...address } of vectors<TileAddress & { path: string }>('tile-paths-valid.jsonl')) {
    assert.is(tilePath(address), path)
    assert.equal(parseTilePath(path), address)
  }
})

tile('reads no other spelling', () => {
  for (const { path } of vectors<{ path: string }>('tile-paths-invalid.jsonl')) assert.is(parseTilePath(path), undefined, JSON.stringify(path))
})

tile('reads back every path that it writes', () => {
  const address = fc.record({
    level: fc.oneof(fc.integer({ min: 0, max: 63 }), fc.constant('entries' as const)), index: fc.maxSafeNat(), width: fc.integer({ min: 1, max: 256 })
  })
  fc.assert(fc.property(address, made => { assert.equal(parseTilePath(tilePath(made)), { ...made }) }), runs(500))
})

tile('knows how wide a tile is in a tree', () => {
  assert.equal(tileIn(70_000, 0, 272), { level: 0, index: 272, width: 256 })
  assert.equal(tileIn(70_000, 0, 273), { level: 0, index: 273, width: 112 })
  assert.equal(tileIn(70_000, 1, 1), { level: 1, index: 1, width: 17 })
  assert.equal(edgeTiles(0), [])
  assert.equal(edgeTiles(256), [{ level: 0, index: 1, width: 0 }, { level: 1, index: 0, width: 1 }])
})

tile('packs entries into bundles and back', () => {
  const entries = fc.array(fc.uint8Array({ maxLength: 700 }), { maxLength: 256 })
  fc.assert(fc.property(entries, made => {
    const bytes = encodeEntries(made)
    assert.equal(parseEntries(bytes, made.length)?.map(entry => Buffer.from(entry)), made.map(entry => Buffer.from(entry)))
    assert.is(parseEntries(bytes, made.length + 1), undefined)
    if (made.length > 0) assert.is(parseEntries(bytes, made.length - 1), undefined)
    if (made.length > 0) assert.is(parseEntries(bytes.subarray(0, -1), made.length), undefined)
  }), runs(60))
  assert.equal(encodeEntries([new Uint8Array(258).fill(1)]).subarray(0, 3), Uint8Array.of(1, 2, 1))
})

tile('refuses entries and bundles that are too large', () => {
  assert.is(encodeEntries([new Uint8Array(65_535)]).length, 65_537)
  assert.throws(() => encodeEntries([new Uint8Array(65_536)]), RangeError)
  assert.throws(() => encodeEntries(Array.from({ length: 257 }, () => new Uint8Array(1))), RangeError)
})

tile.run()

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { openBlobFiles } from '../../../node/adapters/blob-files.ts'
import { openFileRecordKeys } from '../../../node/adapters/file-record-keys.ts'
import { systemEntropy } from '../../../node/adapters/system-entropy.ts'
import { verifyEvidence, manifestOf } from '../../../node/recognition/evidence.ts'
import { EvidenceRing, type Blobs } from '../../../node/recognition/evidence-ring.ts'
import { MemoryStore } from '../../../node/runtime/memory-store.ts'
import { derivedMessageId } from '../../../protocol/bytes.ts'
import type { AgencyId, MessageId } from '../../../protocol/identifiers.ts'
import { DAY, MINUTE } from '../../../protocol/instant.ts'

const x = suite('evidence ring')
const TOWN = 'lv:town' as AgencyId
const START = 1_800_000_000_000
const idOf = (n: number): MessageId => derivedMessageId('test', String(n))

class World {
  readonly folder = mkdtempSync(join(tmpdir(), 'tiltas-'))
  readonly store = new MemoryStore()
  blobs!: Blobs
  keys!: Awaited<ReturnType<typeof openFileRecordKeys>>
  async open (bytesMax = 1024 * 1024, blobs: (real: Blobs) => Blobs = real => real): Promise<EvidenceRing> {
    await this.keys?.close()
    this.keys = await openFileRecordKeys(join(this.folder, 'keys'))
    this.blobs = blobs(await openBlobFiles(join(this.folder, 'blobs')))
    return EvidenceRing.open({ store: this.store, recordKeys: this.keys, blobs: this.blobs, entropy: systemEntropy, bytesMax, pinFor: 30 * DAY })
  }
  get files (): string[] { return readdirSync(join(this.folder, 'blobs')).sort() }
  async close (): Promise<void> { await this.keys.close(); rmSync(this.folder, { recursive: true }) }
}
const MARK = Buffer.from('a frame that nobody else may see ')
const framesOf = (n: number, count = 2, bytes = 1000) => Array.from({ length: count }, (_, i) => ({ at: START + n * 1000 + i, bytes: Buffer.alloc(bytes, MARK), mediaType: 'image/jpeg' as const }))
const aboutOf = (n: number, minutes = 60) => ({ readId: idOf(n), controller: TOWN, siteRef: 's1', at: START + n * 1000, until: START + n * 1000 + minutes * MINUTE })
const never = async (): Promise<boolean> => false

async function inWorld (run: (world: World) => Promise<void>): Promise<void> {
  const world = new World()
  try { await run(world) } finally { await world.close() }
}

x('what is kept comes back as it was, after a restart too, and proves itself', () => inWorld(async world => {
  const ring = await world.open()
  const commitment = await ring.keep(aboutOf(1), framesOf(1))
  assert.is(await ring.keep(aboutOf(1), framesOf(7)), commitment, 'the same read again changes nothing')
  const again = await world.open()
  const frames = (await again.read(idOf(1)))!
  assert.equal(frames.map(({ bytes, at }) => [Buffer.from(bytes).equals(framesOf(1)[0]!.bytes), at]), [[true, START + 1000], [true, START + 1001]])
  assert.is(verifyEvidence(manifestOf(frames), commitment, frames).code, 'proven')
  assert.equal(again.totals(), { sets: 1, pinned: 0, bytes: again.totals().bytes, bytesMax: 1024 * 1024, displaced: 0, unkept: 0 })
  assert.is(again.find(idOf(1))?.commitment, commitment)
  assert.equal(again.list(TOWN).map(({ readId }) => readId), [idOf(1)])
}))

x('nothing of a frame lies readable on the disk, and no name tells a plate or a camera', () => inWorld(async world => {
  const ring = await world.open()
  await ring.keep(aboutOf(1), framesOf(1))
  assert.equal(world.files, [idOf(1)])
  assert.is(readFileSync(join(world.folder, 'blobs', idOf(1))).indexOf(MARK), -1)
}))

x('what had its time is gone: key, footage and row', () => inWorld(async world => {
  const ring = await world.open()
  await ring.keep(aboutOf(1, 10), framesOf(1))
  await ring.keep(aboutOf(2, 60), framesOf(2))
  assert.is(await ring.sweep(START + 5 * MINUTE, never), 0)
  const kept = readFileSync(join(world.folder, 'blobs', idOf(1)))
  assert.is(await ring.sweep(START + 11 * MINUTE, never), 1)
  assert.equal(world.files, [idOf(2)])
  assert.is(await ring.read(idOf(1)), undefined)
  // Whoever kept a copy of the file has nothing either.
  writeFileSync(join(world.folder, 'blobs', idOf(1)), kept)
  const again = await world.open()
  assert.equal(world.files, [idOf(2)], 'footage without a row goes')
  assert.is(again.totals().sets, 1)
}))

x('a match pins its frames until it is taken back, or for the longest time', () => inWorld(async world => {
  const ring = await world.open()
  for (const n of [1, 2, 3]) {
    await ring.keep(aboutOf(n, 10), framesOf(n))
    await ring.pin(idOf(n), [idOf(100 + n)], START)
  }
  assert.is(ring.find(idOf(101))?.readId, idOf(1), 'by its candidate')
  assert.is(ring.find(derivedMessageId('hit', idOf(102)))?.readId, idOf(2), 'by its hit')
  assert.is(await ring.sweep(START + DAY, never), 0)
  await ring.release(idOf(1))
  const back = async (candidate: MessageId): Promise<boolean> => candidate === idOf(102)
  assert.is(await ring.sweep(START + DAY, back), 2)
  const again = await world.open()
  assert.is(again.totals().pinned, 1)
  assert.is(await again.sweep(START + 29 * DAY, never), 0)
  assert.is(await again.sweep(START + 31 * DAY, never), 1)
  assert.equal(world.files, [])
}))

x('a candidate that is taken back early frees its frames, which then have their own time', () => inWorld(async world => {
  const ring = await world.open()
  await ring.keep(aboutOf(1, 60), framesOf(1))
  await ring.pin(idOf(1), [idOf(101)], START)
  assert.is(await ring.sweep(START + MINUTE, async () => true), 0)
  assert.is(ring.totals().pinned, 0)
  assert.is(await ring.sweep(START + 62 * MINUTE, never), 1)
}))

x('the disk is bounded: the oldest unpinned give way, pinned ones never', () => inWorld(async world => {
  const ring = await world.open(10_000)
  await ring.keep(aboutOf(0), framesOf(0))
  await ring.pin(idOf(0), [idOf(100)], START)
  for (let n = 1; n < 12; n++) assert.is.not(await ring.keep(aboutOf(n), framesOf(n)), 'none')
  const { sets, bytes, displaced, unkept } = ring.totals()
  assert.ok(bytes <= 10_000 && sets === 4, `${bytes} bytes, ${sets} sets`)
  assert.equal([displaced, unkept], [8, 0])
  assert.ok(await ring.read(idOf(0)) !== undefined)
  assert.is(await ring.read(idOf(1)), undefined)
  assert.is(world.files.length, 4)
  for (const n of [9, 10, 11]) await ring.pin(idOf(n), [idOf(100 + n)], START)
  assert.is(await ring.keep(aboutOf(20), framesOf(20)), 'none', 'a read is not lost for want of room')
  assert.is(ring.totals().unkept, 1)
}))

x('a disk that does not take footage costs the footage, not the read', () => inWorld(async world => {
  const ring = await world.open(1024 * 1024, real => ({ ...real, put: async () => { throw Object.assign(new Error('full'), { code: 'ENOSPC' }) } }))
  assert.is(await ring.keep(aboutOf(1), framesOf(1)), 'none')
  assert.equal([ring.totals().unkept, ring.totals().sets], [1, 0])
}))

x('nothing to keep is said so, and what is changed on the disk does not open', () => inWorld(async world => {
  const ring = await world.open()
  assert.is(await ring.keep(aboutOf(1), []), 'none')
  await ring.keep(aboutOf(2), framesOf(2, 9))
  assert.is(ring.find(idOf(2))?.frames, 4, 'no more than a few frames prove a read')
  const path = join(world.folder, 'blobs', idOf(2))
  const bytes = readFileSync(path)
  bytes[100]! ^= 1
  writeFileSync(path, bytes)
  assert.is(await ring.read(idOf(2)), undefined)
}))

x.run()

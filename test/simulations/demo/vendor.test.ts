/** What cameras post is what the public endpoints take, and no read goes uncounted when an endpoint fails. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import fastify, { type FastifyInstance } from 'fastify'
import type { AddressInfo } from 'node:net'
import { randomBytes } from 'node:crypto'
import type { Read } from '../../../node/ingest/read.ts'
import { ingestRoutes } from '../../../node/ingest/routes.ts'
import { sourceSchema, tokenHashOf, type Source } from '../../../node/ingest/source.ts'
import { readsOf, type CameraRead } from '../../../simulations/demo/camera-reads.ts'
import { Chance } from '../../../simulations/demo/chance.ts'
import { drive } from '../../../simulations/demo/drive.ts'
import { READS_PER_POST_MAX, VendorPosts, WAITING_READS_MAX, takeDelivery } from '../../../simulations/demo/vendor.ts'
import { makeWorld, sourceOf, trafficOf, type World } from '../../../simulations/demo/world.ts'

const NOW = 1_795_000_000
/** Timers may fire a little early. */
const TIMER_COARSENESS_MS = 3
const world = makeWorld('vendor', { full: false, now: NOW })

/** The configured sources of the whole world at one endpoint, as a node would have them. */
function sourcesOf ({ nations }: World): Source[] {
  return nations.flatMap(({ nodes }) => nodes).flatMap(({ sources }) => sources).map(({ token, cameras, ...source }) => sourceSchema.parse({
    ...source, tokenHash: tokenHashOf(token),
    cameras: cameras.map(({ nuts3, municipality, road, ...camera }) => ({ ...camera, place: { nuts3, municipality, road } }))
  }))
}

interface Endpoint { readonly url: string, readonly taken: Read[], readonly app: FastifyInstance }
/** `failures`: how many deliveries cannot be kept before the first one can. */
async function open (failures = 0): Promise<Endpoint> {
  const taken: Read[] = []
  const app = fastify()
  let left = failures
  await app.register(ingestRoutes({
    sources: sourcesOf(world), clock: { now: () => NOW * 1000 }, idKey: randomBytes(16).toString('hex'),
    accept: async reads => { if (left-- > 0) throw new Error('no space'); taken.push(...reads) }
  }))
  await app.listen({ host: '127.0.0.1', port: 0 })
  return { url: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`, taken, app }
}

function someReads (count: number): CameraRead[] {
  const chance = new Chance('vendor', 'reads')
  const reads: CameraRead[] = []
  for (const pass of trafficOf(world)) {
    // Cameras that show pictures send nothing. Each pass has an instant of its own, and so its events have ids of their own.
    if (pass.camera.dialect !== 'pictures') reads.push(...readsOf({ ...pass, at: -reads.length }, NOW * 1000, chance))
    if (reads.length >= count) return reads.slice(0, count)
  }
  throw new Error('traffic has no end')
}
const postsTo = (url: string): VendorPosts => new VendorPosts(camera => ({ url, token: sourceOf(world, camera).source.token }))
const vendor = suite('demo vendor')

vendor('posts in both dialects, and every read arrives as it was seen', async () => {
  const { url, taken, app } = await open()
  const reads = someReads(300)
  const posts = postsTo(url)
  for (const read of reads) posts.send(read)
  await posts.idle()
  assert.equal({ ...posts.counts, posts: 0 }, { accepted: 300, refused: 0, lost: 0, posts: 0, retries: 0 })
  const say = (one: { camera: string, text: string, controller: string }) => `${one.camera} ${one.text} ${one.controller}`
  assert.equal(taken.map(read => say({ camera: read.cameraRef, text: read.plate.text, controller: read.controller })).sort(),
    reads.map(read => say({ camera: read.camera.id, text: read.text, controller: read.camera.controller })).sort())
  assert.equal(new Set(taken.map(read => read.vendor)), new Set(['generic', 'plate-recognizer']))
  assert.is(new Set(taken.map(({ readId }) => readId)).size, 300)
  assert.ok(taken.some(({ clock }) => clock === 'drifting') && taken.every(({ clock }) => clock !== 'unknown'))
  assert.ok(taken.every(({ vehicle }) => vehicle?.class !== undefined))
  await posts.close()
  await app.close()
})

vendor('tries again what could not be kept', async () => {
  const { url, taken, app } = await open(3)
  const posts = postsTo(url)
  for (const read of someReads(20)) posts.send(read)
  await posts.idle()
  assert.is(posts.counts.retries, 3)
  assert.is(posts.counts.accepted, 20)
  assert.is(taken.length, 20)
  await posts.close()
  await app.close()
})

vendor('counts as refused what a wrong token sends, and does not insist', async () => {
  const { url, taken, app } = await open()
  const posts = new VendorPosts(() => ({ url, token: 'nobody' }))
  for (const read of someReads(10)) posts.send(read)
  await posts.idle()
  assert.is(posts.counts.refused, 10)
  assert.is(posts.counts.retries, 0)
  assert.is(taken.length, 0)
  await posts.close()
  await app.close()
})

vendor('counts what is refused among accepted reads', async () => {
  const { url, app } = await open()
  const posts = postsTo(url)
  const read = someReads(40).find(({ camera }) => camera.dialect === 'generic')!
  for (let i = 0; i < 3; i++) posts.send(read)
  for (const text of ['', '%%%']) posts.send({ ...read, text })
  await posts.idle()
  assert.is(posts.counts.accepted, 3)
  assert.is(posts.counts.refused, 2)
  await posts.close()
  await app.close()
})

vendor('bounds what waits while nobody answers, and counts the rest as lost', async () => {
  const { url, app } = await open()
  await app.close()
  const posts = new VendorPosts(() => ({ url, token: 'one-source' }))
  const sent = WAITING_READS_MAX + 500
  const read = someReads(1)[0]!
  for (let i = 0; i < sent; i++) posts.send(read)
  assert.ok(posts.counts.lost > 0, 'the newest are lost at once')
  await posts.close()
  posts.send(read)
  assert.is(posts.counts.accepted + posts.counts.refused, 0)
  assert.is(posts.counts.lost, sent + 1)
})

vendor('fills a delivery of our own form, and never mixes dialects', () => {
  const [generic, webhook] = (['generic', 'plate-recognizer'] as const).map(dialect => someReads(200).find(({ camera }) => camera.dialect === dialect)!) as [CameraRead, CameraRead]
  const many = Array.from({ length: READS_PER_POST_MAX + 5 }, () => generic)
  assert.is(takeDelivery(many).reads, READS_PER_POST_MAX)
  assert.is(many.length, 5)
  const mixed = [generic, generic, webhook, generic]
  assert.equal([takeDelivery(mixed), takeDelivery(mixed), takeDelivery(mixed)].map(({ path, reads }) => [path, reads]), [['/ingest/reads', 2], ['/ingest/plate-recognizer', 1], ['/ingest/reads', 1]])
  assert.is(mixed.length, 0)
})

vendor('drives in real time until told to stop, and sends nothing before it is due', async () => {
  const sent: CameraRead[] = []
  const stop = new AbortController()
  const began = performance.now()
  const send = (read: CameraRead): void => {
    assert.ok(performance.now() - began > read.at - TIMER_COARSENESS_MS)
    sent.push(read)
    if (sent.length === 5) stop.abort()
  }
  await drive({ passes: trafficOf(world, { passesPerSecond: 50 }), posts: { send }, pictures: { send: async () => {} }, chance: new Chance('drive'), startedAt: NOW * 1000, signal: stop.signal })
  assert.is(sent.length, 5)
  assert.is(new Set(sent.map(({ eventId }) => eventId)).size, 5)
})

vendor.run()

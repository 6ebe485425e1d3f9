/**
 * A camera sees a vehicle that another nation looks for, told from end to end: a film of a street, read by a real site with
 * the models of the product; the hit at the other nation; and the frames, handed over at home and proven abroad to be those
 * that the hit committed to. Each test goes on where the one before it ended.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ffmpegVersion } from '../../node/adapters/ffmpeg-frames.ts'
import { decodePicture } from '../../node/adapters/sharp-pictures.ts'
import type { EvidenceView } from '../../node/console/evidence-service.ts'
import type { CameraStatus, HitView } from '../../node/console/service.ts'
import { streetCamera } from '../../simulations/pictures/street-camera.ts'
import { LT_POLICE, LV_LUDZA } from '../support/founded.ts'
import { layOutCountries, type Countries } from './support/country-nodes.ts'
import { eventually, told } from './support/places.ts'

const story = suite('a camera sees it')
const PLATE = 'JKL234'
/** The film is slower than life, so that a busy machine still has several looks at the vehicle. */
const FILM = { from: 500, until: 4000, step: 100, fps: 4 }
const WAIT_MS = 4 * 60_000
let world: Countries
let hit: HitView['hit']

async function film (file: string): Promise<void> {
  const camera = await streetCamera(7, { vehicles: [{ country: 'LT', text: PLATE, at: FILM.from, facing: 'front' }] })
  const { width, height } = camera.frameAt(0).picture
  const input = ['-f', 'rawvideo', '-pix_fmt', 'gray', '-s', `${width}x${height}`, '-r', String(FILM.fps), '-i', 'pipe:0']
  const child = spawn('ffmpeg', ['-nostdin', '-loglevel', 'error', ...input, '-c:v', 'mpeg4', '-q:v', '2', '-pix_fmt', 'yuv420p', file], { stdio: ['pipe', 'ignore', 'inherit'] })
  const ended = once(child, 'close')
  for (let at = FILM.from; at < FILM.until; at += FILM.step) if (!child.stdin.write(camera.frameAt(at).picture.data)) await once(child.stdin, 'drain')
  child.stdin.end()
  assert.equal(await ended, [0, null])
}

const ours = (...words: string[]) => world.tiltas(world.site, LV_LUDZA, 'OFFICER', ...words)
const exportTo = (out: string, ...words: string[]) => ours('evidence', 'export', ...words, '--out', out)

if (await ffmpegVersion() === undefined) {
  console.log('SKIP the story of a camera: ffmpeg is not installed (`apt install ffmpeg`)')
  story('without ffmpeg there is no film to tell it with', () => {})
} else {
  story.before(told(async () => {
    world = await layOutCountries()
    await film(join(world.folder, 'street.mp4'))
    for (const node of world.nodes) await node.start()
    await world.listAtSite([{ ref: 'UT-1', plate: PLATE, country: 'LT' }])
  }))
  story.after(() => world.close())

  story('a film becomes a hit at the nation that looks for the vehicle', async () => {
    await world.site.end()
    const camera = {
      id: 'cam-9', controller: LV_LUDZA, regime: 'LED', siteRef: 'kr-9', siteGroup: 'border', nuts3: 'LV005', municipality: 'LV-058', road: 'LV:A13', direction: 'inbound',
      source: { video: join(world.folder, 'street.mp4') }, framesPerSecond: FILM.fps
    }
    appendFileSync(world.site.config, `cameras:\n  - ${JSON.stringify(camera)}\n`)
    await world.site.start()
    const view = await eventually('the hit at its owner', async () => (await world.hitsAtOwner()).find(({ state }) => state === 'active'), WAIT_MS)
    hit = view.hit
    assert.equal([hit.iss, hit.aud, hit.entryRef, hit.plate.text, hit.siteRef, hit.match, hit.clock], [LV_LUDZA, LT_POLICE, 'UT-1', PLATE, 'kr-9', 'exact', 'good'])
    assert.match(hit.evidence, /^[A-Za-z0-9_-]{43}$/)
  })

  story('the site says how its camera is, in numbers and nothing else', async () => {
    const { out } = await ours('cameras', '--json')
    const [camera] = JSON.parse(out) as CameraStatus[]
    assert.equal([camera!.camera, camera!.isNight, camera!.isBlurred], ['cam-9', false, false])
    assert.ok(camera!.frames > 0 && camera!.looks > 0 && camera!.reads > 0, JSON.stringify(camera))
    assert.ok(await world.site.metric('tiltas_camera_reads_total{camera="cam-9"}') > 0)
    assert.is(await world.site.metric('tiltas_footage_pinned'), 1)
    assert.not.match(out + JSON.stringify(world.site.lines) + world.site.errors, PLATE)
  })

  story('the frames lie at the site, sealed and pinned, and are shown to nobody without a reason', async () => {
    const { evidence } = await world.ask<{ evidence: EvidenceView[] }>(world.site, LV_LUDZA, 'OFFICER', 'evidence', 'list')
    const view = evidence.find(({ commitment }) => commitment === hit.evidence)!
    assert.ok(view.pinnedUntil! > Date.now() + 29 * 86_400_000)
    const folder = join(world.site.folder, 'data', 'evidence')
    for (const name of readdirSync(folder)) assert.is.not(readFileSync(join(folder, name)).readUInt16BE(0), 0xffd8, 'a picture lies open')
    assert.not.match(readdirSync(folder).join(), PLATE)
    const out = join(world.folder, 'never')
    assert.is((await exportTo(out, hit.hitId, '--reason', 'case-work')).exit, 2, 'no case')
    assert.is((await exportTo(out, hit.hitId, '--case', '7')).exit, 2, 'no reason')
    assert.is((await world.tiltas(world.site, LV_LUDZA, 'LIST_OWNER', 'evidence', 'export', hit.hitId, '--reason', 'case-work', '--case', '7', '--out', out)).exit, 1, 'not a list owner')
    assert.is((await world.tiltas(world.lv, LV_LUDZA, 'OFFICER', 'evidence', 'export', hit.hitId, '--reason', 'case-work', '--case', '7', '--out', out)).exit, 1, 'nothing lies at the national node')
    assert.not.ok(existsSync(out))
  })

  story('what is handed over at home proves itself abroad, against the hit that was received there', async () => {
    const handed = join(world.folder, 'handed')
    const leaves = (await world.site.status()).log.size
    const exported = await exportTo(handed, hit.hitId, '--reason', 'case-work', '--case', '21-1/7')
    assert.equal([exported.exit, exported.err], [0, ''])
    assert.ok((await world.site.status()).log.size > leaves, 'it was logged')
    const received = join(world.folder, 'hits.json')
    writeFileSync(received, JSON.stringify(await world.ask(world.lt, LT_POLICE, 'OFFICER', 'hits')))
    const verify = (...words: string[]) => world.tiltas(world.lt, LT_POLICE, 'OFFICER', 'evidence', 'verify', handed, ...words)
    const proven = await verify('--hit', received, '--json')
    assert.is(proven.exit, 0, proven.out)
    assert.is(JSON.parse(proven.out).hitId, hit.hitId)
    const frame = join(handed, readdirSync(handed).find(name => name.startsWith('frame-'))!)
    const { width, height } = await decodePicture(readFileSync(frame))
    assert.equal([width, height], [1280, 720])
    const bytes = readFileSync(frame)
    bytes[bytes.length >> 1]! ^= 1
    writeFileSync(frame, bytes)
    assert.is((await verify('--commitment', hit.evidence)).exit, 1, 'a changed frame')
  })
}

story.run()

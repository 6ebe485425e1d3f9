/**
 * The cameras of the demo that deliver pictures and nothing else: a small HTTP server, one address a camera, that shows
 * what the camera sees at the moment of asking. Vehicles drive one behind the other; what they are called stands on
 * their plates only, so whatever a node learns of them it has read from pixels.
 */
import { createServer, type Server, type ServerResponse } from 'node:http'
import { encodeJpeg } from '../../node/adapters/sharp-pictures.ts'
import { streetCamera, type StreetCamera } from '../pictures/street-camera.ts'
import { VEHICLE_CLASSES } from '../pictures/vehicle.ts'
import type { Camera } from './cameras.ts'
import type { Pass } from './traffic.ts'

const WIDTH = 960
const HEIGHT = 540
/** Between two vehicles on the lane. */
const GAP_MS = 700
/** Vehicles that wait at one camera; the demo's time runs faster than its streets. */
const WAITING_MAX = 4
/** What a camera without vehicles shows changes this often. */
const EMPTY_STREET_MS = 5_000

interface Lane { readonly view: StreetCamera, freeAt: number, waiting: number, empty: { readonly until: number, readonly picture: Uint8Array } | undefined }

export class StreetPictures {
  readonly #lanes = new Map<string, Lane>()
  readonly #server: Server
  readonly #now: () => number
  /** Vehicles that came into a view. */
  passed = 0

  private constructor (now: () => number) {
    this.#now = now
    this.#server = createServer((request, response) => { void this.#answer(request.url ?? '', response).catch(() => response.destroy()) })
  }

  /** Serves at once; a camera answers 503 until its street is drawn. Cameras of the second nation look at night. */
  static async start (cameras: readonly Camera[], seed: string, port: number, now: () => number = Date.now): Promise<StreetPictures> {
    const pictures = new StreetPictures(now)
    await new Promise<void>((resolve, reject) => { pictures.#server.once('error', reject).listen(port, '127.0.0.1', resolve) })
    const nations = [...new Set(cameras.map(({ nation }) => nation))].sort()
    for (const { id, nation } of cameras) {
      const view = await streetCamera(`${seed}/${id}`, { width: WIDTH, height: HEIGHT, night: nations.indexOf(nation) > 0 })
      pictures.#lanes.set(id, { view, freeAt: 0, waiting: 0, empty: undefined })
    }
    return pictures
  }

  static urlOf = (port: number, camera: string): string => `http://127.0.0.1:${port}/${camera}.jpg`

  /** The vehicle comes into view when the one before it has left. */
  async send ({ camera, vehicle }: Pass): Promise<void> {
    const lane = this.#lanes.get(camera.id)
    const look = VEHICLE_CLASSES.find(known => known === vehicle.class)
    if (lane === undefined || look === undefined || lane.waiting >= WAITING_MAX) return
    lane.waiting++
    const now = this.#now()
    const at = Math.max(now, lane.freeAt)
    lane.freeAt = at + 10_000
    const { until } = await lane.view.admit({ country: vehicle.country, text: vehicle.printed, class: look, facing: look === 'motorcycle' ? 'rear' : 'front', at: at + GAP_MS })
    lane.freeAt = until
    lane.waiting--
    lane.view.forgetBefore(now - GAP_MS)
    this.passed++
  }

  async close (): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise(resolve => this.#server.close(resolve))
  }

  async #answer (url: string, response: ServerResponse): Promise<void> {
    const lane = this.#lanes.get(/^\/([a-z0-9-]+)\.jpg$/.exec(url)?.[1] ?? '')
    if (lane === undefined) { response.writeHead(503, { 'retry-after': '1' }).end(); return }
    const picture = await this.#look(lane)
    response.writeHead(200, { 'content-type': 'image/jpeg', 'content-length': picture.length, 'cache-control': 'no-store' }).end(picture)
  }

  async #look (lane: Lane): Promise<Uint8Array> {
    const now = this.#now()
    const isEmpty = lane.freeAt < now
    if (isEmpty && lane.empty !== undefined && lane.empty.until > now) return lane.empty.picture
    const picture = await encodeJpeg(lane.view.frameAt(now).picture, 85)
    lane.empty = isEmpty ? { until: now + EMPTY_STREET_MS, picture } : undefined
    return picture
  }
}

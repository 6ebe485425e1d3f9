/**
 * How cameras deliver what they read: posts to the public ingest endpoints, in the body that each camera's maker sends.
 * It knows addresses and tokens only, as any vendor would. Invariant: what waits is bounded; every read ends up counted
 * once, as accepted, refused or lost.
 */
import { setTimeout as wait } from 'node:timers/promises'
import type { CameraRead } from './camera-reads.ts'
import type { Camera } from './cameras.ts'
import type { VehicleClass } from './vehicles.ts'

/** Where the reads of a camera go: `http://127.0.0.1:4310`, and the bearer token of its source. */
export interface IngestPoint { readonly url: string, readonly token: string }
export interface PostCounts { accepted: number, refused: number, lost: number, posts: number, retries: number }

/** Reads of one source that wait for a connection; beyond it the newest are lost, as in a camera with a full buffer. */
export const WAITING_READS_MAX = 2000
export const POSTS_AT_ONCE_PER_SOURCE = 2
/** Reads in one delivery of our own form. */
export const READS_PER_POST_MAX = 50
export const ATTEMPTS_MAX = 6
const RETRY_DELAY_MS_MIN = 250
const ANSWER_WAIT_MS_MAX = 10_000
/** Confidence of a camera that read the country from the plate's band. */
const BAND_CONFIDENCE = 0.93

/** Our own form of a read (`POST /ingest/reads`). */
export function toGenericRead (read: CameraRead): object {
  const { camera, text, country, confidence, charConfidences, deviceTime, vehicle, eventId } = read
  return {
    camera: camera.id, plate: text, ...(country !== undefined && { country, countryConfidence: BAND_CONFIDENCE }),
    confidence, charConfidences, deviceTime, vehicle: { class: vehicle.class, colour: vehicle.colour }, eventId
  }
}

const VEHICLE_TYPES: { readonly [C in VehicleClass]: string } = { car: 'Sedan', van: 'Van', lorry: 'Big Truck', bus: 'Bus', motorcycle: 'Motorcycle', trailer: 'Unknown', other: 'Unknown' }

/** The webhook of Plate Recognizer Stream, as far as its documentation shows it: plates in lower case, time in UTC and local. */
export function toPlateRecognizerBody (read: CameraRead): object {
  const { camera, text, country, confidence, deviceTime, vehicle, eventId } = read
  const filename = `${camera.id}/${eventId}.jpg`
  return {
    hook: { target: 'tiltas', id: camera.id, event: 'recognition', filename },
    data: {
      camera_id: camera.id, filename, timestamp: new Date(deviceTime).toISOString(), timestamp_local: deviceTime.replace('T', ' '),
      results: [{
        box: { xmin: 612, ymin: 540, xmax: 764, ymax: 574 }, plate: text.toLowerCase(), score: confidence, dscore: 0.91,
        region: country === undefined ? null : { code: country.toLowerCase(), score: BAND_CONFIDENCE },
        candidates: [{ plate: text.toLowerCase(), score: confidence }],
        vehicle: { type: VEHICLE_TYPES[vehicle.class], score: 0.88, box: { xmin: 430, ymin: 210, xmax: 990, ymax: 690 } },
        color: [{ color: vehicle.colour === 'grey' ? 'gray' : vehicle.colour, score: 0.81 }],
        orientation: [{ orientation: 'Front', score: 0.9 }], direction: 210, source_url: `rtsp://${camera.id}.example/stream`, position_sec: 0
      }]
    }
  }
}

/** What one post carries: one webhook body, or all waiting reads of our own form up to the limit. */
export function takeDelivery (queue: CameraRead[]): { path: string, body: string, reads: number } {
  if (queue[0]!.camera.dialect === 'plate-recognizer') return { path: '/ingest/plate-recognizer', body: JSON.stringify(toPlateRecognizerBody(queue.shift()!)), reads: 1 }
  const firstOther = queue.findIndex(({ camera }) => camera.dialect !== 'generic')
  const reads = queue.splice(0, Math.min(READS_PER_POST_MAX, firstOther === -1 ? queue.length : firstOther)).map(toGenericRead)
  return { path: '/ingest/reads', body: JSON.stringify(reads.length === 1 ? reads[0] : reads), reads: reads.length }
}

interface Lane { readonly point: IngestPoint, readonly queue: CameraRead[], busy: number }
type Delivery = ReturnType<typeof takeDelivery>

export class VendorPosts {
  readonly counts: PostCounts = { accepted: 0, refused: 0, lost: 0, posts: 0, retries: 0 }
  readonly #pointOf: (camera: Camera) => IngestPoint
  readonly #lanes = new Map<string, Lane>()
  readonly #underWay = new Set<Promise<void>>()
  readonly #closed = new AbortController()

  constructor (pointOf: (camera: Camera) => IngestPoint) { this.#pointOf = pointOf }

  /** Returns at once. */
  send (read: CameraRead): void {
    const point = this.#pointOf(read.camera)
    const key = `${point.url} ${point.token}`
    const lane = this.#lanes.get(key) ?? { point, queue: [], busy: 0 }
    this.#lanes.set(key, lane)
    if (this.#closed.signal.aborted || lane.queue.length >= WAITING_READS_MAX) this.counts.lost++
    else lane.queue.push(read)
    this.#pump(lane)
  }

  /** Resolves when nothing waits any more. */
  async idle (): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
  }

  /** Gives up what still waits. */
  async close (): Promise<void> {
    this.#closed.abort()
    for (const { queue } of this.#lanes.values()) this.counts.lost += queue.splice(0).length
    await this.idle()
  }

  #pump (lane: Lane): void {
    while (lane.busy < POSTS_AT_ONCE_PER_SOURCE && lane.queue.length > 0) {
      lane.busy++
      const work = this.#deliver(lane.point, takeDelivery(lane.queue)).finally(() => { lane.busy--; this.#underWay.delete(work); this.#pump(lane) })
      this.#underWay.add(work)
    }
  }

  async #deliver (point: IngestPoint, delivery: Delivery): Promise<void> {
    for (let attempt = 1; attempt <= ATTEMPTS_MAX && !this.#closed.signal.aborted; attempt++) {
      const accepted = await this.#post(point, delivery)
      if (accepted !== undefined) {
        this.counts.accepted += accepted
        this.counts.refused += delivery.reads - accepted
        return
      }
      if (attempt === ATTEMPTS_MAX) break
      this.counts.retries++
      await wait(RETRY_DELAY_MS_MIN * 2 ** (attempt - 1), undefined, { signal: this.#closed.signal }).catch(() => {})
    }
    this.counts.lost += delivery.reads
  }

  /** How many of its reads were accepted; undefined when it is worth another try. */
  async #post ({ url, token }: IngestPoint, { path, body, reads }: Delivery): Promise<number | undefined> {
    this.counts.posts++
    try {
      const signal = AbortSignal.any([this.#closed.signal, AbortSignal.timeout(ANSWER_WAIT_MS_MAX)])
      const answer = await fetch(url + path, { method: 'POST', body, signal, headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` } })
      const text = await answer.text()
      if (answer.status >= 500 || answer.status === 429) return undefined
      return answer.ok ? Math.min(reads, Number((JSON.parse(text) as { accepted?: number }).accepted ?? reads)) : 0
    } catch { return undefined }
  }
}

/**
 * From what tracks tell to reads as every other source makes them: evidence first, then intake. Invariants: a read leaves
 * only when its evidence is durable; when later looks say otherwise, what the earlier read caused is taken back before
 * anything comes of the new one.
 */
import type { AgencyId } from '../../protocol/identifiers.ts'
import type { Duration, Instant } from '../../protocol/instant.ts'
import { readOf, type PlateReport, type Read } from '../ingest/read.ts'
import { isRefusal } from '../ingest/refusals.ts'
import type { Camera } from '../ingest/source.ts'
import type { CameraWatch } from './camera-health.ts'
import type { HeldFrame } from './camera-frames.ts'
import type { EvidenceRing } from './evidence-ring.ts'
import type { TrackRead } from './tracks.ts'

export const RECOGNITION_SOURCE = 'recognition'
/** Tracks whose reads may still be corrected. */
const GIVEN_TRACKS_MAX = 256

/** A camera as reads name it, whose pictures they are, and how long its footage is kept when nothing comes of it. */
export interface CameraIdentity extends Camera { readonly controller: AgencyId, readonly regime: 'LED' | 'GDPR', readonly keepFor: Duration }

export interface ReadKeeper {
  readonly ring: Pick<EvidenceRing, 'keep' | 'release'>
  readonly intake: { accept (reads: readonly Read[]): Promise<void>, correct (before: Read, next: Read): Promise<number> }
  readonly idKey: string
}

/** What was recognised, whoever looked: a track, or one picture. */
export interface Sighting extends Pick<TrackRead, 'text' | 'country' | 'countryConfidence' | 'confidence' | 'charConfidences'> {
  /** What makes it this one: the same sighting looked at again gives the same readId. */
  readonly origin: string
  readonly frames: readonly HeldFrame[]
  readonly seenAt: Instant
  readonly deviceAt?: Instant
}

/** Undefined when the text is none that a plate can have. The frames are kept when this resolves. */
export async function makeRead (camera: CameraIdentity, sighting: Sighting, { ring, idKey }: Pick<ReadKeeper, 'ring' | 'idKey'>): Promise<Read | undefined> {
  const read = assembleRead(camera, sighting, idKey)
  if (read === undefined) return undefined
  const about = { readId: read.readId, controller: camera.controller, siteRef: camera.siteRef, at: sighting.seenAt, until: sighting.seenAt + camera.keepFor }
  return { ...read, evidence: await ring.keep(about, sighting.frames) }
}

function assembleRead (camera: CameraIdentity, sighting: Sighting, idKey: string): Read | undefined {
  const { seenAt, deviceAt, text, country, countryConfidence, confidence, charConfidences, origin } = sighting
  const report: PlateReport = {
    camera: camera.id, rawPlate: text, ...(country !== undefined && { country, countryConfidence }), confidence, charConfidences,
    deviceTime: deviceAt === undefined ? '' : new Date(deviceAt).toISOString(), origin: `${camera.id} ${origin} ${text}`
  }
  const { id, siteRef, siteGroup, place, direction } = camera
  const source = { id: RECOGNITION_SOURCE, controller: camera.controller, regime: camera.regime, cameras: [{ id, siteRef, siteGroup, place, direction }], tokenHash: '' }
  const read = readOf(report, { source, vendor: RECOGNITION_SOURCE, receivedAt: seenAt, evidence: 'none', idKey })
  if (isRefusal(read)) return undefined
  // A camera that tells no time is dated by our own clock, which is the better one.
  return deviceAt === undefined ? { ...read, observedAt: seenAt, clock: 'good' } : read
}

export class CameraReads {
  readonly #camera: CameraIdentity
  readonly #keeper: ReadKeeper
  readonly #watch: CameraWatch
  /** By track. */
  readonly #given = new Map<number, Read>()

  constructor (camera: CameraIdentity, keeper: ReadKeeper, watch: CameraWatch) {
    this.#camera = camera
    this.#keeper = keeper
    this.#watch = watch
  }

  /** Resolves when whatever follows from it is durable. `best`: the frame that shows it best. */
  async tell (track: TrackRead, frames: readonly HeldFrame[], best: HeldFrame | undefined): Promise<void> {
    const before = this.#given.get(track.trackId)
    if (before !== undefined && before.plate.raw === track.text) return this.#tellCountry(track, before)
    // The last word on what was refused before, or was said too long ago.
    if (before === undefined && track.phase === 'final') return
    const seenAt = best?.at ?? track.lastSeenAt
    const next = await makeRead(this.#camera, { ...track, origin: String(track.firstSeenAt), frames, seenAt, ...(best?.deviceAt !== undefined && { deviceAt: best.deviceAt }) }, this.#keeper)
    if (next === undefined) return this.#watch.rejected('format')
    this.#remember(track.trackId, next)
    this.#watch.read(seenAt)
    if (before === undefined) return this.#keeper.intake.accept([next])
    this.#watch.corrected()
    await this.#keeper.intake.correct(before, next)
    await this.#keeper.ring.release(before.readId)
  }

  /** The same text, and the country is known now, or another one: the same read, which may meet other entries. */
  async #tellCountry (track: TrackRead, before: Read): Promise<void> {
    const { country, countrySource } = before.plate
    if (track.country === undefined || (countrySource === 'vendor' && country === track.country)) return
    const next: Read = { ...before, plate: { ...before.plate, country: track.country, countryConfidence: track.countryConfidence, countrySource: 'vendor' } }
    this.#remember(track.trackId, next)
    await this.#keeper.intake.correct(before, next)
  }

  #remember (trackId: number, read: Read): void {
    this.#given.delete(trackId)
    this.#given.set(trackId, read)
    if (this.#given.size > GIVEN_TRACKS_MAX) this.#given.delete(this.#given.keys().next().value!)
  }
}

/**
 * One camera's loop: a frame comes, the motion gate decides whether it is worth a look, the recogniser looks, tracks
 * join looks to vehicles, and what they tell becomes reads. Invariant: whatever one frame does (broken, too large, a
 * recogniser that dies over it) costs that frame and is counted; only the signal, or a node that cannot write, ends it.
 */
import { nationOf } from '../../protocol/identifiers.ts'
import type { Instant } from '../../protocol/instant.ts'
import type { Clock } from '../runtime/ports.ts'
import { clearnessOf, type CameraWatch } from './camera-health.ts'
import { HeldFrames } from './camera-frames.ts'
import { CameraReads, type CameraIdentity, type ReadKeeper } from './camera-reads.ts'
import { isRecognitionErrorCode } from './errors.ts'
import type { GrayImage } from './image.ts'
import { isInside, type Look, type LookRequest, type Polygon, type Recogniser } from './look.ts'
import { MOTION_HEIGHT, MOTION_WIDTH, watchMotion, type MotionState } from './motion.ts'
import type { Frame, FrameSource } from './sources.ts'
import { advance, createTracks, finish, type TrackRead } from './tracks.ts'

export interface CameraTerms extends CameraIdentity {
  readonly regions: readonly Polygon[]
  readonly masks: readonly Polygon[]
  /** One look is enough: a camera that takes one picture of each vehicle. */
  readonly singleShot: boolean
  /** Every picture was taken on purpose, so each is looked at. */
  readonly lookAlways: boolean
}

export interface CameraParts extends ReadKeeper {
  readonly source: FrameSource
  readonly recogniser: Recogniser
  readonly clock: Pick<Clock, 'now'>
  readonly watch: CameraWatch
  encode (image: GrayImage): Promise<Uint8Array>
  /** A small gray view of a picture file; undefined when it is none. */
  thumbnail (bytes: Uint8Array): Promise<GrayImage | undefined>
}

/** Watches until the signal ends it. Rejects when reads cannot be kept: then the node stops. */
export async function watchCamera (camera: CameraTerms, parts: CameraParts, signal: AbortSignal): Promise<void> {
  const loop = new CameraLoop(camera, parts)
  try {
    for await (const frame of parts.source.frames(signal, parts.watch)) await loop.take(frame)
    await loop.end()
  } finally { parts.watch.stopped() }
}

class CameraLoop {
  readonly #camera: CameraTerms
  readonly #parts: CameraParts
  readonly #reads: CameraReads
  readonly #held: HeldFrames
  readonly #mask: Uint8Array | undefined
  #motion: MotionState = {}
  #tracks
  #number = 0
  /** Tracks count in time that never goes back, whatever the clock does. */
  #lastAt: Instant = 0
  #unconfirmed = 0

  constructor (camera: CameraTerms, parts: CameraParts) {
    this.#camera = camera
    this.#parts = parts
    this.#reads = new CameraReads(camera, parts, parts.watch)
    this.#held = new HeldFrames(image => parts.encode(image))
    this.#mask = cellMaskOf(camera)
    this.#tracks = createTracks({ singleShot: camera.singleShot })
  }

  async take (frame: Frame): Promise<void> {
    const { watch } = this.#parts
    const number = ++this.#number
    watch.frame(frame.receivedAt, frame.deviceAt)
    const at = this.#lastAt = Math.max(this.#lastAt, frame.receivedAt)
    const isWorth = await this.#isWorthALook(frame)
    if (!isWorth) watch.stillFrame()
    const look = isWorth ? await this.#look(frame) : undefined
    if (look !== undefined && look.plates.length > 0) await this.#hold(number, frame)
    const { state, reads } = advance(this.#tracks, { frame: number, plates: look?.plates ?? [] }, at)
    this.#tracks = state
    await this.#tell(reads)
  }

  /** A frame that cannot be kept is evidence of nothing; its reads go without it. */
  async #hold (number: number, { picture, receivedAt, deviceAt }: Frame): Promise<void> {
    try { await this.#held.hold(number, picture, receivedAt, deviceAt) } catch { this.#parts.watch.rejected('frame-not-kept') }
  }

  /** The last words of every track that is still in view. */
  async end (): Promise<void> {
    const { state, reads } = finish(this.#tracks)
    this.#tracks = state
    await this.#tell(reads)
  }

  async #tell (reads: readonly TrackRead[]): Promise<void> {
    for (const read of reads) await this.#reads.tell(read, this.#held.take(read.frames), this.#held.get(read.best.frame))
    this.#parts.watch.rejected('one-look', this.#tracks.unconfirmed - this.#unconfirmed)
    this.#unconfirmed = this.#tracks.unconfirmed
  }

  async #isWorthALook ({ picture, receivedAt }: Frame): Promise<boolean> {
    const { watch, thumbnail } = this.#parts
    const isDue = watch.isDue(receivedAt)
    if (this.#camera.lookAlways && !isDue) return true
    const view = picture instanceof Uint8Array ? await thumbnail(picture) : picture
    if (view === undefined) return true
    if (isDue) watch.measured(receivedAt, clearnessOf(view))
    if (this.#camera.lookAlways) return true
    const { state, look } = watchMotion(this.#motion, view, receivedAt, this.#mask === undefined ? {} : { mask: this.#mask })
    this.#motion = state
    return look !== undefined
  }

  async #look (frame: Frame): Promise<Look | undefined> {
    const { recogniser, watch } = this.#parts
    const { id, regions, masks, controller, singleShot } = this.#camera
    const request: LookRequest = { camera: id, regions, masks, home: nationOf(controller), still: singleShot }
    try {
      const look = await recogniser.look(frame.picture, request)
      watch.looked(look.rejected)
      return look
    } catch (error) {
      const { code } = error as { code?: unknown }
      watch.rejected(isRecognitionErrorCode(code) ? code : 'recogniser-failed')
      return undefined
    }
  }
}

/** 0 for cells of the motion gate that lie outside every region, or under a mask; undefined when all count. */
function cellMaskOf ({ regions, masks }: Pick<CameraTerms, 'regions' | 'masks'>): Uint8Array | undefined {
  if (regions.length === 0 && masks.length === 0) return undefined
  return Uint8Array.from({ length: MOTION_WIDTH * MOTION_HEIGHT }, (_, i) => {
    const centre = [((i % MOTION_WIDTH) + 0.5) * 1000 / MOTION_WIDTH, (Math.floor(i / MOTION_WIDTH) + 0.5) * 1000 / MOTION_HEIGHT] as const
    const counts = (regions.length === 0 || regions.some(region => isInside(centre, region))) && !masks.some(mask => isInside(centre, mask))
    return counts ? 1 : 0
  })
}

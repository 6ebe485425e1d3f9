/**
 * How a camera is, for people who look after it: what came, what was seen in it, what went wrong, and whether it still
 * sees clearly. Counts and codes only: it never holds a plate, an address or a password.
 */
import type { Duration, Instant } from '../../protocol/instant.ts'
import { MINUTE, SECOND } from '../../protocol/instant.ts'
import type { GrayImage } from './image.ts'
import type { SourceFault, SourceNotes } from './sources.ts'

export const CAMERA_STATES = ['starting', 'working', 'silent', 'troubled', 'stopped'] as const
/** `troubled`: the source says what is wrong. `silent`: nothing says so, but no frame came for SILENCE_MAX. */
export type CameraState = typeof CAMERA_STATES[number]

export interface CameraHealth {
  readonly camera: string
  readonly siteRef: string
  readonly state: CameraState
  readonly fault?: SourceFault
  readonly since: Instant
  readonly frames: number
  /** Frames that nothing moved in, so that nobody looked. */
  readonly still: number
  readonly looks: number
  readonly reads: number
  /** Reads that later looks took back. */
  readonly corrected: number
  /** Seen and not believed, and frames that could not be looked at, by reason. */
  readonly rejected: { readonly [reason: string]: number }
  /** Overtaken by newer ones, or broken. */
  readonly dropped: number
  readonly lastFrameAt?: Instant
  readonly lastReadAt?: Instant
  /** The camera's clock minus ours, ms. */
  readonly clockOffsetMs?: Duration
  /** Variance of the Laplacian: below BLURRED_BELOW it sees no edges (dirt, fog, focus); at night that says nothing. Absent before the first frame. */
  readonly sharpness?: number
  /** Mean gray level, 0 to 255. */
  readonly brightness?: number
  readonly isNight?: boolean
  readonly isBlurred?: boolean
}

export const SILENCE_MAX: Duration = 30 * SECOND
const BLURRED_BELOW = 25
const NIGHT_BELOW = 60
/** Parts of the last minutes' means that one new measurement replaces. */
const MEAN_MEASUREMENTS = 8
const MEASURE_INTERVAL: Duration = 5 * SECOND
/** Longer without a frame than a folder's or a snapshot's own interval is no silence. */
const SILENCE_INTERVALS = 5
const REJECT_REASONS_MAX = 32

export class CameraWatch implements SourceNotes {
  readonly #camera: string
  readonly #siteRef: string
  readonly #silence: Duration
  readonly #changed: (fault: SourceFault | undefined) => void
  readonly #now: () => Instant
  readonly #rejected = new Map<string, number>()
  #counts = { frames: 0, still: 0, looks: 0, reads: 0, corrected: 0, dropped: 0 }
  #fault: SourceFault | undefined
  #since: Instant
  #stopped = false
  #lastFrameAt: Instant | undefined
  #lastReadAt: Instant | undefined
  #measuredAt: Instant | undefined
  #clockOffsetMs: Duration | undefined
  #sharpness: number | undefined
  #brightness: number | undefined

  /** `frameInterval`: how far apart its frames are at least; undefined when they come when they come (a folder). `changed` hears of a new fault, and of its end. */
  constructor (about: { camera: string, siteRef: string, frameInterval: Duration | undefined, changed?: (fault: SourceFault | undefined) => void }, now: () => Instant) {
    this.#camera = about.camera
    this.#siteRef = about.siteRef
    this.#silence = about.frameInterval === undefined ? Infinity : Math.max(SILENCE_MAX, about.frameInterval * SILENCE_INTERVALS)
    this.#changed = about.changed ?? (() => {})
    this.#now = now
    this.#since = now()
  }

  // ── what the source says ───────────────────────────────────────────────────────────────────────────────────────

  fault (fault: SourceFault): void {
    if (this.#fault === fault) return
    this.#fault = fault
    this.#since = this.#now()
    this.#changed(fault)
  }

  recovered (): void {
    if (this.#fault === undefined) return
    this.#fault = undefined
    this.#since = this.#now()
    this.#changed(undefined)
  }

  dropped (count: number): void { this.#counts.dropped += count }

  // ── what the loop says ─────────────────────────────────────────────────────────────────────────────────────────

  frame (receivedAt: Instant, deviceAt: Instant | undefined): void {
    this.#counts.frames++
    this.#lastFrameAt = receivedAt
    if (deviceAt !== undefined) this.#clockOffsetMs = deviceAt - receivedAt
  }

  /** True when it is time to measure how clearly the camera sees. */
  isDue (at: Instant): boolean { return this.#measuredAt === undefined || Math.abs(at - this.#measuredAt) >= MEASURE_INTERVAL }

  measured (at: Instant, { sharpness, brightness }: Clearness): void {
    const follow = (mean: number | undefined, value: number): number => mean === undefined ? value : mean + (value - mean) / MEAN_MEASUREMENTS
    this.#measuredAt = at
    this.#sharpness = follow(this.#sharpness, sharpness)
    this.#brightness = follow(this.#brightness, brightness)
  }

  stillFrame (): void { this.#counts.still++ }
  looked (rejected: { readonly [reason: string]: number }): void {
    this.#counts.looks++
    for (const [reason, count] of Object.entries(rejected)) this.rejected(reason, count)
  }

  rejected (reason: string, count = 1): void {
    if (count > 0 && (this.#rejected.has(reason) || this.#rejected.size < REJECT_REASONS_MAX)) this.#rejected.set(reason, (this.#rejected.get(reason) ?? 0) + count)
  }

  read (at: Instant): void { this.#counts.reads++; this.#lastReadAt = at }
  corrected (): void { this.#counts.corrected++ }
  stopped (): void { this.#stopped = true; this.#since = this.#now() }

  // ── what people see ────────────────────────────────────────────────────────────────────────────────────────────

  health (): CameraHealth {
    const night = this.#brightness === undefined ? {} : { brightness: Math.round(this.#brightness), isNight: this.#brightness < NIGHT_BELOW }
    const clear = this.#sharpness === undefined ? {} : { sharpness: Math.round(this.#sharpness), isBlurred: this.#sharpness < BLURRED_BELOW && !(night.isNight ?? false) }
    return {
      camera: this.#camera, siteRef: this.#siteRef, state: this.#state(), ...(this.#fault !== undefined && { fault: this.#fault }), since: this.#since,
      ...this.#counts, rejected: Object.fromEntries([...this.#rejected].sort(([a], [b]) => a < b ? -1 : 1)),
      ...(this.#lastFrameAt !== undefined && { lastFrameAt: this.#lastFrameAt }), ...(this.#lastReadAt !== undefined && { lastReadAt: this.#lastReadAt }),
      ...(this.#clockOffsetMs !== undefined && { clockOffsetMs: this.#clockOffsetMs }), ...clear, ...night
    }
  }

  #state (): CameraState {
    if (this.#stopped) return 'stopped'
    if (this.#fault !== undefined) return 'troubled'
    const now = this.#now()
    if (this.#lastFrameAt === undefined) return now - this.#since > this.#silence + MINUTE ? 'silent' : 'starting'
    return now - this.#lastFrameAt > this.#silence ? 'silent' : 'working'
  }
}

export interface Clearness { readonly sharpness: number, readonly brightness: number }

/** Rows that are measured: enough for a mean, whatever the size of the picture. */
const MEASURED_ROWS = 256

/** Variance of the Laplacian and mean brightness over rows of the whole picture, at its own resolution. */
export function clearnessOf ({ width, height, data }: GrayImage): Clearness {
  const step = Math.max(1, Math.ceil(height / MEASURED_ROWS))
  let sum = 0; let edges = 0; let squares = 0; let count = 0
  for (let row = 1; row < height - 1; row += step) {
    for (let at = row * width + 1; at < row * width + width - 1; at++) {
      const edge = 4 * data[at]! - data[at - 1]! - data[at + 1]! - data[at - width]! - data[at + width]!
      sum += data[at]!
      edges += edge
      squares += edge * edge
      count++
    }
  }
  if (count === 0) return { sharpness: 0, brightness: data[0] ?? 0 }
  return { sharpness: squares / count - (edges / count) ** 2, brightness: sum / count }
}

/**
 * Whether a frame is worth looking at: something moved in it, or it is time for a full look anyhow. Pure: the same frames
 * and times give the same answers. Compares small pictures with a background that follows slowly, so that clouds and dusk
 * pass, and a car that parks becomes background.
 *
 * A cell has moved when it differs from the background by MOVED_LEVELS more than the whole picture does (a camera that
 * changes its exposure moves nothing). Masked cells never move.
 */
import type { Duration, Instant } from '../../protocol/instant.ts'
import { SECOND } from '../../protocol/instant.ts'
import type { GrayImage } from './image.ts'

export const MOTION_WIDTH = 160
export const MOTION_HEIGHT = 90
/** Gray levels out of 255. */
const MOVED_LEVELS = 18
/** Pixels of a cell that are looked at, along each side: movement needs no exact average, and a frame has millions. */
const CELL_SAMPLES = 4
/** Of all cells: a plate of 60 px at 1920 wide is about two of them across, a car some hundreds. */
const MOVED_CELLS_MIN = 12
/** Each frame takes over one part in so many of the difference. */
const BACKGROUND_FRAMES = 24
/** Beyond this share of cells the view itself changed (day to infrared, a knock): the background begins anew. */
const SCENE_CHANGED_SHARE = 0.7
export const FULL_LOOK_INTERVAL: Duration = 10 * SECOND
/** What moved is looked at a little longer, because the last look is often the nearest. */
const LINGER: Duration = SECOND

export interface MotionState {
  /** Float gray levels; absent before the first frame. */
  readonly background?: Float32Array
  readonly movedAt?: Instant
  readonly lookedAt?: Instant
}
export interface MotionOptions {
  readonly fullLookInterval?: Duration
  /** One byte for each cell: 0 where nothing counts. */
  readonly mask?: Uint8Array
}
export type LookReason = 'first' | 'motion' | 'lingering' | 'interval'
export interface MotionVerdict { readonly state: MotionState, readonly look?: LookReason, readonly moved: number }

export function watchMotion (state: MotionState, image: GrayImage, at: Instant, options: MotionOptions = {}): MotionVerdict {
  const cells = cellsOf(image)
  if (state.background === undefined) return { state: { background: Float32Array.from(cells), movedAt: at, lookedAt: at }, look: 'first', moved: 0 }
  const moved = countMoved(cells, state.background, options.mask)
  const isNewScene = moved > cells.length * SCENE_CHANGED_SHARE
  const background = isNewScene ? Float32Array.from(cells) : follow(state.background, cells)
  const movedAt = moved >= MOVED_CELLS_MIN ? at : state.movedAt
  const look = reasonOf(moved, at, movedAt, state.lookedAt, options.fullLookInterval ?? FULL_LOOK_INTERVAL)
  const lookedAt = look === undefined ? state.lookedAt : at
  return { state: { background, ...(movedAt !== undefined && { movedAt }), ...(lookedAt !== undefined && { lookedAt }) }, ...(look !== undefined && { look }), moved }
}

function cellsOf ({ width, height, data }: GrayImage): Uint8Array {
  const columns = samplePlaces(width, MOTION_WIDTH * CELL_SAMPLES)
  const rows = samplePlaces(height, MOTION_HEIGHT * CELL_SAMPLES)
  const sums = new Uint16Array(MOTION_WIDTH * MOTION_HEIGHT)
  for (let row = 0; row < rows.length; row++) {
    const cell = Math.floor(row / CELL_SAMPLES) * MOTION_WIDTH
    const line = rows[row]! * width
    for (let column = 0; column < columns.length; column++) sums[cell + Math.floor(column / CELL_SAMPLES)]! += data[line + columns[column]!]!
  }
  return Uint8Array.from(sums, sum => sum / (CELL_SAMPLES * CELL_SAMPLES))
}

const samplePlaces = (pixels: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => Math.min(pixels - 1, Math.floor((i + 0.5) * pixels / count)))

function reasonOf (moved: number, at: Instant, movedAt: Instant | undefined, lookedAt: Instant | undefined, interval: Duration): LookReason | undefined {
  if (moved >= MOVED_CELLS_MIN) return 'motion'
  // A clock that was set back must neither silence a camera nor have every frame looked at.
  if (movedAt !== undefined && Math.abs(at - movedAt) <= LINGER) return 'lingering'
  return lookedAt === undefined || Math.abs(at - lookedAt) >= interval ? 'interval' : undefined
}

function countMoved (cells: Uint8Array, background: Float32Array, mask: Uint8Array | undefined): number {
  let shift = 0
  for (let i = 0; i < cells.length; i++) shift += cells[i]! - background[i]!
  shift /= cells.length
  let moved = 0
  for (let i = 0; i < cells.length; i++) if (mask?.[i] !== 0 && Math.abs(cells[i]! - background[i]! - shift) > MOVED_LEVELS) moved++
  return moved
}

function follow (background: Float32Array, cells: Uint8Array): Float32Array {
  const next = new Float32Array(background.length)
  for (let i = 0; i < next.length; i++) next[i] = background[i]! + (cells[i]! - background[i]!) / BACKGROUND_FRAMES
  return next
}

/**
 * Where plates may be in a picture. The detector sees the whole picture at a fixed scale, NETWORK_WIDTH pixels wide and
 * never enlarged. A plate that fills half of the view is too large for that scale: of such a one the network sees parts,
 * or nothing. So where it sees a wide plate, or none, it looks once more at half the scale, at a quarter of the price; and
 * what the coarser look sees as one wide plate, no finer look may cut into pieces. A large still is looked at from closer too.
 * The same plate found at several scales or strides counts once.
 *
 * Each plate found that is not wide is then looked at by itself, straight ahead and SHARP_WIDTH pixels wide. That look is cheap, places
 * the corners better than a wide view can, and is a second opinion: what is a plate only from afar is none.
 *
 * The rule was fixed on rendered scenes and on the video that is trained on, not on any picture that it is judged by.
 */
import { boxOf, centreOf, cornersOf, overlapOf, scaled, widthOf, type Box, type Corners } from './corners.ts'
import type { GrayImage } from './image.ts'
import { GRID_CHANNELS, NETWORK_VALUES, type Grid, type Models } from './models.ts'
import { rectify, resize } from './resample.ts'

export const NETWORK_WIDTH = 640
/** Both sides of what the network sees are multiples of it. */
const NETWORK_STEP = 32
/** Of a network picture, so that a tall phone still costs no more than twice a wide one. */
const NETWORK_HEIGHT_MAX = 864
/** Two boxes that share more than this are one plate. */
const OVERLAP_MAX = 0.3
/** A box that lies this much inside a surer one, or in a wide one seen from farther, is a part of the same plate. */
const INSIDE_MAX = 0.7
/** In network pixels: from here on a plate is seen better at half the scale. */
const WIDE_MIN = 128
/** Network pixels for one of a still's, below which a plate that can still be read is too small to be found: then it is looked at from closer. */
const CLOSER_BELOW = 0.4
/** Cells that say the same about a plate: their corners are averaged by score. */
const SAME_OVERLAP_MIN = 0.6
/** A plate looked at by itself: its width, and the view around it, in network pixels. */
export const SHARP_WIDTH = 96
export const SHARP_VIEW = [192, 96] as const
/** Shares of the threshold that a first opinion needs, and both together: two opinions may each be less sure than one alone. */
const FIRST_OPINION = 0.65
const BOTH_OPINIONS = 0.8
/** A second opinion is about the same plate from this overlap on; none at all counts as SECOND_OPINION_MIN. */
const SECOND_OVERLAP_MIN = 0.4
const SECOND_OPINION_MIN = 0.05
/** Of one picture: the surest are looked at by themselves; the others, and wide ones, are answered as they were found. */
export const SHARPENED_MAX = 32
/** What is kept of one pass before suppression: a picture full of edges must not cost more than its pixels. */
const CELLS_MAX = 512

/** `corners` in pixels of the picture; `score` from 0 to 1. */
export interface Detection { readonly corners: Corners, readonly score: number }
interface Cell extends Detection { readonly box: Box, readonly networkWidth: number }

/** Plates by score, the surest first. */
export async function detectPlates (models: Models, image: GrayImage, { still = false }: { readonly still?: boolean } = {}): Promise<Detection[]> {
  const [half, usual, double] = [0.5, 1, 2].map(zoom => scaleOf(image, zoom)) as [number, number, number]
  const passes = [await look(models, image, usual)]
  if (still && usual < CLOSER_BELOW) passes.push(await look(models, image, double))
  if (passes.flat().length === 0 || passes[0]!.some(({ networkWidth }) => networkWidth >= WIDE_MIN)) passes.unshift(await look(models, image, half))
  const found = unite(passes.reduce((coarser, finer) => [...coarser, ...withoutParts(finer, coarser)]))
  const sharp: Cell[] = []
  for (const [at, plate] of found.entries()) sharp.push(at < SHARPENED_MAX && plate.networkWidth < WIDE_MIN ? await sharpened(models, image, plate) : plate)
  const sure = sharp.filter(({ score }) => score >= models.about.detector.threshold * BOTH_OPINIONS)
  return unite(sure).map(({ corners, score }) => ({ corners, score }))
}

/** Network pixels for one pixel of the picture. */
const scaleOf = ({ width, height }: GrayImage, zoom: number): number =>
  Math.min(zoom * Math.min(NETWORK_WIDTH / width, NETWORK_HEIGHT_MAX / height), 1)

async function look (models: Models, image: GrayImage, scale: number): Promise<Cell[]> {
  const small = resize(image, Math.max(Math.round(image.width * scale), 1), Math.max(Math.round(image.height * scale), 1))
  const { picture, width, height } = networkInput(small)
  const grids = await models.detect(picture, height, width)
  return grids.flatMap(grid => cellsOf(grid, models.about.detector.threshold * FIRST_OPINION))
    .sort((a, b) => b.score - a.score).slice(0, CELLS_MAX)
    .map(({ corners, score }) => {
      const place = scaled(corners, image.width / small.width, image.height / small.height)
      return { corners: place, score, box: boxOf(place), networkWidth: widthOf(corners) }
    })
}

/** Both opinions' geometric mean, at the corners of whichever saw the plate larger. */
async function sharpened (models: Models, image: GrayImage, plate: Cell): Promise<Cell> {
  const [x, y] = centreOf(plate.corners)
  const scale = SHARP_WIDTH / widthOf(plate.corners)
  const [width, height] = SHARP_VIEW
  const [left, top, right, bottom] = [x - width / 2 / scale, y - height / 2 / scale, x + width / 2 / scale, y + height / 2 / scale]
  const view = rectify(image, cornersOf([left, top, right, bottom]), width, height)
  const cells = (await models.detect(networkInput(view).picture, height, width))
    .flatMap(grid => cellsOf(grid, SECOND_OPINION_MIN))
    .map(({ corners, score }): Cell => {
      const place = corners.map((value, at) => value / scale + (at % 2 === 0 ? left : top)) as unknown as Corners
      return { corners: place, score, box: boxOf(place), networkWidth: widthOf(corners) }
    })
  const [second] = unite(cells.filter(({ box }) => overlapOf(box, plate.box) > SECOND_OVERLAP_MIN))
  if (second === undefined) return { ...plate, score: Math.sqrt(plate.score * SECOND_OPINION_MIN) }
  return { ...plate.networkWidth < SHARP_WIDTH ? second : plate, score: Math.sqrt(plate.score * second.score) }
}

const withoutParts = (finer: readonly Cell[], coarser: readonly Cell[]): Cell[] => {
  const wide = coarser.filter(({ networkWidth }) => networkWidth >= WIDE_MIN / 2)
  return finer.filter(({ box }) => !wide.some(whole => shareInside(box, whole.box) > INSIDE_MAX && overlapOf(box, whole.box) < SAME_OVERLAP_MIN))
}

/** Padded to the network's step at the right and below with what the network itself pads with: zero. */
function networkInput ({ width, height, data }: GrayImage): { picture: Float32Array, width: number, height: number } {
  const [wide, high] = [width, height].map(side => Math.ceil(side / NETWORK_STEP) * NETWORK_STEP) as [number, number]
  const picture = new Float32Array(wide * high)
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0, to = row * wide; column < width; column++) picture[to++] = NETWORK_VALUES[data[at++]!]!
  }
  return { picture, width: wide, height: high }
}

/** Cells at or above the threshold, corners in network pixels. */
export function cellsOf ({ stride, rows, columns, values }: Grid, threshold: number): Detection[] {
  const plane = rows * columns
  const logitMin = Math.log(threshold / (1 - threshold))
  const cells: Detection[] = []
  for (let at = 0; at < plane; at++) {
    if (values[at]! < logitMin) continue
    const [x, y] = [(at % columns + 0.5) * stride, (Math.floor(at / columns) + 0.5) * stride]
    const corners = Array.from({ length: GRID_CHANNELS - 1 }, (_, channel) => (channel % 2 === 0 ? x : y) + values[(channel + 1) * plane + at]! * stride)
    cells.push({ corners: corners as unknown as Corners, score: 1 / (1 + Math.exp(-values[at]!)) })
  }
  return cells
}

/** Greedy suppression over all strides and scales; a plate's corners are the mean of the cells that agree on it. */
function unite (cells: readonly Cell[]): Cell[] {
  const plates: { surest: Cell, agreeing: Cell[] }[] = []
  for (const cell of [...cells].sort((a, b) => b.score - a.score)) {
    const same = plates.find(({ surest }) => overlapOf(surest.box, cell.box) > OVERLAP_MAX || shareInside(cell.box, surest.box) > INSIDE_MAX)
    if (same === undefined) plates.push({ surest: cell, agreeing: [cell] })
    else if (overlapOf(same.surest.box, cell.box) > SAME_OVERLAP_MIN) same.agreeing.push(cell)
  }
  return plates.map(({ surest, agreeing }) => {
    const corners = meanOf(agreeing)
    return { ...surest, corners, box: boxOf(corners) }
  })
}

/** How much of the first box lies inside the second one. */
function shareInside (inner: Box, outer: Box): number {
  const width = Math.min(inner[2], outer[2]) - Math.max(inner[0], outer[0])
  const height = Math.min(inner[3], outer[3]) - Math.max(inner[1], outer[1])
  const area = (inner[2] - inner[0]) * (inner[3] - inner[1])
  return width <= 0 || height <= 0 || area <= 0 ? 0 : width * height / area
}

function meanOf (cells: readonly Cell[]): Corners {
  const whole = cells.reduce((sum, { score }) => sum + score, 0)
  return cells[0]!.corners.map((_, at) => cells.reduce((sum, { corners, score }) => sum + corners[at]! * score, 0) / whole) as unknown as Corners
}

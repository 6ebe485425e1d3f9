/**
 * Samples for the plate detector: parts of street scenes, and of real frames where there are any, with the corners of
 * every plate. Invariant: the seed and the frames decide every byte; a plate that is hidden in part or cut off by the
 * edge is labelled as nothing to learn from, never as background.
 *
 * A label is PLATES_MAX rows of nine float32 (little endian): eight corners in pixels, clockwise from the plate's top left,
 * and a weight: 1 for exact corners, BOX_WEIGHT for those of a box, 0 for what is to be ignored, -1 for no plate.
 */
import sharp from 'sharp'
import { boxOf, cornersOf } from '../../node/recognition/corners.ts'
import type { GrayImage } from '../../node/recognition/image.ts'
import { createCanvas, type Canvas } from '../pictures/canvas.ts'
import { likely, real } from '../pictures/chance.ts'
import { Composer, type PlacedPlate } from '../pictures/scene-composer.ts'
import { chooseLight } from '../pictures/scene-light.ts'
import { pasteLayers } from '../pictures/scene-paste.ts'
import { drawStock } from '../pictures/scene-stock.ts'
import type { Random } from '../random.ts'
import type { Frame } from './detector-frames.ts'

export const SAMPLE_WIDTH = 416
export const SAMPLE_HEIGHT = 256
export const PLATES_MAX = 12
export const LABEL_BYTES = PLATES_MAX * 9 * 4
const BOX_WEIGHT = 0.15
/** What a shard's scenes are put together from. */
const STOCK = { streets: 40, vehicles: 70, plates: 400, others: 90, overlays: 10 }
/** Widths in pixels that a frame's plate is brought to. */
const PLATE_WIDTHS = [15, 330] as const
const FRAME_SCALE_MAX = 3
const JPEG_SHARE = 0.33

export interface DetectorSample { readonly picture: Uint8Array, readonly label: Uint8Array }

/** `count` samples, about half of them parts of frames when there are any. */
export async function createDetectorSamples (random: Random, count: number, frames: readonly Frame[] = [], sizes = STOCK): Promise<DetectorSample[]> {
  const composer = new Composer(random.fork('grains'), await drawStock(random.fork('stock'), sizes))
  const samples: DetectorSample[] = []
  for (let at = 0; at < count; at++) samples.push(await createSample(random.fork(`sample/${at}`), composer, frames))
  return samples
}

async function createSample (random: Random, composer: Composer, frames: readonly Frame[]): Promise<DetectorSample> {
  const canvas = createCanvas(SAMPLE_WIDTH, SAMPLE_HEIGHT)
  const light = chooseLight(random)
  const placed: PlacedPlate[] = []
  if (frames.length > 0 && likely(random, 0.5)) {
    placed.push(...pasteFrame(random, canvas, random.pick(frames)))
    if (likely(random, 0.12)) composer.vehicles(random, canvas, light, 1, placed)
    composer.loosePlates(random, canvas, light, random.pick([0, 0, 0, 1, 1, 2]), placed)
    composer.others(random, canvas, light, random.pick([0, 0, 0, 1, 2]), placed)
  } else {
    composer.street(random, canvas, light)
    composer.vehicles(random, canvas, light, random.pick([0, 1, 1, 1, 2, 2, 3]), placed)
    composer.loosePlates(random, canvas, light, random.pick([0, 0, 0, 0, 1]), placed)
    composer.others(random, canvas, light, random.pick([0, 1, 2, 4]), placed)
  }
  const picture = await compressed(random, composer.finish(random, canvas))
  return { picture: picture.data, label: labelOf(placed) }
}

/** A part of a frame at a scale that makes one of its plates as wide as drawn, and the plates in it. */
function pasteFrame (random: Random, canvas: Canvas, { width, height, layers, boxes }: Frame): PlacedPlate[] {
  const [x0, y0, x1, y1] = random.pick(boxes)
  const wanted = Math.exp(real(random, Math.log(PLATE_WIDTHS[0]), Math.log(PLATE_WIDTHS[1]))) / (x1 - x0)
  const scale = Math.min(Math.max(wanted, canvas.width / width, canvas.height / height), FRAME_SCALE_MAX)
  const isOnPlate = likely(random, 0.85)
  const start = (middle: number, size: number, whole: number): number =>
    Math.min(Math.max(isOnPlate ? middle * scale - real(random, 0.08, 0.92) * size : real(random, 0, whole * scale - size), 0), whole * scale - size)
  const [left, top] = [start((x0 + x1) / 2, canvas.width, width), start((y0 + y1) / 2, canvas.height, height)]
  const place = cornersOf([-left - scale, -top - scale, (width + 1) * scale - left, (height + 1) * scale - top])
  pasteLayers(canvas, layers, place, { gain: likely(random, 0.5) ? real(random, 0.6, 1.4) : 1 })
  return boxes.map(box => cornersOf([box[0] * scale - left, box[1] * scale - top, box[2] * scale - left, box[3] * scale - top]))
    .flatMap(corners => {
      const box = boxOf(corners)
      if (box[2] <= 0 || box[3] <= 0 || box[0] >= canvas.width || box[1] >= canvas.height) return []
      return [{ corners, plate: undefined, isWhole: box[0] >= 0 && box[1] >= 0 && box[2] <= canvas.width && box[3] <= canvas.height }]
    })
}

/** As a camera sends it: some of the pictures go through JPEG. */
async function compressed (random: Random, picture: GrayImage): Promise<GrayImage> {
  if (!likely(random, JPEG_SHARE)) return picture
  const { width, height, data } = picture
  const jpeg = await sharp(data, { raw: { width, height, channels: 1 } }).jpeg({ quality: random.between(20, 90) }).toBuffer()
  return { width, height, data: new Uint8Array(await sharp(jpeg).grayscale().raw().toBuffer()) }
}

const weightOf = ({ plate, isWhole }: PlacedPlate): number => isWhole ? plate === undefined ? BOX_WEIGHT : 1 : 0

function labelOf (placed: readonly PlacedPlate[]): Uint8Array {
  const label = new DataView(new ArrayBuffer(LABEL_BYTES))
  for (let row = 0; row < PLATES_MAX; row++) {
    const plate = placed[row]
    const values = plate === undefined ? [0, 0, 0, 0, 0, 0, 0, 0, -1] : [...plate.corners, weightOf(plate)]
    values.forEach((value, at) => label.setFloat32((row * 9 + at) * 4, value, true))
  }
  return new Uint8Array(label.buffer)
}

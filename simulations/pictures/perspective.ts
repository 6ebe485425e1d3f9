/**
 * Flat things seen at an angle: which point of a plate is where in the picture, and a flat picture pasted so. Corners go
 * clockwise from the top left; pixel centres lie at .5.
 */
import { boxOf, type Corners } from '../../node/recognition/corners.ts'
import type { GrayImage } from '../../node/recognition/image.ts'
import { bilinear, perspectiveOf, resize } from '../../node/recognition/resample.ts'
import type { Canvas } from './canvas.ts'

/** Nine coefficients: x = (a·u + b·v + c) ÷ w, y = (d·u + e·v + f) ÷ w, w = g·u + h·v + i. */
export type Perspective = readonly [number, number, number, number, number, number, number, number, number]

/** From the unit square to the corners (Heckbert, Fundamentals of Texture Mapping and Image Warping, 1989, section 2.2.3). */
export const perspectiveTo = (corners: Corners): Perspective => [...perspectiveOf(corners), 1]

/** The way back, to the unit square. */
export function inverted ([a, b, c, d, e, f, g, h, i]: Perspective): Perspective {
  return [e * i - f * h, c * h - b * i, b * f - c * e, f * g - d * i, a * i - c * g, c * d - a * f, d * h - e * g, b * g - a * h, a * e - b * d]
}

export function through ([a, b, c, d, e, f, g, h, i]: Perspective, u: number, v: number): readonly [x: number, y: number] {
  const w = g * u + h * v + i
  return [(a * u + b * v + c) / w, (d * u + e * v + f) / w]
}

/** The corners grown about their middle along their own sides, by shares of width and height on each side. */
export function grown (corners: Corners, shareX: number, shareY: number): Corners {
  const place = perspectiveTo(corners)
  return [...through(place, -shareX, -shareY), ...through(place, 1 + shareX, -shareY), ...through(place, 1 + shareX, 1 + shareY), ...through(place, -shareX, 1 + shareY)]
}

/** Samples in each pixel, across and down. */
const SAMPLES_SIDE = 2

/** Pastes a flat picture onto the canvas so that its corners lie where they are told, with soft edges; `share` covers that much of what was there. */
export function paste (canvas: Canvas, picture: GrayImage, corners: Corners, share = 1): void {
  const flat = shrunkFor(picture, corners)
  const back = inverted(perspectiveTo(corners))
  const box = boxOf(corners)
  const [left, right] = [Math.max(Math.floor(box[0]), 0), Math.min(Math.ceil(box[2]), canvas.width)]
  const [top, bottom] = [Math.max(Math.floor(box[1]), 0), Math.min(Math.ceil(box[3]), canvas.height)]
  for (let row = top; row < bottom; row++) {
    for (let column = left; column < right; column++) pastePixel(canvas, flat, back, column, row, share)
  }
}

function pastePixel (canvas: Canvas, flat: GrayImage, [a, b, c, d, e, f, g, h, i]: Perspective, column: number, row: number, share: number): void {
  let sum = 0
  let inside = 0
  for (let sample = 0; sample < SAMPLES_SIDE * SAMPLES_SIDE; sample++) {
    const x = column + (sample % SAMPLES_SIDE + 0.5) / SAMPLES_SIDE
    const y = row + (Math.floor(sample / SAMPLES_SIDE) + 0.5) / SAMPLES_SIDE
    const w = g * x + h * y + i
    const u = (a * x + b * y + c) / w
    const v = (d * x + e * y + f) / w
    if (u < 0 || u > 1 || v < 0 || v > 1) continue
    sum += bilinear(flat, u * flat.width, v * flat.height)
    inside++
  }
  if (inside === 0) return
  const at = row * canvas.width + column
  canvas.data[at]! += (sum / inside - canvas.data[at]!) * share * inside / (SAMPLES_SIDE * SAMPLES_SIDE)
}

/** At most twice as fine as it will be seen, so that the few samples of each pixel miss nothing. */
function shrunkFor (picture: GrayImage, [x0, y0, x1, y1, x2, y2, x3, y3]: Corners): GrayImage {
  const across = Math.max(Math.hypot(x1 - x0, y1 - y0), Math.hypot(x2 - x3, y2 - y3)) * SAMPLES_SIDE
  const down = Math.max(Math.hypot(x3 - x0, y3 - y0), Math.hypot(x2 - x1, y2 - y1)) * SAMPLES_SIDE
  const width = Math.max(Math.min(Math.ceil(across), picture.width), 1)
  const height = Math.max(Math.min(Math.ceil(down), picture.height), 1)
  return resize(picture, width, height)
}

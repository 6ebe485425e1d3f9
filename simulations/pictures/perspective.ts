/**
 * Flat things seen at an angle: which point of a plate is where in the picture, and a flat picture pasted so. Corners go
 * clockwise from the top left; pixel centres lie at .5.
 */
import type { Corners } from '../../node/recognition/corners.ts'
import type { GrayImage } from '../../node/recognition/image.ts'
import { resize } from '../../node/recognition/resample.ts'
import type { Canvas } from './canvas.ts'

/** Nine coefficients: x = (a·u + b·v + c) ÷ w, y = (d·u + e·v + f) ÷ w, w = g·u + h·v + i. */
export type Perspective = readonly [number, number, number, number, number, number, number, number, number]

/** From the unit square to the corners (Heckbert, Fundamentals of Texture Mapping and Image Warping, 1989, section 2.2.3). */
export function perspectiveTo ([x0, y0, x1, y1, x2, y2, x3, y3]: Corners): Perspective {
  const [dx1, dx2, sx] = [x1 - x2, x3 - x2, x0 - x1 + x2 - x3]
  const [dy1, dy2, sy] = [y1 - y2, y3 - y2, y0 - y1 + y2 - y3]
  const area = dx1 * dy2 - dx2 * dy1
  const g = (sx * dy2 - dx2 * sy) / area
  const h = (dx1 * sy - sx * dy1) / area
  return [x1 - x0 + g * x1, x3 - x0 + h * x3, x0, y1 - y0 + g * y1, y3 - y0 + h * y3, y0, g, h, 1]
}

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
  const xs = [corners[0], corners[2], corners[4], corners[6]]
  const ys = [corners[1], corners[3], corners[5], corners[7]]
  const [left, right] = [Math.max(Math.floor(Math.min(...xs)), 0), Math.min(Math.ceil(Math.max(...xs)), canvas.width)]
  const [top, bottom] = [Math.max(Math.floor(Math.min(...ys)), 0), Math.min(Math.ceil(Math.max(...ys)), canvas.height)]
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

function bilinear ({ width, height, data }: GrayImage, x: number, y: number): number {
  const column = Math.min(Math.max(x - 0.5, 0), width - 1)
  const row = Math.min(Math.max(y - 0.5, 0), height - 1)
  const left = Math.floor(column)
  const top = Math.floor(row)
  const right = left + 1 < width ? 1 : 0
  const at = top * width + left
  const below = top + 1 < height ? at + width : at
  const upper = data[at]! + (data[at + right]! - data[at]!) * (column - left)
  const lower = data[below]! + (data[below + right]! - data[below]!) * (column - left)
  return upper + (lower - upper) * (row - top)
}

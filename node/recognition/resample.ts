/**
 * Pictures made smaller, larger or straight. The same functions make the crops that the reader is trained on and those
 * it reads, so nothing here may differ between machines: only + − × ÷ and square roots of float64, which every engine
 * rounds alike. Beyond a picture's edge its nearest pixel goes on.
 *
 * Shrinking averages over area (in `rectify` by a grid of bilinear samples in each output pixel), enlarging is bilinear.
 */
import { cornersOf, boxOf, heightOf, isConvex, widthOf, type Corners } from './corners.ts'
import { createImage, type GrayImage } from './image.ts'

export type { Corners } from './corners.ts'

/** A plate larger than this many times the output is sampled more sparsely than its pixels. */
const SAMPLES_PER_PIXEL_SIDE_MAX = 8

/** The quadrilateral as a picture of `width` × `height` pixels, seen straight from the front. Corners that no flat plate can have stand for their upright box. */
export function rectify (image: GrayImage, corners: Corners, width: number, height: number): GrayImage {
  const place = isConvex(corners) ? corners : cornersOf(boxOf(corners))
  const across = samplesFor(widthOf(place), width)
  const down = samplesFor(heightOf(place), height)
  const [a, b, c, d, e, f, g, h] = perspectiveOf(place)
  const rectified = createImage(width, height)
  const lanes = width * across
  const sums = new Float64Array(width)
  for (let row = 0; row < height; row++) {
    sums.fill(0)
    for (let sample = 0; sample < down; sample++) {
      const v = (row * down + sample + 0.5) / (height * down)
      for (let lane = 0, column = 0, filled = 0; lane < lanes; lane++) {
        const u = (lane + 0.5) / lanes
        const w = g * u + h * v + 1
        sums[column]! += bilinear(image, (a * u + b * v + c) / w, (d * u + e * v + f) / w)
        if (++filled === across) { column++; filled = 0 }
      }
    }
    for (let column = 0; column < width; column++) rectified.data[row * width + column] = sums[column]! / (across * down) + 0.5
  }
  return rectified
}

const samplesFor = (sourcePixels: number, pixels: number): number =>
  Math.min(Math.max(Math.ceil(sourcePixels / pixels - 0.01), 1), SAMPLES_PER_PIXEL_SIDE_MAX)

/** From the unit square to the quadrilateral: x = (a·u + b·v + c) ÷ (g·u + h·v + 1), y = (d·u + e·v + f) ÷ the same. */
export function perspectiveOf ([x0, y0, x1, y1, x2, y2, x3, y3]: Corners): readonly [number, number, number, number, number, number, number, number] {
  const [rightX, rightY, leftX, leftY] = [x1 - x2, y1 - y2, x3 - x2, y3 - y2]
  const [skewX, skewY] = [x0 - x1 + x2 - x3, y0 - y1 + y2 - y3]
  const area = rightX * leftY - leftX * rightY
  const g = area === 0 ? 0 : (skewX * leftY - leftX * skewY) / area
  const h = area === 0 ? 0 : (rightX * skewY - skewX * rightY) / area
  return [x1 - x0 + g * x1, x3 - x0 + h * x3, x0, y1 - y0 + g * y1, y3 - y0 + h * y3, y0, g, h]
}

/** The light at a point of the picture, its edge going on outside. */
export function bilinear ({ width, height, data }: GrayImage, x: number, y: number): number {
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

/** The whole picture at another size. */
export function resize (image: GrayImage, width: number, height: number): GrayImage {
  if (image.width === width && image.height === height) return image
  const times = image.width / width
  if (WHOLE_TIMES.includes(times) && image.height === height * times) return shrunk(image, times)
  const columns = sharesOf(image.width, width)
  const rows = sharesOf(image.height, height)
  const resized = createImage(width, height)
  const sum = new Float64Array(width)
  // Two lines are enough: consecutive output rows share at most the source row at which one ends and the next begins, or, enlarged, two.
  const lines = [{ row: -1, values: new Float64Array(width) }, { row: -1, values: new Float64Array(width) }]
  for (let row = 0; row < height; row++) {
    sum.fill(0)
    for (let share = rows.starts[row]!, source = rows.firsts[row]!; share < rows.starts[row + 1]!; share++, source++) {
      const line = lines[source % 2]!
      if (line.row !== source) { narrow(image, source, columns, line.values); line.row = source }
      const weight = rows.shares[share]!
      for (let column = 0; column < width; column++) sum[column]! += line.values[column]! * weight
    }
    for (let column = 0; column < width; column++) resized.data[row * width + column] = sum[column]! + 0.5
  }
  return resized
}

/** Shrinking by these is done in whole numbers: the same result, in half the time. By 6 it would not be, for a sixth is no exact number. */
const WHOLE_TIMES: readonly number[] = [2, 3, 4]

function shrunk ({ width, height, data }: GrayImage, times: number): GrayImage {
  const small = createImage(width / times, height / times)
  const sums = new Uint32Array(small.width)
  const [area, half] = [times * times, times * times / 2]
  for (let row = 0, at = 0; row < small.height; row++) {
    sums.fill(0)
    for (let line = 0; line < times; line++) {
      for (let column = 0; column < small.width; column++) {
        let sum = data[at++]! + data[at++]!
        for (let more = 2; more < times; more++) sum += data[at++]!
        sums[column]! += sum
      }
    }
    for (let column = 0; column < small.width; column++) small.data[row * small.width + column] = (sums[column]! + half) / area
  }
  return small
}

/** For each output pixel its first source pixel, and where its shares of that and the following ones start; they add up to one. */
interface Shares { readonly firsts: Int32Array, readonly starts: Int32Array, readonly shares: Float64Array }

function sharesOf (from: number, to: number): Shares {
  const ratio = from / to
  const firsts = new Int32Array(to)
  const starts = new Int32Array(to + 1)
  const shares: number[] = []
  for (let at = 0; at < to; at++) {
    const { first, parts } = ratio > 1 ? covered(at * ratio, (at + 1) * ratio, from) : interpolated((at + 0.5) * ratio - 0.5, from)
    firsts[at] = first
    shares.push(...parts)
    starts[at + 1] = shares.length
  }
  return { firsts, starts, shares: Float64Array.from(shares) }
}

function covered (start: number, end: number, from: number): { first: number, parts: number[] } {
  const first = Math.floor(start)
  const last = Math.min(Math.max(Math.ceil(end), first + 1), from)
  const parts = Array.from({ length: last - first }, (_, at) => Math.min(first + at + 1, end) - Math.max(first + at, start))
  const whole = parts.reduce((sum, part) => sum + part, 0)
  return { first, parts: parts.map(part => part / whole) }
}

function interpolated (place: number, from: number): { first: number, parts: number[] } {
  const clamped = Math.min(Math.max(place, 0), from - 1)
  const first = Math.floor(clamped)
  return { first, parts: first === clamped ? [1] : [first + 1 - clamped, clamped - first] }
}

function narrow ({ width, data }: GrayImage, row: number, { firsts, starts, shares }: Shares, line: Float64Array): void {
  const offset = row * width
  for (let column = 0; column < line.length; column++) {
    let sum = 0
    for (let share = starts[column]!, source = offset + firsts[column]!; share < starts[column + 1]!; share++, source++) sum += data[source]! * shares[share]!
    line[column] = sum
  }
}

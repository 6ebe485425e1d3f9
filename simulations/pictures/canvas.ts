/**
 * Gray paper to draw on: light as floats from 0 (black) to 255 (white), so that many layers add up before they are rounded
 * once. Shapes are filled with soft edges. Invariant: drawing outside the paper is allowed and leaves no trace.
 */
import type { GrayImage } from '../../node/recognition/image.ts'

export interface Canvas { readonly width: number, readonly height: number, readonly data: Float32Array }

/** Closed polygon as x0, y0, x1, y1 … in pixels; the paper spans [0, width] × [0, height]. */
export type Contour = ArrayLike<number>

/** Lines sampled in each pixel row; across, coverage is exact. */
const LINES_PER_ROW = 4

export const createCanvas = (width: number, height: number, light = 0): Canvas => ({ width, height, data: new Float32Array(width * height).fill(light) })

/** Rounded to bytes, what is darker than black or lighter than white cut off. */
export function imageOf ({ width, height, data }: Canvas): GrayImage {
  const bytes = new Uint8Array(width * height)
  for (let i = 0; i < bytes.length; i++) bytes[i] = Math.min(Math.max(data[i]! + 0.5, 0), 255)
  return { width, height, data: bytes }
}

/** Fills what the contours go around (non-zero winding); `share` 0 to 1 is how much of what was there is covered. */
export function fill (canvas: Canvas, contours: readonly Contour[], light: number, share = 1): void {
  const edges = edgesOf(contours)
  const [top, bottom] = [Math.max(Math.floor(edges.top), 0), Math.min(Math.ceil(edges.bottom), canvas.height)]
  const [left, right] = [Math.max(Math.floor(edges.left), 0), Math.min(Math.ceil(edges.right), canvas.width)]
  if (left >= right) return
  const covered = new Float32Array(right - left + 1)
  for (let row = top; row < bottom; row++) {
    covered.fill(0)
    for (let line = 0; line < LINES_PER_ROW; line++) coverLine(covered, left, right, edges, row + (line + 0.5) / LINES_PER_ROW)
    blendRow(canvas, row, left, covered, light, share)
  }
}

export const fillBox = (canvas: Canvas, x0: number, y0: number, x1: number, y1: number, light: number, share = 1): void =>
  fill(canvas, [[x0, y0, x1, y0, x1, y1, x0, y1]], light, share)

/** An ellipse as a polygon. `turns` false runs the other way, which makes a hole in one drawn before it. */
export function ellipse (x: number, y: number, radiusX: number, radiusY = radiusX, turns = true, corners = 20): number[] {
  const contour: number[] = []
  for (let i = 0; i < corners; i++) {
    const angle = (turns ? 1 : -1) * 2 * Math.PI * i / corners
    contour.push(x + radiusX * Math.cos(angle), y + radiusY * Math.sin(angle))
  }
  return contour
}

/** A box with round corners, clockwise, or the other way for a hole. */
export function roundBox (x0: number, y0: number, x1: number, y1: number, radius: number, turns = true): number[] {
  const contour: number[] = []
  const arcs = [[x1 - radius, y0 + radius, -1], [x1 - radius, y1 - radius, 0], [x0 + radius, y1 - radius, 1], [x0 + radius, y0 + radius, 2]]
  for (const [x, y, quarter] of arcs) {
    for (let i = 0; i <= 4; i++) {
      const angle = (quarter! + i / 4) * Math.PI / 2
      contour.push(x! + radius * Math.cos(angle), y! + radius * Math.sin(angle))
    }
  }
  if (turns) return contour
  const reversed: number[] = []
  for (let i = contour.length - 2; i >= 0; i -= 2) reversed.push(contour[i]!, contour[i + 1]!)
  return reversed
}

/** Edges as columns, each from its upper end down; `winding` says which way it ran. Flat arrays: this is where drawing spends its time. */
interface Edges {
  readonly count: number
  readonly y0: Float64Array
  readonly y1: Float64Array
  readonly x0: Float64Array
  readonly slope: Float64Array
  readonly winding: Int8Array
  readonly top: number
  readonly bottom: number
  readonly left: number
  readonly right: number
}

function edgesOf (contours: readonly Contour[]): Edges {
  let most = 0
  for (const contour of contours) most += contour.length / 2
  const [y0, y1, x0, slope, winding] = [new Float64Array(most), new Float64Array(most), new Float64Array(most), new Float64Array(most), new Int8Array(most)]
  let [count, top, bottom, left, right] = [0, Infinity, -Infinity, Infinity, -Infinity]
  for (const contour of contours) {
    for (let i = 0, before = contour.length - 2; i < contour.length; before = i, i += 2) {
      const [fromX, fromY, toX, toY] = [contour[before]!, contour[before + 1]!, contour[i]!, contour[i + 1]!]
      left = Math.min(left, toX)
      right = Math.max(right, toX)
      top = Math.min(top, toY)
      bottom = Math.max(bottom, toY)
      if (fromY === toY) continue
      const isDown = fromY < toY
      y0[count] = isDown ? fromY : toY
      y1[count] = isDown ? toY : fromY
      x0[count] = isDown ? fromX : toX
      slope[count] = (toX - fromX) / (toY - fromY)
      winding[count++] = isDown ? 1 : -1
    }
  }
  return { count, y0, y1, x0, slope, winding, top, bottom, left, right }
}

const CROSSINGS_MAX = 256
const crossingX = new Float64Array(CROSSINGS_MAX)
const crossingWinding = new Int8Array(CROSSINGS_MAX)

/** Adds what one line from `left` to `right` covers. Crossings beyond CROSSINGS_MAX are left out: no shape here has as many. */
function coverLine (covered: Float32Array, left: number, right: number, { count, y0, y1, x0, slope, winding }: Edges, y: number): void {
  let crossings = 0
  for (let edge = 0; edge < count && crossings < CROSSINGS_MAX; edge++) {
    if (y0[edge]! > y || y >= y1[edge]!) continue
    const x = x0[edge]! + (y - y0[edge]!) * slope[edge]!
    let at = crossings++
    for (; at > 0 && crossingX[at - 1]! > x; at--) {
      crossingX[at] = crossingX[at - 1]!
      crossingWinding[at] = crossingWinding[at - 1]!
    }
    crossingX[at] = x
    crossingWinding[at] = winding[edge]!
  }
  for (let at = 0, around = 0, start = 0; at < crossings; at++) {
    if (around === 0) start = crossingX[at]!
    around += crossingWinding[at]!
    if (around === 0) coverSpan(covered, Math.max(start, left) - left, Math.min(crossingX[at]!, right) - left)
  }
}

function coverSpan (covered: Float32Array, from: number, to: number): void {
  if (to <= from) return
  const first = Math.floor(from)
  const last = Math.floor(to)
  if (first === last) { covered[first]! += to - from; return }
  covered[first]! += first + 1 - from
  for (let column = first + 1; column < last; column++) covered[column]! += 1
  covered[last]! += to - last
}

function blendRow ({ width, data }: Canvas, row: number, left: number, covered: Float32Array, light: number, share: number): void {
  for (let column = 0, at = row * width + left; column < covered.length - 1; column++, at++) {
    if (covered[column]! > 0) data[at]! += (light - data[at]!) * share * covered[column]! / LINES_PER_ROW
  }
}

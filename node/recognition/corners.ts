/**
 * A plate's place in a picture: four corners, clockwise from the plate's own top left, in pixels. A pixel's centre is at
 * .5, so a picture spans [0, width] × [0, height]; corners may lie outside it.
 */

/** x0, y0, x1, y1, x2, y2, x3, y3: top left, top right, bottom right, bottom left. */
export type Corners = readonly [number, number, number, number, number, number, number, number]
/** An upright box: left, top, right, bottom. */
export type Box = readonly [number, number, number, number]

export const boxOf = ([x0, y0, x1, y1, x2, y2, x3, y3]: Corners): Box =>
  [Math.min(x0, x1, x2, x3), Math.min(y0, y1, y2, y3), Math.max(x0, x1, x2, x3), Math.max(y0, y1, y2, y3)]

export const cornersOf = ([left, top, right, bottom]: Box): Corners => [left, top, right, top, right, bottom, left, bottom]

export const scaled = (corners: Corners, x: number, y: number): Corners =>
  corners.map((value, at) => value * (at % 2 === 0 ? x : y)) as unknown as Corners

/** The mean of its corners. */
export const centreOf = ([x0, y0, x1, y1, x2, y2, x3, y3]: Corners): readonly [number, number] => [(x0 + x1 + x2 + x3) / 4, (y0 + y1 + y2 + y3) / 4]

/** Grown about its centre: by `across` of its width and `along` of its height on each side. */
export function grown ([x0, y0, x1, y1, x2, y2, x3, y3]: Corners, across: number, along: number): Corners {
  const out = (own: number, beside: number, above: number): number => own + across * (own - beside) + along * (own - above)
  return [
    out(x0, x1, x3), out(y0, y1, y3), out(x1, x0, x2), out(y1, y0, y2),
    out(x2, x3, x1), out(y2, y3, y1), out(x3, x2, x0), out(y3, y2, y0)
  ]
}

/** The rows from `top` to `bottom` of a plate, both as shares of its height. */
export function rowsOf ([x0, y0, x1, y1, x2, y2, x3, y3]: Corners, top: number, bottom: number): Corners {
  const between = (from: number, to: number, share: number): number => from + (to - from) * share
  return [
    between(x0, x3, top), between(y0, y3, top), between(x1, x2, top), between(y1, y2, top),
    between(x1, x2, bottom), between(y1, y2, bottom), between(x0, x3, bottom), between(y0, y3, bottom)
  ]
}

const distance = (x0: number, y0: number, x1: number, y1: number): number => Math.sqrt((x1 - x0) * (x1 - x0) + (y1 - y0) * (y1 - y0))

/** The mean length of the upper and the lower edge, in pixels. */
export const widthOf = ([x0, y0, x1, y1, x2, y2, x3, y3]: Corners): number => (distance(x0, y0, x1, y1) + distance(x3, y3, x2, y2)) / 2
/** The mean length of the left and the right edge, in pixels. */
export const heightOf = ([x0, y0, x1, y1, x2, y2, x3, y3]: Corners): number => (distance(x0, y0, x3, y3) + distance(x1, y1, x2, y2)) / 2

/** True when all turns go the same way, clockwise: only then is it a plate seen from its front. */
export function isConvex (corners: Corners): boolean {
  const at = (index: number): [number, number] => [corners[index % 8]!, corners[(index + 1) % 8]!]
  return [0, 2, 4, 6].every(index => {
    const [[x0, y0], [x1, y1], [x2, y2]] = [at(index), at(index + 2), at(index + 4)]
    return (x1 - x0) * (y2 - y1) - (y1 - y0) * (x2 - x1) > 0
  })
}

/** The part that two boxes share of what they cover together; 0 when they do not touch. */
export function overlapOf (a: Box, b: Box): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0])
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1])
  if (width <= 0 || height <= 0) return 0
  const shared = width * height
  return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)
}

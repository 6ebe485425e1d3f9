/**
 * Where flat things end up in a picture: a vehicle that stands before the camera, the plate that is screwed to it, a board
 * that hangs somewhere. Corners go clockwise from the thing's own top left.
 */
import { boxOf, type Corners } from '../../node/recognition/corners.ts'
import type { Random } from '../random.ts'
import { real, spread } from './chance.ts'
import { perspectiveTo, through } from './perspective.ts'
import type { StockPlate, StockVehicle } from './scene-stock.ts'

type Point = readonly [x: number, y: number]

/** Corners of a thing of `width` × `height` pixels whose own point `own` (shares of its sides) is put at `at`: turned, and seen a little from the side. */
export function standing (random: Random, width: number, height: number, own: Point, at: Point): Corners {
  const [turn, narrowed, taper, lean] = [spread(random) * 0.05, Math.min(Math.abs(spread(random)) * 0.12, 0.35), spread(random) * 0.02, spread(random) * 0.1]
  const point = (u: number, v: number): Point => {
    const across = (u - own[0]) * width * (1 - narrowed) * (1 + taper * (v - own[1]))
    const down = (v - own[1]) * height * (1 + taper * (u - own[0])) + (u - own[0]) * width * lean
    return [at[0] + across * Math.cos(turn) - down * Math.sin(turn), at[1] + across * Math.sin(turn) + down * Math.cos(turn)]
  }
  return [...point(0, 0), ...point(1, 0), ...point(1, 1), ...point(0, 1)]
}

/** The middle of a vehicle's plate, as shares of the drawing's sides. */
export const plateMiddle = ({ plate, width, height }: StockVehicle): Point => [plate[0] / width, plate[1] / height]

/** Corners of the plate on a vehicle that stands in `corners`; `askew` is how crooked it hangs, as a share of the vehicle's height. */
export function plateOn (vehicle: StockVehicle, plate: StockPlate, corners: Corners, askew = 0): Corners {
  const place = perspectiveTo(corners)
  const [x, y] = plateMiddle(vehicle)
  const [half, high] = [plate.width * 500 / vehicle.width, plate.height * 500 / vehicle.height]
  return [...through(place, x - half, y - high - askew), ...through(place, x + half, y - high + askew), ...through(place, x + half, y + high + askew), ...through(place, x - half, y + high - askew)]
}

/** The upper part of a plate, to the share `down` of its height. */
export const upperPart = ([x0, y0, x1, y1, x2, y2, x3, y3]: Corners, down: number): Corners =>
  [x0, y0, x1, y1, x1 + (x2 - x1) * down, y1 + (y2 - y1) * down, x0 + (x3 - x0) * down, y0 + (y3 - y0) * down]

export function isWithin (corners: Corners, { width, height }: { readonly width: number, readonly height: number }): boolean {
  const [left, top, right, bottom] = boxOf(corners)
  return left >= 0 && top >= 0 && right <= width && bottom <= height
}

/** Widths are as likely to double as to halve. */
export const evenlyByRatio = (random: Random, low: number, high: number): number => Math.exp(real(random, Math.log(low), Math.log(high)))

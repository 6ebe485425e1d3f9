/**
 * Puts scenes together from a stock: a street, vehicles from far to near with their plates, things that are not plates,
 * then weather, lens and sensor. Invariant: every plate on the canvas is named with its corners; one that something hides
 * in part or the edge cuts off is named as not whole, so that nobody is taught that it is nothing.
 */
import { boxOf, overlapOf, type Corners } from '../../node/recognition/corners.ts'
import type { GrayImage } from '../../node/recognition/image.ts'
import type { Random } from '../random.ts'
import { imageOf, type Canvas } from './canvas.ts'
import { likely, real, spread } from './chance.ts'
import { perspectiveTo, through } from './perspective.ts'
import { addLens, addSensor, addWeather, expose, glow, grainsOf, type Light } from './scene-light.ts'
import { pasteLayers, type Layers } from './scene-paste.ts'
import { evenlyByRatio, isWithin, plateMiddle, plateOn, standing, upperPart } from './scene-place.ts'
import type { Stock, StockPlate, StockVehicle } from './scene-stock.ts'

/** A plate on the canvas; `plate` is absent when it came with a photograph. */
export interface PlacedPlate { readonly corners: Corners, readonly plate: StockPlate | undefined, isWhole: boolean }

/** In pixels. */
const PLATE_WIDTH_MIN = 14
const PLATE_WIDTH_MAX = 340
/** Metres; what sizes are chosen by, since most plates are as wide. */
const USUAL_PLATE_WIDTH = 0.52
/** Darkness as a sprite. */
const SHADE: Layers = [{ width: 2, height: 2, gray: new Uint8Array(4), alpha: new Uint8Array(4).fill(255) }]

const meet = (a: Corners, b: Corners): boolean => overlapOf(boxOf(a), boxOf(b)) > 0
/** Pixels of a metre, so that a usual plate has any width that fits the canvas. */
const drawScale = (random: Random, canvas: Canvas): number => evenlyByRatio(random, PLATE_WIDTH_MIN, Math.min(PLATE_WIDTH_MAX, canvas.width * 0.85)) / USUAL_PLATE_WIDTH

export class Composer {
  readonly #stock: Stock
  readonly #grains: Float32Array
  constructor (random: Random, stock: Stock) {
    this.#stock = stock
    this.#grains = grainsOf(random)
  }

  /** A part of a street under this light, over the whole canvas. */
  street (random: Random, canvas: Canvas, light: Light): void {
    const street = random.pick(this.#stock.streets)
    const [wide, high] = [street[0]!.width, street[0]!.height]
    const scale = Math.max(canvas.width / wide, canvas.height / high, evenlyByRatio(random, 0.33, 1.3))
    const [left, top] = [real(random, 0, wide * scale - canvas.width), real(random, 0, high * scale - canvas.height)]
    pasteLayers(canvas, street, [-left, -top, wide * scale - left, -top, wide * scale - left, high * scale - top, -left, high * scale - top], { gain: light.gain })
  }

  /** Vehicles from far to near; most of them carry a plate, which is added to `placed`. */
  vehicles (random: Random, canvas: Canvas, light: Light, count: number, placed: PlacedPlate[]): void {
    const scales = Array.from({ length: count }, () => drawScale(random, canvas)).sort((a, b) => a - b)
    for (const scale of scales) this.#vehicle(random, canvas, light, scale, placed)
  }

  #vehicle (random: Random, canvas: Canvas, light: Light, scale: number, placed: PlacedPlate[]): void {
    const [vehicle, plate] = [random.pick(this.#stock.vehicles), random.pick(this.#stock.plates)]
    const reach = plate.width * scale * 0.4
    const at = [real(random, reach, canvas.width - reach), real(random, 0.1, 0.97) * canvas.height] as const
    const corners = standing(random, vehicle.width / 1000 * scale, vehicle.height / 1000 * scale, plateMiddle(vehicle), at)
    for (const other of placed) if (meet(corners, other.corners)) other.isWhole = false
    pasteLayers(canvas, vehicle.layers, corners, { gain: light.gain, lift: spread(random) * 6 })
    if (likely(random, 0.92)) this.#plate(random, canvas, light, plate, plateOn(vehicle, plate, corners, spread(random) * 0.004), placed)
    this.#lamps(random, canvas, light, vehicle, corners, scale)
  }

  #lamps (random: Random, canvas: Canvas, light: Light, vehicle: StockVehicle, corners: Corners, scale: number): void {
    if (light.lamp === 0) return
    for (const [x, y, radius] of vehicle.lamps) {
      const [lampX, lampY] = through(perspectiveTo(corners), x / vehicle.width, y / vehicle.height)
      glow(canvas, lampX, lampY, Math.max(radius / 1000 * scale * real(random, 0.5, 1.4), 1), light.lamp * real(random, 0.6, 1.2))
    }
  }

  /** Bright or worn, at times half in a shadow. */
  #plate (random: Random, canvas: Canvas, light: Light, plate: StockPlate, corners: Corners, placed: PlacedPlate[]): void {
    const contrast = likely(random, 0.35) ? real(random, 0.35, 1) : 1
    const gain = light.plateGain * real(random, 0.8, 1.15)
    pasteLayers(canvas, plate.layers, corners, { gain: gain * contrast, lift: gain * (1 - contrast) * real(random, 20, 200) + spread(random) * 8 })
    if (likely(random, 0.12)) pasteLayers(canvas, SHADE, upperPart(corners, real(random, 0.2, 0.7)), { gain: 1, opacity: real(random, 0.2, 0.65) })
    placed.push({ corners, plate, isWhole: isWithin(corners, canvas) })
  }

  /** Plates on walls, trailers and whatever is there, where no other plate is. */
  loosePlates (random: Random, canvas: Canvas, light: Light, count: number, placed: PlacedPlate[]): void {
    for (let at = 0; at < count; at++) {
      const plate = random.pick(this.#stock.plates)
      const scale = drawScale(random, canvas)
      const [wide, high] = [plate.width * scale, plate.height * scale]
      const middle = [real(random, wide * 0.45, canvas.width - wide * 0.45), real(random, high, canvas.height - high)] as const
      const lie = `lie/${at}`
      const around = standing(random.fork(lie), wide * real(random, 1.1, 1.9), high * real(random, 1.2, 3), [0.5, 0.5], middle)
      const corners = standing(random.fork(lie), wide, high, [0.5, 0.5], middle)
      if (placed.some(other => meet(around, other.corners))) continue
      if (likely(random, 0.6)) pasteLayers(canvas, SHADE, around, { gain: 1, lift: real(random, 0, 230) * light.gain, opacity: real(random, 0.3, 1) })
      this.#plate(random, canvas, light, plate, corners, placed)
    }
  }

  /** Boards, badges, lettering, anywhere but on a plate. */
  others (random: Random, canvas: Canvas, light: Light, count: number, placed: readonly PlacedPlate[]): void {
    for (let at = 0; at < count; at++) {
      const layers = random.pick(this.#stock.others)
      const high = evenlyByRatio(random, 7, 90)
      const corners = standing(random, high * layers[0]!.width / layers[0]!.height, high, [0.5, 0.5], [real(random, 0, canvas.width), real(random, 0, canvas.height)])
      if (placed.some(plate => meet(corners, plate.corners))) continue
      pasteLayers(canvas, layers, corners, { gain: likely(random, 0.5) ? light.gain : light.plateGain * real(random, 0.7, 1.1), opacity: real(random, 0.6, 1) })
    }
  }

  /** Weather, exposure, lens and sensor over what is there; at times what the camera writes. */
  finish (random: Random, canvas: Canvas): GrayImage {
    addWeather(random, canvas)
    if (likely(random, 0.6)) expose(canvas, real(random, 110, 260))
    addLens(random, canvas)
    addSensor(random, canvas, this.#grains)
    if (likely(random, 0.12)) this.#overlay(random, canvas)
    return imageOf(canvas)
  }

  #overlay (random: Random, canvas: Canvas): void {
    const wide = canvas.width * real(random, 1, 2)
    const high = wide * 9 / 16
    const [left, top] = [random.chance(500) ? 0 : canvas.width - wide, random.chance(500) ? 0 : canvas.height - high]
    pasteLayers(canvas, random.pick(this.#stock.overlays), [left, top, left + wide, top, left + wide, top + high, left, top + high], { gain: 1 })
  }
}

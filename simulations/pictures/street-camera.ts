/**
 * A camera over one lane: vehicles come into its view with the plates they were given, drive through and leave. What is
 * seen at an instant depends on the seed, the vehicles and the instant alone, so frames may be asked for in any order.
 *
 * The geometry is that of a pinhole camera above a flat road: at a distance d a metre is `focal ÷ d` pixels, and the
 * ground lies `height × focal ÷ d` pixels under the horizon. Instants are milliseconds on the caller's clock.
 */
import type { Corners } from '../../node/recognition/corners.ts'
import { Random } from '../random.ts'
import { createCanvas, imageOf, type Canvas } from './canvas.ts'
import { real } from './chance.ts'
import { perspectiveTo, through } from './perspective.ts'
import { glow, type Light } from './scene-light.ts'
import { pasteLayers } from './scene-paste.ts'
import { isWithin, plateOn } from './scene-place.ts'
import type { Scene, ScenePlate } from './scene.ts'
import { stockPlate, stockStreet, stockVehicle, type StockPlate, type StockVehicle } from './scene-stock.ts'
import { STREET_VIEW } from './street.ts'
import type { Facing, VehicleClass } from './vehicle.ts'

/** A vehicle on its way through the view. */
export interface Passing {
  /** ISO 3166-1 alpha-2. */
  readonly country: string
  /** As painted. */
  readonly text: string
  readonly class?: VehicleClass
  /** Coming nearer, or driving away. */
  readonly facing?: Facing
  /** Of the paint, 0 to 255. */
  readonly tone?: number
  /** When it comes into view. */
  readonly at: number
}
export interface Passage { readonly at: number, readonly until: number }
export interface StreetCameraOptions {
  readonly night?: boolean
  /** In pixels, 1280 × 720 when not given. */
  readonly width?: number
  readonly height?: number
  readonly vehicles?: readonly Passing[]
}

/** In metres. */
const FAR = 46
const NEAR = 6.2
const CAMERA_HEIGHT = 2.4
/** Pixels of a metre at a metre, for a picture as wide as STREET_VIEW. */
const FOCAL = 2600
/** Metres a second. */
const SPEEDS = [10, 17] as const
const SPRITE_PIXELS_PER_METRE = 300
const NOISE = 2.2
const GRAINS = 1 << 16

interface Driving extends Passage { readonly vehicle: StockVehicle, readonly plate: StockPlate, readonly facing: Facing, /** Metres from the lane's middle. */ readonly offset: number, readonly askew: number }

export class StreetCamera {
  readonly #random: Random
  readonly #street: Canvas
  readonly #light: Light
  readonly #grains: Float32Array
  readonly #horizon: number
  readonly #middle: number
  /** Metres down for each metre to the right: the camera hangs a little askew. */
  readonly #roll: number
  #driving: Driving[] = []
  #admitted = 0

  constructor (random: Random, street: Canvas, light: Light, horizon: number, middle: number) {
    this.#random = random
    this.#street = street
    this.#light = light
    this.#horizon = horizon
    this.#middle = middle
    this.#roll = real(random, -0.05, 0.05)
    this.#grains = Float32Array.from({ length: GRAINS }, () => real(random, -1, 1) + real(random, -1, 1))
  }

  /** Says when the vehicle is in view. */
  async admit ({ country, text, at, tone, ...look }: Passing): Promise<Passage> {
    const random = this.#random.fork(`passing/${this.#admitted++}`)
    const facing = look.facing ?? (look.class === 'motorcycle' ? 'rear' : random.pick(['front', 'rear']))
    const vehicle = await stockVehicle(random.fork('vehicle'), SPRITE_PIXELS_PER_METRE, { class: look.class ?? 'car', facing, tone: tone ?? random.between(20, 230) })
    const plate = stockPlate(random.fork('plate'), { country, text })
    const passage = { at, until: at + Math.round((FAR - NEAR) / real(random, ...SPEEDS) * 1000) }
    this.#driving.push({ ...passage, vehicle, plate, facing, offset: real(random, -0.35, 0.35), askew: real(random, -0.003, 0.003) })
    return passage
  }

  /** Forgets vehicles that left before the instant. */
  forgetBefore (ms: number): void { this.#driving = this.#driving.filter(({ until }) => until >= ms) }

  /** What the camera sees, and which plates lie whole within the picture. */
  frameAt (ms: number): Scene {
    const canvas = { ...this.#street, data: this.#street.data.slice() }
    const inView = this.#driving.filter(({ at, until }) => at <= ms && ms <= until).map(driving => ({ driving, distance: distanceOf(driving, ms) })).sort((a, b) => b.distance - a.distance)
    const plates = inView.map(({ driving, distance }) => this.#paste(canvas, driving, distance))
    this.#addNoise(canvas, ms)
    return { picture: imageOf(canvas), plates: plates.filter(({ corners }) => isWithin(corners, canvas)) }
  }

  #paste (canvas: Canvas, { vehicle, plate, facing, offset, askew }: Driving, distance: number): ScenePlate {
    const scale = FOCAL * canvas.width / STREET_VIEW[0] / distance
    const [x, ground] = [this.#middle + offset * scale, this.#horizon + CAMERA_HEIGHT * scale]
    const [half, high] = [vehicle.width / 2000 * scale, vehicle.height / 1000 * scale]
    const drop = half * this.#roll
    const corners: Corners = [x - half, ground - high - drop, x + half, ground - high + drop, x + half, ground + drop, x - half, ground - drop]
    pasteLayers(canvas, vehicle.layers, corners, { gain: this.#light.gain })
    const plateCorners = plateOn(vehicle, plate, corners, askew)
    pasteLayers(canvas, plate.layers, plateCorners, { gain: this.#light.plateGain })
    for (const [lampX, lampY, radius] of this.#light.lamp > 0 ? vehicle.lamps : []) {
      glow(canvas, ...through(perspectiveTo(corners), lampX / vehicle.width, lampY / vehicle.height), Math.max(radius / 1000 * scale * 0.8, 1), this.#light.lamp * (facing === 'front' ? 1 : 0.35))
    }
    return { corners: plateCorners, text: plate.text, country: plate.country, lines: plate.lines }
  }

  #addNoise ({ data }: Canvas, ms: number): void {
    const start = this.#random.fork(`frame/${ms}`).integer(GRAINS)
    for (let at = 0; at < data.length; at++) data[at]! += this.#grains[(start + at + (at >> 11) * 7919) & (GRAINS - 1)]! * NOISE
  }
}

/** One that comes nearer starts far away; one that drives away starts close. */
function distanceOf ({ at, until, facing }: Driving, ms: number): number {
  const share = (ms - at) / (until - at)
  return facing === 'front' ? FAR + (NEAR - FAR) * share : NEAR + (FAR - NEAR) * share
}

/** A camera of its own street for each seed; the same seed, options and vehicles give the same pictures. */
export async function streetCamera (seed: number | string, { night = false, width = STREET_VIEW[0], height = STREET_VIEW[1], vehicles = [] }: StreetCameraOptions = {}): Promise<StreetCamera> {
  const random = new Random(`camera/${seed}`)
  const zoom = width / STREET_VIEW[0]
  const outlook = { horizon: real(random, -70, 30), vanishing: real(random, 560, 720), reach: real(random, 800, 1100) }
  const light: Light = night ? { hour: 'night', gain: real(random, 0.22, 0.36), plateGain: real(random, 0.65, 0.95), lamp: real(random, 150, 330) } : { hour: 'day', gain: real(random, 0.8, 1.05), plateGain: real(random, 0.75, 1), lamp: 0 }
  const street = createCanvas(width, height)
  pasteLayers(street, await stockStreet(random.fork('street'), width, outlook), [0, 0, width, 0, width, STREET_VIEW[1] * zoom, 0, STREET_VIEW[1] * zoom], { gain: light.gain })
  const camera = new StreetCamera(random.fork('camera'), street, light, outlook.horizon * zoom, outlook.vanishing * zoom)
  for (const vehicle of vehicles) await camera.admit(vehicle)
  return camera
}

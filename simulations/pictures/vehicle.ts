/**
 * Vehicles as seen from before or behind, drawn in millimetres from their class and chance, with the place where the
 * plate is screwed on. Invariant: a drawing carries lettering and badges but never a plate; the plate is put on later,
 * so that its corners are known and its light is its own (plates shine back at night, paint does not).
 */
import type { Random } from '../random.ts'
import { drawCar, drawVan } from './vehicle-car.ts'
import { drawBus, drawLorry, drawMotorcycle } from './vehicle-heavy.ts'
import { rasterise, type Sprite } from './scene-svg.ts'

export const VEHICLE_CLASSES = ['car', 'van', 'lorry', 'bus', 'motorcycle'] as const
export type VehicleClass = typeof VEHICLE_CLASSES[number]
export const FACINGS = ['front', 'rear'] as const
export type Facing = typeof FACINGS[number]

/** Shapes in millimetres, x to the right from the left edge of the drawing, y down; the wheels stand on its bottom edge. */
export interface Drawing {
  readonly shapes: string
  readonly width: number
  readonly height: number
  /** The middle of the plate. */
  readonly plate: readonly [x: number, y: number]
  /** What shines at night, as circles. */
  readonly lamps: readonly (readonly [x: number, y: number, radius: number])[]
}

export interface Vehicle extends Omit<Drawing, 'shapes'> {
  readonly class: VehicleClass
  readonly facing: Facing
  readonly sprite: Sprite
  /** Pixels of the sprite in a metre. */
  readonly pixelsPerMetre: number
}

export interface VehicleLook {
  readonly class: VehicleClass
  readonly facing: Facing
  /** Of the paint, 0 to 255. */
  readonly tone: number
}

const CLASS_WEIGHTS: readonly VehicleClass[] = ['car', 'car', 'car', 'car', 'car', 'car', 'van', 'van', 'lorry', 'bus', 'motorcycle']
const PAINT_TONES = [18, 25, 35, 50, 70, 90, 115, 140, 165, 190, 215, 235]

export function chooseLook (random: Random): VehicleLook {
  const chosen = random.pick(CLASS_WEIGHTS)
  return { class: chosen, facing: chosen === 'motorcycle' ? 'rear' : random.pick(FACINGS), tone: random.pick(PAINT_TONES) }
}

const DRAW: { readonly [name in VehicleClass]: (random: Random, facing: Facing, tone: number) => Drawing } =
  { car: drawCar, van: drawVan, lorry: drawLorry, bus: drawBus, motorcycle: drawMotorcycle }

/** A vehicle of its own as a sprite of `pixelsPerMetre`. */
export async function drawVehicle (random: Random, pixelsPerMetre: number, look: VehicleLook = chooseLook(random)): Promise<Vehicle> {
  const { shapes, ...drawing } = DRAW[look.class](random, look.facing, look.tone)
  const sprite = await rasterise(shapes, [drawing.width, drawing.height], Math.max(8, Math.round(drawing.width / 1000 * pixelsPerMetre)))
  return { ...drawing, class: look.class, facing: look.facing, sprite, pixelsPerMetre: sprite.width / drawing.width * 1000 }
}

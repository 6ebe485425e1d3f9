/**
 * What scenes are put together from, drawn once and used many times: streets, vehicles, plates, and boards and badges
 * that are no plates. Invariant: only `plates` holds what a detector is to find.
 */
import type { Random } from '../random.ts'
import { chooseLook, drawVehicle, type Vehicle, type VehicleLook } from './vehicle.ts'
import { badge, grille, lampPair } from './vehicle-parts.ts'
import { drawPlate, type Plate, type PlateWishes } from './plate.ts'
import { real } from './chance.ts'
import { layersOf, spriteOf, type Layers } from './scene-paste.ts'
import { rasterise, type Sprite } from './scene-svg.ts'
import { board, directionBoard, roadSign, shopFront } from './signs.ts'
import { anyText, lettering, lettersWide, overlay } from './street-lettering.ts'
import { drawStreet, drawSurface, type Outlook } from './street.ts'

export interface StockVehicle extends Vehicle { readonly layers: Layers }
export interface StockPlate extends Plate {
  readonly layers: Layers
  /** In metres. */
  readonly width: number
  readonly height: number
}
export interface Stock {
  readonly streets: readonly Layers[]
  readonly vehicles: readonly StockVehicle[]
  readonly plates: readonly StockPlate[]
  /** Boards, badges, lettering: never plates. */
  readonly others: readonly Layers[]
  /** What cameras write over a whole picture. */
  readonly overlays: readonly Layers[]
}

/** As plates are drawn: 96 pixels for 110 mm. */
const PLATE_PIXELS_PER_METRE = 96 / 0.11

export function stockPlate (random: Random, wishes: PlateWishes = {}): StockPlate {
  const plate = drawPlate(random, wishes)
  const { width, height } = plate.picture
  return { ...plate, layers: layersOf(spriteOf(plate.picture)), width: width / PLATE_PIXELS_PER_METRE, height: height / PLATE_PIXELS_PER_METRE }
}

export async function stockVehicle (random: Random, pixelsPerMetre: number, look: VehicleLook = chooseLook(random)): Promise<StockVehicle> {
  const vehicle = await drawVehicle(random, pixelsPerMetre, look)
  return { ...vehicle, layers: layersOf(vehicle.sprite) }
}

/** Uneven like asphalt, leaves and plaster: noise of several sizes over what was drawn flat. */
function textured (random: Random, sprite: Sprite): Sprite {
  const [fine, coarse] = [real(random, 0, 14), real(random, 0, 22)]
  const patch = Float32Array.from({ length: 4096 }, () => real(random, -1, 1))
  const gray = sprite.gray.map((level, at) => {
    const [column, row] = [at % sprite.width, Math.floor(at / sprite.width)]
    const rough = patch[((column >> 2) * 31 + (row >> 2) * 577) & 4095]! * coarse + patch[((column >> 4) * 131 + (row >> 4) * 71) & 4095]! * coarse
    return Math.min(Math.max(level + patch[(column * 1093 + row * 3571 + ((column * row) >> 3)) & 4095]! * fine + rough * 0.5, 0), 255)
  })
  return { ...sprite, gray }
}

export const stockStreet = async (random: Random, width: number, outlook?: Outlook): Promise<Layers> =>
  layersOf(textured(random, outlook === undefined && random.chance(150) ? await drawSurface(random, width) : await drawStreet(random, width, outlook)))

/** One thing that is not a plate, 100 high in a view as wide as it needs. */
async function drawOther (random: Random): Promise<Layers> {
  const text = anyText(random)
  const wide = lettersWide(text, 60) + 40
  const kinds: readonly (() => readonly [string, number])[] = [
    () => [board(random, 0, 0, wide, 100, text), wide], () => [lettering(text, 20, 20, 60, { tone: random.pick([10, 40, 210, 250]), weight: real(random, 0.1, 0.25) }), wide],
    () => [roadSign(random, 2, 2, 70, 100), 76], () => [directionBoard(random, 2, 2, 216, 96, 98), 220], () => [badge(random, 140, 50, 80), 280],
    () => [grille(random, 4, 4, 392, 92, real(random, 20, 220)), 400], () => [shopFront(random, 0, 0, 240, 100), 240], () => [lampPair(random, { x: 60, y: 50, width: 100, height: 60 }, 150, real(random, 80, 240)), 300]
  ]
  const [shapes, width] = random.pick(kinds)()
  return layersOf(await rasterise(shapes, [width, 100], Math.round(width * 0.9)))
}

const drawOverlay = async (random: Random): Promise<Layers> => layersOf(await rasterise(overlay(random, 1280, 720), [1280, 720], 1280))

export interface StockSizes { readonly streets: number, readonly vehicles: number, readonly plates: number, readonly others: number, readonly overlays: number }

async function many<T> (random: Random, name: string, count: number, draw: (random: Random) => T | Promise<T>): Promise<T[]> {
  const drawn: T[] = []
  for (let at = 0; at < count; at++) drawn.push(await draw(random.fork(`${name}/${at}`)))
  return drawn
}

/** A stock of its own for each stream of chance. */
export async function drawStock (random: Random, sizes: StockSizes): Promise<Stock> {
  return {
    streets: await many(random, 'street', sizes.streets, own => stockStreet(own, 1280)),
    vehicles: await many(random, 'vehicle', sizes.vehicles, own => stockVehicle(own, own.between(90, 330))),
    plates: await many(random, 'plate', sizes.plates, own => stockPlate(own, { anyText: 0.2, anyStyle: 0.15 })),
    others: await many(random, 'other', sizes.others, drawOther),
    overlays: await many(random, 'overlay', sizes.overlays, drawOverlay)
  }
}

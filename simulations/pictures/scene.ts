/**
 * One street scene with everything in it drawn anew: a street, vehicles with plates, an hour, a weather and a camera. For
 * many scenes at little cost, draw a stock once and use a Composer. The same stream of chance and options give the same
 * picture.
 */
import type { Corners } from '../../node/recognition/corners.ts'
import type { GrayImage } from '../../node/recognition/image.ts'
import type { Random } from '../random.ts'
import { createCanvas } from './canvas.ts'
import { Composer, type PlacedPlate } from './scene-composer.ts'
import { chooseLight, type Hour } from './scene-light.ts'
import { drawStock } from './scene-stock.ts'

export interface ScenePlate {
  /** Clockwise from the plate's own top left, in pixels of the picture. */
  readonly corners: Corners
  /** Without separators. */
  readonly text: string
  /** ISO 3166-1 alpha-2; absent where nothing on the plate can tell it. */
  readonly country: string | undefined
  readonly lines: 1 | 2
}
/** `plates` are those that are seen whole. */
export interface Scene { readonly picture: GrayImage, readonly plates: readonly ScenePlate[] }

export interface SceneOptions {
  /** In pixels, 960 × 540 when not given. */
  readonly width?: number
  readonly height?: number
  readonly hour?: Hour
  /** 1 to 4 by chance when not given. */
  readonly vehicles?: number
}

export async function drawScene (random: Random, { width = 960, height = 540, hour, vehicles = random.between(1, 4) }: SceneOptions = {}): Promise<Scene> {
  const stock = await drawStock(random.fork('stock'), { streets: 1, vehicles: Math.max(vehicles, 1), plates: vehicles + 1, others: 4, overlays: 1 })
  const composer = new Composer(random.fork('grains'), stock)
  const canvas = createCanvas(width, height)
  const light = chooseLight(random, hour)
  const placed: PlacedPlate[] = []
  composer.street(random, canvas, light)
  composer.vehicles(random, canvas, light, vehicles, placed)
  composer.others(random, canvas, light, random.integer(4), placed)
  const picture = composer.finish(random, canvas)
  return { picture, plates: placed.flatMap(({ corners, plate, isWhole }) => isWhole && plate !== undefined ? [{ corners, text: plate.text, country: plate.country, lines: plate.lines }] : []) }
}

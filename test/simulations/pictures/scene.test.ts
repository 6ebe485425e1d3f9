/** Street scenes: the same stream of chance draws the same picture, and the corners that are named are where the plates are. */
import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { boxOf, cornersOf, isConvex, widthOf } from '../../../node/recognition/corners.ts'
import type { GrayImage } from '../../../node/recognition/image.ts'
import { createCanvas, type Canvas } from '../../../simulations/pictures/canvas.ts'
import { Composer, type PlacedPlate } from '../../../simulations/pictures/scene-composer.ts'
import { expose } from '../../../simulations/pictures/scene-light.ts'
import { layersOf, pasteLayers, spriteOf } from '../../../simulations/pictures/scene-paste.ts'
import { plateOn, standing } from '../../../simulations/pictures/scene-place.ts'
import { drawStock, stockPlate, stockVehicle } from '../../../simulations/pictures/scene-stock.ts'
import { drawScene } from '../../../simulations/pictures/scene.ts'
import { anyText, lettering } from '../../../simulations/pictures/street-lettering.ts'
import { drawVehicle, FACINGS, VEHICLE_CLASSES } from '../../../simulations/pictures/vehicle.ts'
import { Random } from '../../../simulations/random.ts'

const seed = 20261122
console.log(`seed ${seed}`)
const x = suite('street scenes')
const digest = ({ data }: GrayImage): string => createHash('sha256').update(data).digest('hex')
const white = (width: number, height: number) => layersOf(spriteOf({ width, height, data: new Uint8Array(width * height).fill(255) }))
/** What is lit of a canvas: how much, and about which middle. */
function litOf ({ width, data }: Canvas): { area: number, x: number, y: number } {
  const lit = { area: 0, x: 0, y: 0 }
  data.forEach((light, at) => { lit.area += light / 255; lit.x += light / 255 * (at % width + 0.5); lit.y += light / 255 * (Math.floor(at / width) + 0.5) })
  return { area: lit.area, x: lit.x / lit.area, y: lit.y / lit.area }
}

x('the same stream draws the same scene, another stream another one', async () => {
  const options = { width: 320, height: 192 }
  const scene = await drawScene(new Random(`${seed}/a`), options)
  const again = await drawScene(new Random(`${seed}/a`), options)
  assert.is(digest(scene.picture), digest(again.picture))
  assert.equal(scene.plates, again.plates)
  assert.is.not(digest(scene.picture), digest((await drawScene(new Random(`${seed}/b`), options)).picture))
})

x('every hour draws, and what is named lies whole within the picture', async () => {
  let plates = 0
  for (const hour of ['day', 'dusk', 'night', 'infrared'] as const) {
    const scene = await drawScene(new Random(`${seed}/${hour}`), { width: 416, height: 256, hour, vehicles: 3 })
    assert.is(scene.picture.data.length, 416 * 256)
    for (const { corners, text } of scene.plates) {
      const [left, top, right, bottom] = boxOf(corners)
      assert.ok(left >= 0 && top >= 0 && right <= 416 && bottom <= 256)
      assert.ok(isConvex(corners), 'clockwise')
      assert.match(text, /^[A-ZÄÖÜ0-9]+$/)
      plates++
    }
  }
  assert.ok(plates > 0)
})

x('a scene without vehicles has no plates', async () => {
  assert.equal((await drawScene(new Random(`${seed}/empty`), { width: 160, height: 96, vehicles: 0 })).plates, [])
})

x('a vehicle that hides another one\'s plate, and an edge that cuts one off, make it not whole', async () => {
  const random = new Random(`${seed}/hidden`)
  const composer = new Composer(random, await drawStock(random, { streets: 0, vehicles: 3, plates: 6, others: 0, overlays: 0 }))
  const light = { hour: 'day', gain: 1, plateGain: 1, lamp: 0 } as const
  const placed: PlacedPlate[] = []
  for (let at = 0; at < 12; at++) composer.vehicles(random, createCanvas(200, 120), light, 4, placed)
  assert.ok(placed.some(({ isWhole }) => !isWhole))
  for (const { corners, isWhole } of placed) {
    const [left, top, right, bottom] = boxOf(corners)
    if (isWhole) assert.ok(left >= 0 && top >= 0 && right <= 200 && bottom <= 120)
  }
})

x('a sprite is pasted where its corners are told to be, at any size', () => {
  fc.assert(fc.property(fc.integer({ min: 8, max: 150 }), fc.integer({ min: 8, max: 90 }), fc.integer({ min: 60, max: 400 }), (width, height, source) => {
    const canvas = createCanvas(200, 140)
    pasteLayers(canvas, white(source, Math.ceil(source / 3)), cornersOf([25, 30, 25 + width, 30 + height]), { gain: 1 })
    const lit = litOf(canvas)
    assert.ok(Math.abs(lit.x - 25 - width / 2) < 0.6 && Math.abs(lit.y - 30 - height / 2) < 0.6, 'its middle')
    assert.ok(lit.area > (width - 1) * (height - 1) * 0.9 && lit.area <= width * height * 1.02, 'its size')
  }), { seed, numRuns: 40 })
})

x('what lies beyond the canvas is left out', () => {
  const canvas = createCanvas(20, 20)
  pasteLayers(canvas, white(30, 30), cornersOf([-500, -500, -400, -400]), { gain: 1 })
  pasteLayers(canvas, white(30, 30), cornersOf([400, 5, 500, 15]), { gain: 1 })
  assert.ok(canvas.data.every(light => light === 0))
  pasteLayers(canvas, white(30, 30), cornersOf([-100, -100, 100, 100]), { gain: 1 })
  assert.ok(canvas.data.every(light => light > 250))
})

x('each class draws from both sides, with a place for the plate on its body', async () => {
  for (const name of VEHICLE_CLASSES) {
    for (const facing of FACINGS) {
      const vehicle = await drawVehicle(new Random(`${seed}/${name}/${facing}`), 60, { class: name, facing, tone: 120 })
      const [plateX, plateY] = vehicle.plate
      assert.ok(plateX > 0 && plateX < vehicle.width && plateY > vehicle.height * 0.3 && plateY < vehicle.height, `${name} ${facing}`)
      const at = Math.floor(plateY / 1000 * vehicle.pixelsPerMetre) * vehicle.sprite.width + Math.floor(plateX / 1000 * vehicle.pixelsPerMetre)
      assert.ok(vehicle.sprite.alpha[at]! > 200, `${name} ${facing}: behind the plate is the vehicle`)
      if (name === 'car' || name === 'motorcycle') assert.is(vehicle.sprite.alpha[0], 0, 'beside its roof is air')
    }
  }
})

x('a plate has its size on the vehicle that carries it', async () => {
  const random = new Random(`${seed}/size`)
  const vehicle = await stockVehicle(random.fork('vehicle'), 60, { class: 'car', facing: 'rear', tone: 90 })
  const plate = stockPlate(random.fork('plate'), { country: 'LV', text: 'AB-1234' })
  assert.ok(plate.width > 0.3 && plate.width < 0.54 && plate.height > 0.1 && plate.height < 0.13, 'metres')
  const corners = plateOn(vehicle, plate, cornersOf([0, 0, vehicle.width / 10, vehicle.height / 10]))
  assert.ok(Math.abs(widthOf(corners) - plate.width * 100) < 0.01)
})

x('things stand on the point that they are put at', () => {
  const random = new Random(`${seed}/standing`)
  for (let at = 0; at < 50; at++) {
    const [left, top, right, bottom] = boxOf(standing(random, 100, 40, [0.5, 0.5], [300, 200]))
    assert.ok(left < 300 && right > 300 && top < 200 && bottom > 200)
    assert.ok(isConvex(standing(random, 100, 40, [0.5, 0.5], [300, 200])))
  }
})

x('exposure brings the brightest pixels to a level, also of a picture that is nearly black', () => {
  const canvas = createCanvas(100, 100)
  canvas.data.forEach((_, at) => { canvas.data[at] = at % 40 })
  expose(canvas, 200)
  const brightest = Math.max(...canvas.data)
  assert.ok(brightest > 190 && brightest < 230)
  const black = createCanvas(10, 10)
  expose(black, 200)
  assert.ok(black.data.every(light => light === 0))
})

x('lettering draws every character of what streets say, without text elements', () => {
  const random = new Random(`${seed}/lettering`)
  for (let at = 0; at < 200; at++) {
    const text = anyText(random)
    assert.not.match(lettering(text, 0, 0, 10, { tone: 0 }), /<text|NaN|undefined/)
  }
  assert.match(lettering('A', 0, 0, 10, { tone: 0 }), /M0 6L2 0L4 6/)
})

x('a country without plates of ours is refused', () => {
  assert.throws(() => stockPlate(new Random(seed), { country: 'ZZ' }), RangeError)
})

x.run()

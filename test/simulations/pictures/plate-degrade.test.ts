import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Corners } from '../../../node/recognition/corners.ts'
import { createCanvas, fillBox, imageOf, type Canvas } from '../../../simulations/pictures/canvas.ts'
import { addNoise, blur, compress, expose, invert, photograph, sharpen, smear } from '../../../simulations/pictures/degrade.ts'
import { grown, inverted, paste, perspectiveTo, through } from '../../../simulations/pictures/perspective.ts'
import { weather } from '../../../simulations/pictures/weather.ts'
import { Random } from '../../../simulations/random.ts'

const degrade = suite('plates seen by a camera')
const SEED = 20261122
console.log(`seed ${SEED}`)

function picture (): Canvas {
  const canvas = createCanvas(40, 24, 200)
  fillBox(canvas, 10, 6, 20, 18, 30)
  return canvas
}
const mean = ({ data }: Canvas): number => data.reduce((sum, light) => sum + light, 0) / data.length
const apart = (a: Canvas, b: Canvas): number => Math.max(...a.data.map((light, at) => Math.abs(light - b.data[at]!)))

degrade('blur spreads light and loses none in the middle', () => {
  const canvas = createCanvas(41, 41)
  canvas.data[20 * 41 + 20] = 1000
  blur(canvas, 2)
  assert.ok(Math.abs(mean(canvas) * 41 * 41 - 1000) < 1)
  assert.ok(canvas.data[20 * 41 + 20]! < 60 && canvas.data[20 * 41 + 22]! > 10)
})

degrade('movement smears along its way only', () => {
  const canvas = createCanvas(41, 41)
  canvas.data[20 * 41 + 20] = 900
  smear(canvas, 9, 0)
  assert.ok(canvas.data[20 * 41 + 23]! > 0)
  assert.is(canvas.data[23 * 41 + 20], 0)
})

degrade('compression at its best changes little, at its worst much', () => {
  const [before, good, bad] = [picture(), picture(), picture()]
  compress(good, 100, new Random(1))
  compress(bad, 8, new Random(1))
  assert.ok(apart(before, good) < 4)
  assert.ok(apart(before, bad) > 15)
})

degrade('noise has the deviation that is asked for and no drift', () => {
  const canvas = createCanvas(200, 200, 100)
  addNoise(canvas, new Random(3), 6)
  const deviation = Math.sqrt(canvas.data.reduce((sum, light) => sum + (light - 100) ** 2, 0) / canvas.data.length)
  assert.ok(Math.abs(deviation - 6) < 0.3 && Math.abs(mean(canvas) - 100) < 0.3)
})

degrade('exposure, inversion and sharpening stay between black and white', () => {
  const canvas = picture()
  sharpen(canvas, 3)
  expose(canvas, 2, 120, 80, 0.5)
  invert(canvas)
  assert.ok(canvas.data.every(light => light >= 0 && light <= 255))
})

degrade('whatever weather and camera do, they do it again for the same chance', () => {
  const seen = [1, 1, 2].map(seed => {
    const canvas = picture()
    const random = new Random(seed)
    weather(canvas, random)
    photograph(canvas, random, 20)
    return Buffer.from(imageOf(canvas).data).toString('hex')
  })
  assert.is(seen[0], seen[1])
  assert.is.not(seen[0], seen[2])
})

const off = fc.double({ min: -6, max: 6, noNaN: true })
const corners = fc.tuple(off, off, off, off, off, off, off, off)
  .map(([a, b, c, d, e, f, g, h]): Corners => [20 + a, 20 + b, 80 + c, 20 + d, 80 + e, 50 + f, 20 + g, 50 + h])

degrade('perspective goes to the corners and back', () => {
  fc.assert(fc.property(corners, fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), (corners, u, v) => {
    const place = perspectiveTo(corners)
    const [x2, y2] = through(place, 1, 1)
    assert.ok(Math.hypot(x2 - corners[4], y2 - corners[5]) < 1e-6)
    const [backU, backV] = through(inverted(place), ...through(place, u, v))
    assert.ok(Math.hypot(backU - u, backV - v) < 1e-6)
  }), { seed: SEED, numRuns: 100 })
})

degrade('grown corners contain the plate', () => {
  assert.equal(grown([10, 10, 30, 10, 30, 20, 10, 20], 0.1, 0.2).map(Math.round), [8, 8, 32, 8, 32, 22, 8, 22])
})

degrade('what is pasted lies between its corners and nowhere else', () => {
  const canvas = createCanvas(100, 60)
  paste(canvas, { width: 30, height: 10, data: new Uint8Array(300).fill(240) }, [20, 20, 80, 24, 80, 46, 20, 40])
  assert.is(canvas.data[30 * 100 + 50], 240)
  assert.is(canvas.data[10 * 100 + 50], 0)
  assert.is(canvas.data[30 * 100 + 10], 0)
})

degrade.run()

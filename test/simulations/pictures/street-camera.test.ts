/** The moving scene: vehicles with the plates they were given come, grow or shrink as perspective says, and are gone. */
import { createHash } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { boxOf, widthOf } from '../../../node/recognition/corners.ts'
import { streetCamera, type StreetCamera } from '../../../simulations/pictures/street-camera.ts'

const seed = 41
console.log(`seed ${seed}`)
const size = { width: 640, height: 360 }
const x = suite('street camera')
const digest = (camera: StreetCamera, ms: number): string => createHash('sha256').update(camera.frameAt(ms).picture.data).digest('hex')
const widthsOf = (camera: StreetCamera, from: number, until: number): number[] => {
  const widths: number[] = []
  for (let ms = from; ms <= until; ms += 200) for (const { corners } of camera.frameAt(ms).plates) widths.push(widthOf(corners))
  return widths
}
const rises = (values: readonly number[]): boolean => values.every((value, at) => at === 0 || value > values[at - 1]!)

x('the same seed, vehicles and instant give the same frame, in any order', async () => {
  const vehicles = [{ country: 'LT', text: 'ABC 123', at: 0 }]
  const [one, other] = [await streetCamera(seed, { ...size, vehicles }), await streetCamera(seed, { ...size, vehicles })]
  const early = digest(one, 400)
  digest(other, 900)
  assert.is(digest(other, 400), early)
  assert.is.not(digest(one, 900), early)
  assert.is.not(digest(await streetCamera(seed + 1, { ...size, vehicles }), 400), early)
})

x('a plate that comes nearer grows as one over the distance, and has its text', async () => {
  const camera = await streetCamera(seed, size)
  const passage = await camera.admit({ country: 'LV', text: 'AB-1234', facing: 'front', class: 'car', at: 1000 })
  const widths = widthsOf(camera, passage.at, passage.until)
  assert.ok(widths.length >= 8, 'enough looks at five frames a second')
  assert.ok(rises(widths))
  assert.ok(widths.at(-1)! > 3 * widths[0]!)
  // 1 ÷ width falls evenly, since distance does.
  const steps = widths.slice(1).map((width, at) => 1 / widths[at]! - 1 / width)
  assert.ok(Math.max(...steps) < 1.05 * Math.min(...steps))
  assert.is(camera.frameAt(passage.at + 1000).plates[0]!.text, 'AB1234')
  assert.is(camera.frameAt(passage.at + 1000).plates[0]!.country, 'LV')
})

x('a plate that drives away shrinks', async () => {
  const camera = await streetCamera(seed, size)
  const { at, until } = await camera.admit({ country: 'PL', text: 'WX 12345', facing: 'rear', class: 'van', at: 0 })
  assert.ok(rises(widthsOf(camera, at, until).reverse()))
})

x('before and after there is nothing, and the street stays', async () => {
  const camera = await streetCamera(seed, size)
  const empty = digest(camera, 100)
  const { until } = await camera.admit({ country: 'EE', text: '123 ABC', at: 5000 })
  assert.is(digest(camera, 100), empty)
  assert.equal(camera.frameAt(4999).plates, [])
  assert.equal(camera.frameAt(until + 1).plates, [])
  camera.forgetBefore(until + 1)
  assert.equal(camera.frameAt(5500).plates, [])
})

x('at night plates shine and the rest is dark', async () => {
  for (const night of [false, true]) {
    const camera = await streetCamera(seed, { ...size, night })
    const { until } = await camera.admit({ country: 'LT', text: 'ABC 123', facing: 'rear', class: 'car', tone: 60, at: 0 })
    const { picture, plates } = camera.frameAt(Math.round(until * 0.2))
    const [left, top, right, bottom] = boxOf(plates[0]!.corners).map(Math.round) as [number, number, number, number]
    let sum = 0
    for (let row = top; row < bottom; row++) for (let column = left; column < right; column++) sum += picture.data[row * picture.width + column]!
    const plate = sum / ((right - left) * (bottom - top))
    const whole = picture.data.reduce((total, light) => total + light, 0) / picture.data.length
    if (night) assert.ok(whole < 70 && plate > 1.5 * whole)
    else assert.ok(whole > 50)
  }
})

x('every class passes, a country without plates of ours does not', async () => {
  const camera = await streetCamera(seed, size)
  for (const name of ['car', 'van', 'lorry', 'bus', 'motorcycle'] as const) {
    const { at, until } = await camera.admit({ country: 'LT', text: name === 'motorcycle' ? '123|AB' : 'ABC 123', class: name, at: 0 })
    assert.ok(widthsOf(camera, at, until).length > 0, name)
    camera.forgetBefore(until + 1)
  }
  try {
    await camera.admit({ country: 'ZZ', text: 'A', at: 0 })
    assert.unreachable()
  } catch (error) { assert.instance(error, RangeError) }
})

x.run()

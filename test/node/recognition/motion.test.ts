import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { clearnessOf } from '../../../node/recognition/camera-health.ts'
import { createImage, type GrayImage } from '../../../node/recognition/image.ts'
import { FULL_LOOK_INTERVAL, MOTION_HEIGHT, MOTION_WIDTH, watchMotion, type MotionOptions, type MotionState } from '../../../node/recognition/motion.ts'

const x = suite('motion')
const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31)
console.log(`seed ${seed}`)

/** A street of stripes, with noise that the seed decides, and a car (bright box) when `car` says where. */
function street (number: number, car?: number, level = 100, [width, height]: readonly [number, number] = [640, 360]): GrayImage {
  const image = createImage(width, height)
  for (let i = 0; i < image.data.length; i++) image.data[i] = level + (Math.floor(i / width / 20) % 2) * 30 + ((i * 31 + number * 17) % 7)
  if (car !== undefined) for (let y = height / 2; y < height / 2 + 60; y++) for (let at = car; at < Math.min(width, car + 90); at++) image.data[y * width + at] = 230
  return image
}

class Watch {
  state: MotionState = {}
  now = 1_800_000_000_000
  readonly #options: MotionOptions
  constructor (options: MotionOptions = {}) { this.#options = options }
  see (image: GrayImage, after = 200): string | undefined {
    this.now += after
    const { state, look } = watchMotion(this.state, image, this.now, this.#options)
    this.state = state
    return look
  }
}

x('the first frame is looked at, then nothing until something moves', () => {
  const watch = new Watch()
  assert.is(watch.see(street(0)), 'first')
  for (let n = 1; n < 6; n++) assert.is(watch.see(street(n)), 'lingering')
  for (let n = 6; n < 30; n++) assert.is(watch.see(street(n)), undefined, `frame ${n}`)
  assert.is(watch.see(street(30, 100)), 'motion')
  assert.is(watch.see(street(31, 200)), 'motion')
})

x('a camera that sees nothing move is looked at now and then', () => {
  const watch = new Watch()
  watch.see(street(0))
  let looks = 0
  for (let n = 1; n <= 300; n++) if (watch.see(street(n)) === 'interval') looks++
  assert.is(looks, Math.floor(300 * 200 / (FULL_LOOK_INTERVAL + 200)))
})

x('dusk, a change of exposure and a parked car are no motion for long', () => {
  const watch = new Watch({ fullLookInterval: Infinity })
  watch.see(street(0))
  for (let n = 1; n < 60; n++) assert.is.not(watch.see(street(n, undefined, 100 - n)), 'motion', 'dusk')
  assert.is.not(watch.see(street(61, undefined, 90)), 'motion', 'exposure')
  for (let n = 0; n < 10; n++) watch.see(street(n, 300, 90))
  for (let n = 0; n < 120; n++) watch.see(street(n, 300, 90))
  assert.is(watch.see(street(200, 300, 90)), undefined, 'a parked car became background')
})

x('another view begins anew instead of moving for ever', () => {
  const watch = new Watch({ fullLookInterval: Infinity })
  watch.see(street(0))
  const other = createImage(640, 360)
  for (let i = 0; i < other.data.length; i++) other.data[i] = (i % 640) < 320 ? 20 : 240
  assert.is(watch.see(other), 'motion')
  watch.see(other, 2000)
  assert.is(watch.see(other), undefined)
})

x('what is masked never moves', () => {
  const mask = new Uint8Array(MOTION_WIDTH * MOTION_HEIGHT)
  const watch = new Watch({ mask, fullLookInterval: Infinity })
  watch.see(street(0))
  watch.see(street(1), 5000)
  assert.is(watch.see(street(2, 100)), undefined)
})

x('a clock that was set back silences nothing', () => {
  const watch = new Watch()
  watch.see(street(0))
  watch.see(street(1), 20_000)
  assert.is(watch.see(street(2), -3_600_000), 'interval')
})

x('any size of picture is watched, and the same frames give the same answers', () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 300 }), fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 1, maxLength: 6 }), (width, height, levels) => {
    const run = (): (string | undefined)[] => {
      const watch = new Watch()
      return levels.map(level => watch.see({ width, height, data: new Uint8Array(width * height).fill(level) }))
    }
    assert.equal(run(), run())
    assert.is(run()[0], 'first')
  }), { seed, numRuns: 50 })
})

x('a blurred picture has no edges, a dark one is dark', () => {
  const sharp = clearnessOf(street(0))
  const flat = clearnessOf({ width: 640, height: 360, data: new Uint8Array(640 * 360).fill(30) })
  assert.ok(sharp.sharpness > 25, `${sharp.sharpness}`)
  assert.equal(flat, { sharpness: 0, brightness: 30 })
  assert.equal(clearnessOf({ width: 2, height: 2, data: new Uint8Array([9, 0, 0, 0]) }), { sharpness: 0, brightness: 9 })
})

x.run()

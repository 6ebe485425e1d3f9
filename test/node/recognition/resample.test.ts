import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createImage, type GrayImage } from '../../../node/recognition/image.ts'
import { rectify, resize, type Corners } from '../../../node/recognition/resample.ts'
import { checkerboard, ramp } from './drawn.ts'

const x = suite('resample')
const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31)
console.log(`seed ${seed}`)
const check = (property: fc.IRawProperty<unknown>): void => fc.assert(property as fc.IProperty<unknown>, { seed, numRuns: 60 })

const hashOf = ({ width, height, data }: GrayImage): string => createHash('sha256').update(`${width}x${height} `).update(data).digest('hex').slice(0, 16)
const whole = ({ width, height }: GrayImage): Corners => [0, 0, width, 0, width, height, 0, height]
const size = fc.integer({ min: 1, max: 60 })
const picture = fc.tuple(size, size, fc.integer()).map(([width, height, salt]) => {
  const image = createImage(width, height)
  for (let at = 0; at < image.data.length; at++) image.data[at] = Math.imul(at + salt, 2654435761) >>> 24
  return image
})

x('a picture at its own size is itself', () => {
  check(fc.property(picture, image => {
    assert.equal(rectify(image, whole(image), image.width, image.height).data, image.data)
    assert.equal(resize(image, image.width, image.height).data, image.data)
  }))
})

x('one gray stays that gray at every size and from every angle', () => {
  check(fc.property(fc.integer({ min: 0, max: 255 }), size, size, size, size, fc.array(fc.double({ min: -40, max: 90, noNaN: true }), { minLength: 8, maxLength: 8 }), (gray, width, height, wide, high, corners) => {
    const image = createImage(width, height)
    image.data.fill(gray)
    assert.ok(resize(image, wide, high).data.every(value => value === gray))
    assert.ok(rectify(image, corners as unknown as Corners, wide, high).data.every(value => value === gray))
  }))
})

x('nothing becomes darker than the darkest or lighter than the lightest', () => {
  check(fc.property(picture, size, size, (image, wide, high) => {
    const [least, most] = [Math.min(...image.data), Math.max(...image.data)]
    for (const made of [resize(image, wide, high), rectify(image, whole(image), wide, high)]) assert.ok(made.data.every(value => value >= least && value <= most))
  }))
})

x('halving is the mean of four', () => {
  const image: GrayImage = { width: 4, height: 2, data: Uint8Array.from([0, 10, 100, 104, 20, 30, 108, 112]) }
  assert.equal([...resize(image, 2, 1).data], [15, 106])
  assert.equal([...rectify(image, whole(image), 2, 1).data], [15, 106])
})

x('shrinking by a whole number is the rounded mean of its squares', () => {
  check(fc.property(fc.integer({ min: 2, max: 7 }), size, size, fc.integer(), (times, width, height, salt) => {
    const image = createImage(width * times, height * times)
    for (let at = 0; at < image.data.length; at++) image.data[at] = Math.imul(at + salt, 2654435761) >>> 24
    const small = resize(image, width, height)
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        let sum = 0
        for (let at = 0; at < times * times; at++) sum += image.data[(row * times + Math.floor(at / times)) * image.width + column * times + at % times]!
        const off = Math.abs(small.data[row * width + column]! - sum / times / times)
        assert.ok(times <= 4 ? small.data[row * width + column] === Math.floor(sum / times / times + 0.5) : off < 0.5 + 1e-9)
      }
    }
  }))
})

x('a fine checkerboard made small is gray, not a pattern', () => {
  const image = checkerboard(400, 120, 1)
  for (const made of [resize(image, 50, 15), rectify(image, whole(image), 50, 15)]) assert.ok(made.data.every(value => Math.abs(value - 127.5) <= 2))
})

x('corners turned by a quarter turn the picture', () => {
  const image = ramp(30, 20)
  const turned = rectify(image, [30, 0, 30, 20, 0, 20, 0, 0], 20, 30)
  for (let row = 0; row < 30; row++) for (let column = 0; column < 20; column++) assert.is(turned.data[row * 20 + column], image.data[column * 30 + 29 - row])
})

x('a tilted plate comes out straight', () => {
  const flat = checkerboard(96, 24, 12)
  const [width, height] = [300, 200]
  const corners: Corners = [60, 50, 240, 80, 230, 130, 55, 95]
  const scene = createImage(width, height)
  // Painted the other way round: each pixel of the scene asks which cell of the plate it shows.
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const place = inverse(corners, column + 0.5, row + 0.5)
      if (place.every(share => share >= 0 && share < 1)) scene.data[row * width + column] = flat.data[Math.floor(place[1]! * 24) * 96 + Math.floor(place[0]! * 96)]!
    }
  }
  const straight = rectify(scene, corners, 96, 24)
  let off = 0
  for (const [cellX, cellY] of Array.from({ length: 16 }, (_, at) => [at % 8, Math.floor(at / 8)] as const)) {
    const at = (cellY * 12 + 6) * 96 + cellX * 12 + 6
    off = Math.max(off, Math.abs(straight.data[at]! - flat.data[at]!))
  }
  assert.ok(off < 20, `the middle of a cell is off by ${off}`)
})

/** By Newton's method on the bilinear-perspective map, written apart from the product's. */
function inverse (corners: Corners, x: number, y: number): [number, number] {
  const solve = homography(corners)
  let [u, v] = [0.5, 0.5]
  for (let step = 0; step < 20; step++) {
    const [px, py] = solve(u, v)
    const [ax, ay] = solve(u + 1e-5, v)
    const [bx, by] = solve(u, v + 1e-5)
    const [dxu, dyu, dxv, dyv] = [(ax - px) / 1e-5, (ay - py) / 1e-5, (bx - px) / 1e-5, (by - py) / 1e-5]
    const area = dxu * dyv - dxv * dyu
    u += ((x - px) * dyv - (y - py) * dxv) / area
    v += ((y - py) * dxu - (x - px) * dyu) / area
  }
  return [u, v]
}

/** Eight equations solved by elimination. */
function homography ([x0, y0, x1, y1, x2, y2, x3, y3]: Corners): (u: number, v: number) => [number, number] {
  const points = [[0, 0, x0, y0], [1, 0, x1, y1], [1, 1, x2, y2], [0, 1, x3, y3]] as const
  const rows = points.flatMap(([u, v, x, y]) => [[u, v, 1, 0, 0, 0, -u * x, -v * x, x], [0, 0, 0, u, v, 1, -u * y, -v * y, y]])
  for (let at = 0; at < 8; at++) {
    const pivot = rows.slice(at).reduce((best, row, i) => Math.abs(row[at]!) > Math.abs(rows[best]![at]!) ? at + i : best, at)
    ;[rows[at], rows[pivot]] = [rows[pivot]!, rows[at]!]
    for (let other = 0; other < 8; other++) {
      if (other === at) continue
      const factor = rows[other]![at]! / rows[at]![at]!
      rows[other] = rows[other]!.map((value, i) => value - factor * rows[at]![i]!)
    }
  }
  const [a, b, c, d, e, f, g, h] = rows.map((row, at) => row[8]! / row[at]!) as [number, number, number, number, number, number, number, number]
  return (u, v) => { const w = g * u + h * v + 1; return [(a * u + b * v + c) / w, (d * u + e * v + f) / w] }
}

x('corners that no plate can have are taken as their box, and far outside the edge goes on', () => {
  const image = ramp(40, 20)
  const crossed: Corners = [5, 5, 25, 15, 25, 5, 5, 15]
  assert.equal(rectify(image, crossed, 20, 10).data, rectify(image, [5, 5, 25, 5, 25, 15, 5, 15], 20, 10).data)
  assert.equal([...rectify(image, [-500, -500, -400, -500, -400, -400, -500, -400], 2, 2).data], Array(4).fill(image.data[0]))
})

// Weights are trained on what these functions make: a change here is a change of the reader. After one on purpose, train anew, then set these.
const GOLDEN = { small: 'c280c5021e43cf8d', large: 'fe666ccbfd8da406', tilted: '4016d22c2f39dab5', far: '233799a1303862d3', beyond: 'c2aae5a7e0ccd05d' }
x('golden: the same bits on every machine', () => {
  const board = checkerboard(64, 48, 5)
  const smooth = ramp(321, 123)
  assert.equal({
    small: hashOf(resize(smooth, 97, 31)),
    large: hashOf(resize(smooth, 400, 200)),
    tilted: hashOf(rectify(board, [7.3, 4.1, 55.8, 9.6, 58.2, 30.4, 3.9, 25.7], 192, 48)),
    far: hashOf(rectify(smooth, [10, 10, 310, 25, 300, 120, 15, 100], 48, 12)),
    beyond: hashOf(rectify(board, [-10, -5, 70, -9, 75, 60, -4, 50], 40, 20))
  }, GOLDEN)
})
x.run()

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { boxOf, overlapOf, scaled } from '../../../node/recognition/corners.ts'
import { NETWORK_WIDTH, SHARP_VIEW, cellsOf, detectPlates } from '../../../node/recognition/detect.ts'
import { isInside, type LookRequest } from '../../../node/recognition/look.ts'
import { readPlates, wholePicture } from '../../../node/recognition/reader.ts'
import { PLATES_MAX, recognise } from '../../../node/recognition/recognise.ts'
import { checkerboard, ramp } from './drawn.ts'
import { createModels, upright, type PlacedPlate, type ReadPlate } from './models-double.ts'

const x = suite('recognise')
const picture = ramp(1280, 720)
const look = async (plates: readonly PlacedPlate[], reads: readonly ReadPlate[], request: Partial<LookRequest> = {}) =>
  await recognise(createModels({ plates: () => plates, reads }), { image: picture, width: 1280, height: 720 }, { camera: 'c', ...request })
const AT = upright(200, 150, 90)

x('a plate is found where the network says, in the picture\'s own pixels', async () => {
  const { plates, rejected } = await look([{ corners: AT }], [{ text: 'AB1234', country: 'LV' }])
  assert.is(plates.length, 1)
  const [{ corners, text, country, lines, score, height, confidence, charConfidences, positions }] = plates as [typeof plates[0]]
  assert.ok(corners.every((value, at) => Math.abs(value - AT[at]! * 2) < 0.01), corners.join())
  assert.equal([text, country, lines, score, height], ['AB1234', 'LV', 1, 900, 40])
  assert.ok(confidence > 950 && charConfidences.every(one => one > 950) && positions.every(([first], at) => first!.character === text[at]))
  assert.is(Object.values(rejected).reduce((sum, count) => sum + count, 0), 0)
})

x('a smaller copy of the picture gives corners of the picture as it was given', async () => {
  const { plates, width } = await recognise(createModels({ plates: () => [{ corners: AT }], reads: [{ text: 'AB1234' }] }), { image: picture, width: 2560, height: 1440 }, { camera: 'c' })
  assert.ok(plates[0]!.corners.every((value, at) => Math.abs(value - AT[at]! * 4) < 0.01))
  assert.is(width, 2560)
})

x('the network sees the whole picture at its width, padded to its step with zeros, and is never shown it enlarged', async () => {
  const models = createModels({ plates: () => [{ corners: AT }] })
  await detectPlates(models, picture)
  await detectPlates(models, ramp(320, 200))
  assert.equal(sizesOf(models), ['640x384', 'alone', '320x224', 'alone'])
  const [first] = models.seen.pictures
  assert.is(first!.values[370 * NETWORK_WIDTH], 0)
  assert.ok(Math.abs(first!.values[0]! - (picture.data[0]! / 127.5 - 1)) < 0.03)
})

const sizesOf = ({ seen }: ReturnType<typeof createModels>): string[] =>
  seen.pictures.map(({ width, height }) => width === SHARP_VIEW[0] && height === SHARP_VIEW[1] ? 'alone' : `${width}x${height}`)

x('where nothing is seen, or a wide plate, it is looked at from farther; a large still from closer', async () => {
  const wide = upright(100, 100, 300)
  const said: [PlacedPlate[], boolean, string[]][] = [
    [[], false, ['640x384', '320x192']], [[{ corners: wide, stride: 32 }], false, ['640x384', '320x192']],
    [[{ corners: AT }], true, ['640x384', '1280x736', 'alone', 'alone']], [[], true, ['640x384', '1280x736', '320x192']]
  ]
  const large = ramp(1920, 1080)
  for (const [plates, still, sizes] of said) {
    const models = createModels({ plates: width => width >= 640 ? plates : [] })
    await detectPlates(models, large, { still })
    assert.equal(sizesOf(models), sizes)
  }
  const small = createModels({})
  await detectPlates(small, picture, { still: true })
  assert.equal(sizesOf(small), ['640x384', '320x192'])
})

x('of a wide plate the parts that a finer look sees are no plates of their own', async () => {
  const models = createModels({ plates: width => width === NETWORK_WIDTH ? [{ corners: upright(110, 104, 150), score: 0.99, stride: 32 }] : [{ corners: upright(50, 50, 150), score: 0.6, stride: 16 }] })
  const found = await detectPlates(models, picture)
  assert.equal(found.length, 1)
  assert.ok(overlapOf(boxOf(found[0]!.corners), boxOf(upright(200, 200, 600))) > 0.95)
})

x('the second opinion decides the corners, and has its part in the score', async () => {
  const exact = upright(50, 39, 92, 19)
  const [found] = await detectPlates(createModels({ plates: () => [{ corners: AT, score: 0.9 }], second: () => ({ corners: exact, score: 0.6 }) }), picture)
  assert.ok(Math.abs(found!.score - Math.sqrt(0.9 * 0.6)) < 1e-3)
  // 90 pixels of the network's picture, which is half of ours, are 96 there; the middle of both views is the plate's.
  const expected = exact.map((value, at) => at % 2 === 0 ? 490 + (value - 96) * 180 / 96 : 320 + (value - 48) * 180 / 96)
  assert.ok(found!.corners.every((value, at) => Math.abs(value - expected[at]!) < 0.01), found!.corners.join())
  assert.equal(await detectPlates(createModels({ plates: () => [{ corners: AT, score: 0.9 }], second: () => undefined }), picture), [])
  assert.equal(await detectPlates(createModels({ plates: () => [{ corners: AT, score: 0.4 }], second: () => ({ corners: exact, score: 0.2 }) }), picture), [], 'two weak opinions are none')
})

x('one plate at several strides is one; two plates side by side are two; a part inside a plate is none', async () => {
  const models = createModels({ plates: () => [
    { corners: AT, score: 0.8 }, { corners: upright(203, 151, 88), score: 0.7, stride: 8 }, { corners: upright(210, 153, 40), score: 0.6, stride: 8 }, { corners: upright(300, 150, 90), score: 0.75 }
  ] })
  const found = await detectPlates(models, picture)
  assert.equal(found.map(({ score }) => Math.round(score * 100)), [80, 75])
  assert.ok(overlapOf(boxOf(found[0]!.corners), boxOf(scaled(AT, 2, 2))) > 0.9)
})

x('a score below the threshold is nothing', () => {
  const grid = { stride: 8, rows: 1, columns: 2, values: Float32Array.from([Math.log(0.39 / 0.61), Math.log(0.41 / 0.59), ...Array(16).fill(0)]) }
  assert.is(cellsOf(grid, 0.4).length, 1)
})

x('a doubtful plate of a still is cut out again, and the surest reading stands; of video it is not', async () => {
  const reads = [{ text: 'AB1Z34', sure: 5 }, { text: 'AB1Z34', sure: 5 }, { text: 'AB1234', sure: 9 }, { text: 'B1234', sure: 5 }, { text: 'AB12', sure: 4 }]
  for (const still of [true, false]) {
    const models = createModels({ reads })
    const [reading] = await readPlates(models, picture, [AT], { still })
    assert.equal([reading!.text, models.seen.batches], still ? ['AB1234', [1, 4]] : ['AB1Z34', [1]])
  }
  const sure = createModels({ reads: [{ text: 'AB1234' }] })
  await readPlates(sure, picture, [AT], { still: true })
  assert.equal(sure.seen.batches, [1])
})

x('a plate of two lines is read as two halves, the upper first', async () => {
  const models = createModels({ plates: () => [{ corners: upright(100, 100, 60, 44) }, { corners: AT }], reads: [{ kind: 'two-lines', country: 'LV' }, { text: 'LT1' }, { text: 'AB' }, { text: '1234' }] })
  const { plates } = await recognise(models, { image: picture, width: 1280, height: 720 }, { camera: 'c' })
  assert.equal(plates.map(({ text, lines }) => [text, lines]), [['AB1234', 2], ['LT1', 1]])
  assert.equal(models.seen.batches, [2, 2])
  assert.ok(plates[0]!.positions.length === 6 && plates[0]!.positions[2]![0]!.character === '1')
})

x('every rejection has its reason', async () => {
  const plates = [{ corners: AT, score: 0.99 }, { corners: upright(400, 150, 90), score: 0.98 }, { corners: upright(10, 10, 8), score: 0.97 }, { corners: upright(200, 250, 90), score: 0.96 }, { corners: upright(400, 250, 90), score: 0.95 }, { corners: upright(500, 300, 90), score: 0.94 }]
  const { plates: read, rejected } = await look(plates, [{ text: 'CD', kind: 'not-a-plate' }, { text: 'A' }, { text: 'AB1234', sure: 3.7 }, { text: 'AB1234' }], { masks: [[[770, 800], [1000, 800], [1000, 1000], [770, 1000]]] })
  assert.equal(read.map(({ text }) => text), ['AB1234'])
  assert.equal({ ...rejected }, { 'not-a-plate': 1, 'low-confidence': 1, 'too-small': 1, 'cut-off': 0, 'format': 1, 'outside-region': 0, 'masked': 1, 'too-many': 0 })
})

x('a plate that the edge cuts off is no shorter plate', async () => {
  for (const corners of [upright(-10, 100, 90), upright(560, 100, 90), upright(3, 100, 90), upright(100, -4, 90), upright(100, 345, 90)]) {
    const { plates, rejected } = await look([{ corners }], [{ text: 'AB1234' }])
    assert.equal([plates.length, rejected['cut-off']], [0, 1])
  }
  assert.is((await look([{ corners: upright(11, 0, 90) }, { corners: upright(539, 339, 90) }], [{ text: 'AB1234' }, { text: 'AB1234' }])).plates.length, 2)
})

x('with regions only what lies in one of them counts', async () => {
  const region = [[0, 0], [500, 0], [500, 1000], [0, 1000]] as const
  const { plates, rejected } = await look([{ corners: AT }, { corners: upright(400, 150, 90) }], [{ text: 'AB1234' }], { regions: [region] })
  assert.equal([plates.length, rejected['outside-region']], [1, 1])
  assert.ok(isInside([499, 3], region) && !isInside([501, 3], region) && !isInside([-1, 5], region))
})

x('more plates than the limit are counted', async () => {
  const many = Array.from({ length: PLATES_MAX + 5 }, (_, at) => ({ corners: upright(15 + at % 6 * 100, Math.floor(at / 6) * 60, 90), score: 0.5 + at / 100 }))
  const { plates, rejected } = await look(many, many.map(() => ({ text: 'AB1234' })))
  assert.equal([plates.length, rejected['too-many']], [PLATES_MAX, 5])
})

x('nothing in sight is an empty look, and the reader is not asked', async () => {
  const models = createModels({})
  const { plates } = await recognise(models, { image: picture, width: 1280, height: 720 }, { camera: 'c' })
  assert.equal([plates.length, models.seen.batches], [0, []])
})

x('a still that is a plate\'s patch is read as it is, when the reader takes it for a plate; a frame of video is not', async () => {
  const see = async (width: number, height: number, read: ReadPlate, still: boolean): Promise<string[]> =>
    (await recognise(createModels({ reads: [read] }), { image: ramp(width, height), width, height }, { camera: 'c', still })).plates.map(({ text }) => text)
  assert.equal(await see(200, 50, { text: 'AB1234' }, true), ['AB1234'])
  assert.equal(await see(70, 50, { text: 'AB1234' }, true), ['AB1234'])
  assert.equal(await see(200, 50, { text: 'AB1234', kind: 'not-a-plate' }, true), [])
  for (const [width, height] of [[640, 480], [1280, 300], [300, 30], [300, 200]] as const) assert.equal(await see(width, height, { text: 'AB1234' }, true), [])
  assert.equal(await see(200, 50, { text: 'AB1234' }, false), [])
})

x('a tight crop is read whole: its margin ends where the picture does', async () => {
  const image = checkerboard(200, 50, 10)
  const models = createModels({ reads: [{ text: 'LT123' }] })
  const [reading] = await readPlates(models, image, [wholePicture(image)])
  assert.is(reading!.text, 'LT123')
})

x.run()

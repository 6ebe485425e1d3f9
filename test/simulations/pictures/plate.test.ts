import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createCanvas, fill } from '../../../simulations/pictures/canvas.ts'
import { createFace, PLATE_CHARACTERS } from '../../../simulations/pictures/glyphs.ts'
import { COUNTRIES, LOOKS } from '../../../simulations/pictures/plate-looks.ts'
import { STYLES } from '../../../simulations/pictures/plate-styles.ts'
import { drawPlate, type Plate } from '../../../simulations/pictures/plate.ts'
import { Random } from '../../../simulations/random.ts'

const plates = suite('plates')
const SEED = 20261122
console.log(`seed ${SEED}`)

const digest = ({ picture, text, country }: Plate): string => createHash('sha256').update(picture.data).update(`${picture.width} ${text} ${country}`).digest('hex')

function ensureWellPlaced ({ picture, text, characters, lines }: Plate): void {
  assert.is(characters.map(({ char }) => char).join(''), text, 'the characters are the text, in its order')
  assert.is(new Set(characters.map(({ line }) => line)).size <= lines, true)
  for (const [at, { x0, y0, x1, y1, line }] of characters.entries()) {
    assert.ok(x0 >= 0 && x1 <= picture.width && y0 >= 0 && y1 <= picture.height, 'inside the picture')
    assert.ok(x1 > x0 && y1 > y0)
    const before = characters[at - 1]
    if (before?.line === line) assert.ok(x0 >= before.x1, 'one after the other')
  }
}

plates('are the same for the same chance, and others for another', () => {
  assert.is(digest(drawPlate(new Random('a'))), digest(drawPlate(new Random('a'))))
  assert.is.not(digest(drawPlate(new Random('a'))), digest(drawPlate(new Random('b'))))
})

plates('of every country and series can be drawn', () => {
  assert.is(new Set(COUNTRIES).size, LOOKS.length)
  for (const { country } of LOOKS) {
    const random = new Random(`look ${country}`)
    for (let i = 0; i < 6; i++) {
      const plate = drawPlate(random, { country })
      assert.is(plate.country, country)
      ensureWellPlaced(plate)
    }
  }
})

plates('say what they are asked to say', () => {
  const plate = drawPlate(new Random('wish'), { country: 'LV', text: 'AB-1234' })
  assert.equal([plate.text, plate.country, plate.lines], ['AB1234', 'LV', 1])
  const two = drawPlate(new Random('wish'), { country: 'DE', text: 'tü|ab 12' })
  assert.equal([two.text, two.lines], ['TÜAB12', 2])
  assert.equal(two.characters.map(({ line }) => line), [0, 0, 1, 1, 1, 1])
})

plates('refuse a country without a look and a text that no plate carries', () => {
  assert.throws(() => drawPlate(new Random(1), { country: 'XX' }), /no look/)
  assert.throws(() => drawPlate(new Random(1), { text: 'AB_1' }), /a plate carries/)
})

plates('carry any text of up to nine characters, in place', () => {
  const text = fc.array(fc.constantFrom(...PLATE_CHARACTERS, '-', ' '), { minLength: 1, maxLength: 9 }).map(chars => chars.join(''))
  fc.assert(fc.property(text, fc.constantFrom(...COUNTRIES), fc.integer(), (text, country, seed) => {
    const plate = drawPlate(new Random(seed), { country, text })
    assert.is(plate.text, text.replaceAll(/[- ]/g, ''))
    ensureWellPlaced(plate)
  }), { seed: SEED, numRuns: 60 })
})

plates('show dark letters on light ground where characters are', () => {
  const { picture, characters } = drawPlate(new Random('contrast'), { country: 'LT', text: 'HHH 888' })
  for (const { x0, y0, x1, y1 } of characters) {
    const seen: number[] = []
    for (let y = Math.ceil(y0); y < y1; y++) for (let x = Math.ceil(x0); x < x1; x++) seen.push(picture.data[y * picture.width + x]!)
    assert.ok(Math.min(...seen) < 60 && Math.max(...seen) > 190)
  }
})

plates('have a face for every character, within its box, in every style', () => {
  for (const [name, style] of Object.entries(STYLES)) {
    const face = createFace(new Random(name), style, 1)
    for (const char of PLATE_CHARACTERS) {
      const { width, contours } = face(char)
      const values = contours.flat()
      assert.ok(values.every((value, at) => Number.isFinite(value) && value >= 0 && value <= (at % 2 === 1 ? 1 : width)), `${name} ${char}`)
      const canvas = createCanvas(60, 40)
      fill(canvas, contours.map(contour => contour.map(value => value * 40)), 255)
      const inked = canvas.data.reduce((sum, light) => sum + light / 255, 0)
      assert.ok(inked > 40 && inked < width * 40 * 40, `${name} ${char} has ink and room`)
    }
  }
  assert.throws(() => createFace(new Random(1), STYLES.din)('?'), /no such character/)
})

plates('keep their look: a sheet of every country has one digest', () => {
  const sheet = createHash('sha256')
  const random = new Random('sheet')
  for (const country of COUNTRIES) sheet.update(digest(drawPlate(random, { country, anyText: 0.2, anyStyle: 0.2 })))
  assert.is(sheet.digest('hex').slice(0, 16), '9e85148bbd57bdee')
})

plates.run()

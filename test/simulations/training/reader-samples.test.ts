import { createHash } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { PLATE_CHARACTERS } from '../../../simulations/pictures/glyphs.ts'
import { COUNTRIES } from '../../../simulations/pictures/plate-looks.ts'
import { Random } from '../../../simulations/random.ts'
import { classOf, COLUMNS, createSamples, CROP_HEIGHT, CROP_WIDTH, LABEL_BYTES, NOT_TRAINED, TEXT_MAX, type ReaderSample } from '../../../simulations/training/reader-samples.ts'
import { digestOf, encodeShard, HEADER_BYTES } from '../../../simulations/training/shards.ts'

const reader = suite('samples for the reader')
const SEED = 'reader samples 20261122'
console.log(`seed ${SEED}`)

function samples (count: number, seed = SEED): ReaderSample[] {
  const random = new Random(seed)
  const made: ReaderSample[] = []
  while (made.length < count) made.push(...createSamples(random, undefined))
  return made.slice(0, count)
}
const made = samples(300)

/** Repeats fold, blanks fall out, what is not trained is skipped. */
function foldedColumns (columns: Uint8Array): number[] {
  const read: number[] = []
  let before = 0
  for (const found of columns) {
    if (found === NOT_TRAINED) continue
    if (found !== 0 && found !== before) read.push(found)
    before = found
  }
  return read
}

reader('are pictures of the reader’s size with labels that mean something', () => {
  for (const { picture, label } of made) {
    assert.is(picture.length, CROP_WIDTH * CROP_HEIGHT)
    assert.is(label.length, LABEL_BYTES)
    assert.ok(label[0]! <= COUNTRIES.length || label[0] === NOT_TRAINED)
    assert.ok([0, 1, 2, NOT_TRAINED].includes(label[1]!))
    assert.ok(label[3]! <= TEXT_MAX || label[3] === NOT_TRAINED)
    for (const found of label.slice(4)) assert.ok(found <= PLATE_CHARACTERS.length || found === NOT_TRAINED)
  }
})

reader('name in their columns the very characters of the text, in order', () => {
  let checked = 0
  for (const { label } of made) {
    if (label[3] === NOT_TRAINED) continue
    const text = [...label.slice(4, 4 + label[3]!)]
    const read = foldedColumns(label.slice(4 + TEXT_MAX))
    // Twice the same without a sure blank between them folds into one: then at least nothing else is said.
    assert.equal(read.filter((found, at) => found !== read[at - 1]), text.filter((found, at) => found !== text[at - 1]))
    checked++
  }
  assert.ok(checked > 100)
})

reader('hold plates of one line, of two, halves of them, and things that are none', () => {
  const kinds = made.map(({ label }) => label[1])
  for (const kind of [0, 1, 2, NOT_TRAINED]) assert.ok(kinds.filter(found => found === kind).length > 10, `kind ${kind}`)
  for (const { label } of made) if (label[1] === 0 || label[1] === 2) assert.ok(label.slice(4).every(found => found === NOT_TRAINED), 'no characters are taught')
  assert.equal(['0', '9', 'A', 'Z', 'Ä', 'Ü'].map(classOf), [1, 10, 11, 36, 37, 39])
})

reader('are the same for the same seed, and a shard has one digest', () => {
  const shardOf = (all: ReaderSample[]): Uint8Array => encodeShard({ kind: 'reader', seed: SEED, count: all.length, width: CROP_WIDTH, height: CROP_HEIGHT, labelBytes: LABEL_BYTES }, all.map(({ picture }) => picture), all.map(({ label }) => label))
  const [one, again, other] = [shardOf(samples(20)), shardOf(samples(20)), shardOf(samples(20, 'other'))]
  assert.is(digestOf(one), digestOf(again))
  assert.is.not(digestOf(one), digestOf(other))
  assert.is(one.length, HEADER_BYTES + 20 * (CROP_WIDTH * CROP_HEIGHT + LABEL_BYTES))
  assert.is(JSON.parse(new TextDecoder().decode(one.slice(0, HEADER_BYTES))).count, 20)
  assert.is(one[HEADER_BYTES - 1], 10)
  assert.equal(one.slice(HEADER_BYTES, HEADER_BYTES + 100), made[0]!.picture.slice(0, 100))
  assert.is(COLUMNS * 4, CROP_WIDTH)
})

reader('keep their look: a few hundred have one digest', () => {
  const all = createHash('sha256')
  for (const { picture, label } of made) all.update(picture).update(label)
  assert.is(all.digest('hex').slice(0, 16), '7de47973b148f3ac')
})

reader('refuse to be written when they are not what the header says', () => {
  const header = { kind: 'reader', seed: 's', count: 1, width: 2, height: 2, labelBytes: 1 }
  assert.throws(() => encodeShard(header, [], []), /as many/)
  assert.throws(() => encodeShard(header, [new Uint8Array(3)], [new Uint8Array(1)]), /another size/)
  assert.throws(() => encodeShard({ ...header, seed: 'x'.repeat(600) }, [new Uint8Array(4)], [new Uint8Array(1)]), /too long/)
})

reader.run()

/** The product's own models on streets that simulations draw: that the parts fit together, not how good they are (the bench says that). */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { encodeJpeg } from '../../../node/adapters/sharp-pictures.ts'
import { boxOf, overlapOf, widthOf } from '../../../node/recognition/corners.ts'
import { createPool } from '../../../node/recognition/pool.ts'
import { advance, createTracks, finish, type TrackRead } from '../../../node/recognition/tracks.ts'
import { drawScene } from '../../../simulations/pictures/scene.ts'
import { streetCamera } from '../../../simulations/pictures/street-camera.ts'
import type { NationId } from '../../../protocol/identifiers.ts'
import { Random } from '../../../simulations/random.ts'

const x = suite('scenes')
const SCENES = 8
const CLEAR_WIDTH = 60

x('plates of a drawn street are found, read and placed', async () => {
  await using pool = createPool({ workers: 1 })
  const count = { plates: 0, answered: 0, right: 0, invented: 0 }
  for (let at = 0; at < SCENES; at++) {
    const { picture, plates } = await drawScene(new Random(`scenes-test/${at}`), { hour: 'day', width: 1280, height: 720, vehicles: 4 })
    const look = await pool.look(at % 2 === 0 ? picture : await encodeJpeg(picture), { camera: 'drawn' })
    const boxes = plates.map(({ corners }) => boxOf(corners))
    count.invented += look.plates.filter(({ corners }) => boxes.every(box => overlapOf(box, boxOf(corners)) < 0.1)).length
    for (const { corners, text } of plates.filter(({ corners }) => widthOf(corners) >= CLEAR_WIDTH)) {
      const answered = look.plates.find(plate => overlapOf(boxOf(plate.corners), boxOf(corners)) >= 0.5)
      count.plates++
      count.answered += answered === undefined ? 0 : 1
      count.right += answered?.text === text ? 1 : 0
    }
  }
  assert.ok(count.plates >= 8, `${count.plates} clear plates`)
  assert.ok(count.answered >= count.plates * 0.7, `${count.answered} of ${count.plates} answered`)
  assert.ok(count.right >= count.answered * 0.8, `${count.right} of ${count.answered} right`)
  assert.ok(count.invented <= 2, `${count.invented} invented`)
})

x('a drive past a drawn camera by day and by night is one read, right at its end', async () => {
  await using pool = createPool({ workers: 1 })
  for (const night of [false, true]) {
    const camera = await streetCamera('scenes-test', { night })
    const { at, until } = await camera.admit({ country: 'LT', text: 'KLM 482', facing: 'front', at: 0 })
    let tracks = createTracks()
    const told: TrackRead[] = []
    for (let ms = at, frame = 1; ms < until; ms += 250, frame++) {
      const { plates } = await pool.look(camera.frameAt(ms).picture, { camera: 'drawn', home: 'LT' as NationId })
      const { state, reads } = advance(tracks, { frame, plates }, ms)
      tracks = state
      told.push(...reads)
    }
    told.push(...finish(tracks).reads)
    assert.equal([...new Set(told.map(({ trackId }) => trackId))].length, 1, night ? 'night' : 'day')
    assert.equal([told[0]!.phase, told.at(-1)!.phase, told.at(-1)!.text], ['new', 'final', 'KLM482'])
    assert.ok(told.at(-1)!.looks >= 3)
  }
})

x.run()

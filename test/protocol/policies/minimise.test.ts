import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { NationId } from '../../../protocol/identifiers.ts'
import { hit } from '../../../protocol/messages/message.ts'
import { PRECISIONS } from '../../../protocol/messages/vocabulary.ts'
import { isWithin, minimiseArea } from '../../../protocol/policies/minimise.ts'

const test = suite('protocol/policies/minimise')
const LV = 'LV' as NationId
const place = { nation: LV, nuts3: 'LV005', municipality: 'LV-111', road: 'LV:A13' }

test('each precision tells one part more, and exact tells no more than the road', () => {
  assert.equal(PRECISIONS.map(precision => minimiseArea(place, { precision })), [
    { precision: 'none' },
    { precision: 'nation', nation: 'LV' },
    { precision: 'nuts3', nation: 'LV', nuts3: 'LV005' },
    { precision: 'municipality', nation: 'LV', nuts3: 'LV005', municipality: 'LV-111' },
    { precision: 'road', nation: 'LV', nuts3: 'LV005', municipality: 'LV-111', road: 'LV:A13' },
    { precision: 'road', nation: 'LV', nuts3: 'LV005', municipality: 'LV-111', road: 'LV:A13' }
  ])
})

test('parts that are not known, and fields of another kind, are not there', () => {
  assert.equal(minimiseArea({ nation: LV }, { precision: 'road' }), { precision: 'road', nation: 'LV' })
  const more = { ...place, latitude: 56.1, camera: 'cam-7', plate: 'AB1234' }
  assert.equal(Object.keys(minimiseArea(more, { precision: 'exact' })).sort(), ['municipality', 'nation', 'nuts3', 'precision', 'road'])
})

test('minimising again never tells more, and a coarser wish always wins', () => {
  for (const first of PRECISIONS) {
    for (const second of PRECISIONS) {
      const { precision, ...left } = minimiseArea(place, { precision: first })
      const again = minimiseArea(left, { precision: isWithin(second, precision) ? second : precision })
      assert.equal(again, minimiseArea(place, { precision: isWithin(first, second) ? first : second }))
    }
  }
})

test('the result is an area of a hit', () => {
  for (const precision of PRECISIONS) assert.ok(hit.shape.area.safeParse(minimiseArea(place, { precision })).success, precision)
})

test.run()

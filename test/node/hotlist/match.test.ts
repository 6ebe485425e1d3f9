import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { AgencyId, EntryRef, NationId } from '../../../protocol/identifiers.ts'
import { EntryTable } from '../../../node/hotlist/entry-table.ts'
import { matchRead } from '../../../node/hotlist/match.ts'
import type { CountrySource } from '../../../node/hotlist/plate-formats.ts'
import { PlateIndex } from '../../../node/hotlist/plate-index.ts'

const OWNER = 'lt:utena-police' as AgencyId
const NOW = 1_800_000_000_000

function lists (...entries: [ref: string, plate: string, country?: string][]): { index: PlateIndex, table: EntryTable } {
  const index = new PlateIndex(); const table = new EntryTable()
  for (const [ref, plate, country] of entries) {
    const handle = table.put({ owner: OWNER, ref: ref as EntryRef, category: 'wanted-person', action: 'discreet-check', until: 1_800_000_001 })
    index.place(handle, plate, country as NationId | undefined, 1_800_000_001)
  }
  return { index, table }
}
const plate = (text: string, country?: string, countryConfidence = 0, countrySource: CountrySource = 'none') =>
  ({ plate: { raw: text, text, country: country as NationId | undefined, countryConfidence, countrySource } })

const test = suite('match')

test('says whose entry it is and how it met', () => {
  const { index, table } = lists(['R-1', 'ABC123', 'LT'])
  assert.equal(matchRead(plate('ABC123', 'LT', 900, 'vendor'), index, table, NOW),
    [{ owner: OWNER, ref: 'R-1', kind: 'exact', countryKnown: true, category: 'wanted-person', action: 'discreet-check' }])
  assert.is(matchRead(plate('ABCI23', 'LT', 900, 'vendor'), index, table, NOW)[0]?.kind, 'look-alike')
  assert.equal(matchRead(plate('ABC123', 'LT', 900, 'vendor'), index, table, NOW + 1000), [], 'ended')
})

test('a country that was only derived or is unsure neither excludes nor counts as known', () => {
  const { index, table } = lists(['R-1', 'AB123', 'LT'])
  for (const read of [plate('AB123', 'LV', 450, 'syntax'), plate('AB123', 'LV', 300, 'vendor'), plate('AB123')]) {
    assert.equal(matchRead(read, index, table, NOW).map(found => found.countryKnown), [false])
  }
  assert.equal(matchRead(plate('AB123', 'LV', 700, 'vendor'), index, table, NOW), [])
})

test('owner and vendor agree on a country whose series our table does not know', () => {
  const { index, table } = lists(['R-1', 'AB1234', 'SE'])
  assert.equal(matchRead(plate('AB1234', 'SE', 800, 'vendor'), index, table, NOW).map(found => found.countryKnown), [true])
  assert.equal(matchRead(plate('AB1234', 'SE', 300, 'vendor'), index, table, NOW).map(found => found.countryKnown), [false])
  assert.equal(matchRead(plate('AB1234', 'LV', 300, 'vendor'), index, table, NOW), [])
})

test('a vendor whose country cannot have such a text hides no entry of another', () => {
  const { index, table } = lists(['R-1', '1234AB7', 'BY'])
  assert.equal(matchRead(plate('1234AB7', 'LT', 990, 'vendor'), index, table, NOW).map(found => found.countryKnown), [false])
  assert.equal(matchRead(plate('1234AB7', 'FR', 990, 'vendor'), index, table, NOW), [])
})

test.run()

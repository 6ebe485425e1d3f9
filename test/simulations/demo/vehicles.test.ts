/** Drawn plates have the form of their country, no two are spelled alike, and each listed one meets its own entry only. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { NationId } from '../../../protocol/identifiers.ts'
import { EntryTable } from '../../../node/hotlist/entry-table.ts'
import { normalisePlate, skeletonOf } from '../../../node/hotlist/normalise.ts'
import { countriesOf } from '../../../node/hotlist/plate-formats.ts'
import { PlateIndex } from '../../../node/hotlist/plate-index.ts'
import { Chance } from '../../../simulations/demo/chance.ts'
import { COUNTRIES, VehicleYard } from '../../../simulations/demo/vehicles.ts'
import { makeWorld } from '../../../simulations/demo/world.ts'

const NOW = 1_795_000_000
const vehicles = suite('demo vehicles')

vehicles('have plates of a regular series of their country, painted or plain', () => {
  const yard = new VehicleYard(new Chance('plates'))
  for (const country of COUNTRIES) {
    for (let i = 0; i < 300; i++) {
      const { plate, printed } = yard.draw(country)
      assert.is(normalisePlate(printed), plate)
      assert.is(normalisePlate(plate.toLowerCase()), plate)
      assert.ok(countriesOf(plate).some(one => one.country === country && !one.vanity), country)
    }
  }
})

vehicles('are all spelled differently, look-alike characters counted as one', () => {
  const { vehicles, listed } = makeWorld('spelling', { full: false, now: NOW })
  const skeletons = [...listed, ...vehicles].map(({ plate }) => skeletonOf(plate))
  assert.is(new Set(skeletons).size, skeletons.length)
})

vehicles('come mostly from the two nations, and from others as well', () => {
  const { vehicles } = makeWorld('countries', { full: false, now: NOW })
  const share = (country: string) => vehicles.filter(vehicle => vehicle.country === country).length / vehicles.length
  assert.ok(share('LV') > 0.3 && share('LT') > 0.3 && share('LV') + share('LT') < 0.95)
  for (const country of ['EE', 'PL']) assert.ok(share(country) > 0, country)
})

vehicles('that are listed meet their own entry, the others none', () => {
  const { vehicles, listed } = makeWorld('matching', { full: false, now: NOW })
  const entries = new EntryTable(); const index = new PlateIndex()
  for (const { owner, entry } of listed) {
    const { ref, category, action, until, country, plate } = entry
    index.place(entries.put({ owner, ref, category, action, until }), normalisePlate(plate)!, country, until)
  }
  for (const { plate, country, owner, entry } of listed) {
    const found = index.match(plate, country as NationId, NOW)
    assert.equal(found.map(({ handle, kind }) => ({ ref: entries.get(handle)!.ref, owner: entries.get(handle)!.owner, kind })), [{ ref: entry.ref, owner, kind: 'exact' }])
  }
  for (const { plate } of vehicles) assert.equal(index.match(plate, undefined, NOW), [])
})

vehicles.run()

import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { AgencyId, EntryRef } from '../../../protocol/identifiers.ts'
import { ACTIONS, CATEGORIES } from '../../../protocol/messages/vocabulary.ts'
import { EntryTable, type EntryFacts } from '../../../node/hotlist/entry-table.ts'
import { seeded } from './seed.ts'

const LV = 'lv:state-police' as AgencyId; const LT = 'lt:utena-police' as AgencyId
const facts = (owner: AgencyId, ref: string, more: Partial<EntryFacts> = {}): EntryFacts =>
  ({ owner, ref: ref as EntryRef, category: 'stolen-vehicle', action: 'seize', until: 1_900_000_000, ...more })

const test = suite('entry table')

test('a handle for each owner and reference, and back', () => {
  const table = new EntryTable()
  const a = table.put(facts(LV, 'R/1')); const b = table.put(facts(LT, 'R/1', { category: 'evidence', action: 'observe-only', until: 5 }))
  assert.is.not(a, b)
  assert.equal(table.get(a), facts(LV, 'R/1'))
  assert.equal(table.get(b), facts(LT, 'R/1', { category: 'evidence', action: 'observe-only', until: 5 }))
  assert.is(table.handleOf(LT, 'R/1' as EntryRef), b)
  assert.is(table.handleOf('ee:police' as AgencyId, 'R/1' as EntryRef), undefined)
  assert.is(table.size, 2)
})

test('putting again keeps the handle and replaces the facts', () => {
  const table = new EntryTable()
  const handle = table.put(facts(LV, 'R-1'))
  assert.is(table.put(facts(LV, 'R-1', { action: 'no-action' })), handle)
  assert.is(table.get(handle)?.action, 'no-action')
  assert.is(table.size, 1)
})

test('a removed entry is gone and its handle is given out again', () => {
  const table = new EntryTable()
  const handle = table.put(facts(LV, 'R-1'))
  assert.is(table.remove(LV, 'R-1' as EntryRef), handle)
  assert.is(table.remove(LV, 'R-1' as EntryRef), undefined)
  assert.is(table.get(handle), undefined)
  assert.is(table.put(facts(LT, 'R-2')), handle)
})

test('unknown handles answer nothing', () => {
  const table = new EntryTable()
  assert.is(table.get(0), undefined)
  table.put(facts(LV, 'R-1'))
  for (const handle of [1, -1, 0.5, NaN, 1e9, 2 ** 32]) assert.is(table.get(handle), undefined)
})

test('property: it answers as a map would', () => {
  const step = fc.record({
    put: fc.boolean(), owner: fc.constantFrom(LV, LT), ref: fc.stringMatching(/^[A-C][0-1]{0,3}$/),
    category: fc.constantFrom(...CATEGORIES), action: fc.constantFrom(...ACTIONS), until: fc.nat(2 ** 31)
  })
  fc.assert(fc.property(fc.array(step, { maxLength: 200 }), steps => {
    const table = new EntryTable(); const map = new Map<string, EntryFacts>()
    for (const { put, owner, ref, ...rest } of steps) {
      const entry = facts(owner, ref, rest); const key = `${owner} ${ref}`
      if (put) { table.put(entry); map.set(key, entry) } else assert.is(table.remove(entry.owner, entry.ref) !== undefined, map.delete(key))
    }
    assert.is(table.size, map.size)
    const handles = new Set<number>()
    for (const entry of map.values()) {
      const handle = table.handleOf(entry.owner, entry.ref)!
      handles.add(handle)
      assert.equal(table.get(handle), entry)
    }
    assert.is(handles.size, map.size)
  }), seeded())
})

test('turnover keeps the references whole while the arena is packed', () => {
  const table = new EntryTable()
  const refAt = (i: number): EntryRef => `CASE/2026/${'x'.repeat(i % 20)}${i}` as EntryRef
  for (let i = 0; i < 30_000; i++) {
    table.put(facts(LV, refAt(i), { until: i + 1 }))
    if (i >= 1000) table.remove(LV, refAt(i - 1000))
  }
  assert.is(table.size, 1000)
  for (let i = 29_000; i < 30_000; i++) assert.equal(table.get(table.handleOf(LV, refAt(i))!), facts(LV, refAt(i), { until: i + 1 }))
  assert.ok(Math.max(...Array.from({ length: 1000 }, (_, i) => table.handleOf(LV, refAt(29_000 + i))!)) <= 1000, 'handles stay dense')
})

test.run()

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { HotlistWithdraw } from '../../../protocol/messages/message.ts'
import { keyOf, type HeldEntryRecord, type SentMessageRecord } from '../../../protocol/records.ts'
import { ABROAD, Bench, ENTRY, idOf, NOW, PARTNER, POLICE, SITE, TOWN } from '../machine-bench.ts'

const end: HotlistWithdraw = { type: 'hotlist.withdraw/1', id: idOf('end'), iss: PARTNER, aud: POLICE, iat: NOW, exp: NOW + 3600, entries: [ENTRY], reason: 'found' }

const x = suite('end of an entry that is not known')

x('every site is told, because a restore may have taken the entry from us and not from them', () => {
  const bench = new Bench()
  bench.receive(ABROAD, 'urgent', end)
  const told = bench.signed() as HotlistWithdraw[]
  assert.equal(told.map(({ type, aud, entries }) => [type, aud, entries[0]!.ref]), [['hotlist.withdraw/1', TOWN, ENTRY.ref]])
  assert.is(bench.record<SentMessageRecord>(keyOf.sentMessage(told[0]!.id))?.peer, SITE)
  assert.is(bench.record<HeldEntryRecord>(keyOf.heldEntry(ENTRY.owner, ENTRY.ref))?.state, 'ended')
})

x('a site is told although a restore lost that it had been told of the entry', () => {
  const bench = new Bench()
  bench.hold()
  const key = keyOf.heldEntry(ENTRY.owner, ENTRY.ref)
  bench.records.set(key, { ...bench.record<HeldEntryRecord>(key)!, shared: [] })
  bench.receive(ABROAD, 'urgent', { ...end, iat: NOW + 1 })
  assert.equal((bench.signed() as HotlistWithdraw[]).map(({ type, aud }) => [type, aud]), [['hotlist.withdraw/1', TOWN]])
})

x('our word on the end is not older than our last word, although the clock was set back', () => {
  const bench = new Bench()
  bench.hold()
  const key = keyOf.heldEntry(ENTRY.owner, ENTRY.ref)
  bench.records.set(key, { ...bench.record<HeldEntryRecord>(key)!, toldAt: NOW + 600, shared: [{ agency: TOWN, node: SITE, share: idOf('share') }] })
  bench.receive(ABROAD, 'urgent', { ...end, iat: NOW + 1 })
  assert.equal((bench.signed() as HotlistWithdraw[]).map(({ iat }) => iat), [NOW + 600])
})

x('a site that was told of a known entry is told once', () => {
  const bench = new Bench()
  bench.hold()
  const key = keyOf.heldEntry(ENTRY.owner, ENTRY.ref)
  bench.records.set(key, { ...bench.record<HeldEntryRecord>(key)!, shared: [{ agency: TOWN, node: SITE, share: idOf('share') }] })
  bench.receive(ABROAD, 'urgent', { ...end, iat: NOW + 1 })
  assert.is(bench.signed().length, 1)
})

x.run()

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Digest } from '../../../protocol/identifiers.ts'
import type { Leaf } from '../../../protocol/log/leaf.ts'
import { payloadOf } from '../../../protocol/messages/jws.ts'
import type { HitMessage, Message, Tombstone } from '../../../protocol/messages/message.ts'
import { keyOf, type OutRecord, type PositionRecord, type SentMessageRecord } from '../../../protocol/records.ts'
import { outStreamOf } from '../../../protocol/delivery/outbox.ts'
import { ABROAD, Bench, candidate, NOW, SITE } from '../machine-bench.ts'

/** A hit that left on link a, and was neither acknowledged nor receipted when the link closed. */
function hitOnTheWay (): { bench: Bench, hit: HitMessage } {
  const bench = new Bench()
  bench.allow()
  bench.hold()
  bench.open(ABROAD, 'normal', 'a')
  bench.welcome(ABROAD, 'normal', 'a', null)
  bench.receive(SITE, 'normal', candidate('one'))
  const hit = bench.signed()[0] as HitMessage
  assert.is(bench.taken('send-parcel').length, 1)
  bench.close(ABROAD, 'normal', 'a')
  return { bench, hit }
}

function comeBack (bench: Bench, holds: { incarnation: string, seq: number, hash: Digest } | null): void {
  bench.open(ABROAD, 'normal', 'b')
  bench.welcome(ABROAD, 'normal', 'b', holds)
  bench.loadPositions()
}

const contentOf = (bench: Bench): Message[] => bench.effects.flatMap(effect => effect.type === 'send-parcel' && 'messages' in effect.content ? effect.content.messages.map(({ jws }) => payloadOf(jws)) : [])
const leaves = (bench: Bench): Leaf[] => [...bench.records].filter(([key]) => key.startsWith('log/leaf/')).map(([, bytes]) => JSON.parse(Buffer.from(bytes as Uint8Array).toString()) as Leaf)

const x = suite('resuming a stream')

x('what the peer does not hold goes again as it was, while its grant stands', () => {
  const { bench, hit } = hitOnTheWay()
  comeBack(bench, null)
  assert.equal(contentOf(bench).map(({ id }) => id), [hit.id])
})

x('under another version of the grant its place is taken by a tombstone, and it follows as that version allows', () => {
  const { bench, hit } = hitOnTheWay()
  bench.allow({ version: 2, precision: 'nation' })
  comeBack(bench, null)
  bench.acknowledge(ABROAD, 'normal', 'b')
  const sent = contentOf(bench)
  assert.equal(sent.map(({ type }) => type), ['tombstone/1', 'hit/1'])
  const again = sent[1] as HitMessage
  assert.is(again.id, hit.id)
  assert.is(again.policy.grant, 'g-told@2')
  assert.equal(again.area, { precision: 'nation', nation: 'LV' })
})

x('it is said again once, however often the stream breaks before the receipt', () => {
  const { bench } = hitOnTheWay()
  bench.allow({ version: 2, precision: 'nation' })
  comeBack(bench, null)
  bench.taken()
  bench.close(ABROAD, 'normal', 'b')
  bench.open(ABROAD, 'normal', 'c')
  bench.welcome(ABROAD, 'normal', 'c', null)
  bench.loadPositions()
  bench.acknowledge(ABROAD, 'normal', 'c')
  assert.equal(contentOf(bench).map(({ type }) => type), ['tombstone/1', 'hit/1'])
})

x('when no grant stands any more it is shown as withheld, and logged so', () => {
  const { bench, hit } = hitOnTheWay()
  bench.allow({ version: 2, until: NOW - 50 })
  comeBack(bench, null)
  assert.equal(contentOf(bench).map(message => (message as Tombstone).reason), ['withheld'])
  assert.is(bench.record<SentMessageRecord>(keyOf.sentMessage(hit.id))?.state, 'withheld')
  assert.ok(leaves(bench).some(({ t, why }) => t === 'withheld' && why === 'withheld'))
  assert.is(outStreamOf(bench.state, ABROAD, 'normal').unreceipted.size, 0)
})

/** What a peer says that holds something of ours that we never sent. */
const strange = (seq: number): { incarnation: string, seq: number, hash: Digest } => ({ incarnation: 'AAAAAAAAAAAAAAAAAAAAAA', seq, hash: 'B'.repeat(43) as Digest })

x('to a peer on a branch that we do not know, the whole archive goes again', () => {
  const { bench } = hitOnTheWay()
  const stream = outStreamOf(bench.state, ABROAD, 'normal')
  stream.unreceipted.clear()
  comeBack(bench, strange(1))
  assert.equal(bench.taken('load-queue').map(({ from }) => from), [0])
})

x('what has its receipt goes again only as it was: the peer may have it, and would take other words for a replay', () => {
  const { bench, hit } = hitOnTheWay()
  const stream = outStreamOf(bench.state, ABROAD, 'normal')
  const record = bench.record<OutRecord>(keyOf.out(ABROAD, 'normal', 0))!
  stream.unreceipted.clear()
  bench.allow({ version: 2, precision: 'nation' })
  comeBack(bench, strange(1))
  bench.taken()
  bench.give({ type: 'queue-loaded', peer: ABROAD, streamClass: 'normal', records: [{ n: 0, record }], upTo: 1 })
  assert.equal([contentOf(bench), bench.signed()], [[], []])
  assert.is(bench.record<SentMessageRecord>(keyOf.sentMessage(hit.id))?.n, 0)
})

x('to a peer that is ahead of us on our own branch, only what has no receipt', () => {
  const { bench } = hitOnTheWay()
  const stream = outStreamOf(bench.state, ABROAD, 'normal')
  stream.unreceipted.clear()
  comeBack(bench, { ...strange(5), incarnation: stream.incarnation })
  assert.is(stream.floor, 1)
  assert.equal(bench.taken('load-queue'), [])
})

x('positions that an earlier incarnation left behind are not sent', () => {
  const { bench } = hitOnTheWay()
  const stream = outStreamOf(bench.state, ABROAD, 'normal')
  const first = bench.record<PositionRecord>(keyOf.position(ABROAD, 'normal', 1))!
  bench.records.set(keyOf.position(ABROAD, 'normal', 1), { ...first, prev: 'C'.repeat(43) as Digest } as never)
  const before = stream.incarnation
  comeBack(bench, null)
  assert.ok(bench.effects.some(effect => effect.type === 'report' && effect.report.what === 'records-lost'))
  assert.is.not(stream.incarnation, before)
  assert.equal(contentOf(bench), [])
})

x('while the queue is being read for where we stood, the link is opened anew instead', () => {
  const { bench } = hitOnTheWay()
  const stream = outStreamOf(bench.state, ABROAD, 'normal')
  const before = stream.incarnation
  stream.loading = true
  comeBack(bench, strange(1))
  assert.is(stream.incarnation, before)
  assert.ok(bench.effects.some(effect => effect.type === 'close-link' && effect.reason === 'queue-loading'))
})

x.run()

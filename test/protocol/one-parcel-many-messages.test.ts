import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { keyOf, type CandidateRecord } from '../../protocol/records.ts'
import { Bench, candidate, idOf, SITE } from './machine-bench.ts'

const x = suite('many messages in one parcel')

x('two candidates for one entry are weighed one after the other: only the first is told', () => {
  const bench = new Bench()
  bench.allow()
  bench.hold()
  bench.receive(SITE, 'normal', candidate('one'), candidate('two'))
  assert.equal(bench.signed().map(({ type }) => type), ['hit/1'])
  assert.is(bench.record<CandidateRecord>(keyOf.candidate(idOf('two')))?.because, 'first-hit-only')
})

x('further hits of one parcel are counted on', () => {
  const bench = new Bench()
  bench.allow()
  bench.hold({ furtherHits: true })
  bench.receive(SITE, 'normal', candidate('one'), candidate('two'), candidate('three'))
  assert.equal(bench.signed().map(message => message.type === 'hit/1' && message.ordinal), [1, 2, 3])
})

x('the same message twice in one parcel takes effect once', () => {
  const bench = new Bench()
  bench.allow()
  bench.hold({ furtherHits: true })
  bench.receive(SITE, 'normal', candidate('one'), candidate('one'))
  assert.is(bench.signed().length, 1)
})

x.run()

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { derivedMessageId } from '../../../protocol/bytes.ts'
import type { Actor } from '../../../protocol/commands.ts'
import type { MatchedRead } from '../../../protocol/events.ts'
import { candidateIdOf } from '../../../protocol/hits/candidate-withdrawals.ts'
import type { AgencyId, EntryRef, NodeId, PersonId } from '../../../protocol/identifiers.ts'
import type { CandidateWithdraw, Receipt } from '../../../protocol/messages/message.ts'
import { keyOf, type CandidateRecord, type DedupeRecord } from '../../../protocol/records.ts'
import { Bench, candidate, ENTRY, HOME, idOf, NOW, PARTNER, POLICE, SITE, TOWN } from '../machine-bench.ts'

const x = suite('withdrawal of a candidate')

const withdrawal = (of: string, changes: Partial<CandidateWithdraw> = {}): CandidateWithdraw =>
  ({ type: 'candidate.withdraw/1', id: idOf(`w ${of}`), iss: TOWN, aud: TOWN, iat: NOW, exp: NOW + 3600, candidate: idOf(of), entry: ENTRY, reason: 'misread', ...changes })
const refusedBy = (bench: Bench): string[] => bench.effects.flatMap(effect => effect.type === 'sign' && effect.message.type === 'receipt/1' ? (effect.message as Receipt).refused.map(({ code }) => code) : [])
const OFFICER: Actor = { personId: 'o.1' as PersonId, role: 'OFFICER', agency: TOWN }

function benchWithHit (): Bench {
  const bench = new Bench()
  bench.allow()
  bench.hold()
  bench.receive(SITE, 'normal', candidate('one'))
  assert.equal(bench.signed().map(({ type }) => type), ['hit/1'])
  bench.taken()
  return bench
}

x('a hit that a camera took back is withdrawn, and the next sighting is a first hit again', () => {
  const bench = benchWithHit()
  bench.receive(SITE, 'normal', withdrawal('one'))
  const [told] = bench.signed()
  assert.is(told?.type === 'hit.withdraw/1' && told.hitId, derivedMessageId('hit', idOf('one')))
  const record = bench.record<CandidateRecord>(keyOf.candidate(idOf('one')))!
  assert.equal([record.state, record.because], ['rejected', 'misread'])
  bench.taken()
  bench.receive(SITE, 'normal', candidate('two'))
  const [next] = bench.signed()
  assert.is(next?.type === 'hit/1' && next.ordinal, 1)
})

x('a candidate that waits for a person waits no more', () => {
  const bench = new Bench()
  bench.allow({ unverified: 'confirm' })
  bench.hold()
  bench.receive(SITE, 'normal', candidate('one'))
  assert.is(bench.state.waitingCandidates, 1)
  bench.receive(SITE, 'normal', withdrawal('one'))
  assert.is(bench.state.waitingCandidates, 0)
  assert.is(bench.record(keyOf.waiting(TOWN, idOf('one'))), undefined)
  assert.is(bench.record<DedupeRecord>(keyOf.dedupe(ENTRY.owner, ENTRY.ref))!.waiting, undefined)
  assert.is(bench.signed().length, 0, 'nobody was told, so nobody is told that it was wrong')
})

x('told twice it has effect once', () => {
  const bench = benchWithHit()
  bench.receive(SITE, 'normal', withdrawal('one'))
  bench.receive(SITE, 'normal', withdrawal('one', { id: idOf('again') }))
  assert.equal(bench.signed().map(({ type }) => type), ['hit.withdraw/1'])
  assert.equal(refusedBy(bench), [])
})

x('of a candidate that never came nothing follows', () => {
  const bench = new Bench()
  bench.receive(SITE, 'normal', withdrawal('nobody'))
  assert.equal([bench.signed().length, refusedBy(bench).length], [0, 0])
})

x('another agency, or another entry, takes nothing back', () => {
  const bench = benchWithHit()
  bench.receive(SITE, 'normal', withdrawal('one', { iss: POLICE, aud: POLICE }))
  assert.equal(refusedBy(bench), ['wrong-issuer'])
  bench.taken()
  bench.receive(SITE, 'normal', withdrawal('one', { entry: { owner: PARTNER, ref: 'LT-2' as EntryRef } }))
  assert.equal(refusedBy(bench), ['unknown-subject'])
  bench.taken()
  bench.receive(SITE, 'normal', withdrawal('one', { aud: PARTNER }))
  assert.equal(refusedBy(bench), ['wrong-issuer'])
  assert.is(bench.record<CandidateRecord>(keyOf.candidate(idOf('one')))!.state, 'sent')
})

x('a person who rejects a match tells the site that made it', () => {
  const bench = benchWithHit()
  bench.give({ type: 'command-given', commandId: 'c', actor: OFFICER, command: { do: 'candidate.reject', candidate: idOf('one'), reason: 'misread' }, entropy: new Uint8Array(32) })
  const back = bench.signed().find(message => message.type === 'candidate.withdraw/1')
  assert.equal(back?.type === 'candidate.withdraw/1' && [back.candidate, back.reason, back.aud], [idOf('one'), 'misread', TOWN])
  assert.ok([...bench.records.keys()].some(key => key.startsWith(`out/${SITE}/normal/`)))
})

// ── at the site ──────────────────────────────────────────────────────────────────────────────────────────────────

const { type: _type, id: _id, iss: _iss, aud: _aud, iat: _iat, exp: _exp, ...facts } = candidate('x')
const READ: MatchedRead = { controller: TOWN, ...facts, readId: idOf('seen') }

function benchAtSite (): Bench {
  const bench = new Bench()
  bench.give({ type: 'directory-changed', directory: { self: SITE, role: 'site', hosted: [TOWN], homes: { [TOWN]: HOME }, nationals: { LV: HOME }, peers: [HOME], sites: [] } })
  bench.taken()
  return bench
}
const withdrawn = (bench: Bench, read: MatchedRead): void => bench.give({ type: 'read-withdrawn', read, reason: 'misread', entropy: new Uint8Array(32).fill(9) })

x('a site takes its candidate back once, behind it on the same stream', () => {
  const bench = benchAtSite()
  bench.give({ type: 'read-matched', read: READ, entropy: new Uint8Array(32).fill(8) })
  withdrawn(bench, READ)
  withdrawn(bench, READ)
  assert.equal(bench.signed().map(({ type }) => type), ['candidate/1', 'candidate.withdraw/1'])
  const [made, back] = bench.signed()
  assert.equal(back?.type === 'candidate.withdraw/1' && [back.candidate, back.entry, back.aud], [made!.id, ENTRY, TOWN])
  assert.is([...bench.records.keys()].filter(key => key.startsWith(`out/${HOME}/normal/`)).length, 2)
})

x('a read that made no candidate is not taken back', () => {
  const bench = benchAtSite()
  withdrawn(bench, READ)
  assert.is(bench.signed().length, 0)
})

x('what its home rejected is marked at the site', () => {
  const bench = benchAtSite()
  bench.give({ type: 'read-matched', read: READ, entropy: new Uint8Array(32).fill(8) })
  bench.receive(HOME, 'normal', withdrawal('any', { candidate: candidateIdOf(READ) }))
  assert.equal(refusedBy(bench), [])
  assert.is(bench.record<CandidateRecord>(keyOf.candidate(candidateIdOf(READ)))!.state, 'rejected')
  const stranger = benchAtSite()
  stranger.receive(HOME as NodeId, 'normal', withdrawal('any', { iss: 'lv:other' as AgencyId, aud: 'lv:other' as AgencyId }))
  assert.equal(refusedBy(stranger), ['wrong-issuer'])
})

// ── who may look at footage where it lies ────────────────────────────────────────────────────────────────────────

x('at a site the owner of its cameras may look at footage, for a reason, and at nothing else', () => {
  const ask = (role: Actor['role'], of: object): string => {
    const bench = benchAtSite()
    bench.give({ type: 'command-given', commandId: 'c', actor: { ...OFFICER, role }, command: { do: 'consult', of: of as never, because: { code: 'case-work', case: '7' } }, entropy: new Uint8Array(32) })
    const [answer] = bench.taken('answer')
    return answer!.result.ok ? 'open' : answer!.result.code
  }
  assert.is(ask('OFFICER', { what: 'evidence', agency: TOWN, read: idOf('seen') }), 'open')
  assert.is(ask('LEGAL_OFFICER', { what: 'evidence', agency: TOWN }), 'open')
  assert.is(ask('LIST_OWNER', { what: 'evidence', agency: TOWN }), 'role-lacking')
  assert.is(ask('OFFICER', { what: 'evidence', agency: POLICE }), 'role-lacking')
  assert.is(ask('OFFICER', { what: 'candidates', agency: TOWN }), 'role-lacking')
})

x.run()

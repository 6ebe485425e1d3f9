/** Drafts, approvals by another person, ends, overrides and rollbacks, on the machine alone. */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { digestOf, fromBase64url, utf8ToBytes } from '../../protocol/bytes.ts'
import type { Command } from '../../protocol/commands.ts'
import type { Digest } from '../../protocol/identifiers.ts'
import { DAY, HOUR, SECOND } from '../../protocol/instant.ts'
import { commitmentOf } from '../../protocol/log/leaf.ts'
import { encodeJson } from '../../protocol/messages/encoding.ts'
import { DRAFT_SECONDS_MAX, DRAFTS_PER_AGENCY_MAX, GRANTS_PER_CHANGE_MAX, OVERRIDE_SECONDS_MAX, OVERRIDE_WINDOW_SECONDS, OVERRIDES_PER_WINDOW_MAX, type PolicyChange } from '../../protocol/policies/change.ts'
import { hashOfGrant } from '../../protocol/policies/grant.ts'
import { OVERRIDE_SHOUT } from '../../protocol/policy-changes.ts'
import { keyOf, type PolicyChangeRecord, type PolicyVersionRecord } from '../../protocol/records.ts'
import { BEGIN, Desk, OURS, WHY, wanted } from './policies/desk.ts'
import { printSeed } from './policies/samples.ts'

const seed = printSeed()
const changes = suite('policy changes')
const recordOf = (desk: Desk, number: number): PolicyChangeRecord => desk.records.get(keyOf.policyChange(OURS, number)) as unknown as PolicyChangeRecord

changes('nothing is in force before another person approves the exact hash', () => {
  const desk = new Desk()
  const draft = desk.draft('author', [wanted()])
  assert.is(draft.ok, true)
  assert.equal(desk.inForce(), [])
  assert.equal(desk.approve('author', draft), { ok: false, code: 'own-draft' })
  assert.equal(desk.approve('approver', { ...draft, hash: 'A'.repeat(43) as Digest }), { ok: false, code: 'other-hash' })
  assert.equal(desk.approve('approver', { ...draft, draft: 'd-2' }), { ok: false, code: 'unknown-draft' })
  assert.equal(desk.inForce(), [])
  assert.equal(desk.approve('approver', draft), { ok: true, made: { grants: 'g-1@1', hash: draft.hash } })
  assert.equal(desk.inForce(), ['g-1@1'])
  assert.equal(desk.approve('third', draft), { ok: false, code: 'unknown-draft' }, 'it is approved once')
})

changes('one\'s own change is never approved, whatever else one asks for', () => {
  const role = fc.constantFrom('NATIONAL_ADMIN', 'OFFICER', 'LEGAL_OFFICER', 'LIST_OWNER', 'NODE_OPERATOR', 'SUPERVISORY_AUTH')
  fc.assert(fc.property(fc.array(fc.tuple(fc.constantFrom('approve', 'draft', 'withdraw', 'rollback', 'end'), role), { maxLength: 12 }), steps => {
    const desk = new Desk()
    const drafts = [desk.draft('author', [wanted()])]
    for (const [what, as] of steps) {
      const last = drafts.at(-1)!
      const asked: { readonly [name: string]: Command } = {
        approve: { do: 'policy.approve', agency: OURS, draft: last.draft, hash: last.hash }, withdraw: { do: 'policy.withdraw-draft', agency: OURS, draft: last.draft },
        rollback: { do: 'policy.rollback', agency: OURS, grant: 'g-1', version: 1, ...WHY }, end: { do: 'grant.end', agency: OURS, grant: 'g-1' }
      }
      if (what === 'draft') { const made = desk.draft('author', [wanted()]); if (made.ok) drafts.push(made) } else desk.give('author', asked[what]!, as)
      assert.equal(desk.inForce(), [])
    }
  }), { seed, numRuns: 60 })
})

changes('what is hashed is what is kept, byte for byte, and what takes effect', () => {
  const desk = new Desk()
  const draft = desk.draft('author', [wanted(), wanted({ id: 'g-2', categories: ['stolen-vehicle'] })])
  const { text, hash, state } = recordOf(desk, 1)
  assert.equal([hash, digestOf(utf8ToBytes(text)), state], [draft.hash, draft.hash, 'open'])
  const change = JSON.parse(text) as PolicyChange
  assert.equal([change.by, change.reason, change.reference, change.number, change.lapses], ['author', WHY.reason, WHY.reference, 1, BEGIN / SECOND + DRAFT_SECONDS_MAX])
  assert.is(text, encodeJson(change as never), 'one spelling')
  desk.approve('approver', draft)
  for (const grant of change.put) assert.equal(desk.records.get(keyOf.grant(OURS, grant.id, 1)), grant)
  assert.not.equal(desk.draft('author', [wanted({ id: 'g-3' })]).hash, desk.draft('author', [wanted({ id: 'g-3' })]).hash, 'no hash can be guessed from the terms')
})

changes('every step has its leaf, which leads to the one before; names stand only behind commitments', () => {
  const desk = new Desk()
  desk.enact(wanted(), wanted({ id: 'g-2' }))
  const { drafted, closed, hash } = recordOf(desk, 1)
  const leaves = desk.leaves.filter(({ t }) => t === 'policy')
  assert.equal(leaves.map(({ why, policy, index }) => [why, policy, index]), [
    ['drafted', undefined, undefined], ['approved', undefined, drafted.leaf], [undefined, 'g-1@1', closed!.leaf], [undefined, 'g-2@1', closed!.leaf]
  ])
  assert.ok(leaves.slice(0, 2).every(({ root }) => root === hash))
  for (const [act, did] of [[drafted, 'drafted'], [closed!, 'approved']] as const) {
    assert.is(desk.leaves[act.leaf]!.c, commitmentOf(fromBase64url(act.k)!, OURS, utf8ToBytes(encodeJson({ actor: act.by, did, hash } as never))))
  }
  assert.equal([drafted.by.personId, closed!.by.personId], ['author', 'approver'])
  assert.not.match(desk.leaves.map(leaf => JSON.stringify(leaf)).join(), /author|approver|partner asked/)
  const version = desk.records.get(keyOf.policyVersion(OURS, 'g-2', 1)) as unknown as PolicyVersionRecord
  assert.equal([version.change, version.at, version.leaf], [1, BEGIN / SECOND, 3])
  assert.is(desk.leaves[3]!.root, hashOfGrant(desk.state.grants.get(`${OURS}/g-2`)!))
})

changes('the linter refuses at the draft, and once more at the approval', () => {
  for (const [terms, detail] of [
    [{ legalBasis: 'eu-2023-977/art-99' }, 'g-1.legalBasis: basis-unknown'], [{ precision: 'exact' }, 'g-1.precision: exact-abroad'], [{ partner: { nation: 'UA' } }, 'g-1.legalBasis: basis-does-not-bind']
  ] as const) {
    const desk = new Desk()
    assert.equal(desk.give('author', { do: 'policy.draft', agency: OURS, put: [wanted(terms)], end: [], ...WHY }), { ok: false, code: 'not-lawful', detail })
    assert.is(desk.state.desk.open.size, 0)
  }
  const desk = new Desk()
  const warned = desk.give('author', { do: 'policy.draft', agency: OURS, put: [wanted({ thirdCountry: 'prior-authorisation' })], end: [], ...WHY })
  assert.ok(warned.ok && Number(warned.made!['warnings']) > 0)
  assert.ok(recordOf(desk, 1).findings.some(({ code, field }) => code === 'third-country-open' && field === 'g-1.thirdCountry'))
})

changes('a draft lapses; what ended meanwhile is not put in force', () => {
  const desk = new Desk()
  const short = desk.draft('author', [wanted()])
  const long = desk.draft('author', [wanted({ id: 'g-2', until: BEGIN / SECOND + 60 * 86_400 })])
  desk.now += DAY
  assert.equal(desk.approve('approver', short), { ok: false, code: 'ended', detail: 'until' })
  desk.now = BEGIN + DRAFT_SECONDS_MAX * SECOND
  assert.equal(desk.approve('approver', long), { ok: false, code: 'ended', detail: 'draft' })
  desk.happen({ type: 'woke', name: 'policy' })
  assert.equal([recordOf(desk, 1).state, recordOf(desk, 2).state, desk.state.desk.open.size], ['lapsed', 'lapsed', 0])
  assert.is(desk.leaves.filter(({ why }) => why === 'lapsed').length, 2)
})

changes('it wakes when the next draft lapses, and at nothing else', () => {
  const desk = new Desk()
  desk.draft('author', [wanted()])
  assert.is(desk.wakesIn(), DRAFT_SECONDS_MAX * SECOND)
  desk.give('author', { do: 'policy.withdraw-draft', agency: OURS, draft: 'd-1' })
  assert.is(desk.wakesIn(), undefined)
  assert.equal([recordOf(desk, 1).state, recordOf(desk, 1).closed?.by.personId], ['withdrawn', 'author'])
})

changes('a draft upon versions that changed is overtaken, and cannot be approved', () => {
  const desk = new Desk()
  const first = desk.draft('author', [wanted({ precision: 'nuts3' })])
  const second = desk.draft('other', [wanted({ precision: 'road' })])
  const elsewhere = desk.draft('other', [wanted({ id: 'g-9' })])
  desk.approve('approver', second)
  assert.equal(desk.approve('approver', first), { ok: false, code: 'unknown-draft' })
  assert.is(recordOf(desk, 1).state, 'superseded')
  assert.is(desk.approve('approver', elsewhere).ok, true, 'other grants are untouched')
  const third = desk.draft('author', [wanted({ precision: 'nuts3' })])
  desk.give('author', { do: 'grant.end', agency: OURS, grant: 'g-1' })
  assert.is(desk.approve('approver', third).ok, false, 'ended meanwhile')
  assert.equal(desk.inForce(), ['g-9@1'])
})

changes('a change takes effect as a whole: what it puts and what it ends', () => {
  const desk = new Desk()
  desk.enact(wanted(), wanted({ id: 'g-2' }))
  const draft = desk.draft('author', [wanted({ id: 'g-3' })], ['g-1'])
  assert.equal(desk.inForce(), ['g-1@1', 'g-2@1'])
  assert.equal(desk.approve('approver', draft), { ok: true, made: { grants: 'g-3@1 g-1@2', hash: draft.hash } })
  assert.equal(desk.inForce(), ['g-2@1', 'g-3@1'])
})

changes('a grant begins and ends by its own dates', () => {
  const desk = new Desk()
  desk.enact(wanted({ from: BEGIN / SECOND + 100, until: BEGIN / SECOND + 200 }))
  for (const [after, held] of [[0, []], [99, []], [100, ['g-1@1']], [199, ['g-1@1']], [200, []]] as const) {
    desk.now = BEGIN + after * SECOND
    assert.equal(desk.inForce(), held, String(after))
  }
})

changes('one person alone may end a grant, also one that has not begun', () => {
  const desk = new Desk()
  desk.enact(wanted({ from: BEGIN / SECOND + 100 }))
  assert.is(desk.give('author', { do: 'grant.end', agency: OURS, grant: 'g-1', reason: 'no more', reference: 'E-1' }).ok, true)
  desk.now += 150 * SECOND
  assert.equal(desk.inForce(), [])
  const change = JSON.parse(recordOf(desk, 2).text) as PolicyChange
  assert.equal([change.kind, change.by, change.reason, recordOf(desk, 2).state, recordOf(desk, 2).made], ['end', 'author', 'no more', 'alone', ['g-1@2']])
  assert.equal(desk.give('author', { do: 'grant.end', agency: OURS, grant: 'g-1' }), { ok: false, code: 'unknown-grant' })
})

changes('a rollback is a draft of the old terms as a new version', () => {
  const desk = new Desk()
  desk.enact(wanted({ precision: 'nuts3', until: BEGIN / SECOND + 10 * 86_400 }))
  desk.enact(wanted({ precision: 'road' }))
  const made = desk.give('author', { do: 'policy.rollback', agency: OURS, grant: 'g-1', version: 1, ...WHY })
  assert.ok(made.ok)
  assert.equal(desk.inForce(), ['g-1@2'])
  const draft = made.made as { draft: string, hash: Digest, lapses: number }
  assert.equal(desk.approve('author', draft), { ok: false, code: 'own-draft' })
  assert.is(desk.approve('approver', draft).ok, true)
  const grant = desk.state.grants.get(`${OURS}/g-1`)!
  assert.equal([grant.version, grant.precision, grant.from, grant.until], [3, 'nuts3', BEGIN / SECOND, BEGIN / SECOND + 10 * 86_400])
  assert.is((JSON.parse(recordOf(desk, 3).text) as PolicyChange).restores, 'g-1@1')
  assert.equal(desk.give('author', { do: 'policy.rollback', agency: OURS, grant: 'g-1', version: 7, ...WHY }), { ok: false, code: 'unknown-grant' })
  desk.now += 20 * DAY
  assert.equal(desk.give('author', { do: 'policy.rollback', agency: OURS, grant: 'g-1', version: 1, ...WHY }), { ok: false, code: 'ended', detail: 'until' })
  assert.is(desk.give('author', { do: 'policy.rollback', agency: OURS, grant: 'g-1', version: 1, until: desk.seconds + 86_400, ...WHY }).ok, true)
})

// ── emergencies ──────────────────────────────────────────────────────────────────────────────────────────────────

const override = (id: string, until: number): Command => ({ do: 'policy.override', agency: OURS, grant: wanted({ id, until }), ...WHY })

changes('an override holds at once, shouts until it ends, and ends by itself', () => {
  const desk = new Desk()
  const until = BEGIN / SECOND + 2.5 * HOUR / SECOND
  assert.is(desk.give('author', override('g-now', until)).ok, true)
  assert.equal(desk.inForce(), ['g-now@1'])
  assert.is(desk.wakesIn(), OVERRIDE_SHOUT)
  for (const [at, wakes] of [[HOUR, HOUR], [2 * HOUR, HOUR / 2], [2.5 * HOUR, undefined]] as const) {
    desk.now = BEGIN + at
    desk.happen({ type: 'woke', name: 'policy' })
    assert.is(desk.wakesIn(), wakes)
  }
  assert.equal(desk.said('policy-override').map(report => 'code' in report && report.code), ['begun', 'in-force', 'in-force', 'over'])
  assert.equal(desk.inForce(), [])
  assert.equal([recordOf(desk, 1).state, (JSON.parse(recordOf(desk, 1).text) as PolicyChange).kind], ['alone', 'emergency'])
  assert.is(desk.leaves.find(({ why }) => why === 'emergency')?.role, 'NATIONAL_ADMIN')
})

changes('an override lasts a day at most, begins now, and is no version of another grant', () => {
  const desk = new Desk()
  const day = BEGIN / SECOND + OVERRIDE_SECONDS_MAX
  assert.equal(desk.give('author', override('g-now', day + 1)), { ok: false, code: 'limit-reached', detail: 'OVERRIDE_SECONDS_MAX' })
  desk.enact(wanted())
  assert.is(desk.give('author', override('g-1', day)).ok, false)
  assert.is(desk.give('author', { do: 'policy.override', agency: OURS, grant: wanted({ id: 'g-later', from: BEGIN / SECOND + 3600, until: day }), ...WHY }).ok, true)
  assert.equal(desk.inForce(), ['g-1@1', 'g-later@1'], 'it begins now, whatever it says')
  assert.equal(desk.give('author', { do: 'policy.override', agency: OURS, grant: wanted({ id: 'g-bad', precision: 'exact', until: day }), ...WHY }), { ok: false, code: 'not-lawful', detail: 'g-bad.precision: exact-abroad' })
})

changes('overrides cannot be chained into something that lasts', () => {
  const desk = new Desk()
  for (let i = 0; i < OVERRIDES_PER_WINDOW_MAX; i++) {
    assert.is(desk.give('author', override(`g-now-${i}`, desk.seconds + OVERRIDE_SECONDS_MAX)).ok, true)
    desk.now += DAY
  }
  assert.equal(desk.give('author', override('g-more', desk.seconds + 60)), { ok: false, code: 'limit-reached', detail: 'OVERRIDES_PER_WINDOW_MAX' })
  assert.equal(desk.inForce(), [])
  desk.now = BEGIN + OVERRIDE_WINDOW_SECONDS * SECOND
  assert.is(desk.give('author', override('g-more', desk.seconds + 60)).ok, true)
})

changes('an override that is ended, or that two people replace, is over', () => {
  const desk = new Desk()
  desk.give('author', override('g-a', BEGIN / SECOND + 3600))
  desk.give('author', override('g-b', BEGIN / SECOND + 3600))
  desk.give('author', { do: 'grant.end', agency: OURS, grant: 'g-a' })
  desk.enact(wanted({ id: 'g-b' }))
  assert.equal(desk.said('policy-override').map(report => 'code' in report && 'grant' in report && `${report.grant} ${report.code}`), ['g-a@1 begun', 'g-b@1 begun', 'g-a@1 over', 'g-b@1 over'])
  assert.equal(desk.inForce(), ['g-b@2'])
})

// ── limits and bad input ─────────────────────────────────────────────────────────────────────────────────────────

changes('drafts are bounded, and so is a change', () => {
  const desk = new Desk()
  for (let i = 0; i < DRAFTS_PER_AGENCY_MAX; i++) assert.is(desk.draft('author', [wanted({ id: `g-${i}` })]).ok, true)
  assert.equal(desk.give('author', { do: 'policy.draft', agency: OURS, put: [wanted({ id: 'g-over' })], end: [], ...WHY }), { ok: false, code: 'limit-reached', detail: 'DRAFTS_PER_AGENCY_MAX' })
  const fresh = new Desk()
  const many = Array.from({ length: GRANTS_PER_CHANGE_MAX }, (_, i) => wanted({ id: `g-${i}` }))
  assert.is(fresh.draft('author', many).ok, true)
  fresh.enact(wanted())
  for (const [put, end] of [[[], []], [[wanted(), wanted()], []], [[wanted()], ['g-1']], [many, ['g-1']], [[{ id: 'g-x' }], []], [[], ['g-none']]] as const) {
    const result = fresh.give('author', { do: 'policy.draft', agency: OURS, put: [...put], end: [...end], ...WHY })
    assert.ok(!result.ok && ['malformed', 'unknown-grant'].includes(result.code), JSON.stringify(result))
  }
})

changes.run()

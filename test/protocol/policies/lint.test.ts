import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bindsBasis, isBasisInForce, legalBases, legalBasisOf, titleOfBasis } from '../../../protocol/policies/legal-basis.ts'
import { isApprovable, lintGrant, lintGrants, LINT_FINDINGS } from '../../../protocol/policies/lint.ts'
import type { NationId } from '../../../protocol/identifiers.ts'
import { BEGIN, DAY_SECONDS, grant, plainGrant } from './samples.ts'

const test = suite('protocol/policies/lint')
/** A grant that nothing is to be said of. */
const clean = { legalBasis: 'led/art-9' }
const codes = (changes: object, policy: Parameters<typeof lintGrant>[1] = []): string[] => lintGrant({ ...plainGrant, ...clean, ...changes }, policy).map(found => found.code)

test('a clean grant has no findings', () => {
  assert.equal(lintGrant(grant(clean), []), [])
})

test('form: the end first, then each field once and never its value', () => {
  assert.equal(codes({ until: undefined }), ['end-missing'])
  assert.equal(codes({ until: BEGIN + 367 * DAY_SECONDS }), ['lasts-too-long'])
  const findings = lintGrant({ ...plainGrant, kinds: ['AB1234'], purpose: 'AB1234' }, [])
  assert.equal(findings.map(found => [found.code, found.field]), [['malformed', 'kinds'], ['malformed', 'purpose']])
  assert.not(JSON.stringify(findings).includes('AB1234'))
  for (const rubbish of [null, undefined, 7, 'x', [], {}]) assert.not(isApprovable(lintGrant(rubbish, [])))
})

test('the legal basis is known, in force at both ends, binds both nations, and was checked', () => {
  assert.equal(codes({ legalBasis: 'no/such' }), ['basis-unknown'])
  assert.equal(codes({ legalBasis: 'eu-2023-977/art-5', from: 1_733_000_000, until: 1_733_000_000 + 30 * DAY_SECONDS }), ['basis-not-in-force'])
  assert.equal(codes({ legalBasis: 'lv-lt-2006/art-1' }), ['basis-unconfirmed'])
  assert.equal(codes({ legalBasis: 'lv-lt-2006/art-1', partner: { nation: 'EE' } }), ['basis-does-not-bind', 'basis-unconfirmed'])
  assert.equal(codes({ legalBasis: 'lv-2019/crime-data' }), ['basis-does-not-bind', 'basis-unconfirmed'])
  assert.equal(codes({ legalBasis: 'lv-2019/crime-data', partner: { nation: 'LV' } }), ['basis-unconfirmed'])
  assert.equal(codes({ partner: { nation: 'BY' } }), ['basis-does-not-bind'])
})

test('retention stays within what the basis allows', () => {
  assert.equal(codes({ legalBasis: 'eu-2008-615/art-14', retentionDays: 365 }), [])
  assert.equal(codes({ legalBasis: 'eu-2008-615/art-14', retentionDays: 366 }), ['retention-over-basis'])
})

test('exact positions stay at home', () => {
  assert.equal(codes({ precision: 'exact' }), ['exact-abroad'])
  assert.equal(codes({ precision: 'exact', partner: { nation: 'LV' } }), [])
})

test('an open door to third countries is pointed at, but may be wanted', () => {
  const findings = lintGrant(grant({ ...clean, thirdCountry: 'prior-authorisation' }), [])
  assert.equal(findings.map(found => found.code), ['third-country-open'])
  assert.ok(isApprovable(findings))
})

test('conditions harsher than at home are named with the domestic grant', () => {
  const domestic = grant({ id: 'g-home', partner: { nation: 'LV' }, retentionDays: 90, handling: 'H0', thirdCountry: 'prior-authorisation' })
  const found = lintGrant(grant(clean), [domestic])
  assert.equal(found.map(({ code, severity, field, compared }) => [code, severity, field, compared]), ['retentionDays', 'handling', 'thirdCountry'].map(field => ['harsher-than-domestic', 'warning', field, 'g-home@3']))
  const apart = [{ retentionDays: 30, handling: 'H1', thirdCountry: 'prohibited' }, { categories: ['evidence'] }, { kinds: ['hotlist.share'] }, { direction: 'ingress' }, { agency: 'lv:other' }, { partner: { nation: 'EE' } }, { from: grant().until, until: grant().until + 1 }]
  for (const change of apart) assert.equal(codes({}, [grant({ ...domestic, ...change })]), [], JSON.stringify(change))
  assert.equal(codes({ precision: 'none' }, [grant({ ...domestic, retentionDays: 30, handling: 'H1', thirdCountry: 'prohibited', precision: 'road' })]), [], 'telling less is no condition')
})

test('errors forbid approval, warnings do not', () => {
  for (const [code, { severity }] of Object.entries(LINT_FINDINGS)) {
    assert.is(isApprovable([{ code: code as keyof typeof LINT_FINDINGS, severity, text: '', field: '' }]), severity === 'warning')
  }
})

test('the register: ids fit a message, dates are days, every entry has its note, and no confidence is claimed silently', () => {
  const ids = legalBases().map(basis => basis.id)
  assert.is(new Set(ids).size, ids.length)
  for (const basis of legalBases()) {
    assert.match(basis.id, /^[a-z0-9][a-z0-9./-]{0,59}$/)
    assert.match(basis.from, /^\d{4}-\d{2}-\d{2}$/)
    assert.ok(basis.note.length > 20 && basis.source.length > 0, basis.id)
    assert.is(legalBasisOf(basis.id), basis)
  }
  assert.is(legalBases()[0]?.id, 'lv-lt-2006/art-1')
  assert.is(legalBasisOf('toString'), undefined)
})

test('a basis holds on whole days', () => {
  const basis = { ...legalBasisOf('led/art-9')!, from: '2026-12-01', until: '2026-12-02' }
  assert.equal([-1, 0, 2 * DAY_SECONDS - 1, 2 * DAY_SECONDS].map(after => isBasisInForce(basis, BEGIN + after)), [false, true, true, false])
})

test('whom a basis binds, and how it is called', () => {
  assert.ok(bindsBasis(legalBasisOf('led/art-9')!, ['LV', 'LT'] as NationId[]))
  assert.not(bindsBasis(legalBasisOf('led/art-9')!, ['LV', 'RU'] as NationId[]))
  assert.equal((['en', 'lv', 'lt'] as const).map(language => titleOfBasis('led/art-9', language)), ['Directive (EU) 2016/680, article 9', 'Direktīva (ES) 2016/680, 9. pants', 'Direktyva (ES) 2016/680, 9 straipsnis'])
  assert.is(titleOfBasis('no/such', 'en'), 'no/such')
})

test('several grants together find what each finds alone', () => {
  const grants = [grant(), grant({ id: 'g-2', precision: 'exact' }), grant({ id: 'g-3', legalBasis: 'none/such' }), grant({ id: 'g-4', thirdCountry: 'prior-authorisation' })]
  const beside = (one: { id: string }) => grants.filter(({ id }) => id !== one.id)
  assert.equal(lintGrants(grants, beside), grants.map(one => lintGrant(one, beside(one))))
  assert.equal(lintGrants([], beside), [])
})

test.run()

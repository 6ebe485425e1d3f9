import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { grantSchema, hashOfGrant, inForce, kindsCovered, refOf } from '../../../protocol/policies/grant.ts'
import { BEGIN, DAY_SECONDS, grant, plainGrant } from './samples.ts'

const test = suite('protocol/policies/grant')
const isGrant = (changes: object): boolean => grantSchema.safeParse({ ...plainGrant, ...changes }).success

test('a plain grant is one, and unverified sightings wait unless it says otherwise', () => {
  const { unverified, ...silent } = plainGrant
  assert.is(grantSchema.parse(silent).unverified, 'confirm')
  assert.is(refOf(grant()), 'g-hits@3')
})

test('an unknown field, also inside, makes it no grant', () => {
  assert.not(isGrant({ note: 'x' }))
  assert.not(isGrant({ partner: { agency: 'lt:x', nation: 'LT' } }))
  assert.not(isGrant({ partner: { nation: 'LT', road: 'A6' } }))
})

test('every field but the words of H3 is mandatory', () => {
  for (const name of Object.keys(plainGrant).filter(field => field !== 'unverified')) assert.not(isGrant({ [name]: undefined }), name)
})

test('it ends, after it began, within 366 days', () => {
  assert.not(isGrant({ until: BEGIN }))
  assert.ok(isGrant({ until: BEGIN + 1 }))
  assert.ok(isGrant({ until: BEGIN + 366 * DAY_SECONDS }))
  assert.not(isGrant({ until: BEGIN + 366 * DAY_SECONDS + 1 }))
  assert.not(isGrant({ until: BEGIN + 0.5 }))
})

test('bounds of numbers and lists', () => {
  for (const bad of [{ version: 0 }, { version: 1.5 }, { version: 1_000_000_000 }, { retentionDays: 0 }, { retentionDays: 367 }, { kinds: [] }, { kinds: ['hit', 'hit'] }, { kinds: ['candidate'] }, { kinds: ['receipt'] },
    { categories: [] }, { categories: ['evidence', 'evidence'] }, { categories: 'some' }, { siteGroups: [] }, { siteGroups: ['a b'] }, { siteGroups: Array.from({ length: 65 }, (_, i) => `g${i}`) },
    { id: 'hits' }, { id: 'g-Ä' }, { agency: 'LV:police' }, { partner: { nation: 'Latvia' } }, { precision: 'street' }, { unverified: 'always' }]) assert.not(isGrant(bad), JSON.stringify(bad))
})

test('H3, and only H3, says its restrictions in words and in which language', () => {
  assert.ok(isGrant({ handling: 'H3', handlingText: 'Ask first', handlingLang: 'en' }))
  assert.not(isGrant({ handling: 'H3' }))
  assert.not(isGrant({ handling: 'H3', handlingText: 'Ask first' }))
  assert.not(isGrant({ handling: 'H3', handlingText: 'Ask\u0000first', handlingLang: 'en' }))
  assert.not(isGrant({ handling: 'H3', handlingText: 'Ask \u202efirst', handlingLang: 'en' }))
  assert.not(isGrant({ handling: 'H3', handlingText: 'x'.repeat(281), handlingLang: 'en' }))
  assert.not(isGrant({ handling: 'H2', handlingText: 'Ask first', handlingLang: 'en' }))
})

test('only egress names site groups, and nobody grants itself', () => {
  assert.ok(isGrant({ siteGroups: ['roads'] }))
  assert.not(isGrant({ direction: 'ingress', siteGroups: ['roads'] }))
  assert.not(isGrant({ partner: { agency: plainGrant.agency } }))
  assert.ok(isGrant({ partner: { nation: 'LV' } }))
})

test('hits bring their updates and withdrawals, shared entries their withdrawals', () => {
  assert.equal(kindsCovered({ kinds: ['hit'] }), ['hit', 'hit.update', 'hit.withdraw'])
  assert.equal(kindsCovered({ kinds: ['hotlist.share'] }), ['hotlist.share', 'hotlist.withdraw'])
  assert.equal(kindsCovered({ kinds: ['hit.update'] }), ['hit.update'])
})

test('in force from its first second to the one before its end', () => {
  const { from, until } = grant()
  assert.equal([from - 1, from, until - 1, until].map(at => inForce({ from, until }, at)), [false, true, true, false])
})

test('the hash is of the content, whatever the order of the fields, and changes with every field', () => {
  const reversed = Object.fromEntries(Object.entries(grant()).reverse()) as ReturnType<typeof grant>
  assert.is(hashOfGrant(reversed), hashOfGrant(grant()))
  const changes = [{ id: 'g-other' }, { version: 4 }, { direction: 'ingress' }, { agency: 'lv:other' }, { partner: { nation: 'LT' } }, { kinds: ['hit.update'] }, { categories: 'all' }, { siteGroups: ['roads'] }, { precision: 'road' },
    { purpose: 'prosecution' }, { legalBasis: 'led/art-9' }, { retentionDays: 31 }, { handling: 'H0' }, { thirdCountry: 'prior-authorisation' }, { furtherHits: true }, { unverified: 'allow' }, { from: BEGIN + 1 }, { until: BEGIN + DAY_SECONDS }]
  assert.is(new Set([grant(), ...changes.map(grant)].map(hashOfGrant)).size, changes.length + 1)
})

test('the hash that another implementation of RFC 8785 and SHA-256 came to', () => {
  assert.is(hashOfGrant(grant()), 'ndp72KbUyU-eyX7OQXZJlkSpxrmHDfjN6gF5bwzQSmI')
})

test.run()

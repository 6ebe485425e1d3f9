/** Grants and questions for the tests of policies: one plain grant to vary, and random ones from small worlds so that they meet often. */
import fc from 'fast-check'
import type { AgencyId, GrantId, NationId } from '../../../protocol/identifiers.ts'
import { CATEGORIES, HANDLING_CODES, MATCH_KINDS, PRECISIONS, PURPOSES, VERIFICATIONS } from '../../../protocol/messages/vocabulary.ts'
import type { PolicyQuestion } from '../../../protocol/policies/decide.ts'
import { GRANT_KINDS, grantSchema, type Grant } from '../../../protocol/policies/grant.ts'

export const DAY_SECONDS = 86_400
/** 2026-12-01T00:00:00Z. */
export const BEGIN = 1_796_083_200
export const STATE_POLICE = 'lv:state-police' as AgencyId
export const UTENA_POLICE = 'lt:utena-police' as AgencyId
export const LT = 'LT' as NationId

/** Printed first, so that a failure can be had again: SEED=… npm test policies. */
export function printSeed (): number {
  const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))
  console.log(`seed ${seed}`)
  return seed
}

export const plainGrant = {
  id: 'g-hits', version: 3, direction: 'egress', agency: STATE_POLICE, partner: { agency: UTENA_POLICE }, kinds: ['hit'], categories: ['stolen-vehicle', 'stolen-plate'],
  siteGroups: 'all', precision: 'nuts3', purpose: 'detection', legalBasis: 'lv-lt-2006/art-1', retentionDays: 30, handling: 'H1', thirdCountry: 'prohibited',
  furtherHits: false, unverified: 'confirm', from: BEGIN, until: BEGIN + 200 * DAY_SECONDS
}
export const grant = (changes: object = {}): Grant => grantSchema.parse({ ...plainGrant, ...changes })

export const question = (changes: Partial<PolicyQuestion> = {}): PolicyQuestion => ({
  direction: 'egress', agency: STATE_POLICE, partner: UTENA_POLICE, kind: 'hit', category: 'stolen-vehicle', siteGroup: 'roads', match: 'exact', verification: 'person', exercise: false, ...changes
})

const AGENCIES = [STATE_POLICE, 'lv:border-guard', UTENA_POLICE, 'lt:ignalina-border-guard', 'ee:police'] as AgencyId[]
const SITE_GROUPS = ['roads', 'towns', 'bridges']
const own = fc.constantFrom(STATE_POLICE, STATE_POLICE, AGENCIES[1]!)
const partner = fc.constantFrom(UTENA_POLICE, UTENA_POLICE, ...AGENCIES)
const some = <Value>(values: readonly Value[]): fc.Arbitrary<Value[]> => fc.subarray([...values], { minLength: 1 })
const mostly = <Value>(values: readonly Value[]): fc.Arbitrary<Value[] | 'all'> => fc.oneof(fc.constant('all' as const), some(values))

const valid = (draft: object): boolean => grantSchema.safeParse(draft).success
export const anyGrant: fc.Arbitrary<Grant> = fc.record({
  id: fc.constantFrom('g-1', 'g-2', 'g-3', 'g-10', 'g-hits') as fc.Arbitrary<GrantId>, version: fc.integer({ min: 1, max: 11 }),
  direction: fc.constantFrom('egress' as const, 'egress' as const, 'ingress' as const), agency: own,
  partner: fc.oneof(partner.map(id => ({ agency: id })), fc.constantFrom('LV', 'LT').map(nation => ({ nation: nation as NationId }))),
  kinds: some(GRANT_KINDS), categories: mostly(CATEGORIES.slice(0, 3)), siteGroups: mostly(SITE_GROUPS.slice(0, 2)),
  precision: fc.constantFrom(...PRECISIONS), purpose: fc.constantFrom(...PURPOSES), legalBasis: fc.constantFrom('lv-lt-2006/art-1', 'led/art-9'),
  retentionDays: fc.integer({ min: 1, max: 366 }), handling: fc.constantFrom(...HANDLING_CODES), thirdCountry: fc.constantFrom('prohibited' as const, 'prior-authorisation' as const),
  furtherHits: fc.boolean(), unverified: fc.constantFrom('confirm' as const, 'allow' as const),
  from: fc.integer({ min: 0, max: 12 }).map(day => BEGIN + day * DAY_SECONDS), days: fc.integer({ min: 1, max: 20 }), text: fc.constantFrom('Call first', 'Ask the prosecutor')
}).map(({ days, text, ...draft }) => ({
  ...draft, until: draft.from + days * DAY_SECONDS, siteGroups: draft.direction === 'egress' ? draft.siteGroups : 'all' as const,
  ...(draft.handling === 'H3' && { handlingText: text, handlingLang: 'en' })
})).filter(valid)

/** Grants of several agencies; no version of a grant twice. */
export const anyGrants = fc.uniqueArray(anyGrant, { minLength: 4, maxLength: 20, size: 'max', selector: one => `${one.agency} ${one.id}@${one.version}` })

const KINDS = [...GRANT_KINDS, 'hit', 'hit', 'hit', 'candidate', 'receipt'] as const
export const anyQuestion: fc.Arbitrary<PolicyQuestion> = fc.record({
  direction: fc.constantFrom('egress' as const, 'egress' as const, 'ingress' as const), agency: own, partner, kind: fc.constantFrom(...KINDS),
  category: fc.constantFrom(...CATEGORIES.slice(0, 3), ...CATEGORIES.slice(0, 4)), siteGroup: fc.constantFrom(...SITE_GROUPS), match: fc.constantFrom(...MATCH_KINDS), verification: fc.constantFrom('none' as const, 'none' as const, ...VERIFICATIONS), exercise: fc.boolean()
}, { requiredKeys: ['direction', 'agency', 'partner', 'kind', 'exercise'] })

/** Unix seconds, on and beside the edges of the grants. */
export const anyTime = fc.tuple(fc.integer({ min: -1, max: 28 }), fc.constantFrom(-1, 0, 1)).map(([day, beside]) => BEGIN + day * DAY_SECONDS + beside)

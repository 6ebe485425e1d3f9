/** The sharing policies that the simulated agencies begin with, several for each pair, and how they change. */
import type { AgencyId, NationId } from '../protocol/identifiers.ts'
import { DAY, SECOND, toUnixSeconds } from '../protocol/instant.ts'
import type { Grant } from '../protocol/policies/grant.ts'
import { CATEGORIES, HANDLING_CODES, PRECISIONS } from '../protocol/messages/vocabulary.ts'
import { BEGINS_AT, NATIONS, policeOf, townOf } from './federation.ts'
import type { Random } from './random.ts'

export type GrantDraft = Omit<Grant, 'version' | 'id' | 'handlingText' | 'handlingLang'> & { readonly id: string }

const SHARED = CATEGORIES.filter(category => category !== 'surveillance')
const TOLD = CATEGORIES.filter(category => category !== 'surveillance' && category !== 'evidence')
const TERMS = {
  categories: 'all', siteGroups: 'all', precision: 'road', purpose: 'investigation', legalBasis: 'eu-2023-977/art-7', retentionDays: 30, handling: 'H1',
  thirdCountry: 'prohibited', furtherHits: true, unverified: 'allow', from: toUnixSeconds(BEGINS_AT) - 600, until: toUnixSeconds(BEGINS_AT + 60 * DAY)
} as const satisfies Partial<GrantDraft>

const grant = (agency: AgencyId, id: string, rest: Pick<GrantDraft, 'direction' | 'partner' | 'kinds'> & Partial<GrantDraft>): GrantDraft => ({ ...TERMS, ...rest, agency, id: `g-${id}` })

/** All grants of a nation's agencies. Surveillance is shared with nobody, evidence told to nobody. */
export function grantsOf (nation: NationId): GrantDraft[] {
  const police = policeOf(nation); const town = townOf(nation)
  const abroad = NATIONS.filter(other => other !== nation).flatMap(other => {
    const name = other.toLowerCase()
    return [
      grant(police, `share-${name}`, { direction: 'egress', partner: { nation: other }, kinds: ['hotlist.share'], categories: SHARED }),
      grant(police, `stolen-${name}`, { direction: 'egress', partner: { agency: policeOf(other) }, kinds: ['hotlist.share'], categories: ['stolen-vehicle', 'stolen-plate'], handling: 'H0' }),
      grant(police, `in-${name}`, { direction: 'ingress', partner: { nation: other }, kinds: ['hit', 'hotlist.share'] }),
      grant(town, `told-${name}`, { direction: 'egress', partner: { nation: other }, kinds: ['hit'], categories: TOLD, precision: 'municipality' }),
      grant(town, `border-${name}`, { direction: 'egress', partner: { agency: policeOf(other) }, kinds: ['hit'], categories: TOLD, siteGroups: ['border'], unverified: 'confirm', handling: 'H2', retentionDays: 20 })
    ]
  })
  return [
    ...abroad,
    grant(police, 'place', { direction: 'egress', partner: { agency: town }, kinds: ['hotlist.share'] }),
    grant(police, 'in-own', { direction: 'ingress', partner: { agency: town }, kinds: ['hit'] }),
    grant(town, 'told-own', { direction: 'egress', partner: { agency: police }, kinds: ['hit'] })
  ]
}

/** A next version with other terms: less, more, later, or soon over. */
export function changedVersion (before: GrantDraft, random: Random, now: number): GrantDraft {
  const categories = before.categories === 'all' ? CATEGORIES : before.categories
  const begins = random.chance(200) ? now + 1 + random.integer(300) : now - random.integer(5)
  const lasts = random.chance(500) ? 20 + random.integer(900) : 30 * DAY / SECOND
  return {
    ...before,
    categories: random.chance(400) ? random.shuffle(categories).slice(0, 1 + random.integer(categories.length)) : before.categories,
    precision: random.pick(PRECISIONS), handling: random.pick(HANDLING_CODES.filter(code => code !== 'H3')), retentionDays: 1 + random.integer(60),
    furtherHits: random.chance(800), unverified: random.chance(700) ? 'allow' : 'confirm', from: begins, until: begins + lasts
  }
}

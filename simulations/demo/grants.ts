/**
 * The sharing policies of the demo, so that each thing a policy can do happens before one's eyes. Everything not named
 * here is refused. Abroad:
 *  - police are told of border cameras at once and with the road; of town cameras after a confirmation, with the municipality;
 *  - border guards are told of border cameras only, after a confirmation, with the NUTS 3 region, once for each entry,
 *    and never of entries for surveillance: that hit is refused where it would leave;
 *  - police do not take in foreign entries for surveillance: that share is refused where it arrives;
 *  - one municipality on either side tells nothing abroad.
 * At home everybody shares with everybody.
 */
import { parseAgencyId, type AgencyId, type GrantId, type NationId } from '../../protocol/identifiers.ts'
import { CATEGORIES, type Category } from '../../protocol/messages/vocabulary.ts'
import type { Grant } from '../../protocol/policies/grant.ts'
import { NATIONAL_BASIS } from './entries.ts'
import { AUTHORITIES, type Participant } from './participants.ts'

/** They tell nothing abroad. */
export const RETICENT: readonly AgencyId[] = [parseAgencyId('lv:karsava'), parseAgencyId('lt:moletai')]

const SPONTANEOUS_EXCHANGE = 'eu-2023-977/art-7'
const NOT_SURVEILLANCE: Category[] = CATEGORIES.filter(category => category !== 'surveillance')
const DAY_SECONDS = 86_400
const GRANT_DAYS = 180

type Terms = Pick<Grant, 'direction' | 'partner' | 'kinds' | 'legalBasis'> & Partial<Grant> & { readonly name: string }

/** `now` in unix seconds; grants begin with its day. */
function grant (agency: AgencyId, now: number, { name, ...terms }: Terms): Grant {
  const from = now - now % DAY_SECONDS
  return {
    id: `g-${name}` as GrantId, version: 1, agency, categories: 'all', siteGroups: 'all', precision: 'road', purpose: 'investigation',
    retentionDays: 30, handling: 'H1', thirdCountry: 'prohibited', furtherHits: true, unverified: 'allow',
    from, until: from + GRANT_DAYS * DAY_SECONDS, ...terms
  }
}

const homeTerms = (nation: NationId): Terms[] => {
  const home = { partner: { nation }, legalBasis: NATIONAL_BASIS[nation]! }
  return [
    { name: 'hits-home', direction: 'egress', kinds: ['hit'], ...home },
    { name: 'entries-from-home', direction: 'ingress', kinds: ['hotlist.share'], ...home }
  ]
}

/** What a camera owner tells the authorities of the other nation. */
function abroadTerms ({ agency, nation }: Participant): Terms[] {
  if (RETICENT.includes(agency)) return []
  return AUTHORITIES.filter(authority => authority.nation !== nation).flatMap(({ agency: partner, kind }): Terms[] => {
    const abroad = { direction: 'egress', partner: { agency: partner }, kinds: ['hit'], legalBasis: SPONTANEOUS_EXCHANGE } satisfies Partial<Terms>
    if (kind === 'border-guard') return [{ ...abroad, name: 'hits-border-guard', categories: NOT_SURVEILLANCE, siteGroups: ['border'], precision: 'nuts3', unverified: 'confirm', furtherHits: false, handling: 'H2' }]
    return [
      { ...abroad, name: 'hits-police-border', siteGroups: ['border'] },
      { ...abroad, name: 'hits-police-town', siteGroups: ['town'], precision: 'municipality', unverified: 'confirm' }
    ]
  })
}

/** An authority also has a hotlist: it shares entries, takes them in, and is told of hits. */
function authorityTerms ({ nation, kind }: Participant): Terms[] {
  const counterpart = AUTHORITIES.find(other => other.kind === kind && other.nation !== nation)!
  const home = { partner: { nation }, legalBasis: NATIONAL_BASIS[nation]! }
  return [
    { name: 'entries-home', direction: 'egress', kinds: ['hotlist.share'], ...home },
    { name: 'hits-from-home', direction: 'ingress', kinds: ['hit'], ...home },
    { name: 'entries-abroad', direction: 'egress', kinds: ['hotlist.share'], partner: { agency: counterpart.agency }, legalBasis: SPONTANEOUS_EXCHANGE },
    { name: 'entries-from-abroad', direction: 'ingress', kinds: ['hotlist.share'], partner: { agency: counterpart.agency }, legalBasis: SPONTANEOUS_EXCHANGE, categories: kind === 'police' ? NOT_SURVEILLANCE : 'all' },
    { name: 'hits-from-abroad', direction: 'ingress', kinds: ['hit'], partner: { nation: counterpart.nation }, legalBasis: SPONTANEOUS_EXCHANGE }
  ]
}

/** The policy of one participant. `now` in unix seconds. */
export function grantsOf (participant: Participant, now: number): Grant[] {
  const terms = [...homeTerms(participant.nation), ...abroadTerms(participant), ...(participant.kind === 'municipality' ? [] : authorityTerms(participant))]
  return terms.map(one => grant(participant.agency, now, one))
}

/**
 * A grant as one plain sentence, for the people who approve it and those who answer for it. Everything that the grant
 * decides or obliges to is said; what it cannot touch (a camera group in a grant for entries) is not.
 */
import type { AgencyId } from '../identifiers.ts'
import { civilDate, fromUnixSeconds, HOUR, MINUTE, DAY } from '../instant.ts'
import { coversSightings, WITHDRAWAL_KINDS, kindsCovered, type Grant, type GrantKind } from './grant.ts'
import { titleOfBasis, type Language } from './legal-basis.ts'
import { en } from './words/en.ts'
import { lt } from './words/lt.ts'
import { lv } from './words/lv.ts'
import type { Words } from './words/words.ts'

export type { Language } from './legal-basis.ts'
/** An agency's name in the nominative. */
export type NameOf = (agency: AgencyId, language: Language) => string

const WORDS: { readonly [L in Language]: Words } = { lv, lt, en }

function momentOf (seconds: number, words: Words): string {
  const at = fromUnixSeconds(seconds)
  return words.moment({ ...civilDate(at), hour: Math.floor(at % DAY / HOUR), minute: Math.floor(at % HOUR / MINUTE) })
}

/** What may be told, with what goes along by itself said in one breath. */
function thingsOf (grant: Grant, words: Words): string {
  const named = new Set<GrantKind>(grant.kinds)
  const things: string[] = []
  if (named.has('hit')) things.push(words.kinds['hit-and-changes'])
  else for (const kind of ['hit.update', 'hit.withdraw'] as const) if (named.has(kind)) things.push(words.kinds[kind])
  if (named.has('hotlist.share')) things.push(words.kinds['share-and-withdrawals'])
  else if (named.has('hotlist.withdraw')) things.push(words.kinds['hotlist.withdraw'])
  return things.length < 2 ? things.join('') : things.slice(0, -1).join(', ') + words.and + things.at(-1)!
}

function limitsOf (grant: Grant, words: Words): string {
  if (kindsCovered(grant).every(kind => WITHDRAWAL_KINDS.includes(kind))) return ''
  const limits = [grant.categories === 'all' ? words.allCategories : words.someCategories(grant.categories.map(category => words.categories[category]))]
  if (grant.siteGroups !== 'all' && coversSightings(grant)) limits.push(words.siteGroups(grant.siteGroups))
  return ` (${limits.join('; ')})`
}

function openingOf (grant: Grant, language: Language, words: Words, nameOf: NameOf): string {
  const { agency, direction, partner } = grant
  const other = 'agency' in partner ? words.agency(nameOf(partner.agency, language), direction) : words.nation(partner.nation, direction)
  const opening = words.opening(nameOf(agency, language), direction, other, thingsOf(grant, words) + limitsOf(grant, words), momentOf(grant.from, words), momentOf(grant.until, words))
  return [opening, ...(coversSightings(grant) ? [words.precision[grant.precision]] : []), words.purpose[grant.purpose]].join(', ')
}

/** Ends with a full stop. Instants are said in UTC; `until` is the first moment at which the grant no longer holds. */
export function sentenceOf (grant: Grant, language: Language, nameOf: NameOf): string {
  const words = WORDS[language]
  return [
    openingOf(grant, language, words, nameOf),
    words.basis(titleOfBasis(grant.legalBasis, language)),
    words.retention(grant.retentionDays),
    words.handling[grant.handling](grant.handlingText ?? ''),
    words.thirdCountry[grant.thirdCountry],
    ...(coversSightings(grant) ? [words.furtherHits[grant.furtherHits ? 'yes' : 'no'], words.unverified[grant.unverified]] : [])
  ].join('; ') + '.'
}

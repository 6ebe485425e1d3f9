/**
 * A grant as Cedar text that an expert can read. What a policy decides is in its conditions; what it obliges the receiver
 * to is in its annotations, for the reader only.
 * Invariant: no character of a grant can change the shape of the text. Every value is checked against a closed alphabet
 * without quotes, escapes or line ends before it is written, whatever a schema said of it before.
 */
import { dayOf, fromUnixSeconds } from '../instant.ts'
import { coversSightings, kindsCovered, refOf, WITHDRAWAL_KINDS, type Grant } from './grant.ts'
import { actionOf, ENTRY_TOLD, SIGHTING_TOLD } from './schema.ts'

const SAFE = /^[A-Za-z0-9@:./_ -]{1,80}$/

/** A Cedar string literal. @throws TypeError when the value holds any character that could end it. */
function literal (value: string): string {
  if (!SAFE.test(value)) throw new TypeError('a value of this grant cannot stand in a policy')
  return `"${value}"`
}

const list = (type: string, values: readonly string[]): string => `[${values.map(value => type + literal(value)).join(', ')}]`

function annotations (grant: Grant): string[] {
  const notes: [string, string][] = [
    ['id', refOf(grant)], ['legalBasis', grant.legalBasis], ['purpose', grant.purpose], ['precision', grant.precision],
    ['retentionDays', String(grant.retentionDays)], ['handling', grant.handling], ['thirdCountry', grant.thirdCountry],
    ['furtherHits', String(grant.furtherHits)], ['from', day(grant.from)], ['until', day(grant.until)]
  ]
  return notes.map(([name, value]) => `@${name}(${literal(value)})`)
}
const day = (seconds: number): string => dayOf(fromUnixSeconds(seconds))

function scope (grant: Grant): string[] {
  const partner = 'agency' in grant.partner ? `principal == Agency::${literal(grant.partner.agency)}` : `principal in Nation::${literal(grant.partner.nation)}`
  const actions = list('Action::', kindsCovered(grant).map(kind => actionOf(grant.direction, kind)))
  return ['permit (', `  ${partner},`, `  action in ${actions},`, `  resource == Agency::${literal(grant.agency)}`, ')']
}

/** Each condition binds only the actions that carry what it looks at. */
function conditions (grant: Grant): string[] {
  const entry = `!(action in Action::${literal(ENTRY_TOLD)}) || `
  const sighting = `!(action in Action::${literal(SIGHTING_TOLD)}) || `
  const found: string[] = []
  if (grant.categories !== 'all' && tellsOfEntries(grant)) found.push(`${entry}${list('Category::', grant.categories)}.contains(context.category)`)
  if (!coversSightings(grant)) return found
  if (grant.siteGroups !== 'all') found.push(`${sighting}${list('', grant.siteGroups)}.contains(context.siteGroup)`)
  const verified = 'context.verification != Verification::"none"'
  found.push(sighting + (grant.unverified === 'allow' ? `context.match == Match::"exact" || ${verified}` : verified))
  return found
}
const tellsOfEntries = (grant: Grant): boolean => kindsCovered(grant).some(kind => !WITHDRAWAL_KINDS.includes(kind))

/**
 * What the engine evaluates: one permit. Our policies have no forbid, because Cedar skips one that errs.
 * @throws TypeError when a value holds characters outside the closed alphabet.
 */
export const compileRule = (grant: Grant): string => [...scope(grant), ...conditions(grant).map(condition => `when { ${condition} }`)].join('\n') + ';'

/** The rule with its annotations, for people and other tools; the engine does without, since annotations double its time. @throws as compileRule. */
export const compileGrant = (grant: Grant): string => [...annotations(grant), compileRule(grant)].join('\n')

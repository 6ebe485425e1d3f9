/**
 * The Cedar schema of sharing policies: what a policy can see, and nothing more. It is made from the same closed lists as
 * the messages, so a policy that names a category or a kind that does not exist fails validation.
 * Withdrawals carry no attributes: a policy cannot tell them apart, hence cannot hold one back.
 */
import { CATEGORIES, MATCH_KINDS, VERIFICATIONS } from '../messages/vocabulary.ts'
import { GRANT_DIRECTIONS, GRANT_KINDS, SIGHTING_KINDS, WITHDRAWAL_KINDS, type GrantDirection, type GrantKind } from './grant.ts'

/** Stands for an attribute that the asker does not know; only grants that do not look at it fit. */
export const UNKNOWN_CATEGORY = 'unknown'
export const UNKNOWN_SITE_GROUP = ''

/** Action groups: kinds that tell of an entry with its category, and those that tell of a sighting. */
export const ENTRY_TOLD = 'tell of an entry'
export const SIGHTING_TOLD = 'tell of a sighting'

/** `send hit`, `accept hotlist.share`. */
export const actionOf = (direction: GrantDirection, kind: GrantKind): string => `${direction === 'egress' ? 'send' : 'accept'} ${kind}`

const names = (values: readonly string[]): string => values.map(value => `"${value}"`).join(', ')

function actionText (direction: GrantDirection, kind: GrantKind): string {
  const applies = (context: string): string => `appliesTo { principal: Agency, resource: Agency, context: ${context} };`
  const action = `action "${actionOf(direction, kind)}"`
  if (WITHDRAWAL_KINDS.includes(kind)) return `${action} ${applies('Withdrawal')}`
  if (SIGHTING_KINDS.includes(kind)) return `${action} in ["${ENTRY_TOLD}", "${SIGHTING_TOLD}"] ${applies('Sighting')}`
  return `${action} in ["${ENTRY_TOLD}"] ${applies('Entry')}`
}

export const CEDAR_SCHEMA = `// The principal is the partner, the resource is the agency whose policy is asked.
entity Nation;
entity Agency in [Nation];
entity Category enum [${names([...CATEGORIES, UNKNOWN_CATEGORY])}];
entity Match enum [${names(MATCH_KINDS)}];
entity Verification enum [${names(VERIFICATIONS)}];
type Withdrawal = {};
type Entry = { category: Category };
type Sighting = { category: Category, siteGroup: String, match: Match, verification: Verification };
action "${ENTRY_TOLD}", "${SIGHTING_TOLD}";
${GRANT_DIRECTIONS.flatMap(direction => GRANT_KINDS.map(kind => actionText(direction, kind))).join('\n')}
`

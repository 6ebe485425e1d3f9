/**
 * What a root says that the one before it did not, in sentences for the people who sign it. Invariant: every member of
 * a root is compared, so that nobody is asked to sign a change that no sentence tells.
 */
import { dayOf, fromUnixSeconds } from '../protocol/instant.ts'
import type { FedRoot, NationRoot } from './statements.ts'

/** Enough of a name to recognise it on paper; the fingerprint stands for the whole. */
export const shortKid = (kid: string): string => kid.slice(0, 8)
/** Whether a person named this key: whole, or by its first characters; a dash in front may be left out, options begin with one. */
export const isNamed = (kid: string, said: string): boolean => said.length >= 6 && [kid, kid.replace(/^-+/, '')].some(name => name.startsWith(said))
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`
const day = (seconds: number): string => dayOf(fromUnixSeconds(seconds))
const listed = (names: readonly string[]): string => names.join(', ')

interface Difference<Item> { readonly added: Item[], readonly removed: Item[], readonly changed: [next: Item, before: Item][] }
function differenceOf<Item> (next: readonly Item[], before: readonly Item[], nameOf: (item: Item) => string): Difference<Item> {
  const known = new Map(before.map(item => [nameOf(item), item]))
  const kept = new Set(next.map(nameOf))
  const difference: Difference<Item> = { added: [], removed: before.filter(item => !kept.has(nameOf(item))), changed: [] }
  for (const item of next) {
    const earlier = known.get(nameOf(item))
    if (earlier === undefined) difference.added.push(item)
    else if (JSON.stringify(earlier) !== JSON.stringify(item)) difference.changed.push([item, earlier])
  }
  return difference
}

const lifeOf = ({ iat, exp }: { readonly iat: number, readonly exp: number }): string => `It holds from ${day(iat)} until ${day(exp)}.`

// ── a nation's root ──────────────────────────────────────────────────────────────────────────────────────────────

const NATION_KEYS = [['rootKeys', 'root key', 'Whoever holds enough root keys is the nation.'], ['federationKeys', 'registry key for agencies', 'It may state any agency of the nation.'], ['revocationKeys', 'registry key for revocations', '']] as const
type NationNode = NationRoot['nodes'][number]

export function nationRootChanges (next: NationRoot, before: NationRoot | undefined): string[] {
  if (before === undefined) {
    return [
      `This is a root of ${next.nation}, version ${next.version}. ${lifeOf(next)}`,
      `${next.threshold} of its ${next.rootKeys.length} root keys decide: ${listed(next.rootKeys.map(({ kid }) => shortKid(kid)))}.`,
      `Its registry has ${counted(next.federationKeys.length, 'key')} for agencies and ${counted(next.revocationKeys.length, 'key')} for revocations.`,
      ...next.nodes.map(node => `${node.node} is a ${node.role} node.`)
    ]
  }
  return [
    `This is version ${next.version} of the root of ${next.nation}, after version ${before.version}. ${lifeOf(next)}`,
    ...next.entity === before.entity ? [] : [`Its entity becomes ${next.entity}.`],
    ...next.threshold === before.threshold ? [] : [`${next.threshold} root keys decide from now on, not ${before.threshold}.`],
    ...NATION_KEYS.flatMap(([member, name, why]) => {
      const { added, removed } = differenceOf<{ kid: string }>(next[member], before[member], ({ kid }) => kid)
      return [
        ...added.map(({ kid }) => `A new ${name} is added: ${shortKid(kid)}. ${why}`.trimEnd()),
        ...removed.map(({ kid }) => `The ${name} ${shortKid(kid)} counts no more.`)
      ]
    }),
    ...nodeChanges(next.nodes, before.nodes)
  ]
}

function nodeChanges (next: readonly NationNode[], before: readonly NationNode[]): string[] {
  const { added, removed, changed } = differenceOf(next, before, ({ node }) => node)
  return [
    ...added.map(({ node, role }) => `${node} is new, a ${role} node.`),
    ...removed.map(({ node }) => `${node} is no node of the nation any more.`),
    ...changed.flatMap(([now, earlier]) => [
      ...now.role === earlier.role ? [] : [`${now.node} becomes a ${now.role} node; it was a ${earlier.role} node.`],
      ...now.transportKey === earlier.transportKey ? [] : [`${now.node} gets a new transport key: ${shortKid(now.transportKey)}.`],
      ...now.log.origin === earlier.log.origin ? [] : [`The log of ${now.node} is called ${now.log.origin} from now on.`],
      ...now.log.ed25519 === earlier.log.ed25519 && now.log.mldsa44 === earlier.log.mldsa44 ? [] : [`The log of ${now.node} gets new keys: ${shortKid(now.log.ed25519)}.`]
    ])
  ]
}

// ── the federation's root ────────────────────────────────────────────────────────────────────────────────────────

export const STATUS_WORDS = { active: 'is a member', suspended: 'is suspended', left: 'has left' } as const

export function fedRootChanges (next: FedRoot, before: FedRoot | undefined): string[] {
  const { added, removed, changed } = differenceOf(next.members, before?.members ?? [], ({ nation }) => nation)
  const keys = differenceOf(Object.entries(next.keys), Object.entries(before?.keys ?? {}), ([kid]) => kid)
  return [
    before === undefined
      ? `This founds the federation ${next.federation} (version ${next.version}). ${lifeOf(next)}`
      : `This is version ${next.version} of the root of ${next.federation}, after version ${before.version}. ${lifeOf(next)}`,
    ...next.threshold === before?.threshold ? [] : [`${counted(next.threshold, 'nation')} must sign its changes from now on.`],
    ...added.map(({ nation, status, nationRoot }) => `${nation} ${status === 'active' ? 'becomes a member' : STATUS_WORDS[status]} with its root version ${nationRoot.version}, ${shortKid(nationRoot.hash)}.`),
    ...removed.map(({ nation }) => `${nation} is dropped from the list.`),
    ...changed.map(([now, earlier]) => now.status === earlier.status ? `The entry of ${now.nation} changes.` : `${now.nation} ${STATUS_WORDS[now.status]} from ${day(now.since)}; before, it ${STATUS_WORDS[earlier.status]}.`),
    ...keys.added.map(([kid, { nation }]) => `${nation} signs with its root key ${shortKid(kid)}.`),
    ...keys.removed.map(([kid, { nation }]) => `The key ${shortKid(kid)} of ${nation} counts no more.`),
    ...keys.changed.map(([[kid, { nation }]]) => `The key ${shortKid(kid)} of ${nation} changes.`)
  ]
}

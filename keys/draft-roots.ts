/**
 * The next version of a root, drawn up and not signed. Invariant: what is drawn here follows its predecessor by version,
 * hash and date, changes only what was asked, and lives as long as the yearly ceremony needs.
 */
import type { Digest, Kid, NationId, NodeId } from '../protocol/identifiers.ts'
import { DAY, toUnixSeconds, type Instant } from '../protocol/instant.ts'
import { StatementError } from './make-statements.ts'
import type { ReadFedRoot, ReadNationRoot } from './read-statements.ts'
import type { FedRoot, NationRoot } from './statements.ts'

/** A year, and a month to be late in. */
export const ROOT_LIFETIME = 390 * DAY

export interface NationChanges {
  readonly rootKeys?: readonly NationRoot['rootKeys'][number][]
  readonly federationKeys?: readonly NationRoot['federationKeys'][number][]
  readonly revocationKeys?: readonly NationRoot['revocationKeys'][number][]
  /** Keys of any of these three kinds that count no more. */
  readonly without?: readonly Kid[]
  readonly threshold?: number
  readonly transportKeys?: ReadonlyMap<NodeId, string>
  readonly logKeys?: ReadonlyMap<NodeId, { readonly ed25519: string, readonly mldsa44?: string }>
}

interface Versioned { readonly body: { readonly version: number, readonly iat: number }, readonly hash: Digest }
/** A clock that is behind the last root cannot date the next one. */
function claimsAfter (before: Versioned, now: Instant): { version: number, prev: Digest, iat: number, exp: number } {
  if (toUnixSeconds(now) < before.body.iat) throw new StatementError('the clock here stands before the date of the root that is to be replaced')
  return { version: before.body.version + 1, prev: before.hash, iat: toUnixSeconds(now), exp: toUnixSeconds(now + ROOT_LIFETIME) }
}

export function draftNationRoot (before: ReadNationRoot, changes: NationChanges, now: Instant): NationRoot {
  const gone = new Set(changes.without ?? [])
  const keysOf = <Key extends { readonly kid: Kid }>(kept: readonly Key[], added: readonly Key[] = []): Key[] =>
    [...kept, ...added.filter(({ kid }) => !kept.some(key => key.kid === kid))].filter(({ kid }) => !gone.has(kid))
  const { prev: _, ...body } = before.body
  return {
    ...body, ...claimsAfter(before, now),
    threshold: changes.threshold ?? thresholdFor(keysOf(body.rootKeys, changes.rootKeys).length, body.threshold),
    rootKeys: keysOf(body.rootKeys, changes.rootKeys),
    federationKeys: keysOf(body.federationKeys, changes.federationKeys),
    revocationKeys: keysOf(body.revocationKeys, changes.revocationKeys),
    nodes: body.nodes.map(node => ({
      ...node,
      transportKey: changes.transportKeys?.get(node.node) ?? node.transportKey,
      log: changes.logKeys?.has(node.node) === true ? { origin: node.log.origin, ...changes.logKeys.get(node.node)! } : node.log
    }))
  }
}

/** As before, but always a majority of the root keys. */
export const thresholdFor = (rootKeys: number, before: number): number => Math.max(before, Math.floor(rootKeys / 2) + 1)

/** A nation's voice in the federation: any one holder of its root keys; the nation is counted once. */
const voicesOf = (root: ReadNationRoot): [string, FedRoot['keys'][string]][] =>
  root.body.rootKeys.map(({ kid, ed25519, mldsa44 }) => [kid, { nation: root.body.nation, ed25519, mldsa44 }])
const memberOf = (root: ReadNationRoot, since: number): FedRoot['members'][number] =>
  ({ nation: root.body.nation, status: 'active', since, nationRoot: { version: root.body.version, hash: root.hash } })
const twoThirdsOf = (members: FedRoot['members']): number => Math.floor(members.filter(({ status }) => status === 'active').length * 2 / 3) + 1

export function draftFederation (federation: string, founders: readonly ReadNationRoot[], now: Instant): FedRoot {
  const iat = toUnixSeconds(now)
  const members = [...founders].sort(byNation).map(root => memberOf(root, iat))
  return { type: 'fed-root/1', federation, version: 1, iat, exp: toUnixSeconds(now + ROOT_LIFETIME), threshold: twoThirdsOf(members), keys: Object.fromEntries(founders.flatMap(voicesOf)), members }
}

/** The same federation for another year, each member with the root keys of its newest root. */
export function draftFederationRenewal (before: ReadFedRoot, rootOf: (nation: NationId) => ReadNationRoot | undefined, now: Instant): FedRoot {
  return { ...nextFederation(before, now), keys: Object.fromEntries(before.body.members.flatMap(({ nation }) => keysFor(before.body, nation, rootOf(nation)))) }
}

/** A newcomer, or a member that was suspended or had left and whose chain of roots is unbroken. */
export function draftAdmission (before: ReadFedRoot, newcomer: ReadNationRoot, now: Instant): FedRoot {
  const next = nextFederation(before, now)
  const known = next.members.find(({ nation }) => nation === newcomer.body.nation)
  if (known?.status === 'active') throw new StatementError(`${known.nation} is a member already`)
  const members = known === undefined
    ? [...next.members, memberOf(newcomer, next.iat)]
    : next.members.map(member => member === known ? { ...member, status: 'active' as const, since: next.iat } : member)
  const keys = Object.fromEntries([...Object.entries(next.keys).filter(([, key]) => key.nation !== newcomer.body.nation), ...voicesOf(newcomer)])
  return { ...next, members, keys, threshold: twoThirdsOf(members) }
}

/** Nothing but this nation's status changes, so that more than half of the others can decide it without the subject's key. */
export function draftSuspension (before: ReadFedRoot, subject: NationId, status: 'suspended' | 'left', now: Instant): FedRoot {
  const next = nextFederation(before, now)
  const known = next.members.find(({ nation }) => nation === subject)
  if (known === undefined) throw new StatementError(`${subject} is no member`)
  if (known.status === status) throw new StatementError(`${subject} is ${status} already`)
  const members = next.members.map(member => member === known ? { ...member, status, since: next.iat } : member)
  return { ...next, members, threshold: twoThirdsOf(members) }
}

function nextFederation (before: ReadFedRoot, now: Instant): FedRoot {
  const { prev: _, ...body } = before.body
  return { ...body, ...claimsAfter(before, now) }
}

const keysFor = (before: FedRoot, nation: NationId, root: ReadNationRoot | undefined): [string, FedRoot['keys'][string]][] =>
  root === undefined ? Object.entries(before.keys).filter(([, key]) => key.nation === nation) : voicesOf(root)
const byNation = (a: ReadNationRoot, b: ReadNationRoot): number => a.body.nation < b.body.nation ? -1 : 1


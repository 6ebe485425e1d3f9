/**
 * What a nation's registry has to sign now so that nothing that it stated ends unnoticed: a plan, from the history and
 * the time. Invariants: a renewal never brings a key or an agency that the nation did not state before; a revoked key is
 * never stated again; a key that was replaced is dropped only when everybody has known its successor for long enough.
 */
import type { AgencyId, Kid, NationId } from '../protocol/identifiers.ts'
import { nationOf } from '../protocol/identifiers.ts'
import { DAY, fromUnixSeconds, toUnixSeconds, type Duration, type Instant } from '../protocol/instant.ts'
import type { AgencyKeyGrant, AgencyStatementBody } from './make-statements.ts'
import type { ReadAgencyStatement, ReadNationRoot, ReadRevocationList } from './read-statements.ts'
import type { AgencyMetadata, RevocationList } from './statements.ts'
import type { FoldedTrust, NationHistory } from './trust-list.ts'

export const STATEMENT_LIFETIME = 30 * DAY
/** How long a replaced key of an agency stays stated beside its successor: no statement lives longer. */
export const KEY_OVERLAP = 31 * DAY
/** When the next revocation list is due at the latest, where the registry's key is online, and where a person must come. */
export const REVOCATIONS_DUE_ONLINE = 7 * DAY
export const REVOCATIONS_DUE_OFFLINE = 30 * DAY
/** Renewed when half of its life is over: that leaves days to notice that it failed. */
const RENEWAL_SHARE = 1 / 2

/** Why nothing can be renewed: a person must act. */
export type RenewalObstacle = 'no-root' | 'root-ended' | 'clock-before-root' | 'no-registry-key'
export interface PlannedStatement { readonly entity: string, readonly body: AgencyStatementBody, readonly signer: Kid }
export interface PlannedRevocations { readonly body: Omit<RevocationList, 'type'>, readonly signer: Kid }
export interface RenewalPlan {
  readonly statements: readonly PlannedStatement[]
  readonly revocations: PlannedRevocations | undefined
  readonly obstacle?: RenewalObstacle
}
export interface RenewalWish {
  readonly nation: NationId
  /** Whether this registry key is at hand. */
  holds (kid: Kid): boolean
  readonly now: Instant
  readonly revocationsDue: Duration
  /** Everything again, whether it is due or not. */
  readonly all?: boolean
}

export function planRenewal (history: FoldedTrust, wish: RenewalWish): RenewalPlan {
  const { nation, now } = wish
  const known = history.nations.get(nation)
  const root = known?.roots.findLast(({ body }) => fromUnixSeconds(body.iat) <= now)
  const nothing = (obstacle: RenewalObstacle): RenewalPlan => ({ statements: [], revocations: undefined, obstacle })
  if (known === undefined) return nothing('no-root')
  if (root === undefined) return nothing('clock-before-root')
  if (fromUnixSeconds(root.body.exp) <= now) return nothing('root-ended')
  const isUsable = (kid: Kid): boolean => wish.holds(kid) && !known.revoked.has(kid)
  const federation = root.body.federationKeys.findLast(({ kid }) => isUsable(kid))?.kid
  const revocation = root.body.revocationKeys.findLast(({ kid }) => isUsable(kid))?.kid
  return {
    statements: federation === undefined ? [] : agenciesOf(history, nation).flatMap(([agency, statements]) => renewAgency(agency, statements, { known, root, signer: federation, wish }) ?? []),
    revocations: revocation === undefined ? undefined : renewRevocations(known, revocation, wish),
    ...(federation === undefined && revocation === undefined && { obstacle: 'no-registry-key' as const })
  }
}

const agenciesOf = ({ agencies }: FoldedTrust, nation: NationId): [AgencyId, readonly ReadAgencyStatement[]][] =>
  [...agencies].filter(([agency]) => nationOf(agency) === nation).sort(([a], [b]) => a < b ? -1 : 1)

// ── agencies ─────────────────────────────────────────────────────────────────────────────────────────────────────

interface Registry { readonly known: NationHistory, readonly root: ReadNationRoot, readonly signer: Kid, readonly wish: RenewalWish }

function renewAgency (agency: AgencyId, statements: readonly ReadAgencyStatement[], { known, root, signer, wish: { now, all } }: Registry): PlannedStatement | undefined {
  const newest = newestTrustworthy(statements, known, root, now)
  if (newest === undefined) return undefined
  const { iat, exp, metadata: { tiltas_agency: metadata } } = newest.body
  const keys = keysToKeep(metadata, statements, known, now)
  const isDue = all === true || isHalfOver(iat, exp, now) || newest.signatures[0]!.kid !== signer || keys.length < metadata.keys.length
  if (!isDue || keys.length === 0) return undefined
  return { entity: root.body.entity, signer, body: nextBody(newest, keys, now) }
}

/** Not of the future, and not by a key that the nation has taken back. A newest one that has ended is renewed too: the node was off. */
const newestTrustworthy = (statements: readonly ReadAgencyStatement[], known: NationHistory, root: ReadNationRoot, now: Instant): ReadAgencyStatement | undefined =>
  statements.findLast(({ body, signatures: [by] }) => fromUnixSeconds(body.iat) <= now && !(known.revoked.get(by!.kid)?.compromised ?? false) &&
    nodesStillExist(body.metadata.tiltas_agency, root))

const nodesStillExist = ({ home }: AgencyMetadata, root: ReadNationRoot): boolean => root.body.nodes.some(({ node }) => node === home)

const isHalfOver = (iat: number, exp: number, now: Instant): boolean => toUnixSeconds(now) >= exp - (exp - iat) * RENEWAL_SHARE

type AgencyKey = AgencyMetadata['keys'][number]

function keysToKeep ({ keys }: AgencyMetadata, statements: readonly ReadAgencyStatement[], { revoked }: NationHistory, now: Instant): AgencyKey[] {
  const announcedAt = (kid: Kid): Instant => fromUnixSeconds(statements.find(({ body }) => body.metadata.tiltas_agency.keys.some(key => key.kid === kid))!.body.iat)
  const standing = keys.filter(({ kid }) => !revoked.has(kid))
  const isReplaced = (key: AgencyKey): boolean => standing.some(other =>
    other.node === key.node && other.use === key.use && announcedAt(other.kid) > announcedAt(key.kid) && announcedAt(other.kid) + KEY_OVERLAP <= now)
  return standing.filter(key => !isReplaced(key))
}

/** The same statement with other keys and a later date. */
export function nextBody ({ body }: ReadAgencyStatement, keys: readonly AgencyKey[], now: Instant, added: readonly AgencyKeyGrant[] = []): AgencyStatementBody {
  const iat = Math.max(toUnixSeconds(now), body.iat + 1)
  const publicOf = new Map(body.jwks.keys.map(({ kid, x }) => [kid, x]))
  return {
    ...body.metadata.tiltas_agency, iat, exp: iat + STATEMENT_LIFETIME / 1000,
    keys: [...added, ...keys.map((key): AgencyKeyGrant => ({ ...key, publicText: publicOf.get(key.kid)! }))]
  }
}

// ── revocations ──────────────────────────────────────────────────────────────────────────────────────────────────

function renewRevocations (known: NationHistory, signer: Kid, wish: RenewalWish): PlannedRevocations | undefined {
  const newest = known.revocations.at(-1)
  const isDue = wish.all === true || newest === undefined || isHalfOver(newest.body.iat, newest.body.next, wish.now) || newest.signatures[0]!.kid !== signer
  return isDue ? { signer, body: nextRevocations(known, [], wish.now, wish.revocationsDue) } : undefined
}

/** All that was ever revoked, and what is added now. */
export function nextRevocations ({ nation, revocations }: NationHistory, added: RevocationList['revoked'], now: Instant, due: Duration): Omit<RevocationList, 'type'> {
  const revoked = new Map<Kid, RevocationList['revoked'][number]>()
  for (const entry of [...revocations.flatMap(({ body }) => body.revoked), ...added]) revoked.set(entry.kid, worse(revoked.get(entry.kid), entry))
  const newest = revocations.at(-1)?.body
  const iat = Math.max(toUnixSeconds(now), newest?.iat ?? 0)
  return { nation, seq: highestSeq(revocations) + 1, iat, next: iat + Math.floor(due / 1000), revoked: [...revoked.values()].sort((a, b) => a.kid < b.kid ? -1 : 1) }
}

const highestSeq = (lists: readonly ReadRevocationList[]): number => lists.reduce((highest, { body }) => Math.max(highest, body.seq), 0)

type Revoked = RevocationList['revoked'][number]
/** The earlier time and the worse reason. */
function worse (known: Revoked | undefined, entry: Revoked): Revoked {
  if (known === undefined) return entry
  const times = [known.compromisedFrom, entry.compromisedFrom].filter(time => time !== undefined)
  const reason = [known, entry].some(each => each.reason === 'compromised') ? 'compromised' : entry.reason
  return { kid: entry.kid, revokedAt: Math.min(known.revokedAt, entry.revokedAt), ...(times.length > 0 && { compromisedFrom: Math.min(...times) }), reason }
}

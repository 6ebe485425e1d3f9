/**
 * A nation's beginning: its root, its nodes, its agencies and all their keys, made in one step from fresh seeds. What is
 * published are statements; each node gets only the secrets that it needs; root keys go to people, offline.
 */
import type { AgencyId, NationId, NodeId } from '../protocol/identifiers.ts'
import { toUnixSeconds, type Instant } from '../protocol/instant.ts'
import { makeAgencyStatement, makeFedRoot, makeNationRoot, makeRevocationList, namedJwkOf, rootKeyOf, rootSignerOf, signerOf, hashOfStatement, type AgencyKeyGrant } from './make-statements.ts'
import { ROOT_LIFETIME } from './draft-roots.ts'
import { REVOCATIONS_DUE_OFFLINE, REVOCATIONS_DUE_ONLINE, STATEMENT_LIFETIME } from './renewal.ts'
import { privateKeyFromSeed, type KeySecret, type PrivateKey } from './private-key.ts'
import { SITE_KINDS, type AgencyMetadata, type NodeRole } from './statements.ts'
import type { KeyPurpose, KeyAlgorithm } from './identity.ts'
import type { Digest } from '../protocol/identifiers.ts'

export interface PlannedNode { readonly node: NodeId, readonly role: NodeRole, readonly origin?: string }
export interface PlannedAgency { readonly agency: AgencyId, readonly name: AgencyMetadata['name'], readonly kind: AgencyMetadata['kind'], readonly home: NodeId, readonly sites: readonly NodeId[] }
export interface NationPlan {
  readonly nation: NationId
  /** OpenID Federation entity identifier, `https://…`. */
  readonly entity: string
  readonly nodes: readonly PlannedNode[]
  readonly agencies: readonly PlannedAgency[]
  /** The node that renews the nation's statements by itself: it gets registry keys of its own, beside those that people keep. */
  readonly registryAt?: NodeId
}

export interface FoundedNation {
  readonly nation: NationId
  readonly root: Uint8Array
  readonly rootHash: Digest
  readonly statements: readonly Uint8Array[]
  /** What each node's key ring holds. */
  readonly rings: ReadonlyMap<NodeId, readonly KeySecret[]>
  /** Three pairs; two of them sign. For people, not for nodes. */
  readonly rootKeys: readonly { readonly ed25519: KeySecret, readonly mldsa44: KeySecret }[]
  /** Sign agency statements and revocation lists; kept by people, for the day that those of the node are lost. */
  readonly registryKeys: readonly KeySecret[]
}

const THRESHOLD = 2

/** `seed` gives 32 unpredictable bytes at each call. */
export async function foundNation (plan: NationPlan, now: Instant, seed: () => Uint8Array): Promise<FoundedNation> {
  const iat = toUnixSeconds(now)
  const make = (algorithm: KeyAlgorithm, purpose: KeyPurpose, agency?: AgencyId): PrivateKey => privateKeyFromSeed({ algorithm, purpose, ...(agency !== undefined && { agency }), seed: seed() })
  const roots = [0, 1, 2].map(() => ({ ed25519: make('Ed25519', 'root'), mldsa44: make('ML-DSA-44', 'root') }))
  const federation = make('Ed25519', 'federation')
  const revocation = make('Ed25519', 'revocation')
  const online = plan.registryAt === undefined ? undefined : { federation: make('Ed25519', 'federation'), revocation: make('Ed25519', 'revocation') }
  const rings = new Map<NodeId, KeySecret[]>()

  const nodes = plan.nodes.map(({ node, role, origin }) => {
    const keys = [make('Ed25519', 'transport'), make('Ed25519', 'log'), make('ML-DSA-44', 'log')]
    rings.set(node, keys.map(secretOf))
    return { node, role, transportKey: keys[0]!.publicText, log: { origin: origin ?? originOf(node), ed25519: keys[1]!.publicText, mldsa44: keys[2]!.publicText } }
  })
  if (online !== undefined) rings.get(plan.registryAt!)!.push(secretOf(online.federation), secretOf(online.revocation))
  const named = (offline: PrivateKey, atNode: PrivateKey | undefined) => [offline, ...(atNode === undefined ? [] : [atNode])].map(namedJwkOf)
  const root = await makeNationRoot({
    nation: plan.nation, entity: plan.entity, version: 1, iat, exp: toUnixSeconds(now + ROOT_LIFETIME), threshold: THRESHOLD,
    rootKeys: roots.map(({ ed25519, mldsa44 }) => rootKeyOf(ed25519, mldsa44)), federationKeys: named(federation, online?.federation), revocationKeys: named(revocation, online?.revocation), nodes
  }, roots.slice(0, THRESHOLD).map(({ ed25519, mldsa44 }) => rootSignerOf(ed25519, mldsa44)))

  const statements = await Promise.all(plan.agencies.map(({ sites, ...agency }) => {
    const keys = [agency.home, ...sites].flatMap((node): AgencyKeyGrant[] => {
      const signing = make('Ed25519', 'signing', agency.agency)
      const sealing = make('X25519', 'sealing', agency.agency)
      rings.get(node)!.push(secretOf(signing), secretOf(sealing))
      const limited = node === agency.home ? {} : { kinds: [...SITE_KINDS] }
      return [
        { kid: signing.kid, use: 'sig', node, suite: 'EdDSA', publicText: signing.publicText, ...limited },
        { kid: sealing.kid, use: 'enc', node, suite: 'x25519-a256kw-a256gcm', publicText: sealing.publicText }
      ]
    })
    return makeAgencyStatement(plan.entity, { ...agency, iat, exp: toUnixSeconds(now + STATEMENT_LIFETIME), keys }, signerOf(online?.federation ?? federation))
  }))
  const due = online === undefined ? REVOCATIONS_DUE_OFFLINE : REVOCATIONS_DUE_ONLINE
  const revocations = await makeRevocationList({ nation: plan.nation, seq: 1, iat, next: toUnixSeconds(now + due), revoked: [] }, signerOf(online?.revocation ?? revocation))
  return {
    nation: plan.nation, root, rootHash: hashOfStatement(root), statements: [root, ...statements, revocations], rings,
    rootKeys: roots.map(({ ed25519, mldsa44 }) => ({ ed25519: secretOf(ed25519), mldsa44: secretOf(mldsa44) })),
    registryKeys: [secretOf(federation), secretOf(revocation)]
  }
}

/** A log is named as a schema-less URL (C2SP tlog-checkpoint). */
export const originOf = (node: NodeId): string => `tiltas.example/${node}/log`

const secretOf = ({ algorithm, purpose, agency, seed }: PrivateKey): KeySecret => ({ algorithm, purpose, ...(agency !== undefined && { agency }), seed })

/** The federation of nations that know each other's roots, signed by all of them. */
export async function foundFederation (federation: string, nations: readonly FoundedNation[], now: Instant): Promise<Uint8Array> {
  const iat = toUnixSeconds(now)
  const keys = nations.map(({ nation, rootKeys }) => {
    const pair = { ed25519: privateKeyFromSeed(rootKeys[0]!.ed25519), mldsa44: privateKeyFromSeed(rootKeys[0]!.mldsa44) }
    return { nation, pair, key: rootKeyOf(pair.ed25519, pair.mldsa44) }
  })
  return makeFedRoot({
    federation, version: 1, iat, exp: toUnixSeconds(now + ROOT_LIFETIME), threshold: Math.floor(nations.length * 2 / 3) + 1,
    keys: Object.fromEntries(keys.map(({ nation, key: { kid, ...rest } }) => [kid, { nation, ...rest }])),
    members: nations.map(({ nation, rootHash }) => ({ nation, status: 'active' as const, since: iat, nationRoot: { version: 1, hash: rootHash } }))
  }, keys.map(({ pair }) => rootSignerOf(pair.ed25519, pair.mldsa44)))
}

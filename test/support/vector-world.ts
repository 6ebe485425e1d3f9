/**
 * The little federation of the vectors in `test/vectors/messages`: keys of public seeds, so that every byte but the
 * post-quantum signatures of the roots can be made again by anybody. These keys protect nothing.
 */
import { sha256, toBase64url, utf8ToBytes } from '../../protocol/bytes.ts'
import { parseAgencyId, parseNationId, parseNodeId, type AgencyId, type Digest, type Kid, type NationId, type NodeId } from '../../protocol/identifiers.ts'
import { fromUnixSeconds } from '../../protocol/instant.ts'
import { foundNation, type FoundedNation, type PlannedAgency, type PlannedNode } from '../../keys/make-nation.ts'
import { makeRevocationList, signerOf } from '../../keys/make-statements.ts'
import { agreeWith, privateKeyFromSeed, type PrivateKey } from '../../keys/private-key.ts'
import { foldTrust } from '../../keys/trust-list.ts'
import type { TrustView } from '../../keys/trust-view.ts'

/** Unix seconds: when both nations were founded, and the time that most vectors are checked at. */
export const FOUNDED_AT = 1_800_000_000
export const CHECKED_AT = FOUNDED_AT + 3600
export const REVOKED_AT = FOUNDED_AT + 1800

export const LV_NATIONAL = parseNodeId('lv/national')
export const LV_SITE = parseNodeId('lv/site-a')
export const LT_NATIONAL = parseNodeId('lt/national')
export const LV_POLICE = parseAgencyId('lv:state-police')
export const LV_TOWN = parseAgencyId('lv:kraslava')
/** Its key was replaced at REVOKED_AT. */
export const LV_RENEWED = parseAgencyId('lv:renewed')
export const LT_POLICE = parseAgencyId('lt:utena-police')

/** 32 bytes that everybody can make: SHA-256 of the text. */
export const publicSeed = (name: string): Uint8Array => sha256(utf8ToBytes(`tiltas vector: ${name}`))

export interface WorldKey extends PrivateKey { readonly node: NodeId }
export interface Pins { readonly nations: { readonly [nation: string]: Digest } }
export interface VectorWorld {
  readonly statements: readonly string[]
  readonly pins: Pins
  readonly keys: readonly WorldKey[]
}

const agency = (id: AgencyId, kind: PlannedAgency['kind'], home: NodeId, sites: readonly NodeId[] = []): PlannedAgency => ({ agency: id, name: { lv: id, lt: id, en: id }, kind, home, sites })

async function found (nation: string, nodes: readonly PlannedNode[], agencies: readonly PlannedAgency[]): Promise<FoundedNation> {
  let drawn = 0
  const seed = (): Uint8Array => publicSeed(`${nation} ${drawn++}`)
  return foundNation({ nation: parseNationId(nation), entity: `https://${nation.toLowerCase()}.tiltas.example`, nodes, agencies }, fromUnixSeconds(FOUNDED_AT), seed)
}

export async function makeVectorWorld (): Promise<VectorWorld> {
  const lv = await found('LV', [{ node: LV_NATIONAL, role: 'national' }, { node: LV_SITE, role: 'site' }],
    [agency(LV_POLICE, 'police', LV_NATIONAL), agency(LV_TOWN, 'municipality', LV_NATIONAL, [LV_SITE]), agency(LV_RENEWED, 'police', LV_NATIONAL)])
  const lt = await found('LT', [{ node: LT_NATIONAL, role: 'national' }], [agency(LT_POLICE, 'police', LT_NATIONAL)])
  const keys = [lv, lt].flatMap(({ rings }) => [...rings].flatMap(([node, secrets]) => secrets.map(secret => ({ ...privateKeyFromSeed(secret), node }))))
  const renewed = keys.find(key => key.agency === LV_RENEWED && key.purpose === 'signing')!
  const revocationKey = privateKeyFromSeed(lv.registryKeys.find(({ purpose }) => purpose === 'revocation')!)
  const revocations = await makeRevocationList({
    nation: lv.nation, seq: 2, iat: REVOKED_AT, next: FOUNDED_AT + 30 * 86_400, revoked: [{ kid: renewed.kid, revokedAt: REVOKED_AT, reason: 'superseded' }]
  }, signerOf(revocationKey))
  return {
    statements: [...lv.statements, revocations, ...lt.statements].map(bytes => Buffer.from(bytes).toString('utf8')),
    pins: { nations: { LV: lv.rootHash, LT: lt.rootHash } }, keys
  }
}

export const trustOf = (statements: readonly string[], pins: Pins): TrustView =>
  foldTrust(statements.map(utf8ToBytes), { nations: new Map(Object.entries(pins.nations) as [NationId, Digest][]) })

/** Seeds are written down, so that another implementation has the private keys as well. */
export const describeKey = ({ node, purpose, algorithm, agency: owner, kid, seed, publicText }: WorldKey) =>
  ({ node, purpose, algorithm, ...(owner !== undefined && { agency: owner }), kid, seed: toBase64url(seed), publicKey: publicText })

/** As a key ring does it: only the addressed agency's sealing keys agree. */
export const agreeFor = (keys: readonly PrivateKey[], to: AgencyId) => (kid: Kid, ephemeralKey: Uint8Array): Uint8Array | undefined => {
  const key = keys.find(held => held.kid === kid && held.purpose === 'sealing' && held.agency === to)
  return key && agreeWith(key, ephemeralKey)
}

/**
 * A small federation for tests: LV and LT (and others by name), each with a national node, a site and two agencies,
 * made by the production makers from seeds, so that every run has the same keys.
 */
import { createHash } from 'node:crypto'
import { hashOfStatement, makeAgencyStatement, makeFedRoot, makeNationRoot, makeRevocationList, namedJwkOf, rootKeyOf, rootSignerOf, signerOf, type AgencyKeyGrant, type AgencyStatementBody, type RootSigner } from '../../keys/make-statements.ts'
import type { KeyAlgorithm, KeyPurpose } from '../../keys/identity.ts'
import { privateKeyFromSeed, type PrivateKey } from '../../keys/private-key.ts'
import type { FedRoot, NationRoot, RevocationList } from '../../keys/statements.ts'
import { foldTrust, type TrustPins } from '../../keys/trust-list.ts'
import type { TrustView } from '../../keys/trust-view.ts'
import type { AgencyId, Digest, MessageId, NationId, NodeId } from '../../protocol/identifiers.ts'
import type { HitMessage, Message } from '../../protocol/messages/message.ts'

/** 2026-11-22T00:00:00Z in seconds. */
export const T0 = 1_795_305_600
export const YEAR = 365 * 86_400

export const key = (name: string, algorithm: KeyAlgorithm, purpose: KeyPurpose, agency?: AgencyId): PrivateKey =>
  privateKeyFromSeed({ algorithm, purpose, ...(agency && { agency }), seed: createHash('sha256').update(name).digest() })

export interface NationKeys { readonly nation: NationId, readonly roots: readonly { ed25519: PrivateKey, mldsa44: PrivateKey }[], readonly signers: readonly RootSigner[], readonly federation: PrivateKey, readonly revocation: PrivateKey }
export function nationKeys (nation: string): NationKeys {
  const roots = [1, 2, 3].map(n => ({ ed25519: key(`${nation} root ${n}`, 'Ed25519', 'root'), mldsa44: key(`${nation} root ${n}`, 'ML-DSA-44', 'root') }))
  return {
    nation: nation as NationId, roots, signers: roots.map(pair => rootSignerOf(pair.ed25519, pair.mldsa44)),
    federation: key(`${nation} federation`, 'Ed25519', 'federation'), revocation: key(`${nation} revocation`, 'Ed25519', 'revocation')
  }
}

const lower = (nation: string): string => nation.toLowerCase()
export const nodeId = (nation: string, name: string): NodeId => `${lower(nation)}/${name}` as NodeId
export const agencyId = (nation: string, name: string): AgencyId => `${lower(nation)}:${name}` as AgencyId
export const entityOf = (nation: string): string => `https://${lower(nation)}.example/tiltas`

const nodeEntry = (nation: string, name: string, role: 'national' | 'site' | 'home'): NationRoot['nodes'][number] => ({
  node: nodeId(nation, name), role, transportKey: key(`${nation} ${name} transport`, 'Ed25519', 'transport').publicText,
  log: { origin: `${lower(nation)}.example/${name}`, ed25519: key(`${nation} ${name} log`, 'Ed25519', 'log').publicText }
})

export const nationRootBody = (nation: string, changes: Partial<NationRoot> = {}): Omit<NationRoot, 'type'> => {
  const keys = nationKeys(nation)
  return {
    nation: nation as NationId, entity: entityOf(nation), version: 1, iat: T0, exp: T0 + YEAR, threshold: 2,
    rootKeys: keys.roots.map(pair => rootKeyOf(pair.ed25519, pair.mldsa44)),
    federationKeys: [namedJwkOf(keys.federation)], revocationKeys: [namedJwkOf(keys.revocation)],
    nodes: [nodeEntry(nation, 'national', 'national'), nodeEntry(nation, 'bridge', 'site'), nodeEntry(nation, 'town', 'home')],
    ...changes
  }
}
export const nationRootOf = (nation: string, changes: Partial<NationRoot> = {}, signers: readonly RootSigner[] = nationKeys(nation).signers.slice(0, 2)): Promise<Uint8Array> =>
  makeNationRoot(nationRootBody(nation, changes), signers)

export const agencyKeys = (agency: AgencyId) => ({
  signing: key(`${agency} signing`, 'Ed25519', 'signing', agency),
  sealing: key(`${agency} sealing`, 'X25519', 'sealing', agency),
  site: key(`${agency} site`, 'Ed25519', 'signing', agency)
})
export function agencyBody (agency: AgencyId, changes: Partial<AgencyStatementBody> = {}): AgencyStatementBody {
  const nation = agency.slice(0, 2)
  const { signing, sealing, site } = agencyKeys(agency)
  const keys: AgencyKeyGrant[] = [
    { kid: signing.kid, use: 'sig', node: nodeId(nation, 'national'), suite: 'EdDSA', publicText: signing.publicText },
    { kid: sealing.kid, use: 'enc', node: nodeId(nation, 'national'), suite: 'x25519-a256kw-a256gcm', publicText: sealing.publicText },
    { kid: site.kid, use: 'sig', node: nodeId(nation, 'bridge'), kinds: ['candidate', 'receipt'], suite: 'EdDSA', publicText: site.publicText }
  ]
  return { agency, name: { lv: agency, lt: agency, en: `Agency ${agency}` }, kind: 'police', home: nodeId(nation, 'national'), iat: T0, exp: T0 + 30 * 86_400, keys, ...changes }
}
export const agencyStatementOf = (agency: AgencyId, changes: Partial<AgencyStatementBody> = {}, by = nationKeys(agency.slice(0, 2).toUpperCase()).federation, entity = entityOf(agency.slice(0, 2))): Promise<Uint8Array> =>
  makeAgencyStatement(entity, agencyBody(agency, changes), signerOf(by))

export const revocationsOf = (nation: string, revoked: RevocationList['revoked'], changes: Partial<RevocationList> = {}, by = nationKeys(nation).revocation): Promise<Uint8Array> =>
  makeRevocationList({ nation: nation as NationId, seq: 1, iat: T0, next: T0 + 21_600, revoked, ...changes }, signerOf(by))

export const fedRootBody = (nations: readonly string[], roots: readonly Uint8Array[], changes: Partial<FedRoot> = {}): Omit<FedRoot, 'type'> => ({
  federation: 'tiltas.example', version: 1, iat: T0, exp: T0 + YEAR, threshold: Math.floor(nations.length * 2 / 3) + 1,
  keys: Object.fromEntries(nations.map(nation => {
    const { kid, ed25519, mldsa44 } = rootKeyOf(nationKeys(nation).roots[0]!.ed25519, nationKeys(nation).roots[0]!.mldsa44)
    return [kid, { nation: nation as NationId, ed25519, mldsa44 }]
  })),
  members: nations.map((nation, n) => ({ nation: nation as NationId, status: 'active' as const, since: T0, nationRoot: { version: 1, hash: hashOfStatement(roots[n]!) } })),
  ...changes
})
export const fedRootOf = (body: Omit<FedRoot, 'type'>, signers: readonly string[]): Promise<Uint8Array> =>
  makeFedRoot(body, signers.map(nation => nationKeys(nation).signers[0]!))

export interface World { readonly history: Uint8Array[], readonly pins: TrustPins, readonly trust: TrustView, readonly roots: Uint8Array[], readonly fed: Uint8Array }
/** Every nation with the agencies `police` and `guard`, under one federation root. */
export async function makeWorld (nations: readonly string[] = ['LV', 'LT'], more: readonly Uint8Array[] = []): Promise<World> {
  const roots = await Promise.all(nations.map(nation => nationRootOf(nation)))
  const fed = await fedRootOf(fedRootBody(nations, roots), nations)
  const agencies = await Promise.all(nations.flatMap(nation => ['police', 'guard'].map(name => agencyStatementOf(agencyId(nation, name)))))
  const pins: TrustPins = { federation: hashOfStatement(fed), nations: new Map() }
  const history = [...roots, fed, ...agencies, ...more]
  return { history, pins, trust: foldTrust(history, pins), roots, fed }
}

export const sampleHit = (changes: Partial<HitMessage> = {}): Message => ({
  type: 'hit/1', id: 'AAAAAAAAAAAAAAAAAAAAAA' as MessageId, iss: agencyId('lv', 'police'), aud: agencyId('lt', 'police'), iat: T0 + 60, exp: T0 + 86_460,
  hitId: 'BBBBBBBBBBBBBBBBBBBBBB' as MessageId, revision: 1, entryRef: 'LT-2026/17', plate: { text: 'ABC123', country: 'LT', countryConfidence: 980 },
  match: 'exact', verification: 'person', confidence: 970, observedAt: T0 + 50, clock: 'good', area: { precision: 'nuts3', nation: 'LV', nuts3: 'LV005' },
  siteRef: 's1', direction: 'inbound', ordinal: 1, action: 'discreet-check', evaluation: 'A1', handling: { code: 'H1' }, purpose: 'detection',
  legalBasis: 'lv-lt/2006/3', thirdCountry: 'prohibited', retainUntil: T0 + 30 * 86_400, evidence: 'none', policy: { grant: 'g-plates@1', hash: 'C'.repeat(43) as Digest }, ...changes
}) as Message

/**
 * What nations and the federation state about who may speak: the exact shape of each statement. Unknown fields are
 * refused; times are whole seconds since 1970; keys are raw bytes in base64url.
 *
 *   FedRoot          JWS JSON general   signed by a threshold of nations   who is a member, and by which first root
 *   NationRoot       JWS JSON general   signed by 2 of 3 offline keys      a nation's keys and nodes
 *   AgencyStatement  JWS compact        signed by a federation key         an agency's home and keys (OpenID Federation 1.0)
 *   RevocationList   JWS compact        signed by a revocation key         which keys no longer count, and from when
 */
import { z } from 'zod'
import { AGENCY_ID, DIGEST, NODE_ID, type AgencyId, type Kid, type NodeId } from '../protocol/identifiers.ts'
import { DAY } from '../protocol/instant.ts'
import { MESSAGE_TYPES, digest, kindOf, nationId, seconds, type MessageKind } from '../protocol/messages/message.ts'
import { SEALING_SUITES, SIGNING_SUITES } from './algorithms.ts'
import { parsePublicKey, type KeyAlgorithm } from './identity.ts'

/** One statement, bytes. A root of a large nation names some hundred nodes. */
export const STATEMENT_BYTES_MAX = 1024 * 1024
/** Signatures on one root: two for each signer. */
export const ROOT_SIGNATURES_MAX = 128
export const NATIONS_MAX = 60
export const NODES_PER_NATION_MAX = 1000
export const KEYS_PER_AGENCY_MAX = 64
export const REVOCATIONS_MAX = 10_000
/** From `iat` to `exp`: roots are renewed yearly, with a month to spare; agency statements are short. */
export const ROOT_LIFETIME_MAX = 397 * DAY
export const AGENCY_STATEMENT_LIFETIME_MAX = 31 * DAY

const publicKey = (algorithm: KeyAlgorithm) => z.string().max(1760).refine(text => parsePublicKey(algorithm, text) !== undefined)
const kid = digest as unknown as z.ZodType<Kid>
const nodeId = z.string().regex(NODE_ID) as unknown as z.ZodType<NodeId>
const agencyId = z.string().regex(AGENCY_ID) as unknown as z.ZodType<AgencyId>
const version = z.int().min(1).max(1_000_000)
const ed25519Jwk = z.strictObject({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: publicKey('Ed25519') })
const x25519Jwk = z.strictObject({ kty: z.literal('OKP'), crv: z.literal('X25519'), x: publicKey('X25519') })
/** A pair that signs together; `kid` is the thumbprint of the Ed25519 key. */
const rootPair = { ed25519: publicKey('Ed25519'), mldsa44: publicKey('ML-DSA-44') }
const rootClaims = { version, iat: seconds, exp: seconds, prev: digest.optional(), threshold: z.int().min(1).max(NATIONS_MAX) }

export const MEMBER_STATES = ['active', 'suspended', 'left'] as const
export const fedRoot = z.strictObject({
  type: z.literal('fed-root/1'),
  federation: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,99}$/),
  ...rootClaims,
  keys: z.record(z.string().regex(DIGEST), z.strictObject({ nation: nationId, ...rootPair })),
  members: z.array(z.strictObject({
    nation: nationId, status: z.enum(MEMBER_STATES), since: seconds, nationRoot: z.strictObject({ version, hash: digest })
  })).min(1).max(NATIONS_MAX)
})
export type FedRoot = z.infer<typeof fedRoot>

/** `national` speaks abroad; `site` holds cameras; `home` is a home of agencies that speaks through the national node. */
export const NODE_ROLES = ['national', 'site', 'home'] as const
export type NodeRole = typeof NODE_ROLES[number]
const nationNode = z.strictObject({
  node: nodeId, role: z.enum(NODE_ROLES), transportKey: publicKey('Ed25519'),
  log: z.strictObject({ origin: z.string().regex(/^[\x21-\x2a\x2c-\x7e]{1,120}$/), ed25519: publicKey('Ed25519'), mldsa44: publicKey('ML-DSA-44').optional() })
})
const namedJwk = z.strictObject({ kid, jwk: ed25519Jwk })
export const nationRoot = z.strictObject({
  type: z.literal('nation-root/1'),
  nation: nationId,
  /** OpenID Federation entity identifier: the `iss` of this nation's agency statements. */
  entity: z.string().max(200).regex(/^https:\/\/[a-z0-9.-]+(?::\d{1,5})?(?:\/[A-Za-z0-9._~-]+)*$/),
  ...rootClaims,
  rootKeys: z.array(z.strictObject({ kid, ...rootPair })).min(2).max(9),
  federationKeys: z.array(namedJwk).min(1).max(9),
  revocationKeys: z.array(namedJwk).min(1).max(9),
  nodes: z.array(nationNode).max(NODES_PER_NATION_MAX)
})
export type NationRoot = z.infer<typeof nationRoot>

export const AGENCY_KINDS = ['police', 'border-guard', 'municipality', 'fire'] as const
const MESSAGE_KINDS = [...new Set(MESSAGE_TYPES.map(kindOf))] as [MessageKind, ...MessageKind[]]
/** All that a key at a site may sign: what it saw, what it got, and that a position of its own stream is empty. */
export const SITE_KINDS: readonly MessageKind[] = ['candidate', 'candidate.withdraw', 'receipt', 'tombstone']
const label = z.string().min(1).max(120)
const agencyKey = z.discriminatedUnion('use', [
  z.strictObject({ kid, use: z.literal('sig'), node: nodeId, kinds: z.array(z.enum(MESSAGE_KINDS)).min(1).max(MESSAGE_KINDS.length).optional(), suite: z.enum(SIGNING_SUITES) }),
  z.strictObject({ kid, use: z.literal('enc'), node: nodeId, suite: z.enum(SEALING_SUITES) })
])
/** Subordinate statement of OpenID Federation 1.0 section 3; the agency's keys are in `jwks`, what each may do in `metadata`. */
export const agencyStatement = z.strictObject({
  iss: z.string().max(200),
  sub: z.string().max(260),
  iat: seconds,
  exp: seconds,
  jwks: z.strictObject({ keys: z.array(z.discriminatedUnion('crv', [ed25519Jwk.extend({ kid }), x25519Jwk.extend({ kid })])).min(1).max(KEYS_PER_AGENCY_MAX) }),
  constraints: z.strictObject({ max_path_length: z.literal(0), allowed_entity_types: z.tuple([z.literal('tiltas_agency')]) }),
  metadata: z.strictObject({
    tiltas_agency: z.strictObject({
      agency: agencyId, name: z.strictObject({ lv: label, lt: label, en: label }), kind: z.enum(AGENCY_KINDS), home: nodeId,
      keys: z.array(agencyKey).min(1).max(KEYS_PER_AGENCY_MAX)
    })
  })
})
export type AgencyStatement = z.infer<typeof agencyStatement>
export type AgencyMetadata = AgencyStatement['metadata']['tiltas_agency']

export const REVOCATION_REASONS = ['unspecified', 'compromised', 'superseded', 'ceased'] as const
export const revocationList = z.strictObject({
  type: z.literal('revocations/1'),
  nation: nationId,
  seq: version,
  iat: seconds,
  /** When the next list is due at the latest. */
  next: seconds,
  revoked: z.array(z.strictObject({ kid, revokedAt: seconds, compromisedFrom: seconds.optional(), reason: z.enum(REVOCATION_REASONS) })).max(REVOCATIONS_MAX)
})
export type RevocationList = z.infer<typeof revocationList>

/** The `typ` header (RFC 7515 section 4.1.9) of each statement. */
export const STATEMENT_TYPES = {
  'fed-root': 'tiltas-fed-root.1+jws',
  'nation-root': 'tiltas-nation-root.1+jws',
  'agency-statement': 'entity-statement+jwt',
  'revocation-list': 'tiltas-revocations.1+jws'
} as const
export type StatementKind = keyof typeof STATEMENT_TYPES

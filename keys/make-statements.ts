/**
 * Making and signing statements. Keys come as callbacks, so that a root key may lie on a machine without a network and
 * a ceremony may collect signatures one after the other: a signature is added without changing what was signed.
 */
import type { Digest, Kid } from '../protocol/identifiers.ts'
import { encodeJson, type Json } from '../protocol/messages/encoding.ts'
import type { SignatureAlgorithm } from './algorithms.ts'
import { decodeText, encodePart, encodeTextPart } from './compact.ts'
import { publicJwk, type OkpJwk } from './identity.ts'
import { signWith, type PrivateKey } from './private-key.ts'
import { isRefusal, readStatement } from './read-statements.ts'
import { STATEMENT_TYPES, agencyStatement, fedRoot, nationRoot, revocationList, type AgencyMetadata, type AgencyStatement, type FedRoot, type NationRoot, type RevocationList, type StatementKind } from './statements.ts'

type Signature = Uint8Array | Promise<Uint8Array>
/** Signs compact statements with Ed25519. */
export interface StatementSigner { readonly kid: Kid, sign (bytes: Uint8Array): Signature }
/** Signs roots with both algorithms; `kid` is that of the Ed25519 key and names the pair. */
export interface RootSigner extends StatementSigner { signPostQuantum (bytes: Uint8Array): Signature }

export const signerOf = (key: PrivateKey): StatementSigner => ({ kid: key.kid, sign: bytes => signWith(key, bytes) })
export const rootSignerOf = (ed25519: PrivateKey, mldsa44: PrivateKey): RootSigner =>
  ({ ...signerOf(ed25519), signPostQuantum: bytes => signWith(mldsa44, bytes) })

/** What a root says of a pair of root keys. */
export const rootKeyOf = (ed25519: PrivateKey, mldsa44: PrivateKey): NationRoot['rootKeys'][number] =>
  ({ kid: ed25519.kid, ed25519: ed25519.publicText, mldsa44: mldsa44.publicText })
export const namedJwkOf = (key: PrivateKey): NationRoot['federationKeys'][number] =>
  ({ kid: key.kid, jwk: publicJwk('Ed25519', key.publicText) as NationRoot['federationKeys'][number]['jwk'] })

/** Every maker throws this when the body does not have the prescribed form; the path names the field. */
export class StatementError extends Error {
  constructor (message: string) { super(message); this.name = 'StatementError' }
}

export const makeFedRoot = (body: Omit<FedRoot, 'type'>, signers: readonly RootSigner[]): Promise<Uint8Array> =>
  makeRoot('fed-root', ensureForm(fedRoot, { type: 'fed-root/1', ...body }), signers)

export const makeNationRoot = (body: Omit<NationRoot, 'type'>, signers: readonly RootSigner[]): Promise<Uint8Array> =>
  makeRoot('nation-root', ensureForm(nationRoot, { type: 'nation-root/1', ...body }), signers)

/** The payload part of a root that nobody has signed yet. @throws StatementError */
export const encodeRootPayload = (body: FedRoot | NationRoot): string =>
  encodeTextPart(encodeJson(ensureForm<FedRoot | NationRoot>(body.type === 'fed-root/1' ? fedRoot : nationRoot, body) as unknown as Json))

/** Adds signatures to a root that others signed before. @throws StatementError when the bytes are not a root */
export async function addSignatures (root: Uint8Array, signers: readonly RootSigner[]): Promise<Uint8Array> {
  const statement = readStatement(root)
  if (isRefusal(statement) || (statement.kind !== 'fed-root' && statement.kind !== 'nation-root')) throw new StatementError('not a root')
  const jws = JSON.parse(decodeText(root)!) as General
  const added = await Promise.all(signers.map(signer => signRoot(statement.kind, jws.payload, signer)))
  return toBytes(encodeJson({ payload: jws.payload, signatures: [...jws.signatures, ...added.flat()] }))
}

/** An agency key as its statement carries it, made from the key itself. */
export type AgencyKeyGrant = AgencyMetadata['keys'][number] & { readonly publicText: string }
export interface AgencyStatementBody extends Omit<AgencyMetadata, 'keys'> { readonly iat: number, readonly exp: number, readonly keys: readonly AgencyKeyGrant[] }

/** `entity` is that of the nation's root; the agency's own identifier is below it. */
export async function makeAgencyStatement (entity: string, body: AgencyStatementBody, signer: StatementSigner): Promise<Uint8Array> {
  const { iat, exp, keys, ...agency } = body
  const jwks = keys.map(({ kid, use, publicText }) => ({ ...publicJwk(use === 'sig' ? 'Ed25519' : 'X25519', publicText) as OkpJwk, kid }))
  const statement = ensureForm<AgencyStatement>(agencyStatement, {
    iss: entity, sub: agencyEntity(entity, body.agency), iat, exp,
    jwks: { keys: jwks },
    constraints: { max_path_length: 0, allowed_entity_types: ['tiltas_agency'] },
    metadata: { tiltas_agency: { ...agency, keys: keys.map(({ publicText, ...grant }) => grant) } }
  })
  return signCompact('agency-statement', statement, signer)
}

/** Reissue the list under the new key before a root drops the old one: lists by keys that the newest root lacks do not count. */
export const makeRevocationList = async (body: Omit<RevocationList, 'type'>, signer: StatementSigner): Promise<Uint8Array> =>
  signCompact('revocation-list', ensureForm(revocationList, { type: 'revocations/1', ...body }), signer)

/** OpenID Federation entity identifier of an agency: its short name below its nation's. */
export const agencyEntity = (entity: string, agency: string): string => `${entity}/${agency.slice(3)}`

/** What `prev`, pins and memberships name: SHA-256 of the payload. @throws StatementError for bytes without right form */
export function hashOfStatement (bytes: Uint8Array): Digest {
  const statement = readStatement(bytes)
  if (isRefusal(statement)) throw new StatementError(`not a statement: ${statement.code}`)
  return statement.hash
}

export interface General { readonly payload: string, readonly signatures: readonly GeneralSignature[] }
export interface GeneralSignature { readonly protected: string, readonly signature: string, readonly [name: string]: string }

const toBytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'utf8'))
const headerPart = (kind: StatementKind, alg: SignatureAlgorithm, kid: Kid): string => encodeTextPart(encodeJson({ alg, kid, typ: STATEMENT_TYPES[kind] }))

function ensureForm<Body> (schema: { safeParse (value: unknown): { success: true, data: Body } | { success: false, error: { issues: { path: PropertyKey[] }[] } } }, value: unknown): Body {
  const parsed = schema.safeParse(JSON.parse(JSON.stringify(value)))
  if (!parsed.success) throw new StatementError(`wrong form at ${parsed.error.issues[0]!.path.join('.')}`)
  return parsed.data
}

async function makeRoot (kind: 'fed-root' | 'nation-root', body: FedRoot | NationRoot, signers: readonly RootSigner[]): Promise<Uint8Array> {
  const payload = encodeTextPart(encodeJson(body as unknown as Json))
  const signatures = await Promise.all(signers.map(signer => signRoot(kind, payload, signer)))
  return toBytes(encodeJson({ payload, signatures: signatures.flat() }))
}

/** Both halves of a pair's signature over a payload part. */
export async function signRoot (kind: 'fed-root' | 'nation-root', payload: string, signer: RootSigner): Promise<GeneralSignature[]> {
  const classic = headerPart(kind, 'EdDSA', signer.kid)
  const postQuantum = headerPart(kind, 'ML-DSA-44', signer.kid)
  return [
    { protected: classic, signature: encodePart(await signer.sign(toBytes(`${classic}.${payload}`))) },
    { protected: postQuantum, signature: encodePart(await signer.signPostQuantum(toBytes(`${postQuantum}.${payload}`))) }
  ]
}

async function signCompact (kind: 'agency-statement' | 'revocation-list', body: AgencyStatement | RevocationList, signer: StatementSigner): Promise<Uint8Array> {
  const input = `${headerPart(kind, 'EdDSA', signer.kid)}.${encodeTextPart(encodeJson(body as unknown as Json))}`
  return toBytes(`${input}.${encodePart(await signer.sign(toBytes(input)))}`)
}

/**
 * A site asks its nation's registry to state a new key: the request is signed with the agency's key that is stated for
 * that node now, so nobody else can ask. Hostile input is first touched here. Whoever lost that key has to be met in person.
 *
 *   JWS compact, typ tiltas-key-request.1+jws, payload {"agency","iat","node","publicKey","purpose","type":"key-request/1"}
 */
import { z } from 'zod'
import { AGENCY_ID, NODE_ID, type AgencyId, type Kid, type NodeId } from '../protocol/identifiers.ts'
import { fromUnixSeconds } from '../protocol/instant.ts'
import { encodeJson, type Json } from '../protocol/messages/encoding.ts'
import { digest, seconds } from '../protocol/messages/message.ts'
import { refuse, type Refusal } from '../protocol/refusals.ts'
import { decodeJsonPart, decodePart, decodeText, encodePart, encodeTextPart, splitParts } from './compact.ts'
import { kidOf, parsePublicKey } from './identity.ts'
import { isSignatureValid } from './key-objects.ts'
import type { StatementSigner } from './make-statements.ts'
import { isRefusal } from './read-statements.ts'
import type { TrustView } from './trust-view.ts'

const TYP = 'tiltas-key-request.1+jws'
const REQUEST_BYTES_MAX = 8192

export interface KeyRequest {
  readonly agency: AgencyId
  /** Where the new key lies. */
  readonly node: NodeId
  readonly purpose: 'signing' | 'sealing'
  /** Raw, base64url. */
  readonly publicKey: string
  readonly kid: Kid
  /** Unix seconds. */
  readonly iat: number
}

const header = z.strictObject({ alg: z.string(), kid: digest, typ: z.literal(TYP) })
const payload = z.strictObject({
  type: z.literal('key-request/1'), agency: z.string().regex(AGENCY_ID), node: z.string().regex(NODE_ID), purpose: z.enum(['signing', 'sealing']),
  publicKey: z.string().max(64), iat: seconds
})

const algorithmOf = (purpose: KeyRequest['purpose']) => purpose === 'signing' ? 'Ed25519' as const : 'X25519' as const

export async function encodeKeyRequest (request: Omit<KeyRequest, 'kid'>, signer: StatementSigner): Promise<Uint8Array> {
  const head = encodeTextPart(encodeJson({ alg: 'EdDSA', kid: signer.kid, typ: TYP }))
  const input = `${head}.${encodeTextPart(encodeJson({ type: 'key-request/1', ...request } as unknown as Json))}`
  return Buffer.from(`${input}.${encodePart(await signer.sign(Buffer.from(input)))}`)
}

/** The first check that fails: size, form, key of this agency at this node at that time, not stolen, signature. */
export function readKeyRequest (bytes: Uint8Array, trust: TrustView): KeyRequest | Refusal {
  if (bytes.length > REQUEST_BYTES_MAX) return refuse('too-large', 'REQUEST_BYTES_MAX')
  const parts = splitParts(decodeText(bytes)?.trimEnd() ?? '', 3)
  const head = parts && header.safeParse(decodeJsonPart(parts[0]!))
  const body = parts && payload.safeParse(decodeJsonPart(parts[1]!))
  const signature = parts && decodePart(parts[2]!)
  if (parts === undefined || !head?.success || !body?.success || signature === undefined) return refuse('malformed', 'key-request')
  if (head.data.alg !== 'EdDSA') return refuse('wrong-algorithm', 'key-request')
  const { agency, node, purpose, publicKey, iat } = body.data as unknown as KeyRequest
  if (parsePublicKey(algorithmOf(purpose), publicKey) === undefined) return refuse('malformed', 'publicKey')
  const prover = trust.signingKey(agency, head.data.kid as unknown as Kid, 'receipt', fromUnixSeconds(iat))
  if (isRefusal(prover)) return prover
  if (prover.node !== node) return refuse('wrong-issuer', node)
  if (trust.isCompromised(agency, prover.kid)) return refuse('revoked', prover.kid)
  if (!isSignatureValid('EdDSA', prover.publicKey, Buffer.from(`${parts[0]}.${parts[1]}`), signature)) return refuse('wrong-signature', prover.kid)
  return { agency, node, purpose, publicKey, iat, kid: kidOf(algorithmOf(purpose), publicKey) }
}

/**
 * Who asks: a person's own Ed25519 key signs every request, and the node checks it against the people in its config.
 * Behind one port, so that sign-in through a national identity provider can take its place.
 * A signature covers node, method, path and body, and is good once, within REQUEST_AGE_MAX of its time.
 */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'
import { compactVerify } from 'jose'
import { z } from 'zod'
import { fromBase64url, toBase64url } from '../protocol/bytes.ts'
import { actorSchema, type Actor } from '../protocol/commands.ts'
import { NODE_ID, type NodeId } from '../protocol/identifiers.ts'
import { MINUTE, SECOND, fromUnixSeconds, toUnixSeconds, type Instant } from '../protocol/instant.ts'
import { encodeJson, parseJson, type Json } from '../protocol/messages/encoding.ts'
import { digest, seconds } from '../protocol/messages/message.ts'
import type { Clock } from './runtime/ports.ts'

/** How far the time of a request may lie from the node's, either way. */
export const REQUEST_AGE_MAX = MINUTE
/** Requests of one person remembered against replay; more within two minutes are answered `busy`. */
export const REQUESTS_REMEMBERED_MAX = 20_000
const AUTHORIZATION_LENGTH_MAX = 2048
const SCHEME = 'Tiltas '

export const ACTOR_REFUSALS = {
  'missing': 'The request is not signed. Name your key with --as or TILTAS_AS.',
  'malformed': 'The signature header does not have the prescribed form.',
  'unknown-person': 'This person is not among `people` in the config of the node. Ask its operator.',
  'wrong-signature': 'The key does not fit this person. Was it renewed?',
  'wrong-role': 'The person is known here with another role or agency.',
  'other-request': 'The signature belongs to another request or another node.',
  'stale': 'The time of the request is too far from the time of the node. Check both clocks.',
  'replayed': 'This very request was made before.',
  'busy': 'Too many requests of this person within two minutes. Wait a little.'
} as const
export type ActorRefusalCode = keyof typeof ACTOR_REFUSALS

/** `path` is as on the request line, with its query; `body` is empty when there is none. */
export interface PersonalRequest { readonly method: string, readonly path: string, readonly body: Uint8Array, readonly authorization: string | undefined }
export interface ActorPort { authenticate (request: PersonalRequest): Promise<{ readonly actor: Actor } | { readonly refused: ActorRefusalCode }> }

/** A person as the node knows them; the key is raw Ed25519, base64url. */
export interface KnownPerson extends Actor { readonly publicKey: string }

// ── What is signed: a compact JWS (RFC 7515 section 7.1) with one header and no other ─────────────────────────────

const encodeText = (text: string): string => toBase64url(new TextEncoder().encode(text))
const HEADER = encodeText('{"alg":"EdDSA","typ":"tiltas-request+jws"}')
const claimsSchema = z.strictObject({
  ...actorSchema.shape,
  node: z.string().regex(NODE_ID),
  method: z.string().max(10),
  path: z.string().max(1024),
  bodySha256: digest,
  iat: seconds,
  nonce: z.string().regex(/^[A-Za-z0-9_-]{22}$/)
})
type Claims = z.infer<typeof claimsSchema>
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('base64url')

/** The key of one person, opened. */
export interface PersonKey { readonly actor: Actor, readonly publicKey: string, readonly privateKey: KeyObject }

/** The `authorization` header for one request. */
export function signRequest (key: PersonKey, node: NodeId, request: Omit<PersonalRequest, 'authorization'>, now: Instant): string {
  const claims = {
    ...key.actor, node, method: request.method, path: request.path,
    bodySha256: sha256(request.body), iat: toUnixSeconds(now), nonce: randomBytes(16).toString('base64url')
  }
  const input = `${HEADER}.${encodeText(encodeJson(claims as unknown as Json))}`
  return `${SCHEME}${input}.${sign(null, Buffer.from(input), key.privateKey).toString('base64url')}`
}

/** Hostile input is first touched here. */
function parseAuthorization (header: string): Claims | undefined {
  if (header.length > AUTHORIZATION_LENGTH_MAX || !header.startsWith(SCHEME)) return undefined
  const [head, payload, tail, ...more] = header.slice(SCHEME.length).split('.')
  const bytes = payload === undefined ? undefined : fromBase64url(payload)
  const signature = tail === undefined ? undefined : fromBase64url(tail)
  if (head !== HEADER || bytes === undefined || signature?.length !== 64 || more.length > 0) return undefined
  const parsed = claimsSchema.safeParse(parseJson(new TextDecoder().decode(bytes)))
  return parsed.success ? parsed.data : undefined
}

// ── The node's side ──────────────────────────────────────────────────────────────────────────────────────────────

const isSignedBy = (jws: string, key: KeyObject): Promise<boolean> => compactVerify(jws, key, { algorithms: ['EdDSA'] }).then(() => true, () => false)

/** Answers for the people of the config; `node` is the node that requests must be meant for. */
export function createPeople (options: { node: NodeId, people: readonly KnownPerson[], clock: Clock, rememberedMax?: number }): ActorPort {
  const { rememberedMax = REQUESTS_REMEMBERED_MAX } = options
  const known = new Map(options.people.map(person => [person.personId as string, new Enrolled(person, rememberedMax)]))
  const startedAt = toUnixSeconds(options.clock.now())
  return {
    async authenticate ({ method, path, body, authorization }) {
      if (authorization === undefined) return { refused: 'missing' }
      const claims = parseAuthorization(authorization)
      if (claims === undefined) return { refused: 'malformed' }
      const person = known.get(claims.personId)
      if (person === undefined) return { refused: 'unknown-person' }
      if (!await isSignedBy(authorization.slice(SCHEME.length), person.publicKey)) return { refused: 'wrong-signature' }
      if (claims.role !== person.actor.role || claims.agency !== person.actor.agency) return { refused: 'wrong-role' }
      if (claims.node !== options.node || claims.method !== method || claims.path !== path || claims.bodySha256 !== sha256(body)) return { refused: 'other-request' }
      const now = options.clock.now()
      // What was signed before this process began may have been answered before: nonces do not survive a restart.
      if (Math.abs(now - fromUnixSeconds(claims.iat)) > REQUEST_AGE_MAX || claims.iat < startedAt) return { refused: 'stale' }
      const refused = person.remember(claims.nonce, now)
      return refused === undefined ? { actor: person.actor } : { refused }
    }
  }
}

/** A known person and the requests that they made lately. */
class Enrolled {
  readonly actor: Actor
  readonly publicKey: KeyObject
  /** Nonce → when it was seen, oldest first. */
  readonly #seen = new Map<string, Instant>()
  readonly #rememberedMax: number

  constructor ({ personId, role, agency, publicKey }: KnownPerson, rememberedMax: number) {
    this.#rememberedMax = rememberedMax
    this.actor = { personId, role, agency }
    this.publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: publicKey }, format: 'jwk' })
  }

  remember (nonce: string, now: Instant): 'replayed' | 'busy' | undefined {
    for (const [old, at] of this.#seen) {
      // A request may be dated REQUEST_AGE_MAX ahead and stays good as long again.
      if (Math.abs(now - at) <= 2 * REQUEST_AGE_MAX + SECOND) break
      this.#seen.delete(old)
    }
    if (this.#seen.has(nonce)) return 'replayed'
    if (this.#seen.size >= this.#rememberedMax) return 'busy'
    this.#seen.set(nonce, now)
    return undefined
  }
}

// ── The person's side ────────────────────────────────────────────────────────────────────────────────────────────

const keyFileSchema = z.strictObject({
  type: z.literal('person-key/1'),
  ...actorSchema.shape,
  publicKey: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  privateKey: z.string().regex(/^[A-Za-z0-9_-]{43}$/)
})

/** A new key and the text of its file, which nobody but the person may read. */
export function newPersonKey (actor: Actor): { key: PersonKey, file: string } {
  const { privateKey } = generateKeyPairSync('ed25519')
  const { x, d } = privateKey.export({ format: 'jwk' })
  const file = JSON.stringify({ type: 'person-key/1', ...actor, publicKey: x, privateKey: d }, null, 2) + '\n'
  return { key: { actor, publicKey: x!, privateKey }, file }
}

/** Undefined when the text is not a person's key file, or its two keys do not belong together. */
export function parsePersonKey (file: string): PersonKey | undefined {
  try {
    const parsed = keyFileSchema.parse(JSON.parse(file))
    const { personId, role, agency, publicKey, privateKey: d } = parsed
    const privateKey = createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', x: publicKey, d }, format: 'jwk' })
    if (createPublicKey(privateKey).export({ format: 'jwk' }).x !== publicKey) return undefined
    return { actor: { personId, role, agency } as Actor, publicKey, privateKey }
  } catch { return undefined }
}

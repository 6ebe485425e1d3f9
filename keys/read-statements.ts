/**
 * From foreign bytes to a statement whose form is right and whose signatures are still to be checked. Hostile input is
 * first touched here. Invariant: never throws; what does not have exactly the prescribed form is refused.
 */
import { z } from 'zod'
import type { Digest, Kid } from '../protocol/identifiers.ts'
import { parseJson, type Json } from '../protocol/messages/encoding.ts'
import { digest } from '../protocol/messages/message.ts'
import { refuse, type Refusal } from '../protocol/refusals.ts'
import { ALGORITHMS, type SignatureAlgorithm } from './algorithms.ts'
import { decodeJsonPart, decodePart, decodeText, digestOfBytes, splitParts } from './compact.ts'
import { ROOT_SIGNATURES_MAX, STATEMENT_BYTES_MAX, STATEMENT_TYPES, agencyStatement, fedRoot, nationRoot, revocationList, type AgencyStatement, type FedRoot, type NationRoot, type RevocationList, type StatementKind } from './statements.ts'

export interface StatementSignature { readonly alg: SignatureAlgorithm, readonly kid: Kid, readonly input: Uint8Array, readonly signature: Uint8Array }
interface Read<Kind extends StatementKind, Body> {
  readonly kind: Kind
  readonly body: Body
  /** SHA-256 of the payload: what `prev`, pins and memberships name. Signatures may be added without changing it. */
  readonly hash: Digest
  readonly signatures: readonly StatementSignature[]
}
export type ReadFedRoot = Read<'fed-root', FedRoot>
export type ReadNationRoot = Read<'nation-root', NationRoot>
export type ReadAgencyStatement = Read<'agency-statement', AgencyStatement>
export type ReadRevocationList = Read<'revocation-list', RevocationList>
export type ReadStatement = ReadFedRoot | ReadNationRoot | ReadAgencyStatement | ReadRevocationList

const SCHEMAS = { 'fed-root': fedRoot, 'nation-root': nationRoot, 'agency-statement': agencyStatement, 'revocation-list': revocationList }
const KINDS = new Map(Object.entries(STATEMENT_TYPES).map(([kind, typ]) => [typ as string, kind as StatementKind]))
const general = z.strictObject({
  payload: z.string(),
  signatures: z.array(z.strictObject({ protected: z.string().max(400), signature: z.string().max(3300) })).min(1).max(ROOT_SIGNATURES_MAX)
})
const header = z.strictObject({ alg: z.string(), kid: digest, typ: z.string() })

export const isRefusal = (value: object): value is Refusal => 'code' in value

export function readStatement (bytes: Uint8Array): ReadStatement | Refusal {
  if (bytes.length > STATEMENT_BYTES_MAX) return refuse('too-large', 'STATEMENT_BYTES_MAX')
  const text = decodeText(bytes)
  if (text === undefined) return refuse('malformed', 'utf-8')
  return text.startsWith('{') ? readGeneral(text) : readCompact(text)
}

/** A root that is still to be signed: the payload part alone. */
export function readUnsignedRoot (payload: string): ReadFedRoot | ReadNationRoot | Refusal {
  if (payload.length > STATEMENT_BYTES_MAX) return refuse('too-large', 'STATEMENT_BYTES_MAX')
  const bytes = decodePart(payload)
  const text = bytes === undefined ? undefined : decodeText(bytes)
  const json = text === undefined ? undefined : parseJson(text)
  const type = typeof json === 'object' && json !== null && 'type' in json ? json['type'] : undefined
  const kind = type === 'fed-root/1' ? 'fed-root' : type === 'nation-root/1' ? 'nation-root' : undefined
  return kind === undefined ? refuse('malformed', 'payload') : readBody(kind, json!, digestOfBytes(bytes!), []) as ReadFedRoot | ReadNationRoot | Refusal
}

/** RFC 7515 section 7.2.1, each signature with its own protected header. */
function readGeneral (text: string): ReadStatement | Refusal {
  const jws = general.safeParse(parseJson(text))
  if (!jws.success) return refuse('malformed', 'jws')
  const { payload, signatures } = jws.data
  return read(payload, signatures, ['fed-root', 'nation-root'])
}

function readCompact (text: string): ReadStatement | Refusal {
  const parts = splitParts(text, 3)
  return parts === undefined
    ? refuse('malformed', 'jws')
    : read(parts[1]!, [{ protected: parts[0]!, signature: parts[2]! }], ['agency-statement', 'revocation-list'])
}

function read (payload: string, signed: readonly { protected: string, signature: string }[], allowed: readonly StatementKind[]): ReadStatement | Refusal {
  const bytes = decodePart(payload)
  const text = bytes === undefined ? undefined : decodeText(bytes)
  const json = text === undefined ? undefined : parseJson(text)
  if (bytes === undefined || json === undefined) return refuse('malformed', 'payload')
  let kind: StatementKind | undefined
  const signatures: StatementSignature[] = []
  for (const each of signed) {
    const found = readSignature(each, payload)
    if ('code' in found) return found
    if (kind !== undefined && kind !== found.kind) return refuse('malformed', 'typ')
    kind = found.kind
    signatures.push(found.signature)
  }
  return kind === undefined || !allowed.includes(kind) ? refuse('malformed', 'typ') : readBody(kind, json, digestOfBytes(bytes), signatures)
}

function readSignature (each: { protected: string, signature: string }, payload: string): { kind: StatementKind, signature: StatementSignature } | Refusal {
  const parsed = header.safeParse(decodeJsonPart(each.protected))
  const signature = decodePart(each.signature)
  if (!parsed.success) return refuse('malformed', `header ${whatIsWrong(parsed.error.issues[0]!)}`.trim())
  if (signature === undefined) return refuse('malformed', 'signature')
  const kind = KINDS.get(parsed.data.typ)
  if (kind === undefined) return refuse('not-understood', 'typ')
  const alg = (ALGORITHMS[kind].sign as readonly string[]).find(name => name === parsed.data.alg) as SignatureAlgorithm | undefined
  if (alg === undefined) return refuse('wrong-algorithm', kind)
  return { kind, signature: { alg, kid: parsed.data.kid as string as Kid, input: Buffer.from(`${each.protected}.${payload}`), signature } }
}

/** The field: `crit`, `jwk` and whatever else a header must not carry are named. */
const whatIsWrong = (issue: z.core.$ZodIssue): string => (issue.code === 'unrecognized_keys' ? issue.keys.join(' ') : issue.path.join('.')).slice(0, 60).replace(/[^A-Za-z0-9#. _-]/g, '?')

function readBody (kind: StatementKind, json: Json, hash: Digest, signatures: readonly StatementSignature[]): ReadStatement | Refusal {
  const body = SCHEMAS[kind].safeParse(json)
  if (!body.success) return refuse('malformed', `${kind} ${body.error.issues[0]!.path.join('.')}`.slice(0, 120))
  return { kind, body: body.data, hash, signatures } as ReadStatement
}

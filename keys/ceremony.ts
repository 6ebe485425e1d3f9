/**
 * A root on its way from draft to signatures, as one file that travels between people: the payload, the signatures so
 * far, and the statements that it builds on, so that a machine without a network can tell what changes. Hostile input is
 * first touched here. Invariants: signatures are added, never lost; files of two ceremonies never mix; nothing is
 * finished before the rules that every node applies would take it.
 *
 *   {"context":["<statement>",…],"payload":"<base64url>","signatures":[{"protected":…,"signature":…},…],"type":"tiltas-ceremony/1"}
 */
import { z } from 'zod'
import { encodeJson, parseJson } from '../protocol/messages/encoding.ts'
import type { Digest, NationId } from '../protocol/identifiers.ts'
import type { Refusal } from '../protocol/refusals.ts'
import { decodeText } from './compact.ts'
import { encodeRootPayload, signRoot, type GeneralSignature, type RootSigner } from './make-statements.ts'
import { isRefusal, readStatement, readUnsignedRoot, type ReadFedRoot, type ReadNationRoot, type ReadStatement } from './read-statements.ts'
import { fedRootChanges, nationRootChanges } from './root-changes.ts'
import { demandsOf, type Demand } from './root-demands.ts'
import { ROOT_SIGNATURES_MAX, STATEMENT_BYTES_MAX, type FedRoot, type NationRoot } from './statements.ts'
import { foldTrust } from './trust-list.ts'
import { fedRootIsSound, fedRootStands, nationRootIsSound, nationRootStands } from './trust-list-rules.ts'

/** One file, bytes: a root of each of sixty nations and the root of their federation fit. */
export const CEREMONY_BYTES_MAX = 16 * 1024 * 1024
export const CEREMONY_CONTEXT_MAX = 1000

export const CEREMONY_REFUSALS = {
  'not-a-ceremony': 'It is not the file of a ceremony. Name the file that the one who drew it up handed out.',
  'too-large': 'It is larger than any ceremony. It was damaged, or somebody means harm.',
  'other-ceremony': 'The files belong to different ceremonies: they do not ask for the same signature. Ask everybody for the file with the fingerprint that you compared.',
  'context-missing': 'It does not hold the root that it follows, so nobody can see what changes. Draw it up again.',
  'not-sound': 'The root breaks a rule, so no node would take it. Draw it up again.',
  'wrong-signature': 'A signature in it does not fit. Go back to the file before it was added.',
  'not-asked': 'This key has no say here: neither the root before nor the new one names it.',
  'already-signed': 'This key has signed already. Hand the file on.',
  'not-complete': 'Signatures are missing. Hand it to whoever is named, then publish it.'
} as const
export type CeremonyRefusalCode = keyof typeof CEREMONY_REFUSALS
/** `evidence` names where to look; `refusal` is the rule that is broken. */
export interface CeremonyRefusal { readonly code: CeremonyRefusalCode, readonly evidence?: string, readonly refusal?: Refusal }
const refuse = (code: CeremonyRefusalCode, evidence?: string, refusal?: Refusal): CeremonyRefusal =>
  ({ code, ...(evidence !== undefined && { evidence }), ...(refusal !== undefined && { refusal }) })

export interface Ceremony {
  readonly root: ReadFedRoot | ReadNationRoot
  readonly payload: string
  readonly signatures: readonly GeneralSignature[]
  /** Bytes of the statements that it builds on. */
  readonly context: readonly Uint8Array[]
}
/** What a person is told before they sign. */
export interface CeremonyReport {
  readonly hash: Digest
  readonly changes: readonly string[]
  readonly demands: readonly Demand[]
  readonly complete: boolean
}

const schema = z.strictObject({
  type: z.literal('tiltas-ceremony/1'),
  payload: z.string().max(STATEMENT_BYTES_MAX),
  signatures: z.array(z.strictObject({ protected: z.string().max(400), signature: z.string().max(3300) })).max(ROOT_SIGNATURES_MAX),
  context: z.array(z.string().max(STATEMENT_BYTES_MAX)).max(CEREMONY_CONTEXT_MAX)
})

const toBytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'utf8'))
const textOf = (bytes: Uint8Array): string => decodeText(bytes)!

/** @throws StatementError when the draft does not have the prescribed form */
export function beginCeremony (draft: FedRoot | NationRoot, context: readonly Uint8Array[]): Ceremony {
  const payload = encodeRootPayload(draft)
  return { payload, root: readUnsignedRoot(payload) as ReadFedRoot | ReadNationRoot, signatures: [], context: [...context] }
}

export const encodeCeremony = ({ payload, signatures, context }: Ceremony): Uint8Array =>
  toBytes(encodeJson({ context: context.map(textOf), payload, signatures, type: 'tiltas-ceremony/1' }) + '\n')

export function readCeremony (bytes: Uint8Array): Ceremony | CeremonyRefusal {
  if (bytes.length > CEREMONY_BYTES_MAX) return refuse('too-large', 'CEREMONY_BYTES_MAX')
  const text = decodeText(bytes)
  const parsed = schema.safeParse(text === undefined ? undefined : parseJson(text.trimEnd()))
  if (!parsed.success) return refuse('not-a-ceremony', parsed.error.issues[0]!.path.join('.').slice(0, 60))
  const { payload, signatures, context } = parsed.data
  const root = readUnsignedRoot(payload)
  if (isRefusal(root)) return refuse('not-a-ceremony', 'payload', root)
  const signed = signatures.length === 0 ? root : readStatement(toBytes(encodeJson({ payload, signatures })))
  if (isRefusal(signed)) return refuse('wrong-signature', 'signatures', signed)
  return { root: signed as ReadFedRoot | ReadNationRoot, payload, signatures, context: context.map(toBytes) }
}

/** What changes, whose signatures count, and which are missing; or why nobody should sign it. */
export function inspectCeremony (ceremony: Ceremony): CeremonyReport | CeremonyRefusal {
  const context = ceremony.context.map(readStatement)
  return ceremony.root.kind === 'nation-root' ? inspectNation(ceremony.root, context) : inspectFederation(ceremony.root, context, ceremony.context)
}

function inspectNation (root: ReadNationRoot, context: readonly (ReadStatement | Refusal)[]): CeremonyReport | CeremonyRefusal {
  const before = predecessor(root, context)
  if (before === 'missing') return refuse('context-missing', root.body.prev)
  const broken = (before === undefined ? undefined : nationRootStands(before, undefined)) ?? nationRootIsSound(root, before)
  if (broken !== undefined) return refuse('not-sound', `${broken.code}${broken.evidence === undefined ? '' : ` ${broken.evidence}`}`, broken)
  return reportOf(root, nationRootChanges(root.body, before?.body), before, nationRootStands(root, before) === undefined)
}

function inspectFederation (root: ReadFedRoot, context: readonly (ReadStatement | Refusal)[], bytes: readonly Uint8Array[]): CeremonyReport | CeremonyRefusal {
  const before = predecessor(root, context)
  if (before === 'missing') return refuse('context-missing', root.body.prev)
  const { nations } = foldTrust(bytes, { nations: new Map(root.body.members.map(({ nation, nationRoot }) => [nation, nationRoot.hash])) }).history
  const chainOf = (nation: NationId): readonly ReadNationRoot[] => nations.get(nation)?.roots ?? []
  const broken = (before === undefined ? undefined : fedRootStands(before, undefined, chainOf)) ?? fedRootIsSound(root, before, chainOf)
  if (broken !== undefined) return refuse('not-sound', `${broken.code}${broken.evidence === undefined ? '' : ` ${broken.evidence}`}`, broken)
  return reportOf(root, fedRootChanges(root.body, before?.body), before, fedRootStands(root, before, chainOf) === undefined)
}

function predecessor<Root extends ReadFedRoot | ReadNationRoot> (root: Root, context: readonly (ReadStatement | Refusal)[]): Root | undefined | 'missing' {
  if (root.body.prev === undefined) return root.body.version === 1 ? undefined : 'missing'
  return context.find((each): each is Root => !isRefusal(each) && each.kind === root.kind && each.hash === root.body.prev) ?? 'missing'
}

function reportOf (root: ReadFedRoot | ReadNationRoot, changes: readonly string[], before: ReadFedRoot | ReadNationRoot | undefined, complete: boolean): CeremonyReport | CeremonyRefusal {
  const demands = demandsOf(root, before)
  const counting = new Set(demands.flatMap(({ signed }) => signed))
  const wrong = root.signatures.find(({ kid }) => !counting.has(kid))
  return wrong === undefined ? { hash: root.hash, changes, demands, complete } : refuse('wrong-signature', wrong.kid)
}

/** Adds both halves of one pair's signature; refuses what would not count. */
export async function signCeremony (ceremony: Ceremony, signer: RootSigner): Promise<Ceremony | CeremonyRefusal> {
  const report = inspectCeremony(ceremony)
  if (isRefused(report)) return report
  if (!report.demands.some(({ keys }) => keys.some(({ kid }) => kid === signer.kid))) return refuse('not-asked', signer.kid)
  if (report.demands.some(({ signed }) => signed.includes(signer.kid))) return refuse('already-signed', signer.kid)
  return withSignatures(ceremony, await signRoot(ceremony.root.kind, ceremony.payload, signer))
}

/** All signatures of files that ask for the same one. */
export function mergeCeremonies (ceremonies: readonly Ceremony[]): Ceremony | CeremonyRefusal {
  const [first, ...others] = ceremonies
  if (first === undefined) return refuse('not-a-ceremony')
  const foreign = others.find(({ payload }) => payload !== first.payload)
  if (foreign !== undefined) return refuse('other-ceremony', `${first.root.hash} ${foreign.root.hash}`)
  const known = new Set(first.signatures.map(signatureName))
  const added = others.flatMap(({ signatures }) => signatures).filter(each => !known.has(signatureName(each)) && known.add(signatureName(each)))
  const texts = new Set(ceremonies.flatMap(({ context }) => context.map(textOf)))
  const merged = withSignatures({ ...first, context: [...texts].map(toBytes) }, added)
  const report = inspectCeremony(merged)
  return isRefused(report) ? report : merged
}

/** One of a pair, whoever collected it: ML-DSA signatures of the same bytes may differ. */
const signatureName = ({ protected: header }: GeneralSignature): string => header

function withSignatures (ceremony: Ceremony, added: readonly GeneralSignature[]): Ceremony {
  const signatures = [...ceremony.signatures, ...added]
  const root = signatures.length === 0 ? ceremony.root : readStatement(toBytes(encodeJson({ payload: ceremony.payload, signatures })))
  if (isRefusal(root)) throw new TypeError(`signatures make no statement: ${root.code}`)
  return { ...ceremony, signatures, root: root as ReadFedRoot | ReadNationRoot }
}

/** The finished statement, as nodes take it. */
export function finishCeremony (ceremony: Ceremony): Uint8Array | CeremonyRefusal {
  const report = inspectCeremony(ceremony)
  if (isRefused(report)) return report
  if (!report.complete) return refuse('not-complete', report.demands.filter(({ met }) => !met).map(({ sentence }) => sentence).join(' '))
  return toBytes(encodeJson({ payload: ceremony.payload, signatures: ceremony.signatures }))
}

export const isRefused = (value: object): value is CeremonyRefusal => 'code' in value

/**
 * Every message that agencies say to each other: its exact shape for each version. Unknown fields are refused.
 * Times are whole seconds since 1970 (RFC 7519 NumericDate), shares are per mille, free text carries its language.
 */
import { z } from 'zod'
import { AGENCY_ID, DIGEST, ENTRY_REF, MESSAGE_ID, NATION_ID, type AgencyId, type Digest, type EntryRef, type MessageId, type NationId } from '../identifiers.ts'
import { ENTRIES_PER_SHARE_MAX, PARCEL_MESSAGES_MAX, PLATE_LENGTH_MAX, TEXT_LENGTH_MAX } from '../limits.ts'
import { REFUSALS, type RefusalCode } from '../refusals.ts'
import { ACTIONS, CATEGORIES, CLOCK_QUALITIES, COLOURS, DIRECTIONS, ENTRY_WITHDRAW_REASONS, HANDLING_CODES, MATCH_KINDS, PRECISIONS, PURPOSES, STOP_ACTIONS, VEHICLE_CLASSES, VERIFICATIONS, WITHDRAW_REASONS, type StreamClass } from './vocabulary.ts'

const branded = <Id>(pattern: RegExp): z.ZodType<Id> => z.string().regex(pattern) as unknown as z.ZodType<Id>
export const agencyId = branded<AgencyId>(AGENCY_ID)
export const nationId = branded<NationId>(NATION_ID)
export const messageId = branded<MessageId>(MESSAGE_ID)
export const entryRef = branded<EntryRef>(ENTRY_REF)
export const digest = branded<Digest>(DIGEST)
export const seconds = z.int().min(0).max(253_402_300_799)
export const perMille = z.int().min(0).max(1000)
const count = z.int().min(0).max(Number.MAX_SAFE_INTEGER)

/** Normalised: upper case letters and digits of Latin script, no separators. */
export const plateText = z.string().regex(new RegExp(`^[A-Z0-9ÅÄÖÜ]{1,${PLATE_LENGTH_MAX}}$`))
/** Of registration; absent when it is not known. */
const country = nationId
const opaque = z.string().regex(/^[A-Za-z0-9_-]{1,32}$/)
/** The grant version that let a message leave, and the hash of its text. */
export const policyRef = z.strictObject({ grant: z.string().regex(/^g-[a-z0-9-]{1,40}@[1-9]\d{0,8}$/), hash: digest })
export type PolicyRef = z.infer<typeof policyRef>

const plate = z.strictObject({ text: plateText, country: country.optional(), countryConfidence: perMille })
/** As coarse as the grant allows; an absent part was not allowed or is not known. */
const area = z.strictObject({
  precision: z.enum(PRECISIONS),
  nation: nationId.optional(),
  nuts3: z.string().regex(/^[A-Z]{2}[0-9A-Z]{3}$/).optional(),
  municipality: z.string().regex(/^[A-Z]{2}-[A-Z0-9]{1,3}$/).optional(),
  /** With its country: A13 exists on both sides. */
  road: z.string().regex(/^[A-Z]{2}:[A-Z0-9]{1,6}$/).optional()
})
export type Area = z.infer<typeof area>
const vehicle = z.strictObject({ class: z.enum(VEHICLE_CLASSES).optional(), colour: z.enum(COLOURS).optional() })
/** A commitment to frames, or to a vendor's body and pictures, that stay at home. */
export const evidence = z.union([z.literal('none'), digest])

const claims = {
  id: messageId,
  iss: agencyId,
  aud: agencyId,
  iat: seconds,
  exp: seconds,
  exercise: z.literal(true).optional()
}

/** The minimal hit: a whitelist (research notes section 5.2). No images, occupants, owners, exact positions or narrative. */
const hitBody = {
  hitId: messageId,
  revision: z.int().min(1).max(1000),
  entryRef,
  plate,
  match: z.enum(MATCH_KINDS),
  verification: z.enum(VERIFICATIONS),
  confidence: perMille,
  observedAt: seconds,
  clock: z.enum(CLOCK_QUALITIES),
  area,
  siteRef: opaque,
  direction: z.enum(DIRECTIONS),
  vehicle: vehicle.optional(),
  ordinal: z.int().min(1).max(1_000_000),
  action: z.enum(ACTIONS),
  /** Europol 4×4: source and information. */
  evaluation: z.string().regex(/^[ABCX][1-4]$/),
  handling: z.strictObject({ code: z.enum(HANDLING_CODES), text: z.string().max(TEXT_LENGTH_MAX).optional(), lang: z.string().regex(/^[a-z]{2}$/).optional() }),
  purpose: z.enum(PURPOSES),
  legalBasis: z.string().regex(/^[a-z0-9][a-z0-9./-]{0,59}$/),
  thirdCountry: z.enum(['prohibited', 'prior-authorisation']),
  retainUntil: seconds,
  evidence,
  policy: policyRef
}

export const hit = z.strictObject({ type: z.literal('hit/1'), ...claims, ...hitBody })
/** The whole hit again, as it stands now: a camera corrected itself, or a person confirmed. */
export const hitUpdate = z.strictObject({ type: z.literal('hit.update/1'), ...claims, ...hitBody })
export const hitWithdraw = z.strictObject({
  type: z.literal('hit.withdraw/1'), ...claims, hitId: messageId, revision: z.int().min(2).max(1000), reason: z.enum(WITHDRAW_REASONS), policy: policyRef
})

/** What a partner learns of an entry: reference, plate, category, action, end, last confirmation. Reason and decision stay at home. */
export const sharedEntry = z.strictObject({
  owner: agencyId,
  ref: entryRef,
  plate: plateText,
  country: country.optional(),
  category: z.enum(CATEGORIES),
  action: z.enum(ACTIONS),
  furtherHits: z.boolean(),
  until: seconds,
  confirmedAt: seconds
})
export type SharedEntry = z.infer<typeof sharedEntry>
export const hotlistShare = z.strictObject({
  type: z.literal('hotlist.share/1'), ...claims, entries: z.array(sharedEntry).min(1).max(ENTRIES_PER_SHARE_MAX), policy: policyRef
})
export const hotlistWithdraw = z.strictObject({
  type: z.literal('hotlist.withdraw/1'), ...claims,
  entries: z.array(z.strictObject({ owner: agencyId, ref: entryRef })).min(1).max(ENTRIES_PER_SHARE_MAX),
  reason: z.enum(ENTRY_WITHDRAW_REASONS)
})

/** From a site to the camera owner's home node, inside the nation: a read that matches an entry. */
export const candidate = z.strictObject({
  type: z.literal('candidate/1'), ...claims,
  readId: messageId,
  entry: z.strictObject({ owner: agencyId, ref: entryRef }),
  plate, match: z.enum(MATCH_KINDS), confidence: perMille,
  observedAt: seconds, receivedAt: seconds, clock: z.enum(CLOCK_QUALITIES),
  siteRef: opaque, siteGroup: opaque,
  place: z.strictObject({ nuts3: area.shape.nuts3, municipality: area.shape.municipality, road: area.shape.road }),
  direction: z.enum(DIRECTIONS), vehicle: vehicle.optional(), evidence
})

/**
 * A candidate was wrong, or is no hit any more. From the site to the home: a camera's later looks say otherwise. From the
 * home to the site: a person or the home took it back, so nothing keeps its footage any longer.
 */
export const candidateWithdraw = z.strictObject({
  type: z.literal('candidate.withdraw/1'), ...claims, candidate: messageId, entry: candidate.shape.entry, reason: z.enum(WITHDRAW_REASONS)
})

/** The receiver's promise: accepted and logged at these indexes; or refused, and why. One may answer a whole parcel. */
export const receipt = z.strictObject({
  type: z.literal('receipt/1'), ...claims,
  log: z.string().min(1).max(120),
  /** `c` is the commitment that the receiver logged: the sender compares it with its own leaf. */
  accepted: z.array(z.strictObject({ id: messageId, digest, index: count, c: digest })).max(PARCEL_MESSAGES_MAX),
  refused: z.array(z.strictObject({ digest, code: z.enum(Object.keys(REFUSALS) as [RefusalCode, ...RefusalCode[]]), evidence: z.string().max(120).optional() })).max(PARCEL_MESSAGES_MAX)
})

/** Takes the place of a message that had a position on a stream but must not be sent again: withdrawn by policy, expired, erased. */
export const tombstone = z.strictObject({
  type: z.literal('tombstone/1'), ...claims, of: digest, reason: z.enum(['withheld', 'expired', 'erased'])
})

export const MESSAGE_SCHEMAS = {
  'hit/1': hit, 'hit.update/1': hitUpdate, 'hit.withdraw/1': hitWithdraw,
  'hotlist.share/1': hotlistShare, 'hotlist.withdraw/1': hotlistWithdraw,
  'candidate/1': candidate, 'candidate.withdraw/1': candidateWithdraw, 'receipt/1': receipt, 'tombstone/1': tombstone
} as const

export type MessageType = keyof typeof MESSAGE_SCHEMAS
export const MESSAGE_TYPES = Object.keys(MESSAGE_SCHEMAS) as MessageType[]
export type HitMessage = z.infer<typeof hit> | z.infer<typeof hitUpdate>
export type HitWithdraw = z.infer<typeof hitWithdraw>
export type HotlistShare = z.infer<typeof hotlistShare>
export type HotlistWithdraw = z.infer<typeof hotlistWithdraw>
export type Candidate = z.infer<typeof candidate>
export type CandidateWithdraw = z.infer<typeof candidateWithdraw>
export type Receipt = z.infer<typeof receipt>
export type Tombstone = z.infer<typeof tombstone>
export type Message = HitMessage | HitWithdraw | HotlistShare | HotlistWithdraw | Candidate | CandidateWithdraw | Receipt | Tombstone

declare const verified: unique symbol
/** A message whose bytes, signature, chain and claims were checked; keys/open.ts is the only maker. */
export type Verified<M> = M & { readonly [verified]: true }

/** `hit/1` ↔ `tiltas-hit.1+jws`, the `typ` header of RFC 7515 section 4.1.9. */
export const typOf = (type: MessageType): string => `tiltas-${type.replace('/', '.')}+jws`
const TYPES_BY_TYP = new Map(MESSAGE_TYPES.map(type => [typOf(type), type]))
export const typeOfTyp = (typ: string): MessageType | undefined => TYPES_BY_TYP.get(typ)

/** The grant vocabulary's name of a message type: without its version. */
export const kindOf = (type: MessageType): MessageKind => type.slice(0, type.indexOf('/')) as MessageKind
export type MessageKind = 'hit' | 'hit.update' | 'hit.withdraw' | 'hotlist.share' | 'hotlist.withdraw' | 'candidate' | 'candidate.withdraw' | 'receipt' | 'tombstone'

/** Which stream carries it. Withdrawals and receipts overtake; lists wait. */
export function streamClassOf (message: Message): StreamClass {
  switch (message.type) {
    case 'receipt/1': case 'tombstone/1': case 'hit.withdraw/1': case 'hotlist.withdraw/1': return 'urgent'
    case 'hotlist.share/1': return 'bulk'
    // Behind the candidate that it takes back.
    case 'candidate/1': case 'candidate.withdraw/1': return 'normal'
    default: return STOP_ACTIONS.includes(message.action) ? 'urgent' : 'normal'
  }
}

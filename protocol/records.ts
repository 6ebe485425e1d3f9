/**
 * What a node keeps, and under which key. Records are JSON; those marked personal are encrypted under a key of their own.
 * Keys hold identifiers and numbers only, never a plate or a name.
 */
import type { Justification, Actor, Consultable, OwnEntry } from './commands.ts'
import type { AgencyId, Digest, EntryRef, MessageId, NodeId } from './identifiers.ts'
import type { Candidate, MessageKind, PolicyRef, SharedEntry } from './messages/message.ts'
import type { StreamClass, Verification } from './messages/vocabulary.ts'
import type { PolicyQuestion } from './policies/decide.ts'
import type { LintFinding } from './policies/lint.ts'

const HEX_DIGITS = 12
/** Numbers in keys: fixed width, so that text order is number order. */
export const numberKey = (n: number): string => n.toString(16).padStart(HEX_DIGITS, '0')

export const keyOf = {
  logLeaf: (index: number) => `log/leaf/${index.toString(16).padStart(16, '0')}`,
  logTile: (level: number, index: number) => `log/tile/${String(level).padStart(2, '0')}/${index.toString(16).padStart(16, '0')}`,
  logHead: 'log/head',
  logCheckpoint: 'log/checkpoint',
  /** Up to which month record keys were erased. */
  erased: 'erased',
  grant: (agency: AgencyId, id: string, version: number) => `grant/${agency}/${id}/${numberKey(version)}`,
  policyChange: (agency: AgencyId, number: number) => `policy/change/${agency}/${numberKey(number)}`,
  policyVersion: (agency: AgencyId, id: string, version: number) => `policy/version/${agency}/${id}/${numberKey(version)}`,
  ownEntry: (agency: AgencyId, ref: EntryRef) => `entry/own/${agency}/${refKey(ref)}`,
  heldEntry: (owner: AgencyId, ref: EntryRef) => `entry/held/${owner}/${refKey(ref)}`,
  placedEntry: (owner: AgencyId, ref: EntryRef) => `entry/placed/${owner}/${refKey(ref)}`,
  heldCount: (owner: AgencyId) => `entry/count/${owner}`,
  dedupe: (owner: AgencyId, ref: EntryRef) => `dedupe/${owner}/${refKey(ref)}`,
  candidate: (id: MessageId) => `candidate/${id}`,
  waiting: (agency: AgencyId, id: MessageId) => `waiting/${agency}/${id}`,
  outStream: (peer: NodeId, streamClass: StreamClass) => `stream/out/${peer}/${streamClass}`,
  inStream: (peer: NodeId, streamClass: StreamClass) => `stream/in/${peer}/${streamClass}`,
  out: (peer: NodeId, streamClass: StreamClass, n: number) => `out/${peer}/${streamClass}/${numberKey(n)}`,
  position: (peer: NodeId, streamClass: StreamClass, seq: number) => `position/${peer}/${streamClass}/${numberKey(seq)}`,
  sentMessage: (id: MessageId) => `message/${id}`,
  received: (id: MessageId) => `received/${id}`,
  parked: (digest: Digest) => `parked/${digest}`,
  hitList: (agency: AgencyId, leaf: number) => `hit/list/${agency}/${numberKey(leaf)}`,
  hitState: (hitId: MessageId) => `hit/state/${hitId}`,
  sentHit: (agency: AgencyId, leaf: number) => `hit/sent/${agency}/${numberKey(leaf)}`,
  consultation: (leaf: number) => `consultation/${numberKey(leaf)}`
} as const

/** `/` separates key parts, and a reference may hold one. */
const refKey = (ref: string): string => ref.replaceAll('/', '~')

/** Our side of a stream to a peer. `floor` is the first queue number not yet given a position; `above` those that were, beyond it. */
export interface OutStreamRecord {
  readonly incarnation: string, readonly seq: number, readonly hash: Digest | ''
  readonly tail: number, readonly floor: number, readonly above: readonly number[]
  readonly acknowledged: number, readonly acknowledgedHash: Digest | '', readonly receipted: number
}
/** What we hold of a peer's stream. */
export interface InStreamRecord { readonly incarnation: string, readonly seq: number, readonly hash: Digest | '' }

/** A message that waits to be sent, and afterwards the sent archive. Personal. */
export interface OutRecord {
  readonly id: MessageId, readonly digest: Digest, readonly kind: MessageKind | 'transit'
  readonly from: AgencyId, readonly to: AgencyId, readonly exp: number
  /** base64url */
  readonly k: string
  readonly jws: string
  /** Asked again before it leaves; absent where no grant is needed (receipts, candidates to the own home). */
  readonly question?: PolicyQuestion
  readonly policy?: PolicyRef
  readonly leaf?: number
  readonly c?: Digest
  /** In transit: the digests of what another node sealed; `jws` then holds the JWE. */
  readonly digests?: readonly Digest[]
}
/** One parcel that had a position. */
export interface PositionRecord { readonly incarnation: string, readonly prev: Digest | '', readonly hash: Digest, readonly from: AgencyId, readonly to: AgencyId, readonly exp: number, readonly digests: readonly Digest[], readonly numbers: readonly number[], readonly at: number }

export type SentState = 'queued' | 'receipted' | 'refused' | 'withheld' | 'expired'
export interface SentMessageRecord {
  readonly peer: NodeId, readonly streamClass: StreamClass, readonly n: number, readonly kind: MessageKind, readonly to: AgencyId
  readonly state: SentState, readonly c: Digest, readonly leaf: number, readonly receiptLeaf?: number, readonly receiptIndex?: number, readonly refusal?: string
  /** The receipt named another commitment than our leaf: the two logs do not agree. */
  readonly differs?: true
}
/** A message that we accepted, as it came. Personal. */
export interface ReceivedRecord { readonly jws: string, readonly k: string, readonly digest: Digest, readonly leaf: number, readonly c: Digest, readonly at: number }
/** A message of a version that we do not know, byte for byte. Personal. */
export interface ParkedRecord { readonly jws: string, readonly k: string, readonly from: AgencyId, readonly code: string, readonly at: number }

export type CandidateState = 'waiting' | 'sent' | 'refused' | 'rejected' | 'duplicate'
/** What became of a candidate; what it says is in `received/`, under the same id. */
export interface CandidateRecord {
  readonly agency: AgencyId, readonly entry: { readonly owner: AgencyId, readonly ref: EntryRef }
  readonly state: CandidateState, readonly because?: string, readonly leaf: number
  /** Where it was made, when not here: whoever keeps its footage is told when it is taken back. */
  readonly site?: NodeId
  readonly hitId?: MessageId, readonly revision?: number, readonly verification?: Verification, readonly ordinal?: number, readonly messageId?: MessageId, readonly policy?: PolicyRef
}
/** What we know of one entry's hits in this nation: first hit only, unless the owner asked for more. */
export interface DedupeRecord {
  readonly hits: number
  readonly waiting?: { readonly candidate: MessageId, readonly readId: MessageId, readonly exact: boolean, readonly at: number }
}
/** Of a hit that we received. */
export interface HitStateRecord { readonly agency: AgencyId, readonly from: AgencyId, readonly revision: number, readonly state: 'active' | 'withdrawn', readonly because?: string, readonly message: MessageId, readonly leaf: number, readonly at: number }
/** Personal: it holds the plate. */
export interface OwnEntryRecord {
  readonly entry: OwnEntry, readonly plate: string, readonly state: 'in-force' | 'ended', readonly because?: string, readonly leaf: number
  /** iat of our latest word on it: the next one is never older, whatever the clock says. */
  readonly toldAt?: number
  readonly shared: readonly SharedWith[]
}
/** Who was told of an entry, and by which messages; `node` when it was placed at a site. */
export interface SharedWith { readonly agency: AgencyId, readonly node?: NodeId, readonly share: MessageId, readonly withdraw?: MessageId }
/** Another agency's entry that was shared with one of ours, or placed at this site. Personal. `saidAt`: iat of the latest word on it. */
export interface HeldEntryRecord {
  readonly entry?: SharedEntry, readonly from: AgencyId, readonly holder: AgencyId, readonly state: 'in-force' | 'ended', readonly saidAt: number
  /** iat of our latest word to our sites. */
  readonly toldAt?: number
  readonly shared: readonly SharedWith[]
}
/** Personal: it names the person. */
export interface ConsultationRecord { readonly actor: Actor, readonly of: Consultable, readonly because: Justification, readonly at: number, readonly k: string }

/** `open` until it is approved, taken back, too old, or overtaken by another change of the same grants; `alone`: what one person may do took effect at once. */
export type PolicyChangeState = 'open' | 'approved' | 'withdrawn' | 'lapsed' | 'superseded' | 'alone'
/** Who did something to a change, with the key of the commitment in its leaf. */
export interface PolicyAct { readonly by: Actor, readonly at: number, readonly leaf: number, readonly k: string }
/** A change of the sharing policy with all that became of it. Personal: it names the persons. `text` is what its hash covers. */
export interface PolicyChangeRecord {
  readonly text: string, readonly hash: Digest, readonly state: PolicyChangeState
  readonly findings: readonly LintFinding[]
  readonly drafted: PolicyAct
  /** By the second person, or by whoever took it back; absent where time closed it. */
  readonly closed?: PolicyAct
  /** The versions that it made. */
  readonly made: readonly string[]
}
/** When a version of a grant was put in force or ended, and by which change. Not personal. */
export interface PolicyVersionRecord { readonly at: number, readonly leaf: number, readonly change: number, readonly hash: Digest }

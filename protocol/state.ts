/**
 * What a node keeps in memory: the right edge of its log, one window for each stream, its grants, who is where.
 * Anything that grows with history lives in the store and reaches the machine as facts.
 */
import type { Position } from './delivery/frames.ts'
import { EMPTY_DIRECTORY, type Directory } from './directory.ts'
import type { AgencyId, Digest, MessageId, NodeId } from './identifiers.ts'
import { emptyEdge, type LogEdge } from './log/tree.ts'
import type { Message } from './messages/message.ts'
import type { StreamClass } from './messages/vocabulary.ts'
import { PolicyEngine } from './policies/decide.ts'
import type { PolicyChange } from './policies/change.ts'
import type { Grant } from './policies/grant.ts'
import type { OutRecord, PolicyChangeRecord } from './records.ts'
import type { Afterwards } from './turn.ts'

export interface ReadyMessage { readonly n: number, readonly record: OutRecord, readonly bytes: number }
export interface InFlight { readonly seq: number, readonly hash: Digest }

/** Our side of a stream to one peer and class. */
export interface OutStream {
  readonly peer: NodeId
  readonly streamClass: StreamClass
  incarnation: string
  /** Last position given. */
  seq: number
  hash: Digest | ''
  /** Next queue number to be given. */
  tail: number
  /** First queue number without a position. */
  floor: number
  /** Numbers from floor on that have one already. */
  readonly above: Set<number>
  /** Messages from floor on, held ready; `loadedTo` is the first number not looked at yet. */
  ready: ReadyMessage[]
  loadedTo: number
  loading: boolean
  acknowledged: number
  acknowledgedHash: Digest | ''
  inFlight: InFlight[]
  /** Waits for the peer agency's receipt. */
  readonly unreceipted: Map<MessageId, { readonly n: number, readonly digest: Digest }>
  link: string | undefined
  /** The peer said what it holds, and we stand right behind it. */
  live: boolean
  /** We are sending again what the peer does not hold: what it said, and the last position sent since. */
  resume: { readonly holds: Position | null, sentTo: number } | undefined
  attempts: number
  /** The acknowledgement timer runs; the position it was set at. */
  watched: number | undefined
  changed: boolean
  lastHeardAt: number | undefined
}

/** What we hold of a peer's stream. */
export interface InStream { incarnation: string, seq: number, hash: Digest | '' }

/** A message that is being signed, and what follows once it is. */
export interface Draft { readonly message: Message, readonly k: Uint8Array, readonly then: Afterwards }

/** A change that waits for a second person. */
export interface OpenChange { readonly change: PolicyChange, readonly record: PolicyChangeRecord }
/** A version that one person put in force alone within OVERRIDE_WINDOW_SECONDS; `isOver` once that was said. Unix seconds. */
export interface Override { readonly agency: AgencyId, readonly grant: string, readonly at: number, readonly until: number, readonly isOver: boolean }
export interface PolicyDesk {
  /** By `agency/number`. */
  readonly open: Map<string, OpenChange>
  /** The number of the last change of each agency. */
  readonly numbers: Map<AgencyId, number>
  overrides: readonly Override[]
}

export interface NodeState {
  directory: Directory
  readonly log: { readonly origin: string, edge: LogEdge, signedSize: number, checkpointSize: number, checkpointPending: boolean, checkpointDue: boolean }
  readonly policies: PolicyEngine
  /** Latest version of each grant, by `agency/id`. */
  readonly grants: Map<string, Grant>
  readonly desk: PolicyDesk
  readonly outStreams: Map<string, OutStream>
  readonly inStreams: Map<string, InStream>
  readonly drafts: Map<number, Draft>
  nextTicket: number
  waitingCandidates: number
  parkedMessages: number
}

export const streamKey = (peer: NodeId, streamClass: StreamClass): string => `${peer}|${streamClass}`

export const newState = (self: NodeId, origin: string): NodeState => ({
  directory: EMPTY_DIRECTORY(self),
  log: { origin, edge: emptyEdge(), signedSize: 0, checkpointSize: 0, checkpointPending: false, checkpointDue: false },
  policies: new PolicyEngine(), grants: new Map(), desk: { open: new Map(), numbers: new Map(), overrides: [] },
  outStreams: new Map(), inStreams: new Map(), drafts: new Map(),
  nextTicket: 1, waitingCandidates: 0, parkedMessages: 0
})

export const newOutStream = (peer: NodeId, streamClass: StreamClass): OutStream => ({
  peer, streamClass, incarnation: '', seq: 0, hash: '', tail: 0, floor: 0, above: new Set(), ready: [], loadedTo: 0, loading: false,
  acknowledged: 0, acknowledgedHash: '', inFlight: [], unreceipted: new Map(),
  link: undefined, live: false, resume: undefined, attempts: 0, watched: undefined, changed: false, lastHeardAt: undefined
})

/** What the faces (CLI socket, later the browser console) may ask of a running node. Implemented by node/service.ts. */
import type { Actor, Command, CommandResult, Justification, OwnEntry } from '../../protocol/commands.ts'
import type { AgencyId, EntryRef, MessageId, NodeId } from '../../protocol/identifiers.ts'
import type { HitMessage } from '../../protocol/messages/message.ts'
import type { Grant } from '../../protocol/policies/grant.ts'
import type { EvidenceService } from './evidence-service.ts'
import type { PolicyService } from './policy-service.ts'

export interface PeerStatus { readonly node: NodeId, readonly reachable: boolean, readonly queued: number, readonly unreceipted: number, readonly lastHeardAt?: number }
/** How a camera is: counts and codes, nothing that it saw (node/recognition/camera-health.ts explains each). */
export interface CameraStatus {
  readonly camera: string, readonly siteRef: string, readonly state: 'starting' | 'working' | 'silent' | 'troubled' | 'stopped', readonly fault?: string, readonly since: number
  readonly frames: number, readonly still: number, readonly looks: number, readonly reads: number, readonly corrected: number
  readonly rejected: { readonly [reason: string]: number }, readonly dropped: number
  readonly lastFrameAt?: number, readonly lastReadAt?: number, readonly clockOffsetMs?: number
  readonly sharpness?: number, readonly brightness?: number, readonly isNight?: boolean, readonly isBlurred?: boolean
}
export interface WitnessStatus { readonly name: string, readonly size: number, readonly at?: number, readonly failed?: string }
export interface NodeStatus {
  readonly node: NodeId, readonly version: string, readonly startedAt: number
  readonly agencies: readonly AgencyId[], readonly peers: readonly PeerStatus[]
  /** `witnessed`: the size up to which enough witnesses have cosigned. */
  readonly log: { readonly origin: string, readonly size: number, readonly root: string, readonly witnessed: number, readonly witnesses: readonly WitnessStatus[] }
  readonly waitingCandidates: number, readonly entries: number,
  /** Changes of policy that wait for a second person, and grants that one person put in force alone. Unix seconds. */
  readonly openDrafts: number, readonly overrides: readonly { readonly agency: AgencyId, readonly grant: string, readonly until: number }[],
  readonly addresses: readonly string[]
  /** Absent where none are. */
  readonly cameras?: readonly CameraStatus[]
}
/** A hit as its owner sees it. */
export interface HitView {
  readonly hit: HitMessage, readonly receivedAt: number, readonly state: 'active' | 'withdrawn'
  readonly withdrawnBecause?: string, readonly leafIndex: number
}
/** A hit as its sender sees it. */
export interface SentHitView {
  readonly hit: HitMessage, readonly sentTo: AgencyId
  /** What an officer confirms or rejects. */
  readonly candidate: MessageId
  readonly state: 'queued' | 'receipted' | 'refused' | 'withheld' | 'expired' | 'withdraw-pending' | 'withdrawn'
  readonly refusal?: string, readonly leafIndex: number, readonly receiptIndex?: number
}
export interface CandidateView {
  readonly id: MessageId, readonly agency: AgencyId, readonly state: 'waiting' | 'sent' | 'refused' | 'rejected' | 'duplicate'
  readonly plate: string, readonly country?: string, readonly match: string, readonly confidence: number, readonly observedAt: number
  readonly entryOwner: AgencyId, readonly entryRef: EntryRef, readonly reason?: string
}
export interface EntryView { readonly owner: AgencyId, readonly entry: Partial<OwnEntry> & Pick<OwnEntry, 'ref' | 'plate' | 'category' | 'action' | 'until'>, readonly state: 'in-force' | 'ended' | 'withdraw-pending', readonly sharedWith: readonly { agency: AgencyId, state: string }[] }
export interface LogReport {
  readonly ok: boolean, readonly size: number, readonly root: string, readonly checkpointSize: number
  readonly checked: { readonly leaves: number, readonly checkpoint: boolean, readonly commitmentsOpened: number, readonly receiptsCompared: number }
  /** What is wrong, in sentences without personal data. */
  readonly findings: readonly string[]
}

export interface NodeService {
  readonly policies: PolicyService
  readonly evidence: EvidenceService
  status (): Promise<NodeStatus>
  /** Resolves when durable and logged. */
  command (actor: Actor, command: Command): Promise<CommandResult>
  grants (agency: AgencyId): Promise<readonly { grant: Grant, version: number, hash: string, sentence: string, cedar: string }[]>
  /** The one door to personal data: each logs its leaf first; a refusal carries the command error. */
  hits (actor: Actor, agency: AgencyId, because: Justification, page: { after?: string, limit: number }): Promise<{ hits: HitView[], next?: string } | CommandResult>
  followHits (actor: Actor, agency: AgencyId, signal: AbortSignal): AsyncIterable<HitView>
  sentHits (actor: Actor, agency: AgencyId, because: Justification, page: { after?: string, limit: number }): Promise<{ hits: SentHitView[], next?: string } | CommandResult>
  candidates (actor: Actor, agency: AgencyId, because: Justification): Promise<{ candidates: CandidateView[] } | CommandResult>
  entries (actor: Actor, agency: AgencyId, because: Justification): Promise<{ entries: EntryView[] } | CommandResult>
  verifyLog (): Promise<LogReport>
  checkpoint (): Promise<string>
  /** The newest one that enough witnesses cosigned; empty before. */
  witnessedCheckpoint (): Promise<string>
  /** The log's public keys, as witnesses take them. */
  logKeys (): Promise<readonly string[]>
  trust (): Promise<readonly string[]>
}

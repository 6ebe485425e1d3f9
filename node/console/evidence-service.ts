/** What may be asked of footage that is kept here. Implemented by node/evidence-service.ts. */
import type { Actor, CommandResult, Justification } from '../../protocol/commands.ts'
import type { AgencyId, Digest, MessageId } from '../../protocol/identifiers.ts'

export interface EvidenceView {
  readonly readId: MessageId, readonly siteRef: string, readonly at: number
  readonly frames: number, readonly bytes: number
  /** What hits of it carry. */
  readonly commitment: Digest
  /** Gone then, unless a match pins it. */
  readonly until: number, readonly pinnedUntil?: number
  readonly candidates: readonly MessageId[]
}
/** A frame to be handed over: `salt` and `bytes` in base64url and base64. */
export interface ExportedFrame { readonly at: number, readonly mediaType: string, readonly salt: string, readonly bytes: string }
export interface EvidenceExport { readonly evidence: EvidenceView, readonly manifest: string, readonly frames: readonly ExportedFrame[] }
export interface EvidenceRoom { readonly sets: number, readonly pinned: number, readonly bytes: number, readonly bytesMax: number, readonly displaced: number, readonly unkept: number }

export interface EvidenceService {
  /** Both log their leaf first. */
  list (actor: Actor, agency: AgencyId, because: Justification): Promise<{ evidence: EvidenceView[], room: EvidenceRoom } | CommandResult>
  /** `id` of the read, of a candidate that was made of it, or of the hit that a partner was told; a case is required. */
  export (actor: Actor, agency: AgencyId, id: MessageId, because: Justification): Promise<EvidenceExport | CommandResult>
}

/** Footage as people ask for it: the leaf of the consultation is durable first, then the ring is read. */
import type { Actor, CommandResult, Consultable, Justification } from '../protocol/commands.ts'
import { toBase64url } from '../protocol/bytes.ts'
import type { EvidenceService, EvidenceView } from './console/evidence-service.ts'
import { manifestOf } from './recognition/evidence.ts'
import type { EvidenceRing, EvidenceRow } from './recognition/evidence-ring.ts'

export interface EvidenceServiceParts {
  /** Undefined when the door is open, else why not. */
  consult (actor: Actor, of: Consultable, because: Justification): Promise<CommandResult | undefined>
  /** Undefined where this node keeps no footage. */
  ring (): EvidenceRing | undefined
}

const NO_ROOM = { sets: 0, pinned: 0, bytes: 0, bytesMax: 0, displaced: 0, unkept: 0 }
const viewOf = ({ readId, siteRef, at, frames, bytes, commitment, until, pinnedUntil, candidates }: EvidenceRow): EvidenceView =>
  ({ readId, siteRef, at, frames, bytes, commitment, until, ...(pinnedUntil !== undefined && { pinnedUntil }), candidates })

export function createEvidenceService ({ consult, ring }: EvidenceServiceParts): EvidenceService {
  return {
    async list (actor, agency, because) {
      const closed = await consult(actor, { what: 'evidence', agency }, because)
      return closed ?? { evidence: (ring()?.list(agency) ?? []).map(viewOf), room: ring()?.totals() ?? NO_ROOM }
    },
    async export (actor, agency, id, because) {
      const closed = await consult(actor, { what: 'evidence', agency, read: id }, because)
      if (closed !== undefined) return closed
      const row = ring()?.find(id)
      const frames = row?.controller === agency ? await ring()?.read(row.readId) : undefined
      if (row === undefined || frames === undefined) return { ok: false, code: 'unknown-evidence' }
      const files = frames.map(({ at, mediaType, salt, bytes }) => ({ at, mediaType, salt: toBase64url(salt), bytes: Buffer.from(bytes).toString('base64') }))
      return { evidence: viewOf(row), manifest: manifestOf(frames), frames: files }
    }
  }
}

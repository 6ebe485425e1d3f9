/** Routes about footage that is kept at this node. */
import { z } from 'zod'
import { justification } from '../../protocol/commands.ts'
import { agencyId, messageId } from '../../protocol/messages/message.ts'
import { accepted } from './answers.ts'
import type { EvidenceService } from './evidence-service.ts'
import type { RouteMaker } from './policy-routes.ts'

const listed = z.strictObject({ agency: agencyId, reason: justification.shape.code, case: justification.shape.case })
const one = z.strictObject({ ...listed.shape, id: messageId, case: justification.shape.case.unwrap() })

export function addEvidenceRoutes ({ guarded, ask }: RouteMaker, evidence: EvidenceService): void {
  guarded('GET', '/v1/evidence', async (actor, { query }) => {
    const { agency, reason, case: number } = ask(listed, query)
    return accepted(await evidence.list(actor, agency, { code: reason, case: number }))
  })
  guarded('GET', '/v1/evidence/export', async (actor, { query }) => {
    const { agency, id, reason, case: number } = ask(one, query)
    return accepted(await evidence.export(actor, agency, id, { code: reason, case: number }))
  })
}

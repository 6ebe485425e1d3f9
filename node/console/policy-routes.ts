/** Routes about sharing policies: changes and their history, what is and was in force, dry runs, decisions, the register. */
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { justification, type Actor } from '../../protocol/commands.ts'
import { agencyId, messageId, seconds } from '../../protocol/messages/message.ts'
import { CATEGORIES, MATCH_KINDS, VERIFICATIONS } from '../../protocol/messages/vocabulary.ts'
import { DRAFT_ID, DRY_RUN_DAYS_MAX, wantedGrants } from '../../protocol/policies/change.ts'
import { accepted, apiError } from './answers.ts'
import type { PolicyService } from './policy-service.ts'

/** Changes on one page. */
const CHANGES_PAGE_MAX = 200

type Handler = (actor: Actor, request: FastifyRequest) => unknown
export interface RouteMaker {
  guarded (method: 'GET' | 'POST', path: string, handle: Handler): void
  /** The parsed value, or a refusal that names the fields. */
  ask<Schema extends z.ZodType> (schema: Schema, value: unknown): z.output<Schema>
}

const draft = z.string().regex(DRAFT_ID)
const language = z.enum(['lv', 'lt', 'en']).default('en')
const because = { reason: justification.shape.code, case: justification.shape.case }
const moment = z.coerce.number().pipe(seconds)
const days = z.int().min(1).max(DRY_RUN_DAYS_MAX)

const listed = z.strictObject({ agency: agencyId, after: draft.optional(), limit: z.coerce.number().int().min(1).max(CHANGES_PAGE_MAX).default(50) })
const one = z.strictObject({ agency: agencyId, draft, language })
const who = z.strictObject({
  agency: agencyId, category: z.enum(CATEGORIES), siteGroup: z.string().regex(/^[A-Za-z0-9_-]{1,32}$/), match: z.enum(MATCH_KINDS).default('exact'), verification: z.enum(VERIFICATIONS).default('none')
})
const at = z.strictObject({ agency: agencyId, at: moment, partner: agencyId.optional(), language })
const decision = z.strictObject({ agency: agencyId, id: messageId, ...because })
const span = z.strictObject({ agency: agencyId, from: moment, until: moment, ...because })
const job = z.strictObject({ job: z.string().regex(/^r-\d{1,15}$/) })
const ofDraft = z.strictObject({ agency: agencyId, days, draft, ...because })
const ofGrants = z.strictObject({ agency: agencyId, days, ...wantedGrants.shape, ...because })
const dryRun = z.union([ofDraft, ofGrants])

export function addPolicyRoutes ({ guarded, ask }: RouteMaker, policies: PolicyService): void {
  guarded('GET', '/v1/policy/changes', async (actor, { query }) => {
    const { agency, ...page } = ask(listed, query)
    return accepted(await policies.changes(actor, agency, page))
  })
  guarded('GET', '/v1/policy/change', async (actor, { query }) => {
    const asked = ask(one, query)
    return accepted(await policies.change(actor, asked.agency, asked.draft, asked.language))
  })
  guarded('GET', '/v1/policy/who', async (actor, { query }) => accepted(await policies.whoGets(actor, ask(who, query))))
  guarded('GET', '/v1/policy/at', async (actor, { query }) => {
    const asked = ask(at, query)
    return accepted(await policies.inForceAt(actor, asked.agency, asked.at, asked.partner, asked.language))
  })
  guarded('GET', '/v1/policy/decision', async (actor, { query }) => {
    const { agency, id, reason, case: number } = ask(decision, query)
    return accepted(await policies.explain(actor, agency, id, { code: reason, case: number }))
  })
  guarded('GET', '/v1/policy/register', async (actor, { query }) => {
    const { agency, from, until, reason, case: number } = ask(span, query)
    return accepted(await policies.register(actor, agency, { from, until }, { code: reason, case: number }))
  })
  guarded('POST', '/v1/policy/dry-run', async (actor, { body }) => {
    const { reason, case: number, ...wanted } = ask(dryRun, body)
    return accepted(await policies.startDryRun(actor, wanted, { code: reason, case: number }))
  })
  guarded('GET', '/v1/policy/dry-run', (actor, { query }) => {
    const progress = policies.dryRun(actor, ask(job, query).job)
    if (progress === undefined) throw apiError('bad-request', 'job')
    return progress
  })
}

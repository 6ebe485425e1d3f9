/**
 * From what an admin wants to a change that could be approved: complete grants with their next versions, what the linter
 * says, and the limits. Pure; the machine drafts with it, and a dry run of a file previews with the same.
 */
import type { AgencyId } from '../identifiers.ts'
import { GRANTS_PER_AGENCY_MAX } from '../limits.ts'
import { GRANTS_PER_CHANGE_MAX, idOfRef, type PolicyChange, type WantedGrants } from './change.ts'
import type { PolicyEngine } from './decide.ts'
import { grantSchema, refOf, type Grant } from './grant.ts'
import { isApprovable, lintGrants, type LintFinding } from './lint.ts'

export interface Planned { readonly put: readonly Grant[], readonly end: readonly string[], readonly findings: readonly LintFinding[] }
export type PlanRefusal = { readonly code: 'malformed' | 'ended' | 'unknown-grant' | 'not-lawful' | 'limit-reached', readonly detail?: string }
type Latest = (id: string) => Grant | undefined
const unique = (values: readonly string[]): boolean => new Set(values).size === values.length

/** What the policy consists of while something is planned: the newest version of each grant, those of them that are not over, and what is in force. */
export interface PolicyNow { readonly latest: Latest, readonly standing: readonly Grant[], readonly inForce: readonly Grant[] }

const described = (issues: readonly { path: PropertyKey[], message: string }[]): string => issues.map(issue => `${issue.path.join('.')}: ${issue.message}`).slice(0, 5).join('; ')

function parsePut (agency: AgencyId, put: WantedGrants['put'], { latest }: PolicyNow, now: number): Grant[] | PlanRefusal {
  const grants: Grant[] = []
  for (const wanted of put) {
    const parsed = grantSchema.safeParse({ ...wanted, agency, version: (latest(String(wanted['id']))?.version ?? 0) + 1 })
    if (!parsed.success) return { code: 'malformed', detail: described(parsed.error.issues) }
    if (parsed.data.until <= now) return { code: 'ended', detail: 'until' }
    grants.push(parsed.data)
  }
  return grants
}

/** The grants of an agency beside those that the change touches, and those that it puts. */
function policyBeside (policy: readonly Grant[], put: readonly Grant[], ended: readonly string[]): Grant[] {
  const touched = new Set<string>([...put.map(({ id }) => id), ...ended])
  return [...policy.filter(({ id }) => !touched.has(id)), ...put]
}

/** The linter over every grant that is to be put, each beside what the policy will then be. */
export function lintChange (put: readonly Grant[], ended: readonly string[], inForce: readonly Grant[]): LintFinding[] {
  const policy = policyBeside(inForce, put, ended)
  const found = lintGrants(put, grant => policy.filter(other => other.id !== grant.id))
  return put.flatMap((grant, i) => found[i]!.map(finding => ({ ...finding, field: `${grant.id}${finding.field === '' ? '' : '.'}${finding.field}` })))
}

/** Refuses what no approval could put in force. `now` in unix seconds. Findings that remain are warnings. */
export function planChange (agency: AgencyId, wanted: WantedGrants, policy: PolicyNow, now: number): Planned | PlanRefusal {
  const put = parsePut(agency, wanted.put, policy, now)
  if ('code' in put) return put
  const named = [...put.map(({ id }) => id as string), ...wanted.end]
  if (named.length === 0 || named.length > GRANTS_PER_CHANGE_MAX || !unique(named)) return { code: 'malformed', detail: named.length === 0 ? 'put' : 'a grant is named twice, or too many' }
  const ending = wanted.end.map(id => policy.latest(id))
  if (ending.some(grant => grant === undefined || grant.until <= now)) return { code: 'unknown-grant' }
  const findings = lintChange(put, wanted.end, policy.inForce)
  if (!isApprovable(findings)) return { code: 'not-lawful', detail: errorsOf(findings) }
  if (isTooMany(put, policyBeside(policy.standing, put, wanted.end))) return { code: 'limit-reached', detail: 'GRANTS_PER_AGENCY_MAX' }
  return { put, end: ending.map(grant => refOf(grant!)), findings }
}

const overlaps = (a: Grant, b: Grant): boolean => a.from < b.until && b.from < a.until
/** Whether too many would be in force at once, at any time. */
const isTooMany = (put: readonly Grant[], policy: readonly Grant[]): boolean => put.some(grant => policy.filter(other => overlaps(grant, other)).length > GRANTS_PER_AGENCY_MAX)

/** Codes and fields of what forbids a change; never what the fields hold. */
export const errorsOf = (findings: readonly LintFinding[]): string => findings.filter(({ severity }) => severity === 'error').map(({ code, field }) => `${field}: ${code}`).slice(0, 8).join('; ')

/** Whether the grants that it names are still the ones that it was drafted upon. */
export const isUpToDate = ({ put, end }: Pick<PolicyChange, 'put' | 'end'>, latest: Latest): boolean =>
  put.every(grant => (latest(grant.id)?.version ?? 0) === grant.version - 1) && end.every(ref => { const grant = latest(idOfRef(ref)); return grant !== undefined && refOf(grant) === ref })

/** The version that ends a grant at `now`, also one that has not begun. */
export const endedVersion = (before: Grant, now: number): Grant => ({ ...before, version: before.version + 1, from: Math.min(before.from, now - 1), until: now })

/** The terms of an earlier version as the next one: from now until its old end, or until `until`. */
export const restoredTerms = (earlier: Grant, now: number, until: number | undefined): { [name: string]: unknown } => ({ ...earlier, from: now, until: until ?? earlier.until })

/** Of one agency, from the newest versions by `agency/id` and the engine that enforces. `now` in unix seconds. */
export const policyNow = (agency: AgencyId, grants: ReadonlyMap<string, Grant>, policies: PolicyEngine, now: number): PolicyNow => ({
  latest: id => grants.get(`${agency}/${id}`),
  standing: [...grants.values()].filter(grant => grant.agency === agency && grant.until > now),
  inForce: policies.inForce(agency, now)
})

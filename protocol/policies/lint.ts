/**
 * What law and prudence say of a grant before anybody approves it. An error means: do not put it in force; a warning
 * means: a person has to answer for it. Codes are closed, findings name fields, never values.
 */
import { nationOf, type NationId } from '../identifiers.ts'
import { HANDLING_CODES } from '../messages/vocabulary.ts'
import { validationErrors } from './cedar.ts'
import { compileGrant } from './compile.ts'
import { GRANT_SECONDS_MAX, grantSchema, kindsCovered, refOf, type Grant } from './grant.ts'
import { bindsBasis, isBasisInForce, legalBasisOf, type LegalBasis } from './legal-basis.ts'

export const LINT_FINDINGS = {
  'malformed': { severity: 'error', text: 'It does not have the prescribed form.' },
  'end-missing': { severity: 'error', text: 'It has no end date.' },
  'lasts-too-long': { severity: 'error', text: 'It lasts longer than 366 days.' },
  'not-valid-policy': { severity: 'error', text: 'Its Cedar text does not validate against the schema.' },
  'basis-unknown': { severity: 'error', text: 'Its legal basis is not in the register.' },
  'basis-not-in-force': { severity: 'error', text: 'Its legal basis is not in force during the whole of its life.' },
  'basis-does-not-bind': { severity: 'error', text: 'Its legal basis does not bind both nations.' },
  'basis-unconfirmed': { severity: 'warning', text: 'No legal officer has checked this entry of the register against the official text.' },
  'retention-over-basis': { severity: 'error', text: 'The receiver may keep the data longer than the legal basis allows.' },
  'exact-abroad': { severity: 'error', text: 'Exact positions never leave the nation.' },
  'third-country-open': { severity: 'warning', text: 'The receiver may ask to pass the data to a third country (LED article 35).' },
  'harsher-than-domestic': { severity: 'warning', text: 'A condition is harsher than for the same transmission inside the nation (LED article 9(4)).' }
} as const satisfies { readonly [code: string]: { readonly severity: 'error' | 'warning', readonly text: string } }

export type LintCode = keyof typeof LINT_FINDINGS
/** `field` is where to look in the grant; `compared` the domestic grant that a condition was held against. */
export interface LintFinding { readonly code: LintCode, readonly severity: 'error' | 'warning', readonly text: string, readonly field: string, readonly compared?: string }

const finding = (code: LintCode, field: string, compared?: string): LintFinding => ({ code, ...LINT_FINDINGS[code], field, ...(compared !== undefined && { compared }) })

/** Nations at both ends; one when the grant stays at home. */
function nationsOf ({ agency, partner }: Grant): NationId[] {
  return [...new Set([nationOf(agency), 'agency' in partner ? nationOf(partner.agency) : partner.nation])]
}
const crossesBorder = (grant: Grant): boolean => nationsOf(grant).length > 1

function formFindings (draft: unknown): LintFinding[] {
  const { until, from } = (typeof draft === 'object' && draft !== null ? draft : {}) as { until?: unknown, from?: unknown }
  if (until === undefined || until === null) return [finding('end-missing', 'until')]
  if (typeof until === 'number' && typeof from === 'number' && until - from > GRANT_SECONDS_MAX) return [finding('lasts-too-long', 'until')]
  const { error } = grantSchema.safeParse(draft)
  const fields = new Set((error?.issues ?? []).map(issue => String(issue.path[0] ?? '')))
  return [...fields].map(field => finding('malformed', field))
}

function policyFindings (grant: Grant): LintFinding[] {
  const errors = validationErrors({ [refOf(grant)]: compileGrant(grant) })
  return errors?.length === 0 ? [] : [finding('not-valid-policy', '')]
}

function basisFindings (grant: Grant): LintFinding[] {
  const basis = legalBasisOf(grant.legalBasis)
  if (basis === undefined) return [finding('basis-unknown', 'legalBasis')]
  const found: LintFinding[] = []
  if (!isBasisInForce(basis, grant.from) || !isBasisInForce(basis, grant.until - 1)) found.push(finding('basis-not-in-force', 'legalBasis'))
  if (!bindsBasis(basis, nationsOf(grant))) found.push(finding('basis-does-not-bind', 'legalBasis'))
  if (basis.confidence !== 'official') found.push(finding('basis-unconfirmed', 'legalBasis'))
  if (keepsTooLong(grant, basis)) found.push(finding('retention-over-basis', 'retentionDays'))
  return found
}
const keepsTooLong = (grant: Grant, basis: LegalBasis): boolean => basis.retentionDaysMax !== undefined && grant.retentionDays > basis.retentionDaysMax

function borderFindings (grant: Grant): LintFinding[] {
  const found: LintFinding[] = []
  if (crossesBorder(grant) && grant.precision === 'exact') found.push(finding('exact-abroad', 'precision'))
  if (grant.thirdCountry !== 'prohibited') found.push(finding('third-country-open', 'thirdCountry'))
  return found
}

const meet = <Value>(a: readonly Value[] | 'all', b: readonly Value[] | 'all'): boolean => a === 'all' || b === 'all' || a.some(value => b.includes(value))
/** The same transmission at home: something of the same kind and category, out of the same agency, at the same time. */
const isEquivalent = (grant: Grant, other: Grant): boolean =>
  other.agency === grant.agency && other.direction === grant.direction && !crossesBorder(other) &&
  meet(kindsCovered(grant), kindsCovered(other)) && meet(grant.categories, other.categories) && other.from < grant.until && grant.from < other.until

/** Conditions put on the receiver (LED article 9(3)); how much is told is minimisation, not a condition. */
function harsherFields (grant: Grant, domestic: Grant): string[] {
  const fields: string[] = []
  if (grant.retentionDays < domestic.retentionDays) fields.push('retentionDays')
  if (HANDLING_CODES.indexOf(grant.handling) > HANDLING_CODES.indexOf(domestic.handling)) fields.push('handling')
  if (grant.thirdCountry === 'prohibited' && domestic.thirdCountry !== 'prohibited') fields.push('thirdCountry')
  return fields
}

function domesticFindings (grant: Grant, policy: readonly Grant[]): LintFinding[] {
  if (grant.direction !== 'egress' || !crossesBorder(grant)) return []
  return policy.filter(other => isEquivalent(grant, other))
    .flatMap(domestic => harsherFields(grant, domestic).map(field => finding('harsher-than-domestic', field, refOf(domestic))))
}

/** Checks a draft, of any shape, beside the other grants of its agency. Findings of form come alone. */
export function lintGrant (draft: unknown, policy: readonly Grant[]): LintFinding[] {
  const form = formFindings(draft)
  if (form.length > 0) return form
  const grant = grantSchema.parse(draft)
  return [...policyFindings(grant), ...termsFindings(grant, policy)]
}

const termsFindings = (grant: Grant, policy: readonly Grant[]): LintFinding[] => [...basisFindings(grant), ...borderFindings(grant), ...domesticFindings(grant, policy)]

/** The same of several grants of one agency, each beside what `policyBeside` says; their Cedar text is validated in one go, since that takes the time. */
export function lintGrants (grants: readonly Grant[], policyBeside: (grant: Grant) => readonly Grant[]): LintFinding[][] {
  const areValid = validationErrors(Object.fromEntries(grants.map(grant => [refOf(grant), compileGrant(grant)])))?.length === 0
  return grants.map(grant => [...(areValid ? [] : policyFindings(grant)), ...termsFindings(grant, policyBeside(grant))])
}

/** Whether nothing that was found forbids putting the grant in force. */
export const isApprovable = (findings: readonly LintFinding[]): boolean => findings.every(found => found.severity !== 'error')

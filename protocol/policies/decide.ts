/**
 * May this leave, may this enter: the sharing policies of the agencies at one node. Denied unless a grant in force permits.
 * Time decides which grants are in force and nothing else, so only those are compiled, in small sets by agency, direction
 * and partner. The same grants give the same answers whatever order they came in, here and in every simulation.
 */
import { nationOf, type AgencyId, type GrantId } from '../identifiers.ts'
import { answerOf, type PolicyAnswer, type PolicyQuestion } from './answer.ts'
import { GRANT_KINDS, type Grant, type GrantKind } from './grant.ts'
import { grantSetOf, type GrantQuestion, type GrantSet } from './grant-set.ts'
import { GrantVersions, type PutResult } from './versions.ts'

export type { GrantRef, PolicyAnswer, PolicyAnswerCode, PolicyQuestion, PolicyReason } from './answer.ts'
export type { Obligations } from './obligations.ts'
export type { PutResult } from './versions.ts'

/** Sets that one engine remembers with the span in which they hold; then it starts afresh. */
const SPANS_MAX = 8192

interface Span { readonly from: number, readonly until: number, readonly set: GrantSet }

const needsGrant = (question: PolicyQuestion): question is GrantQuestion => GRANT_KINDS.includes(question.kind as GrantKind)
const isFor = (grant: Grant, partner: AgencyId): boolean => 'agency' in grant.partner ? grant.partner.agency === partner : grant.partner.nation === nationOf(partner)

export class PolicyEngine {
  readonly #agencies = new Map<AgencyId, GrantVersions>()
  readonly #spans = new Map<string, Span>()

  /** The grant must have passed grantSchema. A version that begins later leaves the one before it in force until then. */
  put (grant: Grant): PutResult {
    const versions = this.#agencies.get(grant.agency) ?? new GrantVersions()
    this.#agencies.set(grant.agency, versions)
    this.#spans.clear()
    return versions.put(grant)
  }

  /** Ends every known version of a grant at once; an earlier or equal version that arrives later stays ended. False when none is known. */
  end (agency: AgencyId, id: GrantId): boolean {
    this.#spans.clear()
    return this.#agencies.get(agency)?.end(id) ?? false
  }

  /** Sorted by reference. `at` in unix seconds. */
  inForce (agency: AgencyId, at: number): readonly Grant[] {
    return this.#agencies.get(agency)?.inForce(at) ?? []
  }

  /** Never throws; every failure is a denial. `at` in unix seconds. */
  decide (question: PolicyQuestion, at: number): PolicyAnswer {
    if (needsGrant(question)) return this.#setFor(question, at).answer(question)
    if (question.kind !== 'candidate') return NEEDS_NO_GRANT
    return nationOf(question.agency) === nationOf(question.partner) ? NEEDS_NO_GRANT : INSIDE_NATION_ONLY
  }

  /** The next second, in unix seconds, at which a grant begins or ends; until then no answer changes by itself. */
  nextChange (at: number): number | undefined {
    let next = Infinity
    for (const versions of this.#agencies.values()) next = Math.min(next, versions.span(at).until)
    return next === Infinity ? undefined : next
  }

  #setFor ({ direction, agency, partner }: PolicyQuestion, at: number): GrantSet {
    const key = `${direction}|${agency}|${partner}`
    const known = this.#spans.get(key)
    if (known !== undefined && known.from <= at && at < known.until) return known.set
    const grants = this.inForce(agency, at).filter(grant => grant.direction === direction && isFor(grant, partner))
    const span = { ...(this.#agencies.get(agency)?.span(at) ?? ALWAYS), set: grantSetOf(grants) }
    if (this.#spans.size >= SPANS_MAX) this.#spans.clear()
    this.#spans.set(key, span)
    return span.set
  }
}

const ALWAYS = { from: -Infinity, until: Infinity }
const NEEDS_NO_GRANT = answerOf('needs-no-grant')
const INSIDE_NATION_ONLY = answerOf('inside-nation-only')

/**
 * The grants of one agency and direction that are in force towards one partner, and the answers that they gave.
 * Answers depend on the set's content and on what its policies can see, on nothing else: no clock, no order of asking.
 * So they are kept by exactly that, and sets of equal content are one set wherever in the process they are used.
 */
import { digestOf, utf8ToBytes } from '../bytes.ts'
import { nationOf, type Digest } from '../identifiers.ts'
import type { Category, MatchKind, Verification } from '../messages/vocabulary.ts'
import { answerOf, type PolicyAnswer, type PolicyQuestion } from './answer.ts'
import { askCedar, type CedarAnswer, type CedarPolicies, type CedarRequest } from './cedar.ts'
import { compileRule } from './compile.ts'
import { hashOfGrant, refOf, SIGHTING_KINDS, WITHDRAWAL_KINDS, type Grant, type GrantKind } from './grant.ts'
import { strictestObligations } from './obligations.ts'
import { actionOf, UNKNOWN_CATEGORY, UNKNOWN_SITE_GROUP } from './schema.ts'

/** Answers kept for one set; then it starts afresh. */
export const ANSWERS_PER_SET_MAX = 4096
/** Sets kept for the whole process; then the one not used for longest goes. */
export const SETS_MAX = 512

/** A question whose kind needs a grant. */
export type GrantQuestion = PolicyQuestion & { readonly kind: GrantKind }

/** What policies see of a question. What the asker does not know counts as the worst case. */
interface Seen { category: Category | typeof UNKNOWN_CATEGORY, siteGroup: string, match: MatchKind, verification: Verification }

interface Member { readonly grant: Grant, readonly ref: string, readonly hash: Digest }

export class GrantSet {
  readonly hash: Digest
  readonly #members: readonly Member[]
  readonly #siteGroups: ReadonlySet<string>
  readonly #answers = new Map<string, PolicyAnswer>()
  #policies: CedarPolicies | undefined

  constructor (hash: Digest, members: readonly Member[]) {
    this.hash = hash
    this.#members = members
    this.#siteGroups = new Set(members.flatMap(({ grant }) => grant.siteGroups === 'all' ? [] : grant.siteGroups))
  }

  answer (question: GrantQuestion): PolicyAnswer {
    if (this.#members.length === 0) return answerOf('no-grant')
    const key = this.#keyOf(question)
    const known = this.#answers.get(key)
    if (known !== undefined) return known
    const answer = this.#decide(question)
    if (answer.reason.code === 'engine-failed') return answer
    if (this.#answers.size >= ANSWERS_PER_SET_MAX) this.#answers.clear()
    this.#answers.set(key, answer)
    return answer
  }

  #keyOf (question: GrantQuestion): string {
    const { kind } = question
    if (WITHDRAWAL_KINDS.includes(kind)) return kind
    if (!SIGHTING_KINDS.includes(kind)) return `${kind}|${question.category}`
    return `${kind}|${question.category}|${this.#siteGroupOf(question)}|${question.match}|${question.verification}`
  }

  /** A group that no grant here names looks like any other such group. */
  #siteGroupOf = ({ siteGroup }: GrantQuestion): string => siteGroup !== undefined && this.#siteGroups.has(siteGroup) ? siteGroup : UNKNOWN_SITE_GROUP

  #decide (question: GrantQuestion): PolicyAnswer {
    const seen: Seen = {
      category: question.category ?? UNKNOWN_CATEGORY, siteGroup: this.#siteGroupOf(question),
      match: question.match ?? 'look-alike', verification: question.verification ?? 'none'
    }
    const answer = this.#ask(question, seen)
    if (!answer.ok) return answerOf('engine-failed')
    if (answer.permittedBy.length > 0) return this.#bound('permitted', answer.permittedBy)
    if (!SIGHTING_KINDS.includes(question.kind) || seen.verification !== 'none') return answerOf('no-grant-fits')
    const confirmed = this.#ask(question, { ...seen, verification: 'person' })
    if (!confirmed.ok) return answerOf('engine-failed')
    return confirmed.permittedBy.length > 0 ? this.#bound('awaits-confirmation', confirmed.permittedBy) : answerOf('no-grant-fits')
  }

  #bound (code: 'permitted' | 'awaits-confirmation', refs: readonly string[]): PolicyAnswer {
    const [first, ...rest] = this.#members.filter(member => refs.includes(member.ref))
    const obligations = first && strictestObligations([first.grant, ...rest.map(member => member.grant)])
    if (first === undefined || obligations === undefined) return answerOf('restrictions-too-long')
    return answerOf(code, [first, ...rest].map(({ ref, hash }) => ({ ref, hash })), obligations)
  }

  #ask (question: GrantQuestion, seen: Seen): CedarAnswer {
    try {
      this.#policies ??= Object.fromEntries(this.#members.map(({ grant, ref }) => [ref, compileRule(grant)]))
    } catch { return { ok: false, why: 'erred' } }
    return askCedar({ hash: this.hash, policies: this.#policies }, requestOf(question, seen))
  }
}

const entity = (type: string, id: string): { __entity: { type: string, id: string } } => ({ __entity: { type, id } })

function contextOf (kind: GrantKind, seen: Seen): CedarRequest['context'] {
  if (WITHDRAWAL_KINDS.includes(kind)) return {}
  const category = entity('Category', seen.category)
  if (!SIGHTING_KINDS.includes(kind)) return { category }
  return { category, siteGroup: seen.siteGroup, match: entity('Match', seen.match), verification: entity('Verification', seen.verification) }
}

const requestOf = ({ direction, agency, partner, kind }: GrantQuestion, seen: Seen): CedarRequest => ({
  principal: { type: 'Agency', id: partner }, memberOf: { type: 'Nation', id: nationOf(partner) },
  action: actionOf(direction, kind), resource: { type: 'Agency', id: agency }, context: contextOf(kind, seen)
})

/** By content hash, least recently used first. */
const sets = new Map<Digest, GrantSet>()
const hashes = new WeakMap<Grant, Digest>()

function hashOnce (grant: Grant): Digest {
  const hash = hashes.get(grant) ?? hashOfGrant(grant)
  hashes.set(grant, hash)
  return hash
}

/** `grants` sorted by reference: all of one agency and direction, and all for the partner that will be asked about. */
export function grantSetOf (grants: readonly Grant[]): GrantSet {
  const members = grants.map(grant => ({ grant, ref: refOf(grant), hash: hashOnce(grant) }))
  const hash = digestOf(utf8ToBytes(['tiltas/grant-set/1', ...members.map(member => member.hash)].join('\n')))
  const set = sets.get(hash) ?? new GrantSet(hash, members)
  sets.delete(hash)
  sets.set(hash, set)
  if (sets.size > SETS_MAX) for (const oldest of sets.keys()) { sets.delete(oldest); break }
  return set
}

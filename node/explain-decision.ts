/**
 * Why one match was told or kept, from what is recorded of it: the decision, what the policy could see, the versions of
 * that time, and the persons who answer for them. It decides once more under those versions and says whether that agrees.
 */
import type { AgencyId, MessageId } from '../protocol/identifiers.ts'
import { toUnixSeconds } from '../protocol/instant.ts'
import { egressQuestion } from '../protocol/hits/judge.ts'
import { questionOfHit } from '../protocol/hits/receive.ts'
import type { Leaf } from '../protocol/log/leaf.ts'
import { payloadOf } from '../protocol/messages/jws.ts'
import type { Candidate, HitMessage, PolicyRef } from '../protocol/messages/message.ts'
import type { Category } from '../protocol/messages/vocabulary.ts'
import { PolicyEngine, type PolicyAnswer, type PolicyQuestion } from '../protocol/policies/decide.ts'
import type { Grant } from '../protocol/policies/grant.ts'
import { governingAt, type KnownVersion } from '../protocol/policies/history.ts'
import type { Language } from '../protocol/policies/legal-basis.ts'
import { keyOf, type CandidateRecord, type HeldEntryRecord, type HitStateRecord, type OutRecord, type OwnEntryRecord, type ReceivedRecord, type SentMessageRecord } from '../protocol/records.ts'
import type { AnsweredVersion, DecisionView } from './console/policy-service.ts'
import type { Records } from './runtime/records.ts'

const PAGE = 1000

/** What it needs to know of an agency's policy. */
export interface PolicyHistory {
  versionsOf (agency: AgencyId): Promise<KnownVersion[]>
  answered (grant: Grant, language: Language): Promise<AnsweredVersion>
}

/** `at` in unix seconds, with the leaf that says so. */
interface Moment { readonly at: number, readonly leaf: number, readonly policy?: PolicyRef }

export class DecisionExplainer {
  readonly #records: Records
  readonly #history: PolicyHistory

  constructor (records: Records, history: PolicyHistory) {
    this.#records = records
    this.#history = history
  }

  /** `id` of a candidate, a hit, or a message that told it. Undefined when this agency has none. */
  async explain (agency: AgencyId, id: MessageId): Promise<DecisionView | undefined> {
    const direct = await this.#records.get<CandidateRecord>(keyOf.candidate(id))
    if (direct !== undefined) return direct.agency === agency ? this.#explainCandidate(id, direct) : undefined
    const received = await this.#explainReceived(agency, id)
    if (received !== undefined) return received
    const candidate = await this.#candidateOfHit(agency, id)
    const record = candidate === undefined ? undefined : await this.#records.get<CandidateRecord>(keyOf.candidate(candidate))
    return record === undefined ? undefined : this.#explainCandidate(candidate!, record)
  }

  /** The list of sent hits, newest first: who asks usually asks about something new. */
  async #candidateOfHit (agency: AgencyId, id: MessageId): Promise<MessageId | undefined> {
    const prefix = `hit/sent/${agency}/`
    for (let after: string | undefined; ;) {
      const page: { key: string, record: { hitId: MessageId, message: MessageId, candidate: MessageId } | undefined }[] = await this.#records.scan({ prefix, limit: PAGE, reverse: true, ...(after !== undefined && { after }) })
      const found = page.find(({ record }) => record?.hitId === id || record?.message === id)?.record
      if (found !== undefined || page.length < PAGE) return found?.candidate
      after = page.at(-1)!.key
    }
  }

  // ── what we told, or kept ──────────────────────────────────────────────────────────────────────────────────────

  async #explainCandidate (id: MessageId, record: CandidateRecord): Promise<DecisionView> {
    const received = await this.#records.get<ReceivedRecord>(keyOf.received(id))
    const candidate = received === undefined ? undefined : payloadOf(received.jws) as Candidate
    const { agency, entry: { owner, ref }, state, because = '' } = record
    const moment = await this.#momentOf(record, received)
    const category = await this.#categoryOf(owner, ref)
    const verification = record.verification ?? 'none'
    const view = { direction: 'egress', agency, partner: owner, state, because, ...moment } as const
    const seen = { kind: 'hit', ...(category && { category }), ...(candidate && { siteGroup: candidate.siteGroup, match: candidate.match }), verification } as const
    if (candidate === undefined || category === undefined || owner === agency || because === 'stale-entry') return { ...view, seen }
    return { ...view, seen, ...await this.#replay(egressQuestion(candidate, { owner, category }, verification), moment.at, answer => agreesWith(record, moment.policy, answer)) }
  }

  /** What was told was decided when its disclosure was logged; all else when the candidate came in. */
  async #momentOf (record: CandidateRecord, received: ReceivedRecord | undefined): Promise<Moment> {
    const sent = record.messageId === undefined ? undefined : await this.#records.get<SentMessageRecord>(keyOf.sentMessage(record.messageId))
    const leaf = sent?.leaf ?? record.leaf
    const out = sent === undefined ? undefined : await this.#records.get<OutRecord>(keyOf.out(sent.peer, sent.streamClass, sent.n))
    const policy = out?.policy ?? record.policy
    const logged = await this.#records.get<Leaf>(keyOf.logLeaf(leaf))
    return { at: sent === undefined && received !== undefined ? toUnixSeconds(received.at) : logged?.at ?? 0, leaf, ...(policy !== undefined && { policy }) }
  }

  async #categoryOf (owner: AgencyId, ref: CandidateRecord['entry']['ref']): Promise<Category | undefined> {
    const [own, held] = await this.#records.getMany([keyOf.ownEntry(owner, ref), keyOf.heldEntry(owner, ref)]) as [OwnEntryRecord | undefined, HeldEntryRecord | undefined]
    return (own?.entry ?? held?.entry)?.category
  }

  // ── what we let in ─────────────────────────────────────────────────────────────────────────────────────────────

  async #explainReceived (agency: AgencyId, id: MessageId): Promise<DecisionView | undefined> {
    const state = await this.#records.get<HitStateRecord>(keyOf.hitState(id))
    if (state !== undefined && state.agency !== agency) return undefined
    const received = await this.#records.get<ReceivedRecord>(keyOf.received(state?.message ?? id))
    const message = received === undefined ? undefined : payloadOf(received.jws)
    if (received === undefined || message === undefined || !('entryRef' in message) || message.aud !== agency) return undefined
    const hit: HitMessage = message
    const category = await this.#categoryOf(agency, hit.entryRef)
    const at = toUnixSeconds(received.at)
    const view = {
      direction: 'ingress', agency, partner: hit.iss, state: state?.state ?? 'active', because: state?.because ?? 'accepted', policy: hit.policy, at, leaf: received.leaf,
      seen: { kind: 'hit', ...(category && { category }), match: hit.match, verification: hit.verification }
    } as const
    return hit.iss === agency ? view : { ...view, ...await this.#replay(questionOfHit(hit, category), at, answer => answer.allowed) }
  }

  // ── once more ──────────────────────────────────────────────────────────────────────────────────────────────────

  async #replay (question: PolicyQuestion, at: number, agrees: (answer: PolicyAnswer) => boolean): Promise<Pick<DecisionView, 'replay'>> {
    const governing = governingAt(await this.#history.versionsOf(question.agency), at)
    const engine = new PolicyEngine()
    for (const grant of governing) engine.put(grant)
    const answer = engine.decide(question, at)
    const deciding = governing.filter(grant => answer.grants.some(({ ref }) => ref === `${grant.id}@${grant.version}`))
    const grants = await Promise.all(deciding.map(grant => this.#history.answered(grant, 'en')))
    return { replay: { code: answer.reason.code, text: answer.reason.text, grants, ...(answer.obligations && { obligations: answer.obligations }), agrees: agrees(answer) } }
  }
}

/** A state that no policy brought about (a duplicate, a person's word, no way to the partner) contradicts no answer. */
function agreesWith ({ state, because }: CandidateRecord, policy: PolicyRef | undefined, answer: PolicyAnswer): boolean {
  const [first] = answer.grants
  if (state === 'sent') return answer.allowed && !answer.awaitsConfirmation && first?.ref === policy?.grant && first?.hash === policy?.hash
  if (state === 'waiting') return answer.awaitsConfirmation
  return state !== 'refused' || answer.allowed || answer.reason.code === because
}

/**
 * What becomes of a match at the camera owner's home: deduplicated for the whole nation, confirmed where the grant says
 * so, decided, minimised and told to the entry's owner; or kept, with the reason. Invariants:
 *  1. an entry is told of its first hit only, unless its owner asked for more and a grant allows it;
 *  2. a look-alike match goes nowhere before a person, or an exact read that agrees, confirmed it;
 *  3. a decision, also a refusal, has its leaf.
 */
import { derivedMessageId } from '../bytes.ts'
import { say } from '../delivery/outbox.ts'
import type { MessageId, NodeId } from '../identifiers.ts'
import { SECOND, toUnixSeconds } from '../instant.ts'
import { AGREEMENT_WINDOW, HIT_LIFETIME, WAITING_CANDIDATES_MAX } from '../limits.ts'
import type { Candidate, CandidateWithdraw, HitWithdraw } from '../messages/message.ts'
import type { Verification } from '../messages/vocabulary.ts'
import { keyOf, type CandidateRecord, type DedupeRecord, type HeldEntryRecord, type OwnEntryRecord } from '../records.ts'
import type { Turn } from '../turn.ts'
import { egressQuestion, isWanted, judge, type Judgement as Answer } from './judge.ts'
import { projectHit, type EntryInForce } from './project.ts'

export const wantedByCandidate = ({ entry }: Pick<Candidate, 'entry'>): string[] =>
  [keyOf.ownEntry(entry.owner, entry.ref), keyOf.heldEntry(entry.owner, entry.ref), keyOf.dedupe(entry.owner, entry.ref)]

function entryInForce (turn: Turn, { entry }: Pick<Candidate, 'entry'>): EntryInForce | undefined {
  const own = turn.fact<OwnEntryRecord>(keyOf.ownEntry(entry.owner, entry.ref))
  const held = turn.fact<HeldEntryRecord>(keyOf.heldEntry(entry.owner, entry.ref))
  const record = own ?? held
  if (record?.state !== 'in-force' || record.entry === undefined || record.entry.until <= turn.seconds) return undefined
  const { category, action, furtherHits, until } = record.entry
  return { owner: entry.owner, ref: entry.ref, category, action, furtherHits, until }
}

/** A candidate was accepted here, at the camera owner's home, from the node `peer` that made it. */
export function weigh (turn: Turn, peer: NodeId, candidate: Candidate, leaf: number): void {
  const arrival: Arrival = peer === turn.state.directory.self ? { leaf } : { leaf, site: peer }
  const entry = entryInForce(turn, candidate)
  if (entry === undefined) return keep(turn, candidate, { ...arrival, state: 'refused', because: 'stale-entry' })
  const dedupeKey = keyOf.dedupe(entry.owner, entry.ref)
  const before = turn.fact<DedupeRecord>(dedupeKey) ?? { hits: 0 }
  const agrees = agreesWith(before, candidate)
  const verification: Verification = agrees ? 'agreeing-reads' : 'none'
  const answer = decide(turn, candidate, entry, verification)
  if (!isWanted(before.hits, entry, answer)) return keep(turn, candidate, { ...arrival, state: 'duplicate', because: 'first-hit-only' })
  if (!answer.allowed) return refuseCandidate(turn, candidate, arrival, answer)
  if (answer.awaitsConfirmation) return wait(turn, candidate, arrival, dedupeKey, before)
  if (before.waiting !== undefined) stopWaiting(turn, candidate, before.waiting.candidate)
  send(turn, candidate, arrival, entry, verification, answer, before)
}

/** A second read agrees when it is exact, so that both, or at least this one, say the entry's own text; a look-alike never confirms anything. */
function agreesWith ({ waiting }: DedupeRecord, candidate: Candidate): boolean {
  if (waiting === undefined || waiting.readId === candidate.readId || candidate.match !== 'exact') return false
  const apart = Math.abs(candidate.observedAt - waiting.at) * SECOND
  return apart <= AGREEMENT_WINDOW
}

const decide = (turn: Turn, candidate: Candidate, entry: EntryInForce, verification: Verification): Answer =>
  judge(turn.state.policies, candidate, entry, verification, turn.seconds)

type Outcome = Omit<CandidateRecord, 'agency' | 'entry'>
type Arrival = Pick<Outcome, 'leaf' | 'site'>

/** `because` is a code or a grant's reference. */
function keep (turn: Turn, { id, iss, entry }: Candidate, outcome: Outcome): void {
  turn.put(keyOf.candidate(id), { agency: iss, entry, ...outcome } satisfies CandidateRecord)
  turn.report({ what: 'candidate-decided', agency: iss, state: outcome.state, because: outcome.because ?? '' })
}

function refuseCandidate (turn: Turn, candidate: Candidate, arrival: Arrival, answer: Answer): void {
  turn.leaf({ t: 'decision', agency: candidate.iss, peer: candidate.entry.owner, why: answer.reason.code })
  keep(turn, candidate, { ...arrival, state: 'refused', because: answer.reason.code })
}

function wait (turn: Turn, candidate: Candidate, arrival: Arrival, dedupeKey: string, before: DedupeRecord): void {
  if (before.waiting !== undefined && before.waiting.exact) return keep(turn, candidate, { ...arrival, state: 'duplicate', because: 'another-waits' })
  if (turn.state.waitingCandidates >= WAITING_CANDIDATES_MAX) return keep(turn, candidate, { ...arrival, state: 'refused', because: 'over-quota' })
  if (before.waiting !== undefined) stopWaiting(turn, candidate, before.waiting.candidate)
  turn.state.waitingCandidates++
  turn.put(keyOf.waiting(candidate.iss, candidate.id), {})
  const waiting = { candidate: candidate.id, readId: candidate.readId, exact: candidate.match === 'exact', at: candidate.observedAt }
  turn.put(dedupeKey, { ...before, waiting } satisfies DedupeRecord)
  keep(turn, candidate, { ...arrival, state: 'waiting', because: candidate.match === 'look-alike' ? 'look-alike' : 'unverified' })
}

function stopWaiting (turn: Turn, candidate: Candidate, waiting: MessageId): void {
  turn.state.waitingCandidates--
  turn.delete(keyOf.waiting(candidate.iss, waiting))
}

/** `before`: what was decided on this candidate earlier, when it was sent already and is told again. */
function send (turn: Turn, candidate: Candidate, earlier: Partial<Outcome> & Pick<Outcome, 'leaf'>, entry: EntryInForce, verification: Verification, answer: Answer, before: DedupeRecord): void {
  const revision = (earlier.revision ?? 0) + 1
  const hitId = earlier.hitId ?? derivedMessageId('hit', candidate.id)
  const ordinal = earlier.ordinal ?? before.hits + 1
  const id = derivedMessageId('hit-message', hitId, String(revision))
  const hit = projectHit(candidate, entry, { id, hitId, revision, ordinal, verification }, answer.obligations!, answer.policy!, turn.now)
  const question = candidate.iss === entry.owner ? undefined : egressQuestion(candidate, entry, verification)
  const listed = (later: Turn, leaf: number): void => later.put(keyOf.sentHit(candidate.iss, leaf), { hitId, message: id, candidate: candidate.id })
  if (!say(turn, hit, turn.random32(), { question, queued: listed })) return keep(turn, candidate, { ...earlier, state: 'refused', because: 'no-route' })
  turn.put(keyOf.dedupe(entry.owner, entry.ref), { hits: Math.max(before.hits, ordinal) } satisfies DedupeRecord)
  keep(turn, candidate, { leaf: earlier.leaf, ...(earlier.site !== undefined && { site: earlier.site }), state: 'sent', because: answer.policy!.grant, hitId, revision, verification, ordinal, messageId: id, policy: answer.policy! })
}

// ── a person, or a later look, decides ───────────────────────────────────────────────────────────────────────────

type Reason = CandidateWithdraw['reason']

export function confirmCandidate (turn: Turn, commandId: string, candidate: Candidate, record: CandidateRecord): void {
  const entry = entryInForce(turn, candidate)
  if (entry === undefined) return turn.reject(commandId, 'unknown-entry', 'the entry has ended')
  const answer = decide(turn, candidate, entry, 'person')
  if (!answer.allowed || answer.awaitsConfirmation) return turn.reject(commandId, 'not-permitted', answer.reason.code)
  const before = turn.fact<DedupeRecord>(keyOf.dedupe(entry.owner, entry.ref)) ?? { hits: 0 }
  if (isWaiting(turn, candidate)) stopWaiting(turn, candidate, candidate.id)
  else if (record.state !== 'sent' || record.verification === 'person') return turn.reject(commandId, 'unknown-candidate', 'it does not wait')
  turn.leaf({ t: 'decision', agency: candidate.iss, peer: entry.owner, why: 'confirmed', role: 'OFFICER' })
  send(turn, candidate, record, entry, 'person', answer, before)
  turn.answer(commandId, { ok: true })
}

const isWaiting = (turn: Turn, candidate: Candidate): boolean => turn.fact(keyOf.waiting(candidate.iss, candidate.id)) !== undefined

/** It waits, or was told: there is something to take back. */
export const isOpen = (turn: Turn, candidate: Candidate, record: CandidateRecord): boolean => isWaiting(turn, candidate) || record.state === 'sent'

/** An open candidate was wrong: it waits no longer, and whoever was told of it is told that. */
export function takeBack (turn: Turn, candidate: Candidate, record: CandidateRecord, reason: Reason): void {
  const dedupeKey = keyOf.dedupe(candidate.entry.owner, candidate.entry.ref)
  const { waiting, ...rest } = turn.fact<DedupeRecord>(dedupeKey) ?? { hits: 0 }
  if (isWaiting(turn, candidate)) {
    stopWaiting(turn, candidate, candidate.id)
    turn.put(dedupeKey, rest)
  } else {
    withdrawHit(turn, candidate, record, reason)
    turn.put(dedupeKey, { ...(waiting && { waiting }), hits: Math.max(0, rest.hits - 1) } satisfies DedupeRecord)
  }
  const { agency, entry, ...outcome } = record
  keep(turn, candidate, { ...outcome, state: 'rejected', because: reason, revision: (record.revision ?? 0) + 1 })
}

/**
 * A withdrawal needs no grant of its own: whoever was told must learn that it was wrong (LED article 7(3)). A hit is
 * withdrawn once, so its id does not hang on the revision: a restore may have taken from us how many there were.
 */
function withdrawHit (turn: Turn, candidate: Candidate, record: CandidateRecord, reason: HitWithdraw['reason']): void {
  const revision = (record.revision ?? 1) + 1
  say(turn, {
    type: 'hit.withdraw/1', id: derivedMessageId('hit-withdraw', record.hitId!), iss: candidate.iss, aud: candidate.entry.owner,
    iat: turn.seconds, exp: toUnixSeconds(turn.now + HIT_LIFETIME * 7), hitId: record.hitId!, revision, reason, policy: record.policy!
  }, turn.random32())
}

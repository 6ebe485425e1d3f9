/**
 * What becomes of a match at the camera owner's home: deduplicated for the whole nation, confirmed where the grant says
 * so, decided, minimised and told to the entry's owner; or kept, with the reason. Invariants:
 *  1. an entry is told of its first hit only, unless its owner asked for more and a grant allows it;
 *  2. a look-alike match goes nowhere before a person, or an exact read that agrees, confirmed it;
 *  3. a decision, also a refusal, has its leaf.
 */
import { derivedMessageId } from '../bytes.ts'
import type { Command } from '../commands.ts'
import { say } from '../delivery/outbox.ts'
import type { MessageId } from '../identifiers.ts'
import { DAY, SECOND, toUnixSeconds } from '../instant.ts'
import { AGREEMENT_WINDOW, HIT_LIFETIME, WAITING_CANDIDATES_MAX } from '../limits.ts'
import type { Candidate, HitWithdraw, PolicyRef } from '../messages/message.ts'
import type { Verification } from '../messages/vocabulary.ts'
import type { PolicyAnswer, PolicyQuestion } from '../policies/decide.ts'
import type { Obligations } from '../policies/obligations.ts'
import { keyOf, type CandidateRecord, type DedupeRecord, type HeldEntryRecord, type OwnEntryRecord } from '../records.ts'
import type { Turn } from '../turn.ts'
import { OWN_POLICY } from '../policies/own.ts'
import { projectHit, type EntryInForce } from './project.ts'

const CANDIDATE_RETENTION = 30 * DAY
/** After this an entry may be told of a sighting again as if it were the first. */
const FIRST_HIT_HORIZON = 30 * DAY

export const wantedByCandidate = ({ entry }: Candidate): string[] =>
  [keyOf.ownEntry(entry.owner, entry.ref), keyOf.heldEntry(entry.owner, entry.ref), keyOf.dedupe(entry.owner, entry.ref)]

function entryInForce (turn: Turn, { entry }: Candidate): EntryInForce | undefined {
  const own = turn.fact<OwnEntryRecord>(keyOf.ownEntry(entry.owner, entry.ref))
  const held = turn.fact<HeldEntryRecord>(keyOf.heldEntry(entry.owner, entry.ref))
  const record = own ?? held
  if (record?.state !== 'in-force' || record.entry === undefined || record.entry.until <= turn.seconds) return undefined
  const { category, action, furtherHits, until } = record.entry
  return { owner: entry.owner, ref: entry.ref, category, action, furtherHits, until }
}

/** A candidate was accepted here, at the camera owner's home. */
export function weigh (turn: Turn, candidate: Candidate, leaf: number): void {
  const entry = entryInForce(turn, candidate)
  if (entry === undefined) return keep(turn, { candidate, leaf, state: 'refused', because: 'stale-entry' })
  const dedupeKey = keyOf.dedupe(entry.owner, entry.ref)
  const before = turn.fact<DedupeRecord>(dedupeKey) ?? { hits: 0 }
  const agrees = agreesWith(before, candidate)
  const verification: Verification = agrees ? 'agreeing-reads' : 'none'
  const isFirst = before.hits === 0
  const answer = decide(turn, candidate, entry, verification)
  if (!isFirst && !(entry.furtherHits && answer.obligations?.furtherHits === true)) return keep(turn, { candidate, leaf, state: 'duplicate', because: 'first-hit-only' })
  if (!answer.allowed) return refuseCandidate(turn, { candidate, leaf, state: 'refused' }, answer)
  if (answer.awaitsConfirmation) return wait(turn, candidate, leaf, dedupeKey, before)
  if (before.waiting !== undefined) stopWaiting(turn, candidate, before.waiting.candidate)
  send(turn, { candidate, leaf, state: 'sent' }, entry, verification, answer, before)
}

/** Two reads agree when both say the same text and at least this one is exact; a look-alike never confirms anything. */
function agreesWith ({ waiting }: DedupeRecord, candidate: Candidate): boolean {
  if (waiting === undefined || waiting.readId === candidate.readId || candidate.match !== 'exact') return false
  const apart = Math.abs(candidate.observedAt - waiting.at) * SECOND
  return apart <= AGREEMENT_WINDOW && (!waiting.exact || waiting.text === candidate.plate.text)
}

const questionOf = (candidate: Candidate, entry: EntryInForce, verification: Verification): PolicyQuestion => ({
  direction: 'egress', agency: candidate.iss, partner: entry.owner, kind: 'hit', category: entry.category,
  siteGroup: candidate.siteGroup, match: candidate.match, verification, exercise: candidate.exercise === true
})

type Answer = Pick<PolicyAnswer, 'allowed' | 'awaitsConfirmation'> & { readonly reason: { readonly code: string }, readonly obligations?: Obligations, readonly policy?: PolicyRef }

/** An agency's own entry at its own camera crosses no border between agencies: no grant is needed. */
function decide (turn: Turn, candidate: Candidate, entry: EntryInForce, verification: Verification): Answer {
  if (candidate.iss === entry.owner) return { allowed: true, awaitsConfirmation: candidate.match === 'look-alike' && verification === 'none', reason: { code: 'own' }, ...OWN_POLICY }
  const answer = turn.state.policies.decide(questionOf(candidate, entry, verification), turn.seconds)
  const first = answer.grants[0]
  return first === undefined ? answer : { ...answer, policy: { grant: first.ref, hash: first.hash } }
}

const retainedUntil = (turn: Turn): number => toUnixSeconds(turn.now + CANDIDATE_RETENTION)

function keep (turn: Turn, record: CandidateRecord): void {
  turn.putPersonal(keyOf.candidate(record.candidate.id), record, retainedUntil(turn))
  turn.report({ what: 'candidate-decided', agency: record.candidate.iss, state: record.state, because: record.because ?? '' })
}

function refuseCandidate (turn: Turn, record: CandidateRecord, answer: Answer): void {
  turn.leaf({ t: 'decision', agency: record.candidate.iss, peer: record.candidate.entry.owner, why: answer.reason.code })
  keep(turn, { ...record, state: 'refused', because: answer.reason.code })
}

function wait (turn: Turn, candidate: Candidate, leaf: number, dedupeKey: string, before: DedupeRecord): void {
  if (before.waiting !== undefined && before.waiting.exact) return keep(turn, { candidate, leaf, state: 'duplicate', because: 'another-waits' })
  if (turn.state.waitingCandidates >= WAITING_CANDIDATES_MAX) return keep(turn, { candidate, leaf, state: 'refused', because: 'over-quota' })
  if (before.waiting !== undefined) stopWaiting(turn, candidate, before.waiting.candidate)
  turn.state.waitingCandidates++
  turn.put(keyOf.waiting(candidate.iss, candidate.id), {})
  const waiting = { candidate: candidate.id, readId: candidate.readId, text: candidate.plate.text, exact: candidate.match === 'exact', at: candidate.observedAt }
  turn.putPersonal(dedupeKey, { ...before, waiting } satisfies DedupeRecord, retainedUntil(turn))
  keep(turn, { candidate, leaf, state: 'waiting', because: candidate.match === 'look-alike' ? 'look-alike' : 'unverified' })
}

function stopWaiting (turn: Turn, candidate: Candidate, waiting: MessageId): void {
  turn.state.waitingCandidates--
  turn.delete(keyOf.waiting(candidate.iss, waiting))
}

function send (turn: Turn, record: CandidateRecord, entry: EntryInForce, verification: Verification, answer: Answer, before: DedupeRecord): void {
  const { candidate } = record
  const revision = (record.revision ?? 0) + 1
  const hitId = record.hitId ?? derivedMessageId('hit', candidate.id)
  const ordinal = record.ordinal ?? before.hits + 1
  const id = derivedMessageId('hit-message', hitId, String(revision))
  const hit = projectHit(candidate, entry, { id, hitId, revision, ordinal, verification }, answer.obligations!, answer.policy!, turn.now)
  const question = candidate.iss === entry.owner ? undefined : questionOf(candidate, entry, verification)
  const listed = (later: Turn, leaf: number): void => later.put(keyOf.sentHit(candidate.iss, leaf), { hitId, message: id, candidate: candidate.id })
  if (!say(turn, hit, turn.random32(), { question, queued: listed })) return keep(turn, { ...record, state: 'refused', because: 'no-route' })
  const after: DedupeRecord = { hits: Math.max(before.hits, ordinal), lastCandidate: candidate.id, lastVerification: verification }
  turn.putPersonal(keyOf.dedupe(entry.owner, entry.ref), after, toUnixSeconds(turn.now + FIRST_HIT_HORIZON))
  keep(turn, { ...record, state: 'sent', because: answer.policy!.grant, hitId, revision, verification, ordinal, messageId: id, policy: answer.policy! })
}

// ── a person decides ─────────────────────────────────────────────────────────────────────────────────────────────

type CandidateCommand = Extract<Command, { do: 'candidate.confirm' | 'candidate.reject' }>

/** The facts come in two steps, since the entry is known only from the candidate: `candidate` is fetched by the driver first. */
export function confirmCandidate (turn: Turn, commandId: string, record: CandidateRecord): void {
  const { candidate } = record
  const entry = entryInForce(turn, candidate)
  if (entry === undefined) return turn.reject(commandId, 'unknown-entry', 'the entry has ended')
  const answer = decide(turn, candidate, entry, 'person')
  if (!answer.allowed || answer.awaitsConfirmation) return turn.reject(commandId, 'not-permitted', answer.reason.code)
  const before = turn.fact<DedupeRecord>(keyOf.dedupe(entry.owner, entry.ref)) ?? { hits: 0 }
  const isWaiting = turn.fact(keyOf.waiting(candidate.iss, candidate.id)) !== undefined
  if (isWaiting) stopWaiting(turn, candidate, candidate.id)
  else if (record.state !== 'sent' || record.verification === 'person') return turn.reject(commandId, 'unknown-candidate', 'it does not wait')
  turn.leaf({ t: 'decision', agency: candidate.iss, peer: entry.owner, why: 'confirmed', role: 'OFFICER' })
  send(turn, record, entry, 'person', answer, before)
  turn.answer(commandId, { ok: true })
}

export function rejectCandidate (turn: Turn, commandId: string, record: CandidateRecord, reason: Extract<CandidateCommand, { do: 'candidate.reject' }>['reason']): void {
  const { candidate } = record
  const dedupeKey = keyOf.dedupe(candidate.entry.owner, candidate.entry.ref)
  const before = turn.fact<DedupeRecord>(dedupeKey) ?? { hits: 0 }
  const isWaiting = turn.fact(keyOf.waiting(candidate.iss, candidate.id)) !== undefined
  if (!isWaiting && record.state !== 'sent') return turn.reject(commandId, 'unknown-candidate', 'it neither waits nor was sent')
  turn.leaf({ t: 'decision', agency: candidate.iss, peer: candidate.entry.owner, why: reason, role: 'OFFICER' })
  const { waiting, ...rest } = before
  if (isWaiting) {
    stopWaiting(turn, candidate, candidate.id)
    turn.putPersonal(dedupeKey, rest, retainedUntil(turn))
  } else {
    withdrawHit(turn, record, reason)
    turn.putPersonal(dedupeKey, { hits: Math.max(0, rest.hits - 1) }, retainedUntil(turn))
  }
  keep(turn, { ...record, state: 'rejected', because: reason, revision: (record.revision ?? 0) + 1 })
  turn.answer(commandId, { ok: true })
}

/** A withdrawal needs no grant of its own: whoever was told must learn that it was wrong (LED article 7(3)). */
function withdrawHit (turn: Turn, record: CandidateRecord, reason: HitWithdraw['reason']): void {
  const { candidate } = record
  const revision = (record.revision ?? 1) + 1
  say(turn, {
    type: 'hit.withdraw/1', id: derivedMessageId('hit-message', record.hitId!, String(revision)), iss: candidate.iss, aud: candidate.entry.owner,
    iat: turn.seconds, exp: toUnixSeconds(turn.now + HIT_LIFETIME * 7), hitId: record.hitId!, revision, reason, policy: record.policy!
  }, turn.random32())
}

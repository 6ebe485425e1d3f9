/**
 * Cameras correct themselves: later looks at a vehicle may say that the first read was wrong. Then the site takes its
 * candidate back, and its home takes back whatever came of it, without waiting for a person. In the other direction the
 * home tells the site that a candidate was rejected, so that footage is kept for it no longer. Invariants:
 *  1. a candidate is withdrawn once by each side, so the ids hang on the candidate alone;
 *  2. only the agency whose candidate it is can withdraw it;
 *  3. it rides behind the candidate on the same stream, so a candidate that is unknown here will never come.
 */
import { derivedMessageId } from '../bytes.ts'
import { say } from '../delivery/outbox.ts'
import { isAtHome, isHosted } from '../directory.ts'
import type { MatchedRead } from '../events.ts'
import type { AgencyId, MessageId, NodeId } from '../identifiers.ts'
import { toUnixSeconds } from '../instant.ts'
import { CANDIDATE_LIFETIME } from '../limits.ts'
import { payloadOf } from '../messages/jws.ts'
import type { Candidate, CandidateWithdraw } from '../messages/message.ts'
import { keyOf, type CandidateRecord, type ReceivedRecord } from '../records.ts'
import { refuse, type Refusal } from '../refusals.ts'
import type { Turn } from '../turn.ts'
import { isOpen, takeBack, wantedByCandidate } from './candidates.ts'

type MatchedEntry = Pick<MatchedRead, 'controller' | 'readId' | 'entry'>

/** The same read and entry give the same candidate, so that what a camera delivers again after a crash is no second one. */
export const candidateIdOf = ({ readId, entry }: Pick<MatchedEntry, 'readId' | 'entry'>): MessageId => derivedMessageId('candidate', readId, entry.owner, entry.ref)

const withdrawalIdOf = (by: 'site' | 'home', candidate: MessageId): MessageId => derivedMessageId(`candidate-withdraw-${by}`, candidate)

export const wantedByCorrection = (read: MatchedEntry): string[] =>
  [keyOf.sentMessage(candidateIdOf(read)), keyOf.sentMessage(withdrawalIdOf('site', candidateIdOf(read)))]

/** At the site: the read was wrong. Nothing to say when no candidate was made of it, or when this was said already. */
export function correctRead (turn: Turn, read: MatchedEntry, reason: CandidateWithdraw['reason']): void {
  const candidate = candidateIdOf(read)
  const isSaid = turn.fact(keyOf.sentMessage(withdrawalIdOf('site', candidate))) !== undefined
  if (turn.fact(keyOf.sentMessage(candidate)) === undefined || isSaid) return
  sayCandidateWithdrawal(turn, 'site', { controller: read.controller, candidate, entry: read.entry }, reason)
}

/** At the home: a person says that it is not the vehicle. */
export function rejectCandidate (turn: Turn, commandId: string, candidate: Candidate, record: CandidateRecord, reason: CandidateWithdraw['reason']): void {
  if (!isOpen(turn, candidate, record)) return turn.reject(commandId, 'unknown-candidate', 'it neither waits nor was sent')
  turn.leaf({ t: 'decision', agency: candidate.iss, peer: candidate.entry.owner, why: reason, role: 'OFFICER' })
  takeBack(turn, candidate, record, reason)
  if (record.site !== undefined) sayCandidateWithdrawal(turn, 'home', { controller: candidate.iss, candidate: candidate.id, entry: candidate.entry }, reason, record.site)
  turn.answer(commandId, { ok: true })
}

/** It outlives its candidate: what was told must be taken back even when the line was down for days. */
export function sayCandidateWithdrawal (turn: Turn, by: 'site' | 'home', about: { controller: AgencyId, candidate: MessageId, entry: Candidate['entry'] }, reason: CandidateWithdraw['reason'], peer?: NodeId): void {
  const { controller, candidate, entry } = about
  say(turn, {
    type: 'candidate.withdraw/1', id: withdrawalIdOf(by, candidate), iss: controller, aud: controller,
    iat: turn.seconds, exp: toUnixSeconds(turn.now + CANDIDATE_LIFETIME * 7), candidate, entry, reason
  }, turn.random32(), peer === undefined ? {} : { peer })
}

export const wantedByCandidateWithdrawal = ({ candidate, entry, iss }: CandidateWithdraw): string[] =>
  [keyOf.candidate(candidate), keyOf.received(candidate), keyOf.waiting(iss, candidate), ...wantedByCandidate({ entry })]

export function mayReceiveCandidateWithdrawal (turn: Turn, { candidate, entry, iss, aud }: CandidateWithdraw): Refusal | undefined {
  if (iss !== aud || !isHosted(turn.state.directory, aud)) return refuse('wrong-issuer', 'iss')
  const record = turn.fact<CandidateRecord>(keyOf.candidate(candidate))
  if (record === undefined) return undefined
  if (record.agency !== iss) return refuse('wrong-issuer', 'candidate')
  return record.entry.owner === entry.owner && record.entry.ref === entry.ref ? undefined : refuse('unknown-subject', 'entry')
}

export function receiveCandidateWithdrawal (turn: Turn, { candidate: id, iss, entry, reason }: CandidateWithdraw, leaf: number): void {
  const record = turn.fact<CandidateRecord>(keyOf.candidate(id))
  const received = turn.fact<ReceivedRecord>(keyOf.received(id))
  // At the site nothing was received; the record is what tells the keeper of its footage.
  if (!isAtHome(turn.state.directory, iss)) return turn.put(keyOf.candidate(id), { agency: iss, entry, state: 'rejected', because: reason, leaf } satisfies CandidateRecord)
  if (record === undefined || received === undefined) return
  const candidate = payloadOf(received.jws) as Candidate
  if (isOpen(turn, candidate, record)) takeBack(turn, candidate, record, reason)
}

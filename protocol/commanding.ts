/** What people tell the node to do: the role decides who may, then the part that it concerns carries it out. */
import { ALLOWED_ROLES, mayConsult, type Command } from './commands.ts'
import type { AgencyId, MessageId } from './identifiers.ts'
import { isAtHome, isHosted } from './directory.ts'
import type { NodeEvent } from './events.ts'
import { rejectCandidate } from './hits/candidate-withdrawals.ts'
import { confirmCandidate, wantedByCandidate } from './hits/candidates.ts'
import { confirmEntry, putEntry, shareEntries, withdrawEntry } from './hotlist/entries.ts'
import { DAY, SECOND } from './instant.ts'
import { commitmentOf } from './log/leaf.ts'
import { encodeJson } from './messages/encoding.ts'
import { payloadOf } from './messages/jws.ts'
import type { Candidate } from './messages/message.ts'
import { utf8ToBytes } from './bytes.ts'
import { approveChange, draftChange, draftRollback, endGrant, overrideAlone, withdrawChange } from './policy-changes.ts'
import { keyOf, type CandidateRecord, type ConsultationRecord, type ReceivedRecord } from './records.ts'
import type { NodeState } from './state.ts'
import { encodeKey, type Facts, type Turn } from './turn.ts'

type Given = Extract<NodeEvent, { type: 'command-given' }>
/** Log entries of disclosure and consultation are kept for three years (research notes 1.8). */
const CONSULTATION_KEPT_SECONDS = 3 * 366 * DAY / SECOND

export function wantedByCommand (state: NodeState, command: Command, fact: Facts): string[] {
  switch (command.do) {
    case 'entry.put': return [keyOf.ownEntry(command.agency, command.entry.ref)]
    case 'entry.share': return command.refs.map(ref => keyOf.ownEntry(command.agency, ref))
    case 'entry.withdraw': case 'entry.confirm': return [keyOf.ownEntry(command.agency, command.ref)]
    case 'candidate.confirm': case 'candidate.reject': return wantedByDecision(command.candidate, fact)
    case 'policy.rollback': return [keyOf.grant(command.agency, command.grant, command.version)]
    default: return []
  }
}

/** The entry is known only from the candidate's record, so this is asked twice. */
function wantedByDecision (id: MessageId, fact: Facts): string[] {
  const keys = [keyOf.candidate(id), keyOf.received(id)]
  const record = fact(keyOf.candidate(id)) as CandidateRecord | undefined
  return record === undefined ? keys : [...keys, ...wantedByCandidate(record), keyOf.waiting(record.agency, id)]
}

const agencyOf = (command: Command): AgencyId | undefined =>
  'agency' in command ? command.agency : command.do === 'consult' && 'agency' in command.of ? command.of.agency : undefined

/** Answers a refusal itself. Admins and reviewers act for every agency that is at home here, officers and list owners for their own. */
export function isGranted (turn: Turn, { commandId, actor, command }: Given): boolean {
  const agency = agencyOf(command)
  const isOwn = agency === undefined || agency === actor.agency || !['OFFICER', 'LIST_OWNER'].includes(actor.role) || isCandidateReview(command)
  // Footage is where the cameras are: there its owner is present, seldom at home.
  const isPresent = isOfEvidence(command) ? isHosted : isAtHome
  const mayLook = ALLOWED_ROLES[command.do].includes(actor.role) && (command.do !== 'consult' || mayConsult(actor.role, command.of))
  if (!mayLook || !isOwn || !isPresent(turn.state.directory, actor.agency)) { turn.reject(commandId, 'role-lacking', actor.role); return false }
  if (agency !== undefined && !isPresent(turn.state.directory, agency)) { turn.reject(commandId, 'not-at-home'); return false }
  return true
}

const isOfEvidence = (command: Command): boolean => command.do === 'consult' && command.of.what === 'evidence'

/** A monitoring room looks after the cameras of every agency that is at home at its node. */
const isCandidateReview = (command: Command): boolean => command.do === 'consult' && command.of.what === 'candidates'

export function obey (turn: Turn, given: Given): void {
  const { commandId, command } = given
  switch (command.do) {
    case 'policy.draft': return draftChange(turn, given, command)
    case 'policy.rollback': return draftRollback(turn, given, command)
    case 'policy.approve': return approveChange(turn, given, command)
    case 'policy.withdraw-draft': return withdrawChange(turn, given, command)
    case 'policy.override': return overrideAlone(turn, given, command)
    case 'grant.end': return endGrant(turn, given, command)
    case 'entry.put': return putEntry(turn, commandId, command.agency, command.entry, command.entry.plate)
    case 'entry.share': return shareEntries(turn, commandId, command)
    case 'entry.withdraw': return withdrawEntry(turn, commandId, command)
    case 'entry.confirm': return confirmEntry(turn, commandId, command.agency, command.ref)
    case 'candidate.confirm': case 'candidate.reject': return decideCandidate(turn, given, command)
    case 'consult': return consult(turn, given, command)
  }
}

function decideCandidate (turn: Turn, { commandId }: Given, command: Extract<Command, { do: 'candidate.confirm' | 'candidate.reject' }>): void {
  const record = turn.fact<CandidateRecord>(keyOf.candidate(command.candidate))
  const received = turn.fact<ReceivedRecord>(keyOf.received(command.candidate))
  if (record === undefined || received === undefined) return turn.reject(commandId, 'unknown-candidate')
  const candidate = payloadOf(received.jws) as Candidate
  if (command.do === 'candidate.confirm') confirmCandidate(turn, commandId, candidate, record)
  else rejectCandidate(turn, commandId, candidate, record, command.reason)
}

// ── the one door to personal data ────────────────────────────────────────────────────────────────────────────────

/** The leaf first; the shell reads only after this is answered. Who and why stay beside it, under a key that can be erased. */
function consult (turn: Turn, { commandId, actor }: Given, command: Extract<Command, { do: 'consult' }>): void {
  const k = turn.random32()
  const c = commitmentOf(k, actor.agency, utf8ToBytes(encodeJson({ actor: { ...actor }, of: command.of, because: command.because })))
  const leaf = turn.leaf({ t: 'consultation', agency: agencyOf(command) ?? actor.agency, role: actor.role, why: command.because.code, c })
  const record: ConsultationRecord = { actor, of: command.of, because: command.because, at: turn.now, k: encodeKey(k) }
  turn.putPersonal(keyOf.consultation(leaf), record, turn.seconds + CONSULTATION_KEPT_SECONDS)
  turn.answer(commandId, { ok: true, made: { leaf } })
}

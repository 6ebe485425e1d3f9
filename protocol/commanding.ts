/** What people tell the node to do: the role decides who may, then the part that it concerns carries it out. */
import { ALLOWED_ROLES, type Command } from './commands.ts'
import type { AgencyId, MessageId } from './identifiers.ts'
import { isAtHome } from './directory.ts'
import type { NodeEvent } from './events.ts'
import { confirmCandidate, rejectCandidate, wantedByCandidate } from './hits/candidates.ts'
import { confirmEntry, putEntry, shareEntries, withdrawEntry } from './hotlist/entries.ts'
import { DAY, SECOND } from './instant.ts'
import { GRANTS_PER_AGENCY_MAX } from './limits.ts'
import { commitmentOf } from './log/leaf.ts'
import { encodeJson } from './messages/encoding.ts'
import { payloadOf } from './messages/jws.ts'
import type { Candidate } from './messages/message.ts'
import { utf8ToBytes } from './bytes.ts'
import { grantSchema, hashOfGrant, inForce, refOf, type Grant } from './policies/grant.ts'
import { lintGrant } from './policies/lint.ts'
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
  if (!ALLOWED_ROLES[command.do].includes(actor.role) || !isOwn || !isAtHome(turn.state.directory, actor.agency)) { turn.reject(commandId, 'role-lacking', actor.role); return false }
  if (agency !== undefined && !isAtHome(turn.state.directory, agency)) { turn.reject(commandId, 'not-at-home'); return false }
  return true
}

/** A monitoring room looks after the cameras of every agency that is at home at its node. */
const isCandidateReview = (command: Command): boolean => command.do === 'consult' && command.of.what === 'candidates'

export function obey (turn: Turn, given: Given): void {
  const { commandId, command } = given
  switch (command.do) {
    case 'grant.put': return putGrant(turn, commandId, command.agency, command.grant)
    case 'grant.end': return endGrant(turn, commandId, command.agency, command.grant)
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

// ── grants ───────────────────────────────────────────────────────────────────────────────────────────────────────

const grantKey = (agency: AgencyId, id: string): string => `${agency}/${id}`

/** Every change is a new version; the node counts them. */
function putGrant (turn: Turn, commandId: string, agency: AgencyId, draft: Readonly<Record<string, unknown>>): void {
  const before = turn.state.grants.get(grantKey(agency, String(draft['id'])))
  const parsed = grantSchema.safeParse({ ...draft, agency, version: (before?.version ?? 0) + 1 })
  if (!parsed.success) return turn.reject(commandId, 'malformed', parsed.error.issues.map(issue => `${issue.path.join('.')}: ${issue.message}`).slice(0, 5).join('; '))
  if (parsed.data.until <= turn.seconds) return turn.reject(commandId, 'ended', 'until')
  const faults = lintGrant(parsed.data, turn.state.policies.inForce(agency, turn.seconds)).filter(found => found.severity === 'error')
  if (faults.length > 0) return turn.reject(commandId, 'not-lawful', faults.map(({ code, field }) => `${field}: ${code}`).join('; '))
  const count = [...turn.state.grants.values()].filter(grant => grant.agency === agency && inForce(grant, turn.seconds)).length
  if (before === undefined && count >= GRANTS_PER_AGENCY_MAX) return turn.reject(commandId, 'limit-reached', 'GRANTS_PER_AGENCY_MAX')
  keepGrant(turn, parsed.data)
  turn.answer(commandId, { ok: true, made: { grant: refOf(parsed.data), hash: hashOfGrant(parsed.data) } })
}

/** The end is a version too: one that is over from now on. */
function endGrant (turn: Turn, commandId: string, agency: AgencyId, id: string): void {
  const before = turn.state.grants.get(grantKey(agency, id))
  if (before === undefined || !turn.state.policies.inForce(agency, turn.seconds).some(grant => grant.id === id)) return turn.reject(commandId, 'unknown-grant')
  keepGrant(turn, { ...before, version: before.version + 1, from: Math.min(before.from, turn.seconds - 1), until: turn.seconds })
  turn.answer(commandId, { ok: true })
}

function keepGrant (turn: Turn, grant: Grant): void {
  turn.state.grants.set(grantKey(grant.agency, grant.id), grant)
  turn.state.policies.put(grant)
  turn.leaf({ t: 'policy', agency: grant.agency, policy: refOf(grant), root: hashOfGrant(grant), role: 'NATIONAL_ADMIN' })
  turn.put(keyOf.grant(grant.agency, grant.id, grant.version), grant)
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

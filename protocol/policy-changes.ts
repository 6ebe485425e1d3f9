/**
 * How a sharing policy changes: drafted by one person, approved by another who names the exact hash, in force as its
 * dates say. Invariants:
 *  1. more is shared only after two people; one person alone may end a grant, or share more for OVERRIDE_SECONDS_MAX;
 *  2. what takes effect is byte for byte what was approved, upon the very versions that it was drafted upon;
 *  3. every step and every version has its leaf, which leads to the step before it; who and why stay beside it.
 */
import { toBase64url, utf8ToBytes } from './bytes.ts'
import type { Actor, Command } from './commands.ts'
import type { Effect } from './effects.ts'
import type { NodeEvent } from './events.ts'
import type { AgencyId } from './identifiers.ts'
import { DAY, HOUR, SECOND } from './instant.ts'
import { commitmentOf } from './log/leaf.ts'
import { encodeJson } from './messages/encoding.ts'
import {
  DRAFT_SECONDS_MAX, DRAFTS_PER_AGENCY_MAX, OVERRIDE_SECONDS_MAX, OVERRIDE_WINDOW_SECONDS, OVERRIDES_PER_WINDOW_MAX,
  draftIdOf, draftNumberOf, hashOfChange, idOfRef, textOfChange, type ChangeKind, type PolicyChange, type WantedGrants
} from './policies/change.ts'
import { hashOfGrant, refOf, type Grant } from './policies/grant.ts'
import { isApprovable } from './policies/lint.ts'
import { endedVersion, errorsOf, isUpToDate, lintChange, planChange, policyNow, restoredTerms, type Planned, type PolicyNow } from './policies/plan.ts'
import { keyOf, type PolicyAct, type PolicyChangeRecord, type PolicyChangeState, type PolicyVersionRecord } from './records.ts'
import type { NodeState, OpenChange, Override } from './state.ts'
import { encodeKey, type Turn } from './turn.ts'

/** How often an override that holds is said again. */
export const OVERRIDE_SHOUT = HOUR
/** Who wanted and who approved is kept so long after the last of its grants is over. */
const CHANGE_KEPT_SECONDS = 3 * 366 * DAY / SECOND

type Given = Extract<NodeEvent, { type: 'command-given' }>
type Asked<Name extends Command['do']> = Extract<Command, { do: Name }>
type Why = Pick<PolicyChange, 'reason' | 'reference'>
type ReportCode = Extract<Extract<Effect, { type: 'report' }>['report'], { what: 'policy-changed' }>['code']

const openKey = (agency: AgencyId, number: number): string => `${agency}/${number}`
const nowOf = (turn: Turn, agency: AgencyId): PolicyNow => policyNow(agency, turn.state.grants, turn.state.policies, turn.seconds)
const openOf = ({ desk }: NodeState, agency: AgencyId): OpenChange[] => [...desk.open.values()].filter(({ change }) => change.agency === agency)

// ── drafting ─────────────────────────────────────────────────────────────────────────────────────────────────────

export const draftChange = (turn: Turn, given: Given, { agency, put, end, ...why }: Asked<'policy.draft'>): void =>
  propose(turn, given, 'draft', agency, { put, end }, why)

/** A draft like any other: the old terms, with the next version. */
export function draftRollback (turn: Turn, given: Given, { agency, grant, version, until, ...why }: Asked<'policy.rollback'>): void {
  const earlier = turn.fact<Grant>(keyOf.grant(agency, grant, version))
  if (earlier === undefined) return turn.reject(given.commandId, 'unknown-grant')
  if ((until ?? earlier.until) <= turn.seconds) return turn.reject(given.commandId, 'ended', 'until')
  propose(turn, given, 'rollback', agency, { put: [restoredTerms(earlier, turn.seconds, until)], end: [] }, why, refOf(earlier))
}

function propose (turn: Turn, { commandId, actor }: Given, kind: ChangeKind, agency: AgencyId, wanted: WantedGrants, why: Why, restores?: string): void {
  if (openOf(turn.state, agency).length >= DRAFTS_PER_AGENCY_MAX) return turn.reject(commandId, 'limit-reached', 'DRAFTS_PER_AGENCY_MAX')
  const planned = planChange(agency, wanted, nowOf(turn, agency), turn.seconds)
  if ('code' in planned) return turn.reject(commandId, planned.code, planned.detail)
  const change = newChange(turn, kind, agency, actor, planned, why, restores)
  const hash = hashOfChange(change)
  const record: PolicyChangeRecord = { text: textOfChange(change), hash, state: 'open', findings: planned.findings, drafted: act(turn, actor, change, 'drafted'), made: [] }
  turn.state.desk.open.set(openKey(agency, change.number), { change, record })
  keep(turn, change, record)
  tell(turn, agency, 'drafted')
  scheduleWatch(turn)
  turn.answer(commandId, { ok: true, made: { draft: draftIdOf(change), hash, lapses: change.lapses, warnings: planned.findings.length } })
}

function newChange (turn: Turn, kind: ChangeKind, agency: AgencyId, actor: Actor, { put, end }: Pick<Planned, 'put' | 'end'>, { reason, reference }: Why, restores?: string): PolicyChange {
  const number = (turn.state.desk.numbers.get(agency) ?? 0) + 1
  turn.state.desk.numbers.set(agency, number)
  const lapses = kind === 'draft' || kind === 'rollback' ? turn.seconds + DRAFT_SECONDS_MAX : turn.seconds
  return {
    type: 'policy-change/1', agency, number, kind, put, end, reason, reference, ...(restores !== undefined && { restores }),
    by: actor.personId, salt: toBase64url(turn.random32()), at: turn.seconds, lapses
  }
}

/** The leaf names the hash and the role; who it was stands behind the commitment, and `after` is the step that it follows. */
function act (turn: Turn, actor: Actor, change: PolicyChange, did: string, after?: number): PolicyAct {
  const k = turn.random32(); const hash = hashOfChange(change)
  const c = commitmentOf(k, change.agency, utf8ToBytes(encodeJson({ actor: { ...actor }, did, hash })))
  const leaf = turn.leaf({ t: 'policy', agency: change.agency, root: hash, role: actor.role, why: did, c, ...(after !== undefined && { index: after }) })
  return { by: actor, at: turn.seconds, leaf, k: encodeKey(k) }
}

function keep (turn: Turn, change: PolicyChange, record: PolicyChangeRecord): void {
  const last = change.put.reduce((latest, { until }) => Math.max(latest, until), Math.max(change.lapses, turn.seconds))
  turn.putPersonal(keyOf.policyChange(change.agency, change.number), record, last + CHANGE_KEPT_SECONDS)
}

const tell = (turn: Turn, agency: AgencyId, code: ReportCode): void => turn.report({ what: 'policy-changed', agency, code })

// ── the second person ────────────────────────────────────────────────────────────────────────────────────────────

export function approveChange (turn: Turn, { commandId, actor }: Given, { agency, draft, hash }: Asked<'policy.approve'>): void {
  const open = turn.state.desk.open.get(openKey(agency, draftNumberOf(draft)))
  if (open === undefined) return turn.reject(commandId, 'unknown-draft')
  const { change } = open
  if (hashOfChange(change) !== hash) return turn.reject(commandId, 'other-hash')
  if (change.by === actor.personId) return turn.reject(commandId, 'own-draft')
  if (change.lapses <= turn.seconds) return turn.reject(commandId, 'ended', 'draft')
  const policy = nowOf(turn, agency)
  if (!isUpToDate(change, policy.latest)) return turn.reject(commandId, 'outdated')
  if (change.put.some(grant => grant.until <= turn.seconds)) return turn.reject(commandId, 'ended', 'until')
  const findings = lintChange(change.put, change.end.map(idOfRef), policy.inForce)
  if (!isApprovable(findings)) return turn.reject(commandId, 'not-lawful', errorsOf(findings))
  const approved = act(turn, actor, change, 'approved', open.record.drafted.leaf)
  const made = takeEffect(turn, change, approved.leaf)
  close(turn, open, 'approved', approved, made)
  closeOutdated(turn, agency)
  watchPolicies(turn, false)
  turn.answer(commandId, { ok: true, made: { grants: made.join(' '), hash } })
}

/** By its author or by any other admin: nothing is shared by taking back. */
export function withdrawChange (turn: Turn, { commandId, actor }: Given, { agency, draft }: Asked<'policy.withdraw-draft'>): void {
  const open = turn.state.desk.open.get(openKey(agency, draftNumberOf(draft)))
  if (open === undefined) return turn.reject(commandId, 'unknown-draft')
  close(turn, open, 'withdrawn', act(turn, actor, open.change, 'withdrawn', open.record.drafted.leaf))
  scheduleWatch(turn)
  turn.answer(commandId, { ok: true })
}

function close (turn: Turn, { change, record }: OpenChange, state: Exclude<PolicyChangeState, 'open' | 'alone'>, closed: PolicyAct | undefined, made: readonly string[] = []): void {
  turn.state.desk.open.delete(openKey(change.agency, change.number))
  keep(turn, change, { ...record, state, made, ...(closed !== undefined && { closed }) })
  tell(turn, change.agency, state)
}

/** Time, or another change of the same grants, closed it; nobody did. */
function closeUnasked (turn: Turn, open: OpenChange, state: 'lapsed' | 'superseded'): void {
  turn.leaf({ t: 'policy', agency: open.change.agency, root: hashOfChange(open.change), why: state, index: open.record.drafted.leaf })
  close(turn, open, state, undefined)
}

function closeOutdated (turn: Turn, agency: AgencyId): void {
  const { latest } = nowOf(turn, agency)
  for (const open of openOf(turn.state, agency)) if (!isUpToDate(open.change, latest)) closeUnasked(turn, open, 'superseded')
}

// ── what one person may do ───────────────────────────────────────────────────────────────────────────────────────

/** Less is shared at once; the end is a version too. A version that has not begun is ended with it. */
export function endGrant (turn: Turn, { commandId, actor }: Given, { agency, grant, reason = '', reference = '' }: Asked<'grant.end'>): void {
  const planned = planChange(agency, { put: [], end: [grant] }, nowOf(turn, agency), turn.seconds)
  if ('code' in planned) return turn.reject(commandId, 'unknown-grant')
  actAlone(turn, actor, newChange(turn, 'end', agency, actor, planned, { reason, reference }), planned, 'ended')
  closeOutdated(turn, agency)
  tell(turn, agency, 'ended')
  watchPolicies(turn, false)
  turn.answer(commandId, { ok: true })
}

/** A grant of its own, never a version of another one: when it is over, what stood before still stands. */
export function overrideAlone (turn: Turn, { commandId, actor }: Given, { agency, grant, ...why }: Asked<'policy.override'>): void {
  const policy = nowOf(turn, agency)
  if (policy.latest(String(grant['id'])) !== undefined) return turn.reject(commandId, 'malformed', 'grant.id: an override has an id of its own')
  const planned = planChange(agency, { put: [{ ...grant, from: turn.seconds }], end: [] }, policy, turn.seconds)
  if ('code' in planned) return turn.reject(commandId, planned.code, planned.detail)
  const put = planned.put[0]!
  if (put.until - turn.seconds > OVERRIDE_SECONDS_MAX) return turn.reject(commandId, 'limit-reached', 'OVERRIDE_SECONDS_MAX')
  const { desk } = turn.state
  desk.overrides = desk.overrides.filter(({ at }) => at > turn.seconds - OVERRIDE_WINDOW_SECONDS)
  if (desk.overrides.filter(one => one.agency === agency).length >= OVERRIDES_PER_WINDOW_MAX) return turn.reject(commandId, 'limit-reached', 'OVERRIDES_PER_WINDOW_MAX')
  const change = newChange(turn, 'emergency', agency, actor, planned, why)
  actAlone(turn, actor, change, planned, 'emergency')
  desk.overrides = [...desk.overrides, { agency, grant: refOf(put), at: turn.seconds, until: put.until, isOver: false }]
  turn.report({ what: 'policy-override', agency, grant: refOf(put), until: put.until, code: 'begun' })
  scheduleWatch(turn)
  turn.answer(commandId, { ok: true, made: { grant: refOf(put), until: put.until, hash: hashOfGrant(put) } })
}

function actAlone (turn: Turn, actor: Actor, change: PolicyChange, { findings }: Pick<Planned, 'findings'>, did: string): void {
  const done = act(turn, actor, change, did)
  const made = takeEffect(turn, change, done.leaf)
  keep(turn, change, { text: textOfChange(change), hash: hashOfChange(change), state: 'alone', findings, drafted: done, made })
}

// ── in force ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** Answers the references of the versions that it made. */
function takeEffect (turn: Turn, change: PolicyChange, leaf: number): string[] {
  const { latest } = nowOf(turn, change.agency)
  const versions = [...change.put, ...change.end.map(ref => endedVersion(latest(idOfRef(ref))!, turn.seconds))]
  for (const grant of versions) putVersion(turn, change, grant, leaf)
  return versions.map(refOf)
}

function putVersion (turn: Turn, { number }: PolicyChange, grant: Grant, after: number): void {
  const hash = hashOfGrant(grant)
  turn.state.grants.set(`${grant.agency}/${grant.id}`, grant)
  turn.state.policies.put(grant)
  const leaf = turn.leaf({ t: 'policy', agency: grant.agency, policy: refOf(grant), root: hash, role: 'NATIONAL_ADMIN', index: after })
  turn.put(keyOf.grant(grant.agency, grant.id, grant.version), grant)
  turn.put(keyOf.policyVersion(grant.agency, grant.id, grant.version), { at: turn.seconds, leaf, change: number, hash } satisfies PolicyVersionRecord)
}

// ── what time does ───────────────────────────────────────────────────────────────────────────────────────────────

/** Whether it still lets something through: no later version took its place, and it has not ended. */
const isOverriding = ({ grants }: NodeState, { agency, grant, until }: Override, now: number): boolean => {
  const latest = grants.get(`${agency}/${idOfRef(grant)}`)
  return latest !== undefined && refOf(latest) === grant && now < until
}

/** Grants that one person put in force alone and that hold at `now` (unix seconds). */
export const overridesOf = (state: NodeState, now: number): Override[] => state.desk.overrides.filter(one => isOverriding(state, one, now))

/** Closes drafts that lapsed, and says of each override that it is over or, when it is time to, that it holds. */
export function watchPolicies (turn: Turn, shouting = true): void {
  const { desk } = turn.state
  for (const open of [...desk.open.values()]) if (open.change.lapses <= turn.seconds) closeUnasked(turn, open, 'lapsed')
  desk.overrides = desk.overrides.filter(({ at }) => at > turn.seconds - OVERRIDE_WINDOW_SECONDS).map(one => {
    if (one.isOver) return one
    const holds = isOverriding(turn.state, one, turn.seconds)
    if (shouting || !holds) turn.report({ what: 'policy-override', agency: one.agency, grant: one.grant, until: one.until, code: holds ? 'in-force' : 'over' })
    return { ...one, isOver: !holds }
  })
  scheduleWatch(turn)
}

/** After a start: what ended while nobody watched is not said again. */
export function resumePolicies (turn: Turn): void {
  const { desk } = turn.state
  desk.overrides = desk.overrides.map(one => ({ ...one, isOver: one.isOver || !isOverriding(turn.state, one, turn.seconds) }))
  watchPolicies(turn)
}

function scheduleWatch (turn: Turn): void {
  const { desk } = turn.state
  const holding = desk.overrides.filter(one => !one.isOver)
  const next = [...[...desk.open.values()].map(({ change }) => change.lapses), ...holding.map(({ until }) => Math.min(until, turn.seconds + OVERRIDE_SHOUT / SECOND))]
  if (next.length > 0) turn.effect({ type: 'wake', name: 'policy', after: Math.max(1, Math.min(...next) - turn.seconds) * SECOND })
}

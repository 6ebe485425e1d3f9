/**
 * Answers about sharing policies: what is in force, who answers for it, what a change would have done, why one match was
 * told. Everything is read from what was recorded; what a policy says is always said by the engine that enforces.
 */
import { isAtHome } from '../protocol/directory.ts'
import type { Actor, CommandErrorCode, CommandResult, Consultable, Justification, Role } from '../protocol/commands.ts'
import { nationOf, type AgencyId } from '../protocol/identifiers.ts'
import { toUnixSeconds } from '../protocol/instant.ts'
import type { Leaf } from '../protocol/log/leaf.ts'
import { SharingRegister } from '../protocol/log/register.ts'
import { draftIdOf, draftNumberOf, idOfRef, type PolicyChange } from '../protocol/policies/change.ts'
import { compileGrant } from '../protocol/policies/compile.ts'
import { hashOfGrant, refOf, type Grant } from '../protocol/policies/grant.ts'
import { governingAt, type KnownVersion } from '../protocol/policies/history.ts'
import type { Language } from '../protocol/policies/legal-basis.ts'
import { planChange, policyNow } from '../protocol/policies/plan.ts'
import { sentenceOf } from '../protocol/policies/sentence.ts'
import { whoGets } from '../protocol/policies/who-gets.ts'
import { keyOf, numberKey, type PolicyAct, type PolicyChangeRecord, type PolicyVersionRecord } from '../protocol/records.ts'
import type { ActView, AnsweredVersion, ChangeDetail, ChangeView, DryRunProgress, DryRunView, DryRunWanted, PolicyService, VersionView } from './console/policy-service.ts'
import { runDry, type DryRunAsked } from './dry-run.ts'
import { DecisionExplainer } from './explain-decision.ts'
import type { Node } from './runtime/node.ts'
import type { Clock } from './runtime/ports.ts'
import { every } from './runtime/recover.ts'

/** Changes on one page. */
const PAGE_MAX = 200
/** Dry runs of all people that run at the same time. */
const DRY_RUNS_AT_ONCE_MAX = 2
/** Results that wait to be fetched; then the oldest goes. */
const DRY_RUN_RESULTS_MAX = 16

type Refused = CommandResult & { readonly ok: false }
const refused = (code: CommandErrorCode, detail?: string): Refused => ({ ok: false, code, ...(detail !== undefined && { detail }) })

/** Who may see who answers for a policy. */
const READERS: readonly Role[] = ['NATIONAL_ADMIN', 'LEGAL_OFFICER', 'SUPERVISORY_AUTH']

interface Job { readonly person: string, done: number, result?: DryRunView, error?: unknown }
export interface PolicyServiceParts { readonly node: Node, readonly clock: Clock }

const actView = ({ by, at, leaf }: PolicyAct): ActView => ({ by: by.personId, agency: by.agency, at, leaf })
const versionView = (grant: Grant, language: Language): VersionView => ({ ref: refOf(grant), hash: hashOfGrant(grant), sentence: sentenceOf(grant, language, id => id), cedar: compileGrant(grant), grant })
const concerns = ({ partner }: Grant, agency: AgencyId): boolean => 'agency' in partner ? partner.agency === agency : partner.nation === nationOf(agency)

export function createPolicyService ({ node, clock }: PolicyServiceParts): PolicyService {
  const { driver, records } = node
  const { state } = driver
  const jobs = new Map<string, Job>()
  const seconds = (): number => toUnixSeconds(clock.now())

  const closedTo = (actor: Actor, agency: AgencyId): Refused | undefined =>
    !READERS.includes(actor.role) ? refused('role-lacking', actor.role) : isAtHome(state.directory, agency) ? undefined : refused('not-at-home')

  /** The one door to personal data: the leaf is durable before this resolves. */
  const consult = (actor: Actor, of: Consultable, because: Justification): Promise<CommandResult> => driver.command(actor, { do: 'consult', of, because })

  const changeRecord = (agency: AgencyId, number: number): Promise<PolicyChangeRecord | undefined> => records.get<PolicyChangeRecord>(keyOf.policyChange(agency, number))
  const changeOf = (record: PolicyChangeRecord): PolicyChange => JSON.parse(record.text) as PolicyChange

  function changeView (record: PolicyChangeRecord): ChangeView {
    const change = changeOf(record)
    const { kind, reason, reference, restores, lapses, put, end } = change
    return {
      draft: draftIdOf(change), kind, state: record.state, hash: record.hash, reason, reference, ...(restores !== undefined && { restores }),
      drafted: actView(record.drafted), ...(record.closed !== undefined && { closed: actView(record.closed) }), lapses, put: put.map(refOf), end, made: record.made
    }
  }

  const changes: PolicyService['changes'] = async (actor, agency, { after, limit }) => {
    const closed = closedTo(actor, agency)
    if (closed !== undefined) return closed
    const prefix = `policy/change/${agency}/`
    const count = Math.min(limit, PAGE_MAX)
    const page = await records.scan<PolicyChangeRecord>({ prefix, limit: count, reverse: true, ...(after !== undefined && { after: prefix + numberKey(draftNumberOf(after)) }) })
    const last = page.length === count ? page.at(-1) : undefined
    return { changes: page.flatMap(({ record }) => record === undefined ? [] : [changeView(record)]), ...(last !== undefined && { next: draftIdOf({ number: parseInt(last.key.slice(prefix.length), 16) }) }) }
  }

  const change: PolicyService['change'] = async (actor, agency, draft, language) => {
    const closed = closedTo(actor, agency)
    if (closed !== undefined) return closed
    const record = await changeRecord(agency, draftNumberOf(draft))
    return record === undefined ? refused('unknown-draft') : detailOf(record, language)
  }

  async function detailOf (record: PolicyChangeRecord, language: Language): Promise<ChangeDetail> {
    const { agency, put, end, at } = changeOf(record)
    const touched = [...put.map(grant => ({ after: grant, id: grant.id, version: grant.version - 1 })), ...end.map(ref => ({ after: undefined, id: idOfRef(ref), version: Number(ref.slice(ref.indexOf('@') + 1)) }))]
    const stood = await records.getMany<Grant>(touched.map(({ id, version }) => keyOf.grant(agency, id, version)))
    const grants = touched.map(({ after }, i) => {
      const before = stood[i] !== undefined && stood[i].until > at ? stood[i] : undefined
      return { ...(before !== undefined && { before: versionView(before, language) }), ...(after !== undefined && { after: versionView(after, language) }) }
    })
    return { ...changeView(record), text: record.text, findings: record.findings, grants }
  }

  /** Every version of an agency, with the moment from which it could govern. */
  async function versionsOf (agency: AgencyId): Promise<KnownVersion[]> {
    const grants: Grant[] = []
    for await (const { record } of every<Grant>(records, `grant/${agency}/`)) grants.push(record)
    const known = await records.getMany<PolicyVersionRecord>(grants.map(({ id, version }) => keyOf.policyVersion(agency, id, version)))
    return grants.map((grant, i) => ({ grant, at: known[i]?.at ?? grant.from }))
  }

  async function answered (grant: Grant, language: Language): Promise<AnsweredVersion> {
    const known = await records.get<PolicyVersionRecord>(keyOf.policyVersion(grant.agency, grant.id, grant.version))
    const record = known === undefined ? undefined : await changeRecord(grant.agency, known.change)
    return {
      ...versionView(grant, language), since: Math.max(grant.from, known?.at ?? 0),
      ...(known !== undefined && { leaf: known.leaf, change: draftIdOf({ number: known.change }) }),
      ...(record !== undefined && { drafted: actView(record.drafted), ...(record.state === 'alone' ? { alone: true as const } : record.closed !== undefined && { approved: actView(record.closed) }) })
    }
  }

  const inForceAt: PolicyService['inForceAt'] = async (actor, agency, at, partner, language) => {
    const closed = closedTo(actor, agency)
    if (closed !== undefined) return closed
    const grants = governingAt(await versionsOf(agency), at).filter(grant => partner === undefined || concerns(grant, partner))
    return { versions: await Promise.all(grants.map(grant => answered(grant, language))) }
  }

  const explainer = new DecisionExplainer(records, { versionsOf, answered })
  const explain: PolicyService['explain'] = async (actor, agency, id, because) => {
    const opened = await consult(actor, { what: 'decision', agency, id }, because)
    if (!opened.ok) return opened
    return await explainer.explain(agency, id) ?? refused('unknown-candidate')
  }

  // ── dry runs ───────────────────────────────────────────────────────────────────────────────────────────────────

  async function plannedOf (wanted: DryRunWanted): Promise<{ put: readonly Grant[], end: readonly string[], change?: DryRunView['change'] } | Refused> {
    const { agency } = wanted
    if ('draft' in wanted) {
      const record = await changeRecord(agency, draftNumberOf(wanted.draft))
      return record === undefined ? refused('unknown-draft') : { put: changeOf(record).put, end: changeOf(record).end, change: record.hash }
    }
    const planned = planChange(agency, wanted, policyNow(agency, state.grants, state.policies, seconds()), seconds())
    return 'code' in planned ? refused(planned.code, planned.detail) : planned
  }

  const startDryRun: PolicyService['startDryRun'] = async (actor, wanted, because) => {
    if ([...jobs.values()].filter(job => job.result === undefined && job.error === undefined).length >= DRY_RUNS_AT_ONCE_MAX) return refused('limit-reached', 'DRY_RUNS_AT_ONCE_MAX')
    const planned = await plannedOf(wanted)
    if ('ok' in planned) return planned
    const { agency, days } = wanted
    const opened = await consult(actor, { what: 'dry-run', agency, days, ...(planned.change !== undefined && { change: planned.change }) }, because)
    if (!opened.ok) return opened
    const id = `r-${String(opened.made!['leaf'])}`
    const job: Job = { person: actor.personId, done: 0 }
    jobs.set(id, job)
    while (jobs.size > DRY_RUN_RESULTS_MAX) jobs.delete(jobs.keys().next().value!)
    void work(job, { agency, days, put: planned.put, end: planned.end }, planned.change)
    return { job: id }
  }

  async function work (job: Job, asked: DryRunAsked, change: DryRunView['change']): Promise<void> {
    try {
      const result = await runDry({ records, state, now: clock.now() }, asked, done => { job.done = done })
      job.result = { ...result, days: asked.days, ...(change !== undefined && { change }) }
    } catch (error) { job.error = error }
  }

  const dryRun = (actor: Actor, id: string): DryRunProgress | undefined => {
    const job = jobs.get(id)
    if (job === undefined || job.person !== actor.personId) return undefined
    if (job.error !== undefined) throw job.error
    return { job: id, done: job.done, ...(job.result !== undefined && { result: job.result }) }
  }

  // ── the register ───────────────────────────────────────────────────────────────────────────────────────────────

  const register: PolicyService['register'] = async (actor, agency, span, because) => {
    const closed = closedTo(actor, agency)
    if (closed !== undefined) return closed
    const opened = await consult(actor, { what: 'log' }, because)
    if (!opened.ok) return opened
    const counted = new SharingRegister(agency, span)
    let leaves = 0
    for await (const { record } of every<Leaf>(records, 'log/leaf/')) { counted.add(record); leaves++ }
    return { agency, ...span, leaves, partners: counted.lines() }
  }

  return {
    changes, change, inForceAt, explain, startDryRun, dryRun, register,
    whoGets: async (_actor, question) => {
      if (!isAtHome(state.directory, question.agency)) return refused('not-at-home')
      const at = seconds()
      return { at, recipients: whoGets(state.policies, Object.keys(state.directory.homes) as AgencyId[], question, at) }
    }
  }
}

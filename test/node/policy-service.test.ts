/** Questions about policies, to a node of production parts: changes, who gets this, what held on a day, why, dry runs, the register. */
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { digestOf, utf8ToBytes } from '../../protocol/bytes.ts'
import type { Actor, Role } from '../../protocol/commands.ts'
import type { Report } from '../../protocol/effects.ts'
import { parseMessageId, parsePersonId, type Digest } from '../../protocol/identifiers.ts'
import { DAY, SECOND, toUnixSeconds } from '../../protocol/instant.ts'
import { keyOf } from '../../protocol/records.ts'
import type { DryRunView, DryRunWanted } from '../../node/console/policy-service.ts'
import { foundTestFederation, LT_POLICE, LV_LUDZA, LV_NATIONAL, LV_POLICE, LV_SITE, ringOf } from '../support/founded.ts'
import { adminOf, enact, WHY } from '../support/enact.ts'
import { candidateOf, holdEntries, keepCandidates, SiteStream, secondsFromNow } from '../support/past-traffic.ts'
import { startRealNode, type RealNode } from '../support/real-node.ts'
import { makeFolder, removeFolder } from '../stories/support/places.ts'
import { grantOf } from '../stories/support/terms.ts'

const test = suite('policy service')
const folder = makeFolder()
const federation = await foundTestFederation(Date.now() - DAY)
const reports: Report[] = []
const start = (): Promise<RealNode> => startRealNode({
  self: LV_NATIONAL, folder: join(folder, 'node'), secrets: ringOf(federation, LV_NATIONAL), statements: federation.statements, pins: federation.pins, listen: '/ip4/127.0.0.1/tcp/0', addresses: {}, report: report => { reports.push(report) }
})
let real = await start()
const actor = (role: Role, agency = LV_LUDZA): Actor => ({ personId: parsePersonId(role.toLowerCase().replaceAll('_', '-')), role, agency })
const admin = adminOf(LV_LUDZA, 'author')
const because = { code: 'policy-review' } as const
function good<Answer extends object> (answer: Answer): Exclude<Answer, { readonly ok: false }> {
  if ('ok' in answer && answer.ok === false) throw new Error(`refused: ${JSON.stringify(answer)}`)
  return answer as Exclude<Answer, { readonly ok: false }>
}
const hits = (changes: object = {}) => grantOf(LV_LUDZA, { id: 'g-hits', direction: 'egress', kinds: ['hit'], partner: { nation: 'LT' }, precision: 'nuts3', ...changes })
const told = candidateOf(LV_LUDZA, LT_POLICE, 'E-0', Date.now())
const kept = candidateOf(LV_LUDZA, LT_POLICE, 'E-1', Date.now(), { siteGroup: 'town' })

async function dryRun (wanted: DryRunWanted, who = admin): Promise<DryRunView> {
  const { job } = good(await real.service.policies.startDryRun(who, wanted, because))
  assert.is(real.service.policies.dryRun(actor('LEGAL_OFFICER'), job), undefined, 'it is nobody else\'s')
  for (;;) {
    const progress = real.service.policies.dryRun(who, job)!
    if (progress.result !== undefined) return progress.result
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

test.before(async () => {
  await real.node.driver.idle()
  await holdEntries(real.node, LT_POLICE, LV_POLICE, ['E-0', 'E-1', 'E-2', 'E-3'], i => i === 3 ? 'surveillance' : 'stolen-vehicle')
  await enact(real.service.command, LV_LUDZA, hits({ siteGroups: ['border'] }))
  const site = new SiteStream(real.node, LV_SITE)
  await site.send(told)
  await site.send(kept)
})
test.after(async () => {
  await real.stop()
  removeFolder(folder)
})

test('a change in sentences and in Cedar, before and after; its text has the hash', async () => {
  const { policies } = real.service
  const drafted = await real.service.command(admin, { do: 'policy.draft', agency: LV_LUDZA, put: [hits({ precision: 'road' })], end: [], ...WHY })
  assert.ok(drafted.ok)
  const { changes } = good(await policies.changes(admin, LV_LUDZA, { limit: 10 }))
  assert.equal(changes.map(({ draft, state, made, put }) => [draft, state, made, put]), [['d-2', 'open', [], ['g-hits@2']], ['d-1', 'approved', ['g-hits@1'], ['g-hits@1']]])
  assert.equal([changes[1]!.drafted.by, changes[1]!.closed!.by], ['author', 'approver'])
  const detail = good(await policies.change(admin, LV_LUDZA, 'd-2', 'en'))
  assert.is(digestOf(utf8ToBytes(detail.text)), drafted.made!['hash'])
  assert.equal(detail.grants.map(({ before, after }) => [before?.ref, after?.ref]), [['g-hits@1', 'g-hits@2']])
  assert.match(detail.grants[0]!.before!.sentence, 'NUTS 3')
  assert.match(detail.grants[0]!.after!.sentence, 'road')
  assert.match(detail.grants[0]!.after!.cedar, 'permit')
  assert.equal(good(await policies.changes(admin, LV_LUDZA, { limit: 1, after: 'd-2' })).changes.map(({ draft }) => draft), ['d-1'])
  assert.equal(await policies.change(admin, LV_LUDZA, 'd-9', 'en'), { ok: false, code: 'unknown-draft' })
  for (const role of ['OFFICER', 'LIST_OWNER', 'NODE_OPERATOR'] as const) assert.equal(await policies.changes(actor(role), LV_LUDZA, { limit: 1 }), { ok: false, code: 'role-lacking', detail: role })
  assert.equal(await policies.changes(admin, LT_POLICE, { limit: 1 }), { ok: false, code: 'not-at-home' })
})

test('who gets this now', async () => {
  const ask = async (siteGroup: string) => good(await real.service.policies.whoGets(actor('OFFICER'), { agency: LV_LUDZA, category: 'stolen-vehicle', siteGroup, match: 'exact', verification: 'none' })).recipients
  const border = await ask('border')
  assert.equal(border.map(({ agency, gets }) => [agency, gets]), [[LT_POLICE, 'yes'], [LV_POLICE, 'no']])
  assert.equal(border[0]!.grants.map(({ ref }) => ref), ['g-hits@1'])
  assert.equal((await ask('town')).map(({ gets }) => gets), ['no', 'no'])
})

test('why a match was told, by any of its ids; why another was kept', async () => {
  const { policies } = real.service
  const officer = actor('OFFICER')
  const sent = good(await policies.explain(officer, LV_LUDZA, told.id, because))
  assert.equal([sent.state, sent.policy?.grant, sent.seen.siteGroup, sent.seen.category, sent.replay?.agrees, sent.replay?.code], ['sent', 'g-hits@1', 'border', 'stolen-vehicle', true, 'permitted'])
  assert.equal(sent.replay!.grants.map(({ ref, drafted, approved, change }) => [ref, drafted?.by, approved?.by, change]), [['g-hits@1', 'author', 'approver', 'd-1']])
  const listed = await real.node.records.scan<{ hitId: string, message: string }>({ prefix: `hit/sent/${LV_LUDZA}/`, limit: 1 })
  for (const id of [listed[0]!.record!.hitId, listed[0]!.record!.message]) assert.equal(good(await policies.explain(officer, LV_LUDZA, parseMessageId(id), because)), sent)
  const refused = good(await policies.explain(actor('LEGAL_OFFICER'), LV_LUDZA, kept.id, because))
  assert.equal([refused.state, refused.because, refused.replay?.code, refused.replay?.agrees], ['refused', 'no-grant-fits', 'no-grant-fits', true])
  assert.equal(await policies.explain(officer, LV_LUDZA, parseMessageId('A'.repeat(22)), because), { ok: false, code: 'unknown-candidate' })
  assert.not.match(JSON.stringify([sent, refused]), 'AB1234', 'no plate is shown')
  assert.is((await policies.explain(actor('LIST_OWNER'), LV_LUDZA, told.id, because) as { ok: boolean }).ok, false)
})

test('a dry run by draft and by grants, in four classes, with the window that was covered', async () => {
  const past = [2, 20, 40].map((days, i) => ({ candidate: candidateOf(LV_LUDZA, LT_POLICE, 'E-2', Date.now() - days * DAY, { siteGroup: i === 0 ? 'town' : 'border' }), at: Date.now() - days * DAY }))
  await keepCandidates(real.node, past)
  const before = real.node.driver.state.log.edge.size
  const draft = await dryRun({ agency: LV_LUDZA, days: 30, draft: 'd-2' })
  assert.is(real.node.driver.state.log.edge.size, before + 1, 'one leaf for the consultation')
  // g-hits@2 names no camera groups and tells the road: of border it tells more, of the town it tells for the first time.
  assert.equal(draft.total, { 'same': 0, 'newly-shared': 2, 'more-detail': 2, 'less': 0 })
  assert.equal([draft.replayed, draft.left, draft.aspects.place], [{ candidates: 4, hits: 0, entries: 0 }, { erased: 0, withoutEntry: 0, beyondLimit: 0 }, 2])
  assert.equal([draft.window.complete, draft.window.first], [true, toUnixSeconds(past[1]!.at)])
  assert.equal(draft.rows.map(({ partner, category }) => [partner, category]), [[LT_POLICE, 'stolen-vehicle']])
  assert.not.match(JSON.stringify(draft), 'AB1234')
  const all = await dryRun({ agency: LV_LUDZA, days: 90, put: [], end: ['g-hits'] }, adminOf(LV_POLICE, 'approver'))
  assert.equal([all.total.less, all.replayed.candidates], [3, 5], 'the third sighting of 40 days ago too; the town was never told')
  assert.equal(await real.service.policies.startDryRun(admin, { agency: LV_LUDZA, days: 7, put: [hits({ legalBasis: 'none/such' })], end: [] }, because), { ok: false, code: 'not-lawful', detail: 'g-hits.legalBasis: basis-unknown' })
  assert.equal(await real.service.policies.startDryRun(actor('OFFICER'), { agency: LV_LUDZA, days: 7, draft: 'd-2' }, because), { ok: false, code: 'role-lacking', detail: 'OFFICER' })
})

test('what was erased is counted, not guessed at', async () => {
  const lost = candidateOf(LV_LUDZA, LT_POLICE, 'E-2', Date.now() - DAY)
  const strange = candidateOf(LV_LUDZA, LT_POLICE, 'E-77', Date.now() - DAY)
  await keepCandidates(real.node, [{ candidate: lost, at: Date.now() - DAY }, { candidate: strange, at: Date.now() - DAY }])
  await real.node.records.commit(new Map([[keyOf.received(lost.id), 'deleted']]))
  const { left, window } = await dryRun({ agency: LV_LUDZA, days: 30, draft: 'd-2' })
  assert.equal([left, window.complete], [{ erased: 1, withoutEntry: 1, beyondLimit: 0 }, false])
})

test('the register counts what the log says, and reading it is logged', async () => {
  const before = real.node.driver.state.log.edge.size
  const { partners, leaves } = good(await real.service.policies.register(actor('SUPERVISORY_AUTH'), LV_LUDZA, { from: secondsFromNow(-86_400), until: secondsFromNow(60) }, because))
  assert.equal(partners.map(({ partner, disclosed, kept: keptHere, grants }) => [partner, disclosed, keptHere, grants]), [[LT_POLICE, 1, 1, [{ grant: 'g-hits@1', disclosed: 1, accepted: 0 }]]])
  assert.is(leaves, before + 1)
  assert.equal(await real.service.policies.register(actor('OFFICER'), LV_LUDZA, { from: 0, until: 1 }, because), { ok: false, code: 'role-lacking', detail: 'OFFICER' })
})

test('drafts and overrides are there after a restart, and nobody gains by it', async () => {
  const alone = await real.service.command(admin, { do: 'policy.override', agency: LV_LUDZA, grant: hits({ id: 'g-alone', partner: { agency: LT_POLICE }, from: 0, until: secondsFromNow(3600) }), ...WHY })
  assert.is(alone.ok, true)
  await real.stop()
  reports.length = 0
  real = await start()
  const status = await real.service.status()
  assert.equal([status.openDrafts, status.overrides.map(({ agency, grant }) => [agency, grant])], [1, [[LV_LUDZA, 'g-alone@1']]])
  await real.node.driver.idle()
  assert.ok(reports.some(report => report.what === 'policy-override' && report.code === 'in-force'), 'it shouts again')
  const { hash } = good(await real.service.policies.change(admin, LV_LUDZA, 'd-2', 'lv'))
  assert.equal(await real.service.command(admin, { do: 'policy.approve', agency: LV_LUDZA, draft: 'd-2', hash: hash as Digest }), { ok: false, code: 'own-draft' })
  assert.is((await real.service.command(adminOf(LV_POLICE, 'approver'), { do: 'policy.approve', agency: LV_LUDZA, draft: 'd-2', hash: hash as Digest })).ok, true)
  const next = await real.service.command(admin, { do: 'policy.draft', agency: LV_LUDZA, put: [hits({ id: 'g-next' })], end: [], ...WHY })
  assert.is(next.ok && next.made!['draft'], 'd-4', 'numbers go on')
})

test('what held on a day, who answers for it, also after it was replaced and ended', async () => {
  const { policies } = real.service
  await new Promise(resolve => setTimeout(resolve, 2 * SECOND))
  const before = toUnixSeconds(Date.now())
  await new Promise(resolve => setTimeout(resolve, 1100))
  await real.service.command(admin, { do: 'grant.end', agency: LV_LUDZA, grant: 'g-hits' })
  await real.service.command(admin, { do: 'grant.end', agency: LV_LUDZA, grant: 'g-alone' })
  const ask = async (at: number, partner = LT_POLICE) => good(await policies.inForceAt(actor('LEGAL_OFFICER'), LV_LUDZA, at, partner, 'en')).versions.map(({ ref, drafted, approved, alone }) => [ref, drafted?.by, approved?.by, alone])
  assert.equal(await ask(secondsFromNow(1)), [])
  assert.equal(await ask(before), [['g-alone@1', 'author', undefined, true], ['g-hits@2', 'author', 'approver', undefined]])
  assert.equal(await ask(before, LV_POLICE), [], 'another partner')
  assert.equal(await ask(before - 10 * 86_400), [], 'before anything was approved')
  assert.equal((await real.service.status()).overrides, [])
  assert.is((await real.service.verifyLog()).findings.filter(finding => !finding.includes('message kept under')).length, 0)
})

test.run()

/**
 * A sharing policy changes, told with real processes and the command line: one admin drafts and tries, nobody approves
 * their own, another one does, and from then on hits say less; afterwards both sides can tell why and who answers for it.
 * Each test goes on where the one before it ended.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { AnsweredVersion, ChangeDetail, ChangeView, DecisionView, DryRunView, Register } from '../../node/console/policy-service.ts'
import type { LogReport } from '../../node/console/service.ts'
import { LT_POLICE, LV_LUDZA } from '../support/founded.ts'
import { layOutCountries, type Countries } from './support/country-nodes.ts'
import { announceSeed, eventually, told } from './support/places.ts'
import { grantOf, readOf } from './support/terms.ts'

const story = suite('a policy changes')
announceSeed()
const WHY = ['--why', 'less is enough', '--decision', 'P-7']
let world: Countries
let draft: { draft: string, hash: string }

const admin = <Answer>(...words: readonly string[]): Promise<Answer> => world.ask<Answer>(world.lv, LV_LUDZA, 'NATIONAL_ADMIN', ...words)
const file = (name: string, terms: object): string => {
  const path = join(world.folder, `${name}.json`)
  writeFileSync(path, JSON.stringify(grantOf(LV_LUDZA, { id: name, direction: 'egress', kinds: ['hit'], partner: { nation: 'LT' }, ...terms })))
  return path
}
async function see (count: number) {
  const { status } = await world.site.deliver('/ingest/reads', readOf('ABC123', { country: 'LT', countryConfidence: 0.95 }))
  assert.is(status, 200)
  return eventually(`hit ${count} at the owner`, async () => { const hits = await world.hitsAtOwner(); return hits.length === count ? hits.sort((a, b) => a.hit.ordinal - b.hit.ordinal).at(-1) : undefined })
}

story.before(told(async () => {
  world = await layOutCountries()
  await Promise.all(world.nodes.map(node => node.start()))
  await world.listAtSite([{ ref: 'P-1', plate: 'ABC123', country: 'LT', furtherHits: true }])
}))
story.after(() => world.close())

story('before: the road is told', async () => {
  assert.is((await see(1))!.hit.area.precision, 'road')
})

story('a draft is tried on past traffic, and changes nothing', async () => {
  const { made } = await admin<{ made: typeof draft }>('grants', 'add', file('g-hits', { precision: 'nation', retentionDays: 5 }), ...WHY)
  draft = made
  const tried = await admin<DryRunView>('policy', 'dry-run', draft.draft, '--days', '7')
  assert.equal(tried.total, { 'same': 0, 'newly-shared': 0, 'more-detail': 0, 'less': 1 })
  assert.equal([tried.aspects.place, tried.aspects.retention, tried.window.complete], [1, 1, true])
  const read = await admin<ChangeDetail>('policy', 'diff', draft.draft)
  assert.equal([read.hash, read.grants[0]!.before!.ref, read.grants[0]!.after!.ref], [draft.hash, 'g-hits@1', 'g-hits@2'])
  assert.is((await see(2))!.hit.area.precision, 'road')
})

story('its author cannot approve it, and nobody can approve another hash', async () => {
  const own = await world.tiltas(world.lv, LV_LUDZA, 'NATIONAL_ADMIN', 'policy', 'approve', draft.draft, '--hash', draft.hash)
  assert.is(own.exit, 1)
  assert.match(own.err, 'Nobody approves a change of their own')
  assert.is((await world.tiltas(world.lv, LV_LUDZA, 'LEGAL_OFFICER', 'policy', 'approve', draft.draft, '--hash', draft.hash)).exit, 1)
  const wrong = await world.tiltasAsSecondAdmin(world.lv, LV_LUDZA, 'policy', 'approve', draft.draft, '--hash', 'A'.repeat(43))
  assert.match(wrong.err, 'another hash')
})

story('another admin approves it: from then on the country alone is told', async () => {
  assert.is((await world.tiltasAsSecondAdmin(world.lv, LV_LUDZA, 'policy', 'approve', draft.draft, '--hash', draft.hash)).exit, 0)
  const { hit } = (await see(3))!
  assert.equal([hit.area, hit.policy.grant], [{ precision: 'nation', nation: 'LV' }, 'g-hits@2'])
})

story('both sides say why, by which version, and who answers for it', async () => {
  const { hit } = (await world.hitsAtOwner()).find(view => view.hit.policy.grant === 'g-hits@2')!
  const sent = await world.ask<DecisionView>(world.lv, LV_LUDZA, 'LEGAL_OFFICER', 'policy', 'explain', hit.hitId)
  assert.equal([sent.direction, sent.state, sent.policy?.grant, sent.replay?.agrees], ['egress', 'sent', 'g-hits@2', true])
  assert.equal(sent.replay!.grants.map(({ ref, drafted, approved }) => [ref, drafted?.by, approved?.by]), [['g-hits@2', 'lv-ludza.national-admin', 'lv-ludza.national-admin-2']])
  const received = await world.ask<DecisionView>(world.lt, LT_POLICE, 'OFFICER', 'policy', 'explain', hit.hitId)
  assert.equal([received.direction, received.partner, received.replay?.code, received.replay?.grants.map(({ ref }) => ref)], ['ingress', LV_LUDZA, 'permitted', ['g-in@1']])
  const held = await world.ask<AnsweredVersion[]>(world.lv, LV_LUDZA, 'LEGAL_OFFICER', 'policy', 'at', new Date(Date.now() + 60_000).toISOString(), '--partner', LT_POLICE)
  assert.equal(held.map(({ ref }) => ref), ['g-hits@2'])
})

story('one person alone may share more for hours, and everybody hears of it; the old version stays', async () => {
  assert.is((await world.tiltas(world.lv, LV_LUDZA, 'NATIONAL_ADMIN', 'policy', 'override', file('g-emergency', { partner: { agency: LT_POLICE } }), '--hours', '1', ...WHY)).exit, 0)
  await eventually('the log line', () => world.lv.said('policy-override').some(line => line['code'] === 'begun' && line['grant'] === 'g-emergency@1'))
  assert.is(await world.lv.metric('tiltas_policy_overrides'), 1)
  assert.match((await world.tiltas(world.lv, LV_LUDZA, 'NATIONAL_ADMIN', 'status')).out, 'OVERRIDE    g-emergency@1')
  assert.match((await world.tiltas(world.lv, LV_LUDZA, 'NATIONAL_ADMIN', 'doctor')).out, 'g-emergency@1 of lv:ludza was put in force by one person alone')
  assert.is((await world.tiltas(world.lv, LV_LUDZA, 'NATIONAL_ADMIN', 'grants', 'end', 'g-emergency')).exit, 0)
  assert.is(await world.lv.metric('tiltas_policy_overrides'), 0)
  assert.equal((await admin<{ grant: { id: string } }[]>('grants', 'list')).map(({ grant }) => grant.id), ['g-hits'])
})

story('a rollback is a draft like any other; the history names every step, the register every hit', async () => {
  const { made } = await admin<{ made: typeof draft }>('policy', 'rollback', 'g-hits@1', ...WHY)
  assert.is((await world.tiltasAsSecondAdmin(world.lv, LV_LUDZA, 'policy', 'approve', made.draft, '--hash', made.hash)).exit, 0)
  assert.equal((await see(4))!.hit.area.precision, 'road')
  const { changes } = await admin<{ changes: ChangeView[] }>('policy', 'history')
  assert.equal(changes.map(({ kind, state, made: versions }) => [kind, state, versions]), [
    ['rollback', 'approved', ['g-hits@3']], ['end', 'alone', ['g-emergency@2']], ['emergency', 'alone', ['g-emergency@1']], ['draft', 'approved', ['g-hits@2']], ['draft', 'approved', ['g-hits@1']]
  ])
  const register = await admin<Register>('policy', 'register')
  assert.equal(register.partners.map(({ partner, disclosed, grants }) => [partner, disclosed, grants.map(({ grant, disclosed: count }) => `${grant} ${count}`)]), [[LT_POLICE, 4, ['g-hits@1 2', 'g-hits@2 1', 'g-hits@3 1']]])
  assert.is((await world.ask<LogReport>(world.lv, LV_LUDZA, 'LEGAL_OFFICER', 'log', 'verify')).ok, true)
})

story.run()

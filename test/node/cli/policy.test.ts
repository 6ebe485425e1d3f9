/** `tiltas policy` over the real local API: what it asks of the node, and what people read. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { main } from '../../../node/cli/main.ts'
import { checkPolicies, type Patient } from '../../../node/cli/checks.ts'
import type { Io } from '../../../node/cli/command.ts'
import { startApi } from '../../../node/console/api.ts'
import type { NodeStatus } from '../../../node/console/service.ts'
import { createPeople } from '../../../node/people.ts'
import { createPoliciesDouble } from '../console/policies-double.ts'
import { NODE, NOW, POLICE, createServiceDouble, createTestClock, makePerson, temporaryFolder } from '../console/service-double.ts'

const cli = suite('cli policy')
const admin = makePerson('admin-1', 'NATIONAL_ADMIN')
const other = makePerson('admin-2', 'NATIONAL_ADMIN')
const HASH = 'H'.repeat(43)
const GRANT = {
  id: 'g-stolen', version: 1, direction: 'egress', agency: POLICE, partner: { agency: 'lv:state-police' }, kinds: ['hit'], categories: ['stolen-vehicle'], siteGroups: 'all', precision: 'nuts3',
  purpose: 'investigation', legalBasis: 'lv-lt-2006/art-1', retentionDays: 30, handling: 'H1', thirdCountry: 'prohibited', furtherHits: false, unverified: 'confirm', from: NOW / 1000, until: NOW / 1000 + 864_000
}
const WHY = ['--why', 'the partner asked', '--decision', 'P-1']
const DRAFTED = { ok: true, made: { draft: 'd-3', hash: HASH, lapses: NOW / 1000 + 86_400, warnings: 0 } } as const

async function withNode () {
  const folder = temporaryFolder()
  const file = (name: string, text: string): string => { const path = join(folder.path, name); writeFileSync(path, text, { mode: 0o600 }); return path }
  const people = [admin.person, other.person].map(({ personId, role, agency, publicKey }) => `  - { personId: ${personId}, role: ${role}, agency: ${agency}, publicKey: ${publicKey} }`)
  const config = file('tiltas.yaml', `node: ${NODE}\nrole: national\ndata: data\nagencies: [${POLICE}]\ntrust: []\nkeyRing: { file: ring.json, passphraseEnv: P }\npeople:\n${people.join('\n')}\n`)
  const key = file('admin.key', admin.file)
  const policies = createPoliciesDouble()
  const double = createServiceDouble()
  const status = async (): Promise<NodeStatus> => { const facts = await double.status(); return { ...facts, log: { ...facts.log, witnessed: 42, witnesses: [] } } }
  const service = { ...double, policies, status }
  const clock = createTestClock()
  const served = await startApi({ service, clock, actors: createPeople({ node: NODE, people: [admin.person, other.person], clock, rememberedMax: 1000 }), socketPath: join(folder.path, 'data', 'tiltas.sock') })
  const run = async (...argv: string[]) => {
    let out = ''; let err = ''
    const io: Io = { out: text => { out += text }, err: text => { err += text }, isTerminal: false, env: { TILTAS_CONFIG: config, TILTAS_AS: key }, readInput: async () => '', stopped: new AbortController().signal, now: () => NOW }
    return { exit: await main(argv, io), out, err }
  }
  const given = (): unknown[] => service.given.map(({ command }) => command)
  return { run, service, policies, given, grant: file('grant.json', JSON.stringify(GRANT)), alien: file('alien.json', JSON.stringify({ ...GRANT, agency: 'lt:ignalina' })), async [Symbol.asyncDispose] () { await served.close(); folder[Symbol.dispose]() } }
}

cli('a draft says its hash and who may approve it, and that is not its author', async () => {
  await using node = await withNode()
  node.service.answers.push(DRAFTED)
  const { exit, out } = await node.run('policy', 'draft', node.grant, '--end', 'g-old', ...WHY)
  assert.is(exit, 0)
  assert.match(out, /Drafted as d-3\. Nothing is in force yet\.\n {2}hash {6}H{43}\n/)
  assert.match(out, `approve   admin-2 (${POLICE})\n            tiltas policy approve d-3 --agency ${POLICE} --hash ${HASH}`)
  assert.not.match(out, 'admin-1')
  assert.equal(node.given(), [{ do: 'policy.draft', agency: POLICE, put: [GRANT], end: ['g-old'], reason: 'the partner asked', reference: 'P-1' }])
  assert.is((await node.run('policy', 'draft', node.grant, node.alien, ...WHY)).exit, 2, 'a change is of one agency')
  assert.is((await node.run('policy', 'draft', node.grant)).exit, 2, 'it needs a reason')
})

cli('approving names the exact hash; what is refused says what to do', async () => {
  await using node = await withNode()
  assert.is((await node.run('policy', 'approve', 'd-3')).exit, 2)
  node.service.answers.push({ ok: true, made: { grants: 'g-stolen@1', hash: HASH } }, { ok: false, code: 'own-draft' }, { ok: true })
  assert.match((await node.run('policy', 'approve', 'd-3', '--hash', HASH)).out, 'Approved.')
  const refused = await node.run('policy', 'approve', 'd-3', '--hash', HASH)
  assert.is(refused.exit, 1)
  assert.match(refused.err, /Nobody approves a change of their own\.\n.*another national admin/)
  assert.is((await node.run('policy', 'withdraw', 'd-3')).exit, 0)
  assert.equal(node.given(), [{ do: 'policy.approve', agency: POLICE, draft: 'd-3', hash: HASH }, { do: 'policy.approve', agency: POLICE, draft: 'd-3', hash: HASH }, { do: 'policy.withdraw-draft', agency: POLICE, draft: 'd-3' }])
})

cli('rollback and override', async () => {
  await using node = await withNode()
  node.service.answers.push(DRAFTED, { ok: true, made: { grant: 'g-stolen@1', until: 1 } })
  assert.match((await node.run('policy', 'rollback', 'g-hits@2', '--until', '2026-12-31', ...WHY)).out, 'Drafted as d-3')
  assert.match((await node.run('policy', 'override', node.grant, '--hours', '2', ...WHY)).out, 'by your word alone')
  const why = { reason: 'the partner asked', reference: 'P-1' }
  assert.equal(node.given(), [
    { do: 'policy.rollback', agency: POLICE, grant: 'g-hits', version: 2, until: Date.parse('2026-12-31') / 1000, ...why },
    { do: 'policy.override', agency: POLICE, grant: { ...GRANT, until: NOW / 1000 + 2 * 3600 - 60 }, ...why }
  ])
  for (const argv of [['rollback', 'g-hits'], ['rollback', 'g-hits@x'], ['rollback', 'g-hits@2', '--until', 'soon'], ['override', node.grant, '--hours', '25']]) assert.is((await node.run('policy', ...argv, ...WHY)).exit, 2, argv.join(' '))
})

cli('lists, differences and history; nothing from elsewhere moves the cursor', async () => {
  await using node = await withNode()
  assert.match((await node.run('policy', 'list')).out, /d-3 +admin-1 +\S+ +g-hits@2 end g-old@1 +H{43}/)
  const { out } = await node.run('policy', 'diff', 'd-3', '--lang', 'lt')
  assert.match(out, 'more \\u{1b}[2J is needed (P-7)')
  assert.match(out, /- g-hits@1 {2}H+\n- They may send hits\.\n-     permit/)
  assert.match(out, /\+ g-hits@2 {2}H+\n\+ They may send hits\.\n\+     permit/)
  assert.match(out, 'warning    g-hits.thirdCountry: It may be passed on.')
  assert.equal(node.policies.asked.at(-1), { agency: POLICE, draft: 'd-3', language: 'lt' })
  assert.is((await node.run('policy', 'diff', 'd-9')).exit, 1)
  assert.match((await node.run('policy', 'history')).out, /d-3 +draft +open[^]*more: --after d-3/)
})

cli('a dry run of a draft or of files, with four classes and what was covered', async () => {
  await using node = await withNode()
  const { exit, out } = await node.run('policy', 'dry-run', 'd-3', '--days', '30')
  assert.is(exit, 0)
  assert.match(out, 'same 90   newly shared 4   more detail 3   less 2\nchanged in: place 3\n')
  assert.match(out, /NOT THE WHOLE TIME: kept from \S+; 5 erased, 1 without their entry/)
  assert.match(out, /hits to +lv:state-police +stolen-vehicle +90 +4 +3 +2/)
  assert.match(out, /A{22} +lv:state-police +stolen-vehicle +more-detail +nuts3 +road/)
  assert.equal(node.policies.asked.at(-1), { agency: POLICE, days: 30, draft: 'd-3', because: { code: 'policy-review', case: undefined } })
  assert.is((await node.run('policy', 'dry-run', node.grant, '--end', 'g-old', '--days', '7', '--reason', 'supervision')).exit, 0)
  assert.equal(node.policies.asked.at(-1), { agency: POLICE, days: 7, put: [GRANT], end: ['g-old'], because: { code: 'supervision', case: undefined } })
  for (const days of ['0', '91', 'x']) assert.is((await node.run('policy', 'dry-run', 'd-3', '--days', days)).exit, 2)
  assert.is(JSON.parse((await node.run('policy', 'dry-run', 'd-3', '--json')).out).total.less, 2)
})

cli('questions: who gets this, what held on a day, why, and the register', async () => {
  await using node = await withNode()
  const who = await node.run('policy', 'who-gets-this', '--category', 'stolen-vehicle', '--site-group', 'border')
  assert.match(who.out, /lv:state-police +after-confirmation +g-hits@2\n1 other agencies get nothing\./)
  assert.equal(node.policies.asked.at(-1), { agency: POLICE, category: 'stolen-vehicle', siteGroup: 'border', match: 'exact', verification: 'none' })
  assert.is((await node.run('policy', 'who-gets-this', '--category', 'everything', '--site-group', 'border')).exit, 1)
  const then = await node.run('policy', 'at', '2026-11-20', '--partner', 'lv:state-police')
  assert.match(then.out, /g-hits@2 {2}H+\n {2}They may send hits\.\n[^]*drafted   admin-1[^]*approved  admin-2/)
  assert.equal(node.policies.asked.at(-1), { agency: POLICE, at: Date.parse('2026-11-20') / 1000, partner: 'lv:state-police', language: 'en' })
  assert.is((await node.run('policy', 'at', 'yesterday')).exit, 2)
  const why = await node.run('policy', 'explain', 'A'.repeat(22))
  assert.match(why.out, 'category stolen-vehicle, siteGroup border, match exact, verification person')
  assert.match(why.out, 'THIS DOES NOT AGREE')
  assert.match((await node.run('policy', 'explain', 'B'.repeat(21) + 'A')).err, 'See `tiltas candidates list`')
  assert.match((await node.run('policy', 'register')).out, /lv:state-police +5 +4 +1 +3 +2 +0 +g-hits@2 7\ncounted from 77 leaves/)
})

cli('status and doctor say what one person did alone', async () => {
  await using node = await withNode()
  assert.match((await node.run('status')).out, /policy {6}2 drafts wait for a second person\nOVERRIDE {4}g-alone@1 of lt:utena-police, put in force by one person alone/)
  const running = await node.service.status()
  const config = (count: number): Patient['config'] => ({ role: 'national', people: [admin.person, other.person].slice(0, count) }) as unknown as Patient['config']
  const texts = (count: number, status: NodeStatus | undefined) => checkPolicies({ config: config(count), running: status, now: NOW, env: {} }).map(({ verdict, text }) => `${verdict} ${text.slice(0, 12)}`)
  assert.equal(texts(2, running), ['warn g-alone@1 of', 'ok 2 drafts wai'])
  assert.equal(texts(1, undefined), ['warn one NATIONAL'])
  assert.equal(texts(2, { ...running, openDrafts: 0, overrides: [] }), [])
})

cli.run()

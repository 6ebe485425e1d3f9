import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { COMMANDS, main } from '../../../node/cli/main.ts'
import type { Grant } from '../../../protocol/policies/grant.ts'
import type { Io } from '../../../node/cli/command.ts'
import { startApi } from '../../../node/console/api.ts'
import { createPeople } from '../../../node/people.ts'
import { NODE, NOW, POLICE, createServiceDouble, createTestClock, makePerson, sampleView, temporaryFolder, until } from '../console/service-double.ts'

const cli = suite('cli')
const officer = makePerson('k.ozola', 'OFFICER')
const owner = makePerson('list-1', 'LIST_OWNER')
const stranger = makePerson('stranger', 'OFFICER')
const CONFIG = `node: ${NODE}
role: national
data: data
agencies: [${POLICE}]
trust: []
keyRing: { file: ring.json, passphraseEnv: TILTAS_TEST_PASSPHRASE }
people:
  - { personId: k.ozola, role: OFFICER, agency: ${POLICE}, publicKey: ${officer.person.publicKey} }
`
const HEAD = 'ref;plate;category;action;reason;decisionRef;legalBasis;until'
const row = (ref: string, action = 'seize'): string => `${ref};SECRET 1;stolen-vehicle;${action};Stolen;D-1;lv-lt-2006/art-1;2026-12-31`

interface Outcome { exit: number, out: string, err: string }
function prepare () {
  const folder = temporaryFolder()
  const file = (name: string, text: string, mode = 0o600): string => { const path = join(folder.path, name); writeFileSync(path, text, { mode }); return path }
  const config = file('tiltas.yaml', CONFIG)
  const key = file('officer.key', officer.file)
  const listKey = file('owner.key', owner.file)
  let out = ''
  const run = async (line: string, changes: Partial<Io> = {}): Promise<Outcome> => {
    out = ''
    let err = ''
    const io: Io = {
      out: text => { out += text }, err: text => { err += text }, isTerminal: false, env: { TILTAS_CONFIG: config, TILTAS_AS: key },
      readInput: async () => 'SECRET 1\n', stopped: new AbortController().signal, now: () => NOW, ...changes
    }
    return { exit: await main(line.split(' ').filter(word => word !== ''), io), out, err }
  }
  return { folder, file, config, key, listKey, run, outSoFar: () => out }
}
async function withNode (rememberedMax = 1000) {
  const prepared = prepare()
  const service = createServiceDouble()
  const clock = createTestClock()
  const served = await startApi({ service, clock, actors: createPeople({ node: NODE, people: [officer.person, owner.person], clock, rememberedMax }), socketPath: join(prepared.folder.path, 'data', 'tiltas.sock') })
  return { ...prepared, service, clock, async [Symbol.asyncDispose] () { await served.close(); prepared.folder[Symbol.dispose]() } }
}

cli('help names every command, every exit code, and each command has its own', async () => {
  const { run, folder } = prepare()
  const { exit, out } = await run('--help')
  assert.is(exit, 0)
  for (const { name } of COMMANDS) assert.ok(out.includes(`  ${name} `), name)
  for (const code of ['0  done', '1  refused', '2  wrong usage', '3  the node is not running', '4  not authenticated']) assert.ok(out.includes(code), code)
  for (const command of COMMANDS) {
    const { exit, out } = await run(`${command.name} --help`)
    assert.is(exit, 0)
    assert.ok(out.startsWith(`Usage: tiltas ${command.name}`) && out.includes(command.summary) && out.includes('Exit codes:'), command.name)
    for (const option of Object.keys(command.options ?? {})) assert.ok(out.includes(`--${option}`), `${command.name} --${option}`)
  }
  assert.match((await run('hotlist --help')).out, 'hotlist import FILE.csv')
  assert.match((await run('help hits sent')).out, /^Usage: tiltas hits sent/)
  assert.is((await run('')).exit, 0)
  folder[Symbol.dispose]()
})

cli('wrong usage ends with 2 and says what was meant', async () => {
  const { run, folder } = prepare()
  const said: [string, RegExp][] = [
    ['staus', /unknown command `staus`, did you mean `status`\?/],
    ['hotlist imprt x.csv', /did you mean `hotlist import`\?/],
    ['hotlist', /needs one more word: list, add, import/],
    ['hits --folow', /unknown option `--folow`, did you mean `--follow`\?/],
    ['hotlist import', /needs FILE\.csv/],
    ['candidates confirm a b', /takes ID/],
    ['candidates reject a', /--reason is missing/],
    ['candidates reject a --reason boredom', /--reason is one of misread/],
    ['hotlist withdraw a --reason', /--reason/],
    ['--json', /Name a command/],
    ['init --node somewhere', /--node is written like/],
    ['init --node lv/national --agency police', /--agency is written like/],
    ['init --node lv/national --site latgale', /--site is written like/],
    ['people new A --role OFFICER --agency lt:utena-police', /NAME is 1 to 64/],
    ['people new a --role KING --agency lt:utena-police', /--role is one of OFFICER/]
  ]
  for (const [line, message] of said) {
    const { exit, out, err } = await run(line)
    assert.equal([exit, out], [2, ''], line)
    assert.match(err, message)
  }
  folder[Symbol.dispose]()
})

cli('a wrong config ends with 2 and its line', async () => {
  const { run, file, folder } = prepare()
  const config = file('other.yaml', CONFIG.replace('agencies', 'agncies'))
  const { exit, err } = await run(`--config ${config} status`)
  assert.is(exit, 2)
  assert.match(err, 'unknown key `agncies` at other.yaml:4:1, did you mean `agencies`?')
  const json = await run(`status --json --config=${config}`)
  assert.equal(JSON.parse(json.err).problems[0].line, 4)
  assert.match((await run('status --config /nowhere.yaml')).err, 'does not exist')
  folder[Symbol.dispose]()
})

cli('no node ends with 3, also behind a dead socket', async () => {
  const { run, folder } = prepare()
  for (const line of ['status', 'hits', 'hits --follow', 'grants list', 'log verify']) {
    const { exit, err } = await run(line)
    assert.is(exit, 3, line)
    assert.match(err, 'tiltas run')
  }
  folder[Symbol.dispose]()
})

cli('whoever is not known ends with 4', async () => {
  await using node = await withNode()
  assert.is((await node.run('hits', { env: { TILTAS_CONFIG: node.config } })).exit, 4)
  const unknown = await node.run(`hits --as ${node.file('stranger.key', stranger.file)}`)
  assert.equal([unknown.exit, unknown.out], [4, ''])
  assert.match(unknown.err, 'not among `people`')
  const stolen = node.file('stolen.key', stranger.file.replace('"stranger"', '"k.ozola"'))
  assert.match((await node.run(`hits --as ${stolen}`)).err, 'does not fit this person')
  chmodSync(stolen, 0o644)
  assert.match((await node.run(`hits --as ${stolen}`)).err, 'Others can read your key file.')
  assert.is((await node.run(`hits --as ${node.file('broken.key', '{}')}`)).exit, 4)
  assert.is((await node.run('hits --as /nowhere.key')).exit, 4)
  assert.match((await node.run('hits', { now: () => NOW + 120_000 })).err, 'Check both clocks')
  assert.is((await node.run('status', { env: { TILTAS_CONFIG: node.config } })).exit, 0)
})

cli('status, log, trust and grants in words and in JSON', async () => {
  await using node = await withNode()
  const words: [string, RegExp][] = [
    ['status', /lt\/national {2}version 0\.1\.0, up 60 s[^]*all 1 reachable[^]*lv\/national {2}reachable {2}0 +2 +4 s ago/],
    ['log verify', /The log is whole/], ['log checkpoint', /^lt\.example\/log\n42\n/], ['trust show', /LV is a member/], ['grants list', /nothing is shared/], ['candidates list', /unknown country +XYZ987 +look-alike +70\.2 % +30 s ago/], ['hotlist list', /No entries/]
  ]
  for (const [line, expected] of words) {
    const { exit, out, err } = await node.run(line)
    assert.equal([exit, err], [0, ''], line)
    assert.match(out, expected)
    const json = await node.run(`--json ${line}`)
    assert.ok(JSON.parse(json.out), line)
  }
})

cli('hits are shown, and the reason goes into the log', async () => {
  await using node = await withNode()
  const { exit, out } = await node.run('hits --reason case-work --case UT-1/26 --limit 5')
  assert.is(exit, 0)
  assert.match(out, /^STOP: specific check/)
  assert.match(out, 'more: --after page2')
  assert.match((await node.run('hits sent --agency lt:ignalina-frontier')).out, 'receipt at their leaf 99')
  assert.equal(node.service.asked, ['hits 5 k.ozola lt:utena-police {"code":"case-work","case":"UT-1/26"}', 'sent k.ozola lt:ignalina-frontier {"code":"hit-handling"}'])
  const wrong = await node.run('hits --reason curiosity')
  assert.equal([wrong.exit, wrong.out], [1, ''])
  assert.match(wrong.err, '(reason)')
})

cli('following shows each hit as it comes, until it is told to stop', async () => {
  await using node = await withNode()
  const stopping = new AbortController()
  const followed = node.run('hits --follow', { stopped: stopping.signal })
  await until(() => node.service.followers() === 1)
  node.service.show(sampleView({ verification: 'none' }))
  await until(() => node.outSoFar().includes('UNVERIFIED'))
  stopping.abort()
  assert.is((await followed).exit, 0)
})

cli('following in JSON is one object a line, heartbeats too; a node that ends it makes it fail', async () => {
  await using node = await withNode()
  const followed = node.run('hits --follow --json')
  await until(() => node.service.followers() === 1)
  node.service.show(sampleView())
  await until(() => node.outSoFar().includes('"hit"'))
  node.service.endStream()
  const { exit, out, err } = await followed
  assert.is(exit, 3)
  assert.match(JSON.parse(err).message, 'NOT RECEIVING')
  assert.equal(out.trim().split('\n').map(line => Object.keys(JSON.parse(line))[0]), ['heartbeat', 'hit'])
})

cli('a hostile answer cannot move the cursor', async () => {
  await using node = await withNode()
  node.service.trust = async () => ['\u001b[2Jgone \u202e', 'x']
  const { out } = await node.run('trust show', { isTerminal: true })
  assert.is(out, '\\u{1b}[2Jgone \\u{202e}\nx\n')
  assert.not.match((await node.run('trust show --json')).out, '\u202e')
})

cli('commands say what was done, and a refusal says what to do', async () => {
  await using node = await withNode()
  const id = 'C'.repeat(21) + 'A'
  assert.match((await node.run(`candidates confirm ${id}`)).out, 'Confirmed.')
  assert.match((await node.run(`candidates reject ${id} --reason misread`)).out, 'Rejected.')
  assert.is((await node.run('grants end g-old')).exit, 0)
  const as = `--as ${node.listKey}`
  assert.is((await node.run(`hotlist share A-1 A-2 --to lv:state-police ${as}`)).exit, 0)
  assert.is((await node.run(`hotlist withdraw A-1 --reason found ${as}`)).exit, 0)
  assert.is((await node.run(`hotlist confirm A-1 ${as}`)).exit, 0)
  const agency = POLICE
  assert.equal(node.service.given.map(({ command }) => command), [
    { do: 'candidate.confirm', candidate: id }, { do: 'candidate.reject', candidate: id, reason: 'misread' }, { do: 'grant.end', agency, grant: 'g-old' },
    { do: 'entry.share', agency, refs: ['A-1', 'A-2'], to: 'lv:state-police' }, { do: 'entry.withdraw', agency, ref: 'A-1', reason: 'found' }, { do: 'entry.confirm', agency, ref: 'A-1' }
  ])
  node.service.answers.push({ ok: false, code: 'role-lacking' })
  const refused = await node.run(`candidates confirm ${id}`)
  assert.is(refused.exit, 1)
  assert.match(refused.err, /This role may not do that\.\n.*people list/)
  node.service.answers.push({ ok: false, code: 'role-lacking' })
  assert.is(JSON.parse((await node.run(`candidates confirm ${id} --json`)).err).code, 'role-lacking')
})

cli('one entry by options; the plate may come from the standard input', async () => {
  await using node = await withNode()
  const argv = ['hotlist', 'add', '--as', node.listKey, '--ref', 'A-1', '--plate', '-', '--category', 'stolen-vehicle', '--action', 'seize', '--why', 'Stolen in Utena', '--decision', 'D-1', '--basis', 'lv-lt-2006/art-1', '--until', '2026-12-31', '--further-hits']
  const quiet: Io = { out: () => {}, err: () => {}, isTerminal: false, env: { TILTAS_CONFIG: node.config }, readInput: async () => 'SECRET 1\n', stopped: new AbortController().signal, now: () => NOW }
  assert.is(await main(argv, quiet), 0)
  const { command } = node.service.given[0]!
  assert.ok(command.do === 'entry.put')
  assert.equal([command.entry.plate, command.entry.furtherHits, command.entry.confirmedAt], ['SECRET 1', true, NOW / 1000])
  assert.is(await main(argv.map(word => word === 'seize' ? 'sieze' : word), quiet), 2)
})

cli('an import adds all rows, or names every broken line and adds none', async () => {
  await using node = await withNode()
  const as = `--as ${node.listKey}`
  const good = await node.run(`hotlist import ${node.file('good.csv', [HEAD, row('A-1'), row('A-2')].join('\r\n'))} ${as}`)
  assert.equal([good.exit, good.out, node.service.given.length], [0, '2 added\n', 2])
  const broken = node.file('broken.csv', [HEAD, row('B-1'), row('B-2', 'sieze'), row('B-1'), 'x'].join('\n'))
  const none = await node.run(`hotlist import ${broken} ${as}`)
  assert.equal([none.exit, node.service.given.length], [1, 2])
  assert.equal(none.out.split('\n').map(line => line.slice(0, 7)), ['line 3:', 'line 4:', 'line 5:', '0 added', ''])
  assert.not.match(none.out + none.err, 'SECRET')
  const some = await node.run(`hotlist import ${broken} --skip-broken --json ${as}`)
  assert.equal([some.exit, JSON.parse(some.out).added, JSON.parse(some.out).problems.length], [1, 1, 3])
})

cli('a busy node is asked again', async () => {
  await using node = await withNode(2)
  const rows = node.file('rows.csv', [HEAD, row('A-1'), row('A-2'), row('A-3')].join('\n'))
  const imported = node.run(`hotlist import ${rows} --as ${node.listKey}`, { now: () => node.clock.at })
  await until(() => node.service.given.length === 2)
  // The third request is signed with the old time by now, and was answered that the node is busy.
  await new Promise(resolve => setTimeout(resolve, 500))
  node.clock.at += 10 * 60_000
  assert.equal([(await imported).exit, node.service.given.length], [0, 3])
})

cli('rows that the node refuses are named too', async () => {
  await using node = await withNode()
  const rows = node.file('rows.csv', [HEAD, row('A-1'), row('A-2'), row('A-3')].join('\n'))
  node.service.answers.push({ ok: false, code: 'ended' }, { ok: true }, { ok: false, code: 'malformed', detail: 'entry.plate' })
  const { exit, out } = await node.run(`hotlist import ${rows} --as ${node.listKey}`)
  assert.is(exit, 1)
  assert.match(out, 'It ended already')
  assert.match(out, '(entry.plate)')
  assert.match(out, '1 added, 2 broken')
  const alien = await node.run(`hotlist import ${rows} --as ${node.file('stranger.key', stranger.file)}`)
  assert.is(alien.exit, 4)
})

cli('a grant is checked before it is given, and its fields are named', async () => {
  await using node = await withNode()
  const grant = {
    id: 'g-stolen', version: 1, direction: 'egress', agency: POLICE, partner: { agency: 'lv:state-police' }, kinds: ['hit'], categories: ['stolen-vehicle'], siteGroups: 'all', precision: 'nuts3',
    purpose: 'investigation', legalBasis: 'lv-lt-2006/art-1', retentionDays: 30, handling: 'H1', thirdCountry: 'prohibited', furtherHits: false, unverified: 'confirm', from: NOW / 1000, until: NOW / 1000 + 86_400
  }
  assert.is((await node.run(`grants add ${node.file('grant.json', JSON.stringify(grant))}`)).exit, 2, 'without reason nothing is drafted')
  node.service.answers.push({ ok: true, made: { draft: 'd-1', hash: 'H'.repeat(43), lapses: NOW / 1000 + 86_400, warnings: 1 } })
  const put = await node.run(`grants add ${node.file('grant.json', JSON.stringify(grant))} --why needed --decision D-1`)
  assert.is(put.exit, 0, put.err)
  assert.match(put.out, /Drafted as d-1\. Nothing is in force yet\.\n {2}hash {6}H{43}/)
  assert.match(put.out, `tiltas policy approve d-1 --agency ${POLICE} --hash ${'H'.repeat(43)}`)
  assert.equal(node.service.given.map(({ command }) => command), [{ do: 'policy.draft', agency: POLICE, put: [grant], end: [], reason: 'needed', reference: 'D-1' }])
  const { until: _until, ...endless } = grant
  const refused = await node.run(`grants add ${node.file('endless.yaml', JSON.stringify(endless))} --why needed --decision D-1`)
  assert.is(refused.exit, 1)
  assert.match(refused.err, 'until:')
  for (const text of ['a: &a [1]\nb: *a', '{', 'x'.repeat(70_000)]) assert.ok((await node.run(`grants add ${node.file('bad.yaml', text)}`)).exit > 0)
})

cli('grants are explained by their sentence and their policy', async () => {
  await using node = await withNode()
  const grant = { id: 'g-stolen', version: 3, direction: 'egress', agency: POLICE, partner: { nation: 'LV' }, kinds: ['hit'], categories: 'all', siteGroups: 'all', precision: 'nuts3', until: NOW / 1000 } as unknown as Grant
  node.service.grants = async () => [{ grant, version: 3, hash: 'H'.repeat(43), sentence: 'LV receives hits.\u001b[2J', cedar: 'permit (\n  principal);' }]
  assert.match((await node.run('grants list')).out, /g-stolen@3 +egress +all of LV +hit +nuts3/)
  for (const id of ['', 'g-stolen', 'g-stolen@3']) assert.match((await node.run(`grants explain ${id}`)).out, /^g-stolen@3 {2}H+\nLV receives hits\.\\u\{1b\}\[2J\n {4}permit \(\n {6}principal\);\n$/)
  assert.is((await node.run('grants explain g-other')).exit, 2)
})

cli('a new person has a key for themselves alone', async () => {
  const { run, folder, file } = prepare()
  const out = join(folder.path, 'new.key')
  const made = await run(`people new j.kalnins --role LEGAL_OFFICER --agency ${POLICE} --out ${out}`)
  assert.is(made.exit, 0)
  assert.is(statSync(out).mode & 0o777, 0o600)
  assert.match(made.out, /- personId: "j\.kalnins"\n {4}role: "LEGAL_OFFICER"/)
  const config = file('with.yaml', CONFIG + made.out.split('\n').filter(line => line.startsWith('  - ') || line.startsWith('    ')).join('\n') + '\n')
  assert.match((await run(`people list --config ${config}`)).out, 'j.kalnins')
  const again = await run(`people new j.kalnins --role LEGAL_OFFICER --agency ${POLICE} --out ${out}`)
  assert.is(again.exit, 1)
  assert.match(again.err, 'A file is there already')
  folder[Symbol.dispose]()
})

cli('the doctor names what is wrong and what to do, and changes nothing', async () => {
  const { run, file, folder } = prepare()
  const sick = await run('doctor')
  assert.is(sick.exit, 1)
  assert.match(sick.out, /ok {4}config/)
  assert.match(sick.out, /warn {2}node {6}The node is not running/)
  assert.match(sick.out, /fail {2}key ring {2}its file does not exist\n.*tiltas init/)
  assert.match(sick.out, /warn {2}people {4}no NATIONAL_ADMIN/)
  assert.not.ok(existsSync(join(folder.path, 'data')))
  const config = file('doctor.yaml', CONFIG.replace('trust: []', 'trust: absent\nlisten: [/ip4/127.0.0.1/tcp/1]\npeers: [{ node: lv/national, addresses: [/ip4/127.0.0.1/tcp/2] }]'))
  const checks = JSON.parse((await run(`doctor --json --config ${config}`)).out) as { name: string, verdict: string, text: string, todo?: string }[]
  const verdictOf = (name: string) => checks.find(check => check.name === name)!.verdict
  assert.equal(['trust', 'peer', 'key ring', 'config'].map(verdictOf), ['fail', 'warn', 'fail', 'ok'])
  for (const { verdict, todo } of checks) assert.is(todo === undefined, verdict === 'ok')
  assert.match((await run(`doctor --config ${file('typo.yaml', 'nod: x')}`)).out, /fail {2}config {4}unknown key `nod` at typo\.yaml:1:1/)
  folder[Symbol.dispose]()
})

cli('the doctor asks a running node', async () => {
  await using node = await withNode()
  const { out } = await node.run('doctor')
  assert.match(out, /ok {4}node {6}running/)
  assert.match(out, /ok {4}store {5}held by the running node/)
})

cli('a founded node: the doctor opens its keys, and names what will end', async () => {
  const { run, folder } = prepare()
  const home = join(folder.path, 'lv')
  const founded = await run(`init ${home} --node lv/national --agency lv:state-police --json`)
  assert.is(founded.exit, 0, founded.err)
  const config = JSON.parse(founded.out).configPath
  const now = Date.now()
  const healthy = await run(`doctor --config ${config}`, { now: () => now })
  assert.equal([healthy.exit, healthy.err], [0, ''], healthy.out)
  assert.match(healthy.out, /ok {4}key ring {2}opens, \d+ keys/)
  assert.match(healthy.out, /ok {4}trust/)
  assert.match(healthy.out, /ok {4}expiry {4}nothing that somebody has to renew/)
  const later = (days: number) => run(`doctor --config ${config}`, { now: () => now + days * 86_400_000 })
  assert.match((await later(27)).out, /warn {2}expiry {4}statement of lv:state-police ends in/)
  assert.match((await later(400)).out, /fail {2}expiry {4}root of LV ended/)
  writeFileSync(join(home, 'keys', 'passphrase'), 'wrong')
  assert.match((await run(`doctor --config ${config}`, { now: () => now })).out, /fail {2}key ring {2}does not open/)
  assert.is((await run(`init ${home} --node lv/national --agency lv:state-police`)).exit, 1)
  folder[Symbol.dispose]()
})

cli('the program itself answers with the exit code', () => {
  const tiltas = (...args: string[]) => spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, '../../../node/cli/main.ts'), ...args], { encoding: 'utf8', env: { ...process.env, TILTAS_CONFIG: '/nowhere.yaml' } })
  const help = tiltas('--help')
  assert.equal([help.status, help.stderr], [0, ''])
  assert.match(help.stdout, /^Usage: tiltas/)
  const wrong = tiltas('stauts')
  assert.equal([wrong.status, wrong.stdout], [2, ''])
  assert.is(tiltas('status').status, 2)
})

cli.run()

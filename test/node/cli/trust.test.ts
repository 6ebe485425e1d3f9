/** Ceremonies as people run them: files that travel between machines, one command after the other. */
import { chmodSync, copyFileSync, existsSync, readdirSync, writeFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readTrust } from '../../../node/trust-files.ts'
import { isRefusal } from '../../../keys/read-statements.ts'
import { parseAgencyId, parseNationId, type Kid } from '../../../protocol/identifiers.ts'
import { openDesk, type Desk } from '../../support/trust-desk.ts'

const test = suite('node/cli/trust')
const desk: Desk = openDesk()
const { path } = desk
const trustOf = (nation: string) => readTrust([path(`${nation}/trust`)])
const codeOf = async (...words: readonly string[]): Promise<string> => {
  const { exit, err } = await desk.tiltas(...words, '--json')
  assert.is.not(exit, 0, words.join(' '))
  return (JSON.parse(err) as { code: string }).code
}
interface Fingerprint { readonly fingerprint: string, readonly words: string, readonly hash: string }

test.before(async () => {
  for (const nation of ['lv', 'lt', 'ee']) {
    await desk.found(nation, ...nation === 'lv' ? ['--site', 'lv/site-a'] : [])
    await desk.ask('trust', 'offer', ...desk.at(nation), '--out', path(`${nation}.jws`))
  }
})
test.after(() => desk.close())

test('a federation is founded by files: drawn up, signed apart, merged, compared, pinned', async () => {
  const offer = await desk.ask<Fingerprint>('trust', 'inspect', path('lt.jws'))
  assert.match(offer.fingerprint, /^([0-9A-F]{4} ){7}[0-9A-F]{4}$/)
  assert.is(offer.words.split(' ').length, 16)
  const said = await desk.tiltas('trust', 'create-federation', 'baltic.example', path('lt.jws'), ...desk.at('lv'), '--out', path('fed.ceremony.json'))
  assert.match(said.out, /founds the federation baltic\.example[\s\S]*LT becomes a member[\s\S]*2 of the 2 nations must sign; nobody has yet/)
  copyFileSync(path('fed.ceremony.json'), path('fed-lt.ceremony.json'))
  assert.is(await codeOf('trust', 'publish', path('fed.ceremony.json'), ...desk.at('lv')), 'not-complete')
  const fingerprint = await desk.sign('fed.ceremony.json', desk.rootKey('lv', 1))
  assert.is(await desk.sign('fed-lt.ceremony.json', desk.rootKey('lt', 3)), fingerprint)
  const merged = await desk.ask<{ complete: boolean }>('trust', 'merge', path('fed.ceremony.json'), path('fed-lt.ceremony.json'))
  assert.ok(merged.complete)
  const shown = await desk.tiltas('trust', 'pin', path('fed.ceremony.json'), ...desk.at('lv'))
  assert.match(shown.out, 'Nothing was changed')
  assert.is(trustOf('lv').federation(), undefined)
  assert.is(await codeOf('trust', 'pin', path('fed.ceremony.json'), '--fingerprint', offer.fingerprint, ...desk.at('lv')), 'fingerprint-differs')
  const { words } = await desk.ask<Fingerprint>('trust', 'inspect', path('fed.ceremony.json'))
  await desk.ask('trust', 'pin', path('fed.ceremony.json'), '--fingerprint', fingerprint.replaceAll(' ', '').toLowerCase(), ...desk.at('lv'))
  await desk.ask('trust', 'pin', path('fed.ceremony.json'), '--fingerprint', words, ...desk.at('lt'))
  for (const nation of ['lv', 'lt']) {
    const trust = trustOf(nation)
    assert.ok(trust.isMember(parseNationId('LV'), Date.now()) && trust.isMember(parseNationId('LT'), Date.now()))
    assert.not.ok(trust.isMember(parseNationId('EE'), Date.now()))
  }
})

test('a key signs once, a key without a say not at all, and files of two ceremonies never mix', async () => {
  await desk.ask('trust', 'rotate', 'nation', ...desk.at('lv'), '--out', path('lv2.ceremony.json'))
  const fingerprint = await desk.sign('lv2.ceremony.json', desk.rootKey('lv', 1))
  const countersign = (key: string, ...more: readonly string[]) => ['trust', 'countersign', path('lv2.ceremony.json'), '--key', key, '--yes', ...more.length > 0 ? more : [fingerprint]]
  assert.is(await codeOf(...countersign(desk.rootKey('lv', 1))), 'already-signed')
  assert.is(await codeOf(...countersign(desk.rootKey('lt', 1))), 'not-asked')
  assert.is(await codeOf(...countersign(path('lv/offline/registry.json'))), 'not-a-root-key')
  assert.is(await codeOf(...countersign(desk.rootKey('lv', 2), fingerprint.slice(0, -1) + (fingerprint.endsWith('0') ? '1' : '0'))), 'fingerprint-differs')
  assert.is(await codeOf(...countersign(desk.rootKey('lv', 2), fingerprint.split(' ')[0]!)), 'fingerprint-differs', 'a part is not the whole')
  copyFileSync(desk.rootKey('lv', 2), path('open.json'))
  chmodSync(path('open.json'), 0o644)
  assert.is(await codeOf(...countersign(path('open.json'))), 'key-not-private')
  assert.is(await codeOf('trust', 'merge', path('lv2.ceremony.json'), path('fed.ceremony.json')), 'other-ceremony')
  assert.is(await codeOf('trust', 'countersign', path('fed.ceremony.json'), '--key', desk.rootKey('lv', 2), '--out', path('lv2.ceremony.json'), '--yes', (await desk.ask<Fingerprint>('trust', 'inspect', path('fed.ceremony.json'))).fingerprint), 'exists')
  assert.is(await codeOf('trust', 'rotate', 'log', '--onto', path('lv2.ceremony.json'), ...desk.at('lv')), 'already-signed')
})

test('what was interrupted goes on: the file is the state', async () => {
  const before = await desk.ask<{ complete: boolean }>('trust', 'inspect', path('lv2.ceremony.json'))
  assert.not.ok(before.complete)
  assert.is(await codeOf('trust', 'publish', path('lv2.ceremony.json'), ...desk.at('lv')), 'not-complete')
  await desk.sign('lv2.ceremony.json', desk.rootKey('lv', 3))
  const { files } = await desk.ask<{ files: string[] }>('trust', 'publish', path('lv2.ceremony.json'), ...desk.at('lv'))
  assert.is(files.length, 1)
  assert.match((await desk.tiltas('trust', 'publish', path('lv2.ceremony.json'), ...desk.at('lv'))).out, 'has it already')
  assert.is(trustOf('lv').nation(parseNationId('LV'))?.version, 2)
  assert.match((await desk.tiltas('trust', 'show', ...desk.at('lv'))).out, 'The root of LV is version 2')
})

test('a second root on the same predecessor is not drawn up, and not published', async () => {
  const other = openDesk()
  try {
    copyFileSync(path('lv2.ceremony.json'), other.path('old.json'))
    await desk.ask('trust', 'rotate', 'nation', ...desk.at('lv'), '--out', path('lv3.ceremony.json'))
    await desk.sign('lv3.ceremony.json', desk.rootKey('lv', 1), desk.rootKey('lv', 2))
    await desk.ask('trust', 'rotate', 'nation', '--threshold', '3', ...desk.at('lv'), '--out', path('lv3b.ceremony.json'))
    await desk.sign('lv3b.ceremony.json', desk.rootKey('lv', 1), desk.rootKey('lv', 2), desk.rootKey('lv', 3))
    await desk.ask('trust', 'publish', path('lv3.ceremony.json'), ...desk.at('lv'))
    assert.is(await codeOf('trust', 'publish', path('lv3b.ceremony.json'), ...desk.at('lv')), 'outdated')
    assert.is(trustOf('lv').nation(parseNationId('LV'))?.version, 3)
  } finally { other.close() }
})

test('at a terminal a group of the fingerprint is asked for', async () => {
  await desk.ask('trust', 'rotate', 'nation', ...desk.at('lt'), '--out', path('lt2.ceremony.json'))
  const { fingerprint } = await desk.ask<Fingerprint>('trust', 'inspect', path('lt2.ceremony.json'))
  const countersign = ['trust', 'countersign', path('lt2.ceremony.json'), '--key', desk.rootKey('lt', 1)]
  const unasked = await desk.tiltas(...countersign)
  assert.match(unasked.out, 'Nothing was signed')
  const questions: string[] = []
  desk.answer = question => { questions.push(question); return 'FFFFF' }
  assert.is((await desk.tiltas(...countersign)).exit, 1)
  desk.answer = question => fingerprint.split(' ')[Number(/group (\d)/.exec(question)![1]) - 1]!
  const signed = await desk.tiltas(...countersign)
  desk.answer = undefined
  assert.is(signed.exit, 0, signed.err)
  assert.match(questions[0]!, /This will sign it with your key .*Type group \d/)
  assert.match(signed.out, /in words[\s\S]*[█▀▄]{5}[\s\S]*signed: key 1 of 3/)
})

test('root keys are replaced: a new person signs, the old one counts no more', async () => {
  await desk.ask('trust', 'new-key', '--out', path('root-4.json'))
  assert.is(await codeOf('trust', 'new-key', '--out', path('root-4.json')), 'usage')
  const { rootKeys } = trustOf('lt').history.nations.get(parseNationId('LT'))!.roots.at(-1)!.body
  const drawn = await desk.tiltas('trust', 'rotate', 'nation', '--with', path('root-4.public.json'), '--without', rootKeys[0]!.kid.replace(/^-+/, '').slice(0, 8), ...desk.at('lt'), '--out', path('lt2b.ceremony.json'))
  assert.match(drawn.out, /A new root key is added[\s\S]*The root key .* counts no more[\s\S]*2 of the 3 root keys before the change[\s\S]*2 of the 3 root keys after the change/)
  await desk.sign('lt2b.ceremony.json', desk.rootKey('lt', 2), path('root-4.json'))
  assert.is(await codeOf('trust', 'publish', path('lt2b.ceremony.json'), ...desk.at('lt')), 'not-complete')
  await desk.sign('lt2b.ceremony.json', desk.rootKey('lt', 3))
  await desk.ask('trust', 'publish', path('lt2b.ceremony.json'), ...desk.at('lt'))
  await desk.ask('trust', 'rotate', 'nation', ...desk.at('lt'), '--out', path('lt3.ceremony.json'))
  const { fingerprint } = await desk.ask<Fingerprint>('trust', 'inspect', path('lt3.ceremony.json'))
  assert.is(await codeOf('trust', 'countersign', path('lt3.ceremony.json'), '--key', desk.rootKey('lt', 1), '--yes', fingerprint), 'not-asked')
  assert.match((await desk.tiltas('trust', 'rotate', 'nation', '--with', path('lt/trust/pins.json'), ...desk.at('lt'), '--out', path('x.json'))).err, 'no public root key')
  const raised = await desk.tiltas('trust', 'rotate', 'nation', '--with', path('root-4.public.json'), ...desk.at('lv'), '--out', path('four.json'))
  assert.match(raised.out, '3 root keys decide from now on, not 2.')
})

test('a nation is admitted by the others and itself, suspended without itself, and comes back', async () => {
  copyFileSync(path('lv/trust/lv-root-2.jws'), path('lt/trust/lv-root-2.jws'))
  await desk.ask('trust', 'admit', path('ee.jws'), ...desk.at('lv'), '--out', path('fed2.ceremony.json'))
  await desk.sign('fed2.ceremony.json', desk.rootKey('lv', 1), desk.rootKey('lt', 2))
  assert.is(await codeOf('trust', 'publish', path('fed2.ceremony.json'), ...desk.at('lv')), 'not-complete', 'the newcomer signs too')
  await desk.sign('fed2.ceremony.json', desk.rootKey('ee', 2))
  for (const nation of ['lv', 'lt']) await desk.ask('trust', 'publish', path('fed2.ceremony.json'), ...desk.at(nation))
  const fingerprint = (await desk.ask<Fingerprint>('trust', 'inspect', path('fed2.ceremony.json'))).fingerprint
  await desk.ask('trust', 'pin', path('fed2.ceremony.json'), '--fingerprint', fingerprint, ...desk.at('ee'))
  const EE = parseNationId('EE')
  for (const nation of ['lv', 'lt', 'ee']) assert.ok(trustOf(nation).isMember(EE, Date.now()), nation)

  const drawn = await desk.tiltas('trust', 'suspend', 'EE', ...desk.at('lt'), '--out', path('fed3.ceremony.json'))
  assert.match(drawn.out, /EE is suspended from[\s\S]*2 of the 2 nations beside EE must sign; its own key does not count/)
  const asked = await desk.ask<Fingerprint>('trust', 'inspect', path('fed3.ceremony.json'))
  assert.is(await codeOf('trust', 'countersign', path('fed3.ceremony.json'), '--key', desk.rootKey('ee', 1), '--yes', asked.fingerprint), 'not-asked')
  await desk.sign('fed3.ceremony.json', desk.rootKey('lv', 2), desk.rootKey('lt', 1))
  for (const nation of ['lv', 'lt', 'ee']) await desk.ask('trust', 'publish', path('fed3.ceremony.json'), ...desk.at(nation))
  for (const nation of ['lv', 'lt', 'ee']) assert.not.ok(trustOf(nation).isMember(EE, Date.now() + 2000), nation)
  assert.is(await codeOf('trust', 'suspend', 'LT', ...desk.at('lv')), 'too-few-nations')

  await desk.ask('trust', 'admit', path('ee.jws'), ...desk.at('lt'), '--out', path('fed4.ceremony.json'))
  await desk.sign('fed4.ceremony.json', desk.rootKey('lv', 1), desk.rootKey('lt', 2), desk.rootKey('ee', 1))
  await desk.ask('trust', 'publish', path('fed4.ceremony.json'), ...desk.at('lv'))
  assert.ok(trustOf('lv').isMember(EE, Date.now() + 2000))
  assert.match((await desk.tiltas('trust', 'history', ...desk.at('lv'))).out, /EE becomes a member[\s\S]*EE is suspended[\s\S]*EE is a member from .*; before, it is suspended/)
})

test('the federation lives another year with the root keys that its members have now', async () => {
  const drawn = await desk.tiltas('trust', 'rotate', 'federation', ...desk.at('lv'), '--out', path('fed5.ceremony.json'))
  assert.is(drawn.exit, 0, drawn.err)
  assert.match(drawn.out, 'version 5 of the root of baltic.example')
  const four = await desk.ask<Fingerprint>('trust', 'inspect', path('fed4.ceremony.json'))
  assert.is.not(four.fingerprint, (await desk.ask<Fingerprint>('trust', 'inspect', path('fed5.ceremony.json'))).fingerprint)
})

test('a key of an agency is replaced at once, an old one taken back from the day it was stolen', async () => {
  const police = parseAgencyId('lv:police')
  const [old] = trustOf('lv').history.agencies.get(police)!.at(-1)!.body.metadata.tiltas_agency.keys.map(({ kid }) => kid)
  await desk.ask('trust', 'rotate', 'agency-signing', ...desk.at('lv'), '--agency', 'lv:police')
  const both = trustOf('lv').history.agencies.get(police)!.at(-1)!.body.metadata.tiltas_agency.keys.filter(({ use, node }) => use === 'sig' && node === 'lv/national').map(({ kid }) => kid)
  assert.is(both.length, 2)
  const now = Date.now() + 2000
  assert.ok(both.every(kid => !isRefusal(trustOf('lv').signingKey(police, kid, 'hit', now))), 'both count')
  assert.is(await codeOf('trust', 'revoke', 'AAAAAAAA', '--reason', 'compromised', ...desk.at('lv')), 'unknown-key')
  assert.is(await codeOf('trust', 'revoke', old!, '--reason', 'superseded', '--compromised-from', '2026-01-01', ...desk.at('lv')), 'usage')
  assert.is(await codeOf('trust', 'revoke', old!, '--reason', 'compromised', '--compromised-from', '2999-01-01', ...desk.at('lv')), 'usage')
  await desk.ask('trust', 'revoke', old!.replace(/^-+/, ''), '--reason', 'compromised', '--compromised-from', '2026-01-01', ...desk.at('lv'))
  assert.ok(trustOf('lv').isCompromised(police, old!))
  assert.not.ok(trustOf('lv').isCompromised(police, both[0] === old ? both[1]! : both[0]!))
  await desk.ask('trust', 'renew', ...desk.at('lv'))
  assert.not.ok(trustOf('lv').history.agencies.get(police)!.at(-1)!.body.metadata.tiltas_agency.keys.some(({ kid }) => kid === old), 'a renewal drops it')
  const asShown = await desk.tiltas('trust', 'show', ...desk.at('lv'))
  assert.match(asShown.out, /LV has revoked the key .* it was stolen, nothing that arrives with it counts/)
})

test('a site asks for its next key with the one that it has; nobody else can', async () => {
  const site = ['--config', path('lv/sites/site-a/tiltas.yaml')]
  const asked = await desk.ask<{ file: string, kid: Kid }>('trust', 'rotate', 'agency-signing', ...site, '--agency', 'lv:police', '--out', path('site.request'))
  await desk.ask('trust', 'register', asked.file, ...desk.at('lv'))
  assert.match((await desk.tiltas('trust', 'register', asked.file, ...desk.at('lv'))).out, 'states this key already')
  const trust = trustOf('lv')
  const police = parseAgencyId('lv:police')
  assert.ok(!isRefusal(trust.signingKey(police, asked.kid, 'candidate', Date.now() + 3000)))
  const abroad = trust.signingKey(police, asked.kid, 'hit', Date.now() + 3000)
  assert.is(isRefusal(abroad) && abroad.code, 'beyond-powers')
  const [head, body, signature] = desk.read('site.request').split('.') as [string, string, string]
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as object
  const forged = Buffer.from(JSON.stringify({ ...claims, node: 'lv/national' })).toString('base64url')
  for (const [text, code] of [[`${head}.${forged}.${signature}`, 'wrong-issuer'], [`${head}.${body}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`, 'wrong-signature'], ['{}', 'malformed']] as const) {
    writeFileSync(path('forged.request'), text)
    assert.is(await codeOf('trust', 'register', path('forged.request'), ...desk.at('lv')), code)
  }
})

test('pins and denials are this node\'s own, and never its own nation', async () => {
  assert.is(await codeOf('trust', 'unpin', 'EE', ...desk.at('lt')), 'not-pinned')
  await desk.ask('trust', 'deny', 'EE', ...desk.at('lt'))
  assert.match((await desk.tiltas('trust', 'show', ...desk.at('lt'))).out, 'This node does not trust EE')
  await desk.ask('trust', 'deny', 'EE', '--lift', ...desk.at('lt'))
  assert.not.match((await desk.tiltas('trust', 'show', ...desk.at('lt'))).out, 'does not trust EE')
  assert.is(await codeOf('trust', 'deny', 'LT', ...desk.at('lt')), 'own-nation')
  await desk.ask('trust', 'unpin', 'federation', ...desk.at('lt'))
  assert.is(await codeOf('trust', 'unpin', 'LT', ...desk.at('lt')), 'own-nation')
  assert.is(await codeOf('trust', 'suspend', 'LV', ...desk.at('lt')), 'no-federation')
})

test('statements are renewed before they end, with the keys of the node or those that people keep', async () => {
  const until = (): number => trustOf('ee').agencies()[0]!.until
  const first = until()
  assert.match((await desk.tiltas('trust', 'renew', ...desk.at('ee'))).out, 'Nothing is due')
  desk.ahead = 16 * 86_400_000
  await desk.ask('trust', 'renew', ...desk.at('ee'))
  assert.ok(until() > first)
  desk.ahead = 33 * 86_400_000
  await desk.ask('trust', 'renew', '--key', path('ee/offline/registry.json'), ...desk.at('ee'))
  desk.ahead = 400 * 86_400_000
  assert.is(await codeOf('trust', 'renew', ...desk.at('ee')), 'root-ended')
  assert.is(await codeOf('trust', 'renew', '--key', path('lv/offline/registry.json'), ...desk.at('ee')), 'root-ended')
  desk.ahead = -400 * 86_400_000
  assert.is(await codeOf('trust', 'renew', ...desk.at('ee')), 'clock-before-root')
  assert.match((await desk.tiltas('trust', 'rotate', 'nation', ...desk.at('ee'), '--out', path('late.json'))).err, 'clock here stands before')
  desk.ahead = 0
  assert.is(await codeOf('trust', 'renew', '--key', path('lv/offline/registry.json'), ...desk.at('ee')), 'no-registry-key')
})

test('one file with a root and its fingerprint as words is enough to join', async () => {
  const { words, fingerprint } = await desk.ask<Fingerprint>('trust', 'offer', ...desk.at('ee'), '--out', path('ee-now.jws'))
  const shown = await desk.tiltas('join', path('ee-now.jws'), ...desk.at('lt'))
  assert.match(shown.out, words)
  assert.is(await codeOf('join', path('ee-now.jws'), '--fingerprint', 'apple apple', ...desk.at('lt')), 'fingerprint-differs')
  await desk.ask('join', path('ee-now.jws'), '--fingerprint', words, '--address', '/ip4/192.0.2.1/tcp/4001', ...desk.at('lt'))
  assert.ok(trustOf('lt').isMember(parseNationId('EE'), Date.now()))
  assert.is((await desk.tiltas('join', path('ee-now.jws'), '--fingerprint', fingerprint, ...desk.at('lt'))).exit, 0, 'once more changes nothing')
})

test('a nation whose news stay away is named, with what to do', async () => {
  await desk.ask('trust', 'publish', path('ee/trust/ee-revocations-1.jws'), ...desk.at('lv'))
  desk.ahead = 9 * 86_400_000
  const { out } = await desk.tiltas('doctor', ...desk.at('lv'))
  desk.ahead = 0
  assert.match(out, /EE: its list of revoked keys is overdue, nothing new is taken from it\n +Look whether its national node is reachable/)
})

test('the list as it stood on a day, and dates that are none', async () => {
  assert.match((await desk.tiltas('trust', 'show', '--at', '2020-01-01', ...desk.at('lv'))).out, 'There was no root of the federation yet.')
  assert.match((await desk.tiltas('trust', 'show', '--at', new Date(Date.now() + 86_400_000).toISOString().slice(0, 10), ...desk.at('lv'))).out, 'lv:police')
  assert.is(await codeOf('trust', 'show', '--at', 'yesterday', ...desk.at('lv')), 'usage')
})

test('files that are no statements are refused and nothing is written', async () => {
  const before = readdirSync(path('lv/trust')).length
  for (const [text, code] of [['', 'not-a-statement'], ['{}', 'not-a-statement'], ['{"context":[],"payload":"e30","signatures":[],"type":"tiltas-ceremony/1"}', 'not-a-ceremony']] as const) {
    writeFileSync(path('foreign'), text)
    for (const command of ['inspect', 'publish']) assert.is(await codeOf('trust', command, path('foreign'), ...desk.at('lv')), code)
  }
  assert.is(await codeOf('trust', 'inspect', path('nowhere')), 'unreadable')
  copyFileSync(path('lt/offline/root-1-of-3.json'), path('foreign'))
  assert.is(await codeOf('trust', 'publish', path('foreign'), ...desk.at('lv')), 'not-a-statement')
  assert.is(readdirSync(path('lv/trust')).length, before)
  assert.not.ok(readdirSync(path('lv/trust')).some(name => name.endsWith('.new')) || existsSync(path('lv/trust/foreign')))
})

test.run()

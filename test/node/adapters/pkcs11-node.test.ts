/**
 * A node whose agency signs and opens with keys in a hardware module (SoftHSM 2), as a process of its own: hits reach it,
 * its receipts come from the module, and while the module is unplugged nothing is lost.
 */
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parseDocument } from 'yaml'
import { makeAgencyStatement, signerOf } from '../../../keys/make-statements.ts'
import { privateKeyFromSeed } from '../../../keys/private-key.ts'
import { isRefusal, readStatement, type ReadAgencyStatement } from '../../../keys/read-statements.ts'
import { createFileKeyRing } from '../../../node/adapters/file-key-ring.ts'
import { main } from '../../../node/cli/main.ts'
import type { SentHitView } from '../../../node/console/service.ts'
import { toUnixSeconds } from '../../../protocol/instant.ts'
import type { Kid } from '../../../protocol/identifiers.ts'
import { LT_NATIONAL, LT_POLICE, LV_LUDZA, ringOf } from '../../support/founded.ts'
import { isSettled, layOutCountries, type Countries } from '../../stories/support/country-nodes.ts'
import { eventually, pause } from '../../stories/support/places.ts'
import { readOf } from '../../stories/support/terms.ts'
import { MODULE, PIN, SoftTokens, whyNoModule } from './pkcs11-soft-token.ts'

const missing = whyNoModule()
const test = suite('a node with a hardware module')
if (missing !== undefined) {
  console.log(`SKIP a node with a hardware module: ${missing}`)
  test('is skipped by name, and fails in CI', () => assert.not(process.env['CI'], missing))
  test.run()
} else await testNode()

async function testNode (): Promise<void> {
  const tokens = new SoftTokens()
  tokens.add('tiltas-lt')
  let world: Countries
  let reads = 0

  async function tiltas (...words: readonly string[]): Promise<{ exit: number, out: string, err: string }> {
    let out = ''; let err = ''
    const exit = await main([...words, '--config', world.lt.config, '--json'], { out: text => { out += text }, err: text => { err += text }, isTerminal: false, env: process.env, readInput: async () => '', stopped: new AbortController().signal, now: Date.now })
    return { exit, out, err }
  }
  async function done<Answer> (...words: readonly string[]): Promise<Answer> {
    const { exit, out, err } = await tiltas(...words)
    if (exit !== 0) throw new Error(`tiltas ${words.join(' ')} ended with ${exit}: ${err}`)
    return JSON.parse(out) as Answer
  }
  const deliver = async (): Promise<void> => {
    assert.is((await world.site.deliver('/ingest/reads', readOf('ABC123', { country: 'LT', eventId: `e-${++reads}` }))).status, 200)
  }
  async function everyHitOnce (): Promise<void> {
    await eventually(`${reads} hits at their owner`, async () => (await world.hitsAtOwner()).length >= reads, 60_000)
    await eventually('everything to be receipted', () => isSettled(world.nodes), 60_000)
    assert.is(new Set((await world.hitsAtOwner()).map(({ hit }) => hit.hitId)).size, reads)
  }

  /** As an operator does: the module into the config, keys made in it, and the nation names them instead of those in the file. */
  async function moveIn (): Promise<void> {
    writeFileSync(join(world.lt.folder, 'keys/pin'), PIN + '\n', { mode: 0o600 })
    const config = parseDocument(readFileSync(world.lt.config, 'utf8'))
    config.setIn(['keyRing', 'pkcs11'], { module: MODULE, token: 'tiltas-lt', pinFile: 'keys/pin' })
    writeFileSync(world.lt.config, config.toString(), { mode: 0o600 })
    const [signing, sealing] = [
      await done<{ kid: Kid, where: string, jwk: { x: string } }>('keys', 'new', '--purpose', 'signing', '--agency', LT_POLICE),
      await done<{ kid: Kid, where: string, jwk: { x: string } }>('keys', 'new', '--purpose', 'sealing', '--agency', LT_POLICE)
    ]
    assert.equal([signing.where, sealing.where], ['module', 'module'])
    const { lt } = world.federation
    const old = lt.statements.map(bytes => readStatement(bytes)).find((read): read is ReadAgencyStatement => !isRefusal(read) && read.kind === 'agency-statement')!
    const iat = Math.max(toUnixSeconds(Date.now()), old.body.iat + 1)
    const registry = lt.registryKeys.map(privateKeyFromSeed).find(({ purpose }) => purpose === 'federation')!
    const statement = await makeAgencyStatement(old.body.iss, {
      ...old.body.metadata.tiltas_agency, iat, exp: iat + 86_400, keys: [
        { kid: signing.kid, use: 'sig', node: LT_NATIONAL, suite: 'EdDSA', publicText: signing.jwk.x },
        { kid: sealing.kid, use: 'enc', node: LT_NATIONAL, suite: 'x25519-a256kw-a256gcm', publicText: sealing.jwk.x }
      ]
    }, signerOf(registry))
    for (const node of world.nodes) writeFileSync(join(node.folder, 'trust/lt-utena-police-moved.jws'), statement)
    // What lay in the file is gone: whatever this agency says from now on, the module signs.
    rmSync(join(world.lt.folder, 'keys/ring.json'))
    await createFileKeyRing(join(world.lt.folder, 'keys/ring.json'), readFileSync(join(world.lt.folder, 'keys/passphrase'), 'utf8').trim(), ringOf(world.federation, LT_NATIONAL).filter(({ agency }) => agency === undefined))
    await eventually('the statement to be of now', () => toUnixSeconds(Date.now()) >= iat)
  }

  test.before(async () => {
    world = await layOutCountries()
    await moveIn()
    await Promise.all(world.nodes.map(node => node.start()))
    await world.listAtSite([{ ref: 'H-1', plate: 'ABC123', country: 'LT', furtherHits: true }])
  })
  test.after(async () => {
    await world.close()
    tokens.remove()
  })

  test('hits are opened and receipted with keys that lie in the module', async () => {
    for (let i = 0; i < 3; i++) await deliver()
    await everyHitOnce()
    const sent = await world.ask<{ hits: SentHitView[] }>(world.lv, LV_LUDZA, 'LEGAL_OFFICER', 'hits', 'sent')
    assert.equal(sent.hits.map(({ state }) => state), ['receipted', 'receipted', 'receipted'])
  })

  test('the operator sees which key lies where, beside the running node', async () => {
    const keys = await done<{ purpose: string, where: string, state: string, agency?: string, isInsideOnly: boolean }[]>('keys', 'list')
    assert.equal(keys.filter(({ agency }) => agency === LT_POLICE).map(({ purpose, where, state, isInsideOnly }) => [purpose, where, state, isInsideOnly]).sort(),
      [['sealing', 'module', 'in use', true], ['signing', 'module', 'in use', true]])
    const inFile = keys.filter(({ where }) => where === 'file')
    assert.equal(inFile.filter(({ purpose }) => ['log', 'transport'].includes(purpose)).map(({ purpose }) => purpose).sort(), ['log', 'log', 'transport'])
    assert.equal(inFile.filter(({ state }) => state !== 'in use'), [])
    const { keys: count, ed25519, p256 } = await done<{ keys: number, ed25519: boolean, p256: boolean }>('keys', 'doctor')
    assert.equal([count, ed25519, p256], [2, true, true])
    const checks = await tiltas('doctor')
    assert.match(checks.out, /"name": "module",\s+"verdict": "ok"/)
  })

  test('unplugged for a moment: what arrives meanwhile waits, and nothing is refused or lost', async () => {
    const away = join(tokens.folder, 'tokens-away'); const here = join(tokens.folder, 'tokens')
    for (let times = 0; times < 2; times++) {
      renameSync(here, away)
      mkdirSync(here)
      for (let i = 0; i < 3; i++) await deliver()
      await pause(1500)
      rmSync(here, { recursive: true })
      renameSync(away, here)
      await deliver()
      await everyHitOnce()
    }
    assert.ok(world.lt.isRunning)
    assert.is(world.lv.said('refused-by-peer').length, 0)
  })

  test('away for longer than it waits, the node stops and says why; started again with the module, all is there', async () => {
    const away = join(tokens.folder, 'tokens-away'); const here = join(tokens.folder, 'tokens')
    renameSync(here, away)
    mkdirSync(here)
    for (let i = 0; i < 2; i++) await deliver()
    await eventually('the node to stop', () => !world.lt.isRunning, 120_000)
    assert.match(world.lt.errors, /module/)
    assert.not.match(world.lt.errors, new RegExp(PIN))
    await world.lt.end()
    await world.lt.start().then(() => { throw new Error('it runs without its module') }, (error: Error) => assert.match(String(error.message) + String((error.cause as Error | undefined)?.message), /no token/))
    await world.lt.end()
    rmSync(here, { recursive: true })
    renameSync(away, here)
    await world.lt.start()
    await everyHitOnce()
    assert.is(world.lv.said('refused-by-peer').length, 0)
  })

  test('with another PIN it does not start, and does not try again', async () => {
    await world.lt.end()
    writeFileSync(join(world.lt.folder, 'keys/pin'), '000000\n', { mode: 0o600 })
    const codes: string[] = []
    for (let i = 0; i < 3; i++) codes.push((JSON.parse((await tiltas('keys', 'list')).err) as { code: string }).code)
    assert.equal(codes, ['pin-wrong', 'pin-tries-used', 'pin-tries-used'])
    writeFileSync(join(world.lt.folder, 'keys/pin'), PIN + '\n', { mode: 0o600 })
    assert.is((JSON.parse((await tiltas('keys', 'list')).err) as { code: string }).code, 'pin-tries-used', 'only a person may try again')
    assert.is((await tiltas('keys', 'doctor', '--try-pin')).exit, 0)
    assert.is((await tiltas('keys', 'list')).exit, 0)
    for (const name of readdirSync(join(world.lt.folder, 'keys'))) assert.ok(['passphrase', 'pin', 'ring.json'].includes(name), name)
  })

  test.run()
}

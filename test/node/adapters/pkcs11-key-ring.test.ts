/** The key ring on a real PKCS#11 module (SoftHSM 2): the contract, keys that stay inside, and a module that comes and goes. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { privateKeyFromSeed } from '../../../keys/private-key.ts'
import { createFileKeyRing } from '../../../node/adapters/file-key-ring.ts'
import { isModuleSignatureValid } from '../../../node/adapters/pkcs11-curves.ts'
import { CK } from '../../../node/adapters/pkcs11-driver.ts'
import { ModuleError, type ModuleErrorCode } from '../../../node/adapters/pkcs11-errors.ts'
import { joinKeyRings } from '../../../node/adapters/pkcs11-joined-ring.ts'
import { openModuleKeyRing, type ModuleKeyRing, type ModuleKeyRingOptions } from '../../../node/adapters/pkcs11-key-ring.ts'
import { openModule } from '../../../node/adapters/pkcs11-module.ts'
import { systemClock } from '../../../node/adapters/system-clock.ts'
import type { AgencyId, Kid } from '../../../protocol/identifiers.ts'
import { keyRingSuite, SECRETS } from '../../suites/key-ring-suite.ts'
import { MODULE, PIN, SoftTokens, whyNoModule } from './pkcs11-soft-token.ts'

const missing = whyNoModule()
const test = suite('pkcs11 key ring')
if (missing !== undefined) {
  console.log(`SKIP pkcs11 key ring: ${missing}`)
  test('is skipped by name, and fails in CI', () => assert.not(process.env['CI'], missing))
  test.run()
} else testModule()

function testModule (): void {
  const tokens = new SoftTokens()
  const folder = mkdtempSync(join(tmpdir(), 'tiltas-ring-'))
  let labels = 0
  const POLICE = 'lv:police' as AgencyId
  const bytes = new Uint8Array([1, 2, 3])
  const open = (token: string, more: Partial<ModuleKeyRingOptions> = {}): Promise<ModuleKeyRing> => openModuleKeyRing({ address: { module: MODULE, token }, pin: PIN, clock: systemClock, ...more })
  const fresh = async (more: Partial<ModuleKeyRingOptions> = {}): Promise<{ ring: ModuleKeyRing, label: string }> => {
    const label = `ring-${++labels}`
    tokens.add(label)
    return { ring: await open(label, more), label }
  }
  async function fails (code: ModuleErrorCode, run: () => unknown): Promise<ModuleError> {
    try { await run() } catch (error) {
      assert.instance(error, ModuleError)
      assert.is((error as ModuleError).code, code)
      assert.not.match(String((error as Error).message), PIN)
      return error as ModuleError
    }
    throw new Error(`it did not fail with ${code}`)
  }

  const postQuantum = SECRETS[3]!
  keyRingSuite('a module joined with a file', async () => {
    const { ring: module } = await fresh()
    const signing = await module.generate({ algorithm: 'Ed25519', purpose: 'signing', agency: POLICE })
    const sealing = await module.generate({ algorithm: 'X25519', purpose: 'sealing', agency: POLICE })
    const log = await module.generate({ algorithm: 'Ed25519', purpose: 'log' })
    const ring = joinKeyRings(await createFileKeyRing(join(folder, `${labels}.json`), 'long enough', [postQuantum]), module)
    return { ring, keys: { signing, sealing, log, postQuantum: privateKeyFromSeed(postQuantum) }, done: () => ring.close() }
  })

  test.after(() => {
    tokens.remove()
    rmSync(folder, { recursive: true, force: true })
  })

  test('keys are made inside, cannot be read, and are found again by name', async () => {
    const { ring, label } = await fresh()
    const made = await ring.generate({ algorithm: 'Ed25519', purpose: 'signing', agency: POLICE })
    assert.ok(made.isInsideOnly)
    await ring.close()
    const again = await open(label)
    assert.equal(again.list().map(({ kid, purpose, agency, isInsideOnly }) => [kid, purpose, agency, isInsideOnly]), [[made.kid, 'signing', POLICE, true]])
    const [signature] = await again.sign([{ kid: made.kid, bytes }])
    assert.ok(isModuleSignatureValid('Ed25519', made.publicKey, bytes, signature!))
    // Also somebody with the PIN cannot have the private half.
    const { driver, slots, close } = openModule({ module: MODULE })
    const session = driver.C_OpenSession(slots.find(({ info }) => info.label === label)!.slot, CK.SERIAL_SESSION)
    driver.C_FindObjectsInit(session, [{ type: CK.CLASS, value: CK.PRIVATE_KEY }])
    const [handle] = driver.C_FindObjects(session, 1)
    driver.C_FindObjectsFinal(session)
    assert.throws(() => driver.C_GetAttributeValue(session, handle!, [{ type: CK.VALUE }]), /SENSITIVE/)
    driver.C_CloseSession(session)
    close()
    await again.close()
  })

  test('P-256 signs as ES256', async () => {
    const { ring } = await fresh()
    const key = await ring.generate({ algorithm: 'P-256', purpose: 'signing', agency: POLICE })
    assert.is(key.publicKey.length, 65)
    const [signature] = await ring.sign([{ kid: key.kid, bytes }])
    assert.ok(isModuleSignatureValid('P-256', key.publicKey, bytes, signature!))
    assert.not.ok(isModuleSignatureValid('P-256', key.publicKey, new Uint8Array([1]), signature!))
    await ring.close()
  })

  test('a session that ended is opened again, and what waits is answered', async () => {
    const { ring } = await fresh()
    const key = await ring.generate({ algorithm: 'Ed25519', purpose: 'log' })
    for (let times = 0; times < 3; times++) {
      tokens.endSessions()
      const rounds = await Promise.all(Array.from({ length: 5 }, () => ring.sign([{ kid: key.kid, bytes }])))
      for (const [signature] of rounds) assert.ok(isModuleSignatureValid('Ed25519', key.publicKey, bytes, signature!))
    }
    await ring.close()
  })

  test('unplugged: what asks is told so and nothing else; plugged in again: it works without a restart', async () => {
    const lost: ModuleErrorCode[] = []
    const { ring } = await fresh({ awayMax: 300, lost: error => lost.push(error.code) })
    const key = await ring.generate({ algorithm: 'Ed25519', purpose: 'log' })
    tokens.unplug()
    await fails('module-away', () => ring.sign([{ kid: key.kid, bytes }]))
    await fails('module-away', () => ring.sign([{ kid: key.kid, bytes }]))
    assert.equal(lost, ['module-away', 'module-away'])
    assert.ok(ring.has(key.kid), 'it still knows its keys')
    tokens.plugIn()
    let signature: Uint8Array | undefined
    while (signature === undefined) [signature] = await ring.sign([{ kid: key.kid, bytes }]).catch(() => [])
    assert.ok(isModuleSignatureValid('Ed25519', key.publicKey, bytes, signature))
    await ring.close()
  })

  test('who is patient enough never notices that it was unplugged', async () => {
    const { ring } = await fresh()
    const key = await ring.generate({ algorithm: 'Ed25519', purpose: 'log' })
    tokens.unplug()
    const waiting = ring.sign([{ kid: key.kid, bytes }])
    setTimeout(() => tokens.plugIn(), 400)
    assert.ok(isModuleSignatureValid('Ed25519', key.publicKey, bytes, (await waiting)[0]!))
    await ring.close()
  })

  test('another token of the same name is not taken for ours', async () => {
    const { ring, label } = await fresh({ awayMax: 5000 })
    const key = await ring.generate({ algorithm: 'Ed25519', purpose: 'log' })
    tokens.unplug()
    tokens.add(label)
    await fails('key-missing', () => ring.sign([{ kid: key.kid, bytes }]))
    await fails('key-missing', () => ring.sign([{ kid: key.kid, bytes }]))
    tokens.plugIn()
    await ring.close()
  })

  test('a wrong PIN is said once and never tried again by itself', async () => {
    const label = `ring-${++labels}`
    tokens.add(label)
    await fails('pin-wrong', () => open(label, { pin: '000000' }))
    await fails('pin-tries-used', () => open(label, { pin: '000000' }))
    await fails('pin-tries-used', () => open(label))
    await tokens.openDeliberately(label).close()
    await (await open(label)).close()
  })

  test('what is configured wrongly has a code of its own', async () => {
    const { ring, label } = await fresh()
    await ring.close()
    await fails('no-module', () => openModuleKeyRing({ address: { module: join(folder, 'none.so'), token: label }, pin: PIN, clock: systemClock }))
    await fails('no-driver', () => openModuleKeyRing({ address: { module: MODULE, token: label, driver: folder }, pin: PIN, clock: systemClock }))
    await fails('no-token', () => open('nobody'))
    tokens.add(label)
    await fails('two-tokens', () => open(label))
    const { slots, close } = openModule({ module: MODULE })
    const serials = slots.filter(({ info }) => info.label === label).map(({ info }) => info.serialNumber)
    close()
    assert.is(serials.length, 2)
    for (const serial of serials) await (await open(label, { address: { module: MODULE, token: label, serial } })).close()
  })

  test('a key that nobody knows is refused before the module is asked', async () => {
    const { ring } = await fresh({ lost: () => { throw new Error('nothing is lost') } })
    const refused = await ring.sign([{ kid: 'A'.repeat(43) as Kid, bytes }]).then(() => undefined, (error: { code?: string }) => error.code)
    assert.is(refused, 'unknown-key')
    await ring.close()
  })

  test.run()
}

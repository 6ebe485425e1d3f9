/** Where a PIN may come from, and that nothing else is taken. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MODULE_ERRORS, ModuleError, moduleErrorOf } from '../../../node/adapters/pkcs11-errors.ts'
import { pointOf } from '../../../node/adapters/pkcs11-curves.ts'
import { CK, type TokenInfo } from '../../../node/adapters/pkcs11-driver.ts'
import { ensureMayLogIn } from '../../../node/adapters/pkcs11-module.ts'
import { parseLabel } from '../../../node/adapters/pkcs11-objects.ts'
import { readPin, type PinSource } from '../../../node/adapters/pkcs11-pin.ts'
import { loadConfig } from '../../../node/config.ts'

const test = suite('pkcs11 pin')
const folder = mkdtempSync(join(tmpdir(), 'tiltas-pin-'))
test.after(() => rmSync(folder, { recursive: true, force: true }))
const file = (name: string, text: string, mode = 0o600): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}
const codeOf = (source: PinSource, env = {}): Promise<string> => readPin(source, env).then(() => 'read', (error: ModuleError) => error.code)

test('from a file of the owner alone, without its line end and with its spaces', async () => {
  assert.is(await readPin({ pinFile: file('a', '4711\n') }, {}), '4711')
  assert.is(await readPin({ pinFile: file('b', ' 47 11\r\n') }, {}), ' 47 11')
  assert.is(await codeOf({ pinFile: file('c', '4711', 0o640) }), 'pin-readable-by-others')
  for (const path of [file('d', ''), file('e', '\n'), file('f', 'x'.repeat(300)), join(folder, 'none'), folder]) assert.is(await codeOf({ pinFile: path }), 'no-pin')
})

test('from a systemd credential, whose folder only the service can read', async () => {
  file('tiltas-pin', '4711\n', 0o440)
  assert.is(await readPin({ pinCredential: 'tiltas-pin' }, { CREDENTIALS_DIRECTORY: folder }), '4711')
  assert.is(await codeOf({ pinCredential: 'tiltas-pin' }), 'no-pin', 'not started by systemd')
  for (const name of ['none', '..', '../x', 'a/b', '']) assert.is(await codeOf({ pinCredential: name }, { CREDENTIALS_DIRECTORY: folder }), 'no-pin', name)
})

test('the config names exactly one source, and knows no PIN itself', () => {
  const load = (pkcs11: string): string => {
    const path = file('tiltas.yaml', `node: lv/national\nrole: national\ndata: data\ntrust: [trust]\nkeyRing:\n  file: ring.json\n  passphraseEnv: X\n  pkcs11: ${pkcs11}\n`)
    try { return JSON.stringify(loadConfig(path).keyRing.pkcs11) } catch (error) { return (error as { code: string, message: string }).code }
  }
  assert.equal(JSON.parse(load('{ module: lib/m.so, token: t, pinFile: pin }')), { module: join(folder, 'lib/m.so'), token: 't', pinFile: join(folder, 'pin') })
  assert.equal(JSON.parse(load('{ module: libsofthsm2.so, token: t, pinPrompt: true }')), { module: 'libsofthsm2.so', token: 't', pinPrompt: true }, 'a bare name is found by the system')
  for (const wrong of ['{ module: m, token: t }', '{ module: m, token: t, pinFile: a, pinPrompt: true }', '{ module: m, token: t, pinPrompt: false }', '{ module: m, token: t, pinCredential: ../x }']) assert.is(load(wrong), 'wrong-value', wrong)
  assert.is(load('{ module: m, token: t, pin: 4711 }'), 'unknown-key')
  assert.is(load('{ token: t, pinFile: a }'), 'missing-key')
})

test('what a module says becomes one of our codes', () => {
  const code = (message: string): string => moduleErrorOf(new Error(message)).code
  assert.equal(['CKR_PIN_INCORRECT', 'CKR_PIN_LOCKED', 'CKR_PIN_EXPIRED', 'CKR_SESSION_HANDLE_INVALID', 'CKR_DEVICE_REMOVED', 'CKR_MECHANISM_INVALID', 'something'].map(code),
    ['pin-wrong', 'token-locked', 'pin-expired', 'module-away', 'module-away', 'module-refused', 'module-refused'])
  for (const [name, [message, todo]] of Object.entries(MODULE_ERRORS)) assert.ok(message.length > 10 && todo.length > 10, name)
  const known = new ModuleError('no-pin')
  assert.is(moduleErrorOf(known), known)
})

test('before logging in, the token is asked what a wrong PIN would cost', () => {
  const info = (flags: number): TokenInfo => ({ label: 't', serialNumber: '1', model: 'm', flags: 0x408 | flags })
  const codeWith = (flags: number, deliberately = false): string => {
    try { ensureMayLogIn(info(flags), deliberately) } catch (error) { return (error as ModuleError).code }
    return 'may'
  }
  assert.equal([0, CK.PIN_COUNT_LOW, CK.PIN_FINAL_TRY, CK.PIN_LOCKED].map(flags => codeWith(flags)), ['may', 'pin-tries-used', 'pin-tries-used', 'token-locked'])
  assert.equal([0, CK.PIN_COUNT_LOW, CK.PIN_FINAL_TRY, CK.PIN_LOCKED].map(flags => codeWith(flags, true)), ['may', 'may', 'may', 'token-locked'])
  assert.throws(() => ensureMayLogIn({ ...info(0), flags: 0x400 }, false), /no user PIN/)
})

test('points are taken in the three forms that modules use, and in no other length', () => {
  const raw = new Uint8Array(32).fill(7)
  const as = (...bytes: number[]): Uint8Array => new Uint8Array([...bytes, ...raw])
  for (const good of [raw, as(4, 32), as(3, 33, 0)]) assert.equal(pointOf('Ed25519', good), raw)
  for (const bad of [as(4), as(4, 33), as(3, 32, 0), as(3, 33, 1), raw.subarray(1), as(4, 32, 0, 0), new Uint8Array()]) assert.is(pointOf('Ed25519', bad), undefined)
  const p256 = new Uint8Array(65).fill(9)
  assert.is(pointOf('P-256', p256), undefined, 'not uncompressed')
  p256[0] = 4
  assert.equal(pointOf('P-256', new Uint8Array([4, 65, ...p256])), p256)
})

test('only labels of ours are keys of ours', () => {
  assert.equal(parseLabel('tiltas/1 Ed25519 signing lv:state-police'), { algorithm: 'Ed25519', purpose: 'signing', agency: 'lv:state-police' })
  assert.equal(parseLabel('tiltas/1 Ed25519 log'), { algorithm: 'Ed25519', purpose: 'log' })
  for (const label of ['', 'my key', 'tiltas/2 Ed25519 log', 'tiltas/1 RSA log', 'tiltas/1 Ed25519 tea', 'tiltas/1 Ed25519 signing LV:x', 'tiltas/1 Ed25519 signing lv:x more']) assert.is(parseLabel(label), undefined, label)
})

test.run()

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { CONFIG_BYTES_MAX } from '../../node/config-file.ts'
import { ConfigError, isLoopback, loadConfig, pathsOf, type NodeConfig } from '../../node/config.ts'
import { sourceSchema } from '../../node/ingest/source.ts'
import { nearest } from '../../node/nearest.ts'
import { temporaryFolder } from './console/service-double.ts'

const config = suite('config')
const KEY = 'A'.repeat(43)
const TOKEN = 'ab'.repeat(32)

const WHOLE = `# a national node
node: lv/national
role: national
data: ./data
listen: [/ip4/127.0.0.1/tcp/4001]
peers:
  - node: lt/national
    addresses: [/dns4/lt.example/tcp/4001]
agencies: [lv:state-police, lv:daugavpils]
trust: trust
keyRing: { file: keys/ring.json, passphraseFile: keys/passphrase }
ingest:
  port: 8081
  sources:
    - id: latgale
      controller: lv:daugavpils
      regime: LED
      tokenHash: ${TOKEN}
      cameras:
        - { id: cam-1, siteRef: x7, siteGroup: border, nuts3: LV005, road: 'LV:A13', direction: inbound }
ops: { port: 9090 }
people:
  - { personId: k.ozola, role: OFFICER, agency: lv:state-police, publicKey: ${KEY} }
`

function load (text: string | Uint8Array): NodeConfig {
  using folder = temporaryFolder()
  const file = join(folder.path, 'tiltas.yaml')
  writeFileSync(file, text)
  return loadConfig(file)
}
function refusalOf (text: string | Uint8Array): ConfigError {
  try { load(text) } catch (error) {
    assert.instance(error, ConfigError)
    return error as ConfigError
  }
  throw new Error('it was accepted')
}

config('a whole file becomes a config with absolute paths and a derived nation', () => {
  using folder = temporaryFolder()
  const file = join(folder.path, 'tiltas.yaml')
  writeFileSync(file, WHOLE)
  const loaded = loadConfig(file)
  assert.is(loaded.homeNation, 'LV')
  assert.is(loaded.data, join(folder.path, 'data'))
  assert.equal(loaded.trust, [join(folder.path, 'trust')])
  assert.is(loaded.keyRing.passphraseFile, join(folder.path, 'keys', 'passphrase'))
  assert.is(loaded.ingest?.host, '127.0.0.1')
  assert.is(loaded.readRetentionHours, 24)
  assert.is(loaded.locale, 'en')
  assert.is(pathsOf(loaded.data).socket, join(folder.path, 'data', 'tiltas.sock'))
})

config('its sources are what the ingest takes', () => {
  for (const source of load(WHOLE).ingest!.sources) assert.ok(sourceSchema.safeParse(source).success)
})

config('a mistyped key is named with its line, its column and what was meant', () => {
  const { code, problems } = refusalOf(WHOLE.replace('    addresses:', '    adresses:'))
  assert.is(code, 'unknown-key')
  assert.is(problems[0]!.message, 'unknown key `adresses` at tiltas.yaml:8:5, did you mean `addresses`?')
  assert.equal([problems[0]!.line, problems[0]!.column], [8, 5])
})

config('the suggestion is of the level that the key stands at', () => {
  assert.match(refusalOf(WHOLE + 'peeple: []\n').message, 'did you mean `people`?')
  assert.not.match(refusalOf(WHOLE.replace('ops: {', 'ops: { people: 1,')).message, 'did you mean')
})

config('a missing key is named where it should stand', () => {
  const { code, message } = refusalOf(WHOLE.replace('data: ./data\n', ''))
  assert.is(code, 'missing-key')
  assert.is(message, '`data` is missing at tiltas.yaml:2:1')
  assert.match(refusalOf(WHOLE.replace('      regime: LED\n', '')).message, /^`ingest\.sources\[0\]\.regime` is missing at tiltas\.yaml:15:7$/)
})

config('a wrong value is named with what is right, and is never repeated', () => {
  const refusal = refusalOf(WHOLE.replace('k.ozola', 'Jānis Bērziņš'))
  assert.is(refusal.code, 'wrong-value')
  assert.match(refusal.message, /`people\[0\]\.personId` at tiltas\.yaml:23:17: is written like/)
  assert.not.match(refusal.message, 'Jānis')
  assert.match(refusalOf(WHOLE.replace('siteRef: x7', 'siteRef: 0012')).message, 'put it in quotes')
})

config('every problem is told at once', () => {
  assert.is(refusalOf(WHOLE.replace('role: national', 'role: emperor').replace('port: 8081', 'port: 99999')).problems.length, 2)
})

config('what would open the node to strangers is refused', () => {
  for (const host of ['0.0.0.0', '::', '192.0.2.7', 'example.org', '127.0.0.1.example.org', '128.0.0.1']) {
    assert.is(refusalOf(WHOLE.replace('port: 8081', `host: '${host}'\n  port: 8081`)).code, 'unsafe', host)
    assert.is(refusalOf(WHOLE.replace('ops: {', `ops: { host: '${host}',`)).code, 'unsafe', host)
  }
  const open = load(WHOLE.replace('port: 8081', 'host: 0.0.0.0\n  port: 8081\n  tls: { cert: c.pem, key: k.pem }'))
  assert.ok(open.ingest!.tls!.cert.endsWith('/c.pem') && open.ingest!.tls!.cert.startsWith('/'))
  for (const host of ['127.0.0.1', '127.9.9.9', '::1', 'localhost']) assert.ok(isLoopback(host), host)
})

config('nations do not mix, and nothing is named twice', () => {
  const wrong: [string, string][] = [
    ['agencies: [lv:state-police', 'agencies: [lt:utena-police'],
    ['agency: lv:state-police,', 'agency: lt:utena-police,'],
    ['controller: lv:daugavpils', 'controller: lt:zarasai'],
    ['- node: lt/national', '- node: lv/national'],
    ['lv:daugavpils]', 'lv:state-police]'],
    ['role: national', 'role: site'],
    ['passphraseFile: keys/passphrase', 'passphraseFile: keys/passphrase, passphraseEnv: PASSPHRASE'],
    [', passphraseFile: keys/passphrase', '']
  ]
  for (const [from, to] of wrong) assert.is(refusalOf(WHOLE.replace(from, to)).code, 'wrong-value', to)
})

config('what YAML can do beyond plain data is refused', () => {
  const bomb = 'a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n'
  const broken = [bomb, WHOLE + 'locale: &l en\n', WHOLE + 'locale: !!js/function x\n', WHOLE + 'node: lv/national\n', 'a: [1, 2', '? [a]\n: b', '<<: {a: 1}', '--- 1\n--- 2\n', '[[[[[[[[[[[[1]]]]]]]]]]]]', '['.repeat(200_000), '__proto__: {a: 1}\n', 'hello', '']
  for (const text of broken) assert.instance(refusalOf(text), ConfigError, text.slice(0, 40))
  assert.is(({} as { a?: number }).a, undefined)
})

config('files that cannot be read have codes of their own', () => {
  using folder = temporaryFolder()
  const codeOf = (file: string): string => { try { loadConfig(file) } catch (error) { return (error as ConfigError).code } return 'accepted' }
  mkdirSync(join(folder.path, 'folder'))
  assert.is(codeOf(join(folder.path, 'absent.yaml')), 'not-found')
  assert.is(codeOf(join(folder.path, 'folder')), 'unreadable')
  assert.is(refusalOf(new Uint8Array([0x6e, 0xff, 0xfe])).code, 'unreadable')
  assert.is(refusalOf(new Uint8Array(CONFIG_BYTES_MAX + 1)).code, 'too-large')
})

config('any text is either a config or a ConfigError', () => {
  const lines = WHOLE.split('\n')
  const line = fc.oneof(fc.constantFrom(...lines), fc.string(), fc.constantFrom('- ', '  ', ': ', '&a', '*a', '"', '{', '? '))
  const seed = Number(process.env['SEED'] ?? 20261122)
  console.log(`seed ${seed}`)
  fc.assert(fc.property(fc.array(line, { maxLength: 12 }), texts => {
    try { load(texts.join('\n')) } catch (error) { assert.instance(error, ConfigError) }
  }), { seed, numRuns: 300 })
})

config('the nearest word is near, and no word is better than a wrong one', () => {
  assert.is(nearest('adress', ['address', 'agency', 'node']), 'address')
  assert.is(nearest('ndoe', ['node', 'role']), 'node')
  assert.is(nearest('completely', ['node', 'role']), undefined)
  assert.is(nearest('x'.repeat(100_000), ['node']), undefined)
})

config.run()

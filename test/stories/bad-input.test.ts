/**
 * What operators and cameras get wrong: each mistake has its named answer and exit code, nothing half-started stays behind,
 * and the other nation's node serves all the while.
 */
import { spawn } from 'node:child_process'
import { chmodSync, cpSync, existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Level } from 'level'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { u64be, sha256, utf8ToBytes, concatBytes } from '../../protocol/bytes.ts'
import { layOutCountries, NODE_FLAGS, TOKEN, type Countries, type Outcome, type StoryNode } from './support/country-nodes.ts'
import { announceSeed, eventually } from './support/places.ts'
import { readOf, vendorBodyOf } from './support/terms.ts'

const mistakes = suite('bad input')
announceSeed()
const START_WAIT_MS = 20_000
let world: Countries

mistakes.before(async () => {
  world = await layOutCountries()
  // LT and the site run all the time; LV is the one whose operator makes mistakes.
  await world.lt.start()
  await world.site.start()
})
mistakes.after(() => world.close())

/** A start that is to fail; one that does not is ended and reported as exit -1. */
function failToStart (config = world.lv.config): Promise<Outcome> {
  return new Promise(resolve => {
    const child = spawn(process.execPath, [...NODE_FLAGS, 'run', '--config', config], { stdio: ['ignore', 'pipe', 'pipe'] })
    let out = ''; let err = ''
    const timer = setTimeout(() => child.kill('SIGKILL'), START_WAIT_MS)
    child.stdout.setEncoding('utf8').on('data', chunk => { out += chunk; if (out.includes('"started"')) child.kill('SIGKILL') })
    child.stderr.setEncoding('utf8').on('data', chunk => { err += chunk })
    child.on('close', code => { clearTimeout(timer); resolve({ exit: code ?? -1, out, err }) })
  })
}

async function failsWith (exit: number, said: RegExp): Promise<void> {
  const outcome = await failToStart()
  assert.is(outcome.exit, exit, outcome.err)
  assert.match(outcome.err, said)
  assert.not.match(outcome.err, /\n\s+at /, 'no stack trace reaches a person')
  assert.not.ok(existsSync(join(world.lv.folder, 'data', 'tiltas.sock')), 'no socket stays behind')
  assert.is((await world.lt.status()).node, 'lt/national', 'the neighbour serves')
}

/** Changes a file for as long as `during` runs. */
async function withChanged (file: string, change: (text: string) => string, during: () => Promise<void>): Promise<void> {
  const before = readFileSync(file)
  const mode = statSync(file).mode
  writeFileSync(file, change(before.toString('utf8')))
  try { await during() } finally { writeFileSync(file, before); chmodSync(file, mode) }
}

mistakes('a mistyped config names the line and what was meant', async () => {
  await withChanged(world.lv.config, text => text.replace('keyRing:', 'keyRnig:'), () => failsWith(2, /unknown key `keyRnig` at tiltas\.yaml:\d+:1, did you mean `keyRing`\?/))
  await withChanged(world.lv.config, text => text.replace('role: national', 'role: nationl'), () => failsWith(2, /`role` at tiltas\.yaml:\d+:\d+/))
  await withChanged(world.lv.config, text => text + '\n: : :', () => failsWith(2, /not readable as YAML/))
})

mistakes('a wrong passphrase, and a key ring that others can read', async () => {
  await withChanged(join(world.lv.folder, 'keys', 'passphrase'), () => 'another passphrase\n', () => failsWith(1, /the passphrase does not open .*ring\.json/))
  const ring = join(world.lv.folder, 'keys', 'ring.json')
  chmodSync(ring, 0o644)
  try { await failsWith(1, /can be opened by others than its owner: chmod 600/) } finally { chmodSync(ring, 0o600) }
  await withChanged(ring, text => text.replace(/"ciphertext":"..../, '"ciphertext":"AAAA'), () => failsWith(1, /damaged: restore it from a backup/))
})

mistakes('statements that are missing, or of somebody else', async () => {
  const trust = join(world.lv.folder, 'trust')
  renameSync(trust, `${trust}-away`)
  try { await failsWith(1, /trust/) } finally { renameSync(`${trust}-away`, trust) }
  const root = join(trust, 'lv-root-1.jws')
  renameSync(root, `${root}.away`)
  try { await failsWith(1, /the trust list does not name lv\/national: see `tiltas trust show`/) } finally { renameSync(`${root}.away`, root) }
  await withChanged(join(trust, 'pins.json'), text => text.replace(/"LV": "..../, '"LV": "AAAA'), () => failsWith(1, /trust list does not name lv\/national/))
})

mistakes('a port that another program has', async () => {
  const squatter = createServer(socket => socket.destroy()).listen(world.lv.port, '127.0.0.1')
  await new Promise(resolve => squatter.once('listening', resolve))
  try { await failsWith(1, /another program listens on that address/) } finally { await new Promise(resolve => squatter.close(resolve)) }
})

mistakes('after every failed start the node starts, and takes part', async () => {
  await world.lv.start()
  await eventually('the neighbours to be linked', async () => (await world.lv.status()).peers.every(({ reachable }) => reachable))
  assert.is(world.lv.errors, '')
})

mistakes('two nodes on one data folder: the second is told, the first goes on', async () => {
  const outcome = await failToStart()
  assert.is(outcome.exit, 1)
  assert.match(outcome.err, /another process|in use|locked/i)
  assert.is((await world.lv.status()).node, 'lv/national')
  assert.ok(existsSync(join(world.lv.folder, 'data', 'tiltas.sock')), 'the socket of the running node is still there')
})

mistakes('a data folder of a newer version is left as it is', async () => {
  await world.lv.end()
  const store = join(world.lv.folder, 'data', 'store')
  cpSync(store, `${store}-kept`, { recursive: true })
  try {
    await writeFormat(store, 99)
    await failsWith(1, /format 99/)
    assert.is(await readFormat(store), 99)
  } finally {
    rmSync(store, { recursive: true })
    renameSync(`${store}-kept`, store)
  }
  await world.lv.start()
})

const FORMAT_KEY = '\x00format'
/** As level-store.ts writes every value: half of SHA-256 over key, zero and content, then the content. */
async function writeFormat (folder: string, version: number): Promise<void> {
  const database = new Level<string, Uint8Array>(folder, { valueEncoding: 'view' })
  const content = u64be(version)
  await database.put(FORMAT_KEY, concatBytes(sha256(concatBytes(utf8ToBytes(FORMAT_KEY), new Uint8Array(1), content)).subarray(0, 16), content))
  await database.close()
}
async function readFormat (folder: string): Promise<number> {
  const database = new Level<string, Uint8Array>(folder, { valueEncoding: 'view' })
  const bytes = await database.get(FORMAT_KEY)
  await database.close()
  return bytes![bytes!.length - 1]!
}

// ── cameras ──────────────────────────────────────────────────────────────────────────────────────────────────────

const SECRET = 'SECRET99'
async function isAnswered (at: StoryNode, path: string, body: string | object, status: number, code: string, headers: { readonly [name: string]: string } = {}): Promise<void> {
  const { status: got, answer } = await at.deliver(path, body, headers)
  const said = answer['code'] ?? answer.verdicts?.find(verdict => verdict.code !== undefined)?.code
  assert.equal([got, said], [status, code])
  assert.not.match(JSON.stringify(answer), SECRET, 'no answer repeats a plate')
}

mistakes('whatever a camera sends wrongly is answered by name, and nothing is kept of it', async () => {
  const refused: [string, string | object, number, string, { [name: string]: string }?][] = [
    ['/ingest/reads', readOf(SECRET), 401, 'not-authenticated', { authorization: 'Bearer wrong' }],
    ['/ingest/reads', readOf(SECRET), 401, 'not-authenticated', { authorization: '' }],
    ['/ingest/reads', readOf(SECRET), 401, 'not-authenticated', { authorization: `Basic ${Buffer.from(`border-1:${TOKEN}`).toString('base64')}` }],
    ['/ingest/plate-recognizer', vendorBodyOf(SECRET, 'LT'), 401, 'not-authenticated', { authorization: `Basic ${Buffer.from(`border-9:${TOKEN}`).toString('base64')}` }],
    ['/ingest/reads', `{"plate": "${SECRET}`, 400, 'malformed'],
    ['/ingest/reads', '', 400, 'malformed'],
    ['/ingest/reads', '[]', 400, 'malformed'],
    ['/ingest/reads', '['.repeat(100_000), 400, 'malformed'],
    ['/ingest/reads', readOf(SECRET, { owner: 'a name' }), 400, 'malformed'],
    ['/ingest/reads', readOf(SECRET, { confidence: 7 }), 400, 'malformed'],
    ['/ingest/reads', readOf(SECRET, { country: 'Lithuania' }), 400, 'malformed'],
    ['/ingest/reads', { ...readOf(SECRET), camera: undefined }, 400, 'malformed'],
    ['/ingest/reads', `plate=${SECRET}`, 400, 'malformed', { 'content-type': 'text/plain' }],
    ['/ingest/reads', readOf(SECRET, { camera: 'camera-99' }), 422, 'unknown-camera'],
    ['/ingest/reads', readOf(''), 422, 'no-plate'],
    ['/ingest/reads', readOf(SECRET.repeat(1280)), 422, 'bad-plate'],
    ['/ingest/reads', readOf(`${SECRET}‮`), 422, 'bad-plate'],
    ['/ingest/reads', readOf('京A12345'), 422, 'bad-plate'],
    ['/ingest/reads', readOf(SECRET, { eventId: 'x'.repeat(300_000) }), 413, 'too-large'],
    ['/ingest/reads', Array.from({ length: 201 }, () => ({})), 413, 'too-many-reads'],
    ['/ingest/plate-recognizer', { hook: {}, data: { camera_id: 'camera-1', results: 'none' } }, 400, 'malformed'],
    ['/ingest/plate-recognizer', { hook: { event: 'recognition' }, data: { camera_id: 'camera-1' } }, 400, 'malformed']
  ]
  const before = await world.site.metric('tiltas_reads_total')
  for (const [path, body, status, code, headers] of refused) await isAnswered(world.site, path, body, status, code, headers)
  assert.is(await world.site.metric('tiltas_reads_total'), before)
})

mistakes('of a delivery the good reads are taken, and each of the others has its verdict', async () => {
  const { status, answer } = await world.site.deliver('/ingest/reads', [readOf('ABC123'), readOf(SECRET.repeat(1280)), readOf('DEF456', { camera: 'camera-9' }), readOf('GHJ789')])
  assert.equal([status, answer['accepted'], answer.verdicts!.map(({ code }) => code)], [207, 2, [undefined, 'bad-plate', 'unknown-camera', undefined]])
})

mistakes('a time that cannot be is not believed, and costs no read', async () => {
  for (const deviceTime of ['1970-01-01T00:00:00Z', '2999-12-31T23:59:59Z', '2026-13-45T99:99:99Z', 'yesterday', '', '2026-02-30T10:00:00+02:00']) {
    const { status, answer } = await world.site.deliver('/ingest/reads', readOf('ABC123', { deviceTime }))
    assert.equal([status, (answer.verdicts![0] as { clock?: string }).clock], [200, 'unknown'], deviceTime)
  }
})

mistakes('no operational log of a node holds a plate', () => {
  for (const node of world.nodes) assert.not.match(JSON.stringify(node.lines) + node.errors, new RegExp(`${SECRET}|ABC123`))
})

mistakes('all nodes serve at the end', async () => {
  for (const node of world.nodes) assert.ok((await node.status()).log.size > 0)
  assert.equal(world.nodes.map(({ errors }) => errors), ['', '', ''])
})

mistakes.run()

/** A node's folder into a backup and back: what is in it, what is not, and every way in which it can be wrong. */
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { makeRevocationList, signerOf } from '../../../keys/make-statements.ts'
import { privateKeyFromSeed, signWith } from '../../../keys/private-key.ts'
import { isRefusal } from '../../../keys/read-statements.ts'
import { openFileRecordKeys } from '../../../node/adapters/file-record-keys.ts'
import { openLevelStore } from '../../../node/adapters/level-store.ts'
import { isFileName } from '../../../node/backup/entries.ts'
import { BACKUP_ERRORS } from '../../../node/backup/errors.ts'
import { RESTORED_WHY } from '../../../node/backup/mark.ts'
import { restoreBackup, type RestoreParts } from '../../../node/backup/restore.ts'
import { openBackup } from '../../../node/backup/take.ts'
import { main } from '../../../node/cli/main.ts'
import { openKeyRing } from '../../../node/adapters/pkcs11-open.ts'
import { systemClock } from '../../../node/adapters/system-clock.ts'
import { StoreError, type Store } from '../../../node/runtime/ports.ts'
import { nameStatements, writeNodeFolder } from '../../../node/setup.ts'
import { readTrust } from '../../../node/trust-files.ts'
import { fromBase64url, toBase64url } from '../../../protocol/bytes.ts'
import { DAY, toUnixSeconds } from '../../../protocol/instant.ts'
import { formatCheckpoint } from '../../../protocol/log/checkpoint.ts'
import { encodeLeaf, parseLeaf } from '../../../protocol/log/leaf.ts'
import { signedBytes } from '../../../protocol/log/note.ts'
import { appendLeaves, emptyEdge, rootOf } from '../../../protocol/log/tree.ts'
import { keyOf, type OutStreamRecord } from '../../../protocol/records.ts'
import { foundTestFederation, LT_NATIONAL, LT_POLICE, LV_NATIONAL, ringOf } from '../../support/founded.ts'

const test = suite('backup')
const folder = mkdtempSync(join(tmpdir(), 'tiltas-backup-'))
const NOW = Date.now()
const federation = await foundTestFederation(NOW)
const LEAVES = 300
const at = (name: string): string => join(folder, name)
let files = 0
const fresh = (): string => at(`f${++files}`)
const passphrase = fresh(); const otherPassphrase = fresh()
let full: string

interface Said { readonly exit: number, readonly out: string, readonly err: string, readonly code: string | undefined }
async function tiltas (words: readonly string[], more: { now?: number, env?: { [name: string]: string } } = {}): Promise<Said> {
  let out = ''; let err = ''
  const exit = await main([...words, '--json'], { out: text => { out += text }, err: text => { err += text }, isTerminal: false, env: more.env ?? {}, readInput: async () => '', stopped: new AbortController().signal, now: () => more.now ?? NOW })
  return { exit, out, err, code: exit === 0 ? undefined : (JSON.parse(err === '' ? '{}' : err) as { code?: string }).code }
}
const good = async (words: readonly string[], more = {}): Promise<{ [name: string]: unknown }> => {
  const { exit, out, err } = await tiltas(words, more)
  if (exit !== 0) throw new Error(`${words.slice(0, 2).join(' ')} ended with ${exit}: ${err}`)
  return JSON.parse(out) as { [name: string]: unknown }
}
/** Sealed to a key wherever the passphrase is not the point: stretching one takes its time on purpose. */
const secretKey = fresh()
const opening = ['--key', secretKey]
let sealing: readonly string[]

/** A stopped node with a log of LEAVES leaves, a stream, a sealed record and its key. */
async function makeNode (name: string): Promise<string> {
  await writeNodeFolder({
    folder: at(name), node: LT_NATIONAL, secrets: ringOf(federation, LT_NATIONAL), statements: nameStatements(federation.statements), pins: { ...federation.pins, deny: [], allow: [] } as never,
    config: { role: 'national', agencies: [LT_POLICE], listen: [], peers: [{ node: LV_NATIONAL, addresses: [] }], people: [] }
  })
  const store = await openLevelStore(join(at(name), 'data/store'))
  const keys = await openFileRecordKeys(join(at(name), 'data/record-keys'))
  await keys.take('2099-01', 3)
  await keys.close()
  const leaves = Array.from({ length: LEAVES }, () => encodeLeaf({ v: 1, at: toUnixSeconds(NOW), t: 'start' }))
  const { edge, tiles } = appendLeaves(emptyEdge(), leaves)
  const log = ringOf(federation, LT_NATIONAL).map(privateKeyFromSeed).find(key => key.purpose === 'log' && key.algorithm === 'Ed25519')!
  const origin = readTrust([join(at(name), 'trust')]).node(LT_NATIONAL)!.log.origin
  const signature = toBase64url(signWith(log, signedBytes(formatCheckpoint({ origin, size: LEAVES, root: rootOf(edge) }))))
  const json = (value: object): Uint8Array => Buffer.from(JSON.stringify(value))
  await store.commit([
    ...leaves.map((value, i) => ({ op: 'put' as const, key: keyOf.logLeaf(i), value })), ...tiles.map(({ level, index, bytes }) => ({ op: 'put' as const, key: keyOf.logTile(level, index), value: bytes })),
    { op: 'put', key: keyOf.logHead, value: json({ size: LEAVES, signature }) },
    { op: 'put', key: keyOf.outStream(LV_NATIONAL, 'normal'), value: json(STREAM) },
    { op: 'put', key: keyOf.outStream(LV_NATIONAL, 'urgent'), value: json({ ...STREAM, incarnation: '' }) },
    { op: 'put', key: 'received/sealed', value: new Uint8Array([1, 2, 3]) },
    { op: 'put', key: 'big', value: Buffer.alloc(5_000_000, 'x') }
  ])
  await store.close()
  return at(name)
}
const STREAM: OutStreamRecord = { incarnation: 'A'.repeat(22), seq: 7, hash: 'h' as never, tail: 9, floor: 8, above: [], acknowledged: 6, acknowledgedHash: 'g' as never, receipted: 3 }

async function readStore<Answer> (home: string, read: (store: Store) => Promise<Answer>): Promise<Answer> {
  const store = await openLevelStore(join(home, 'data/store'))
  try { return await read(store) } finally { await store.close() }
}
const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes!).toString()

let home: string
test.before(async () => {
  writeFileSync(passphrase, 'a passphrase for tests\n', { mode: 0o600 })
  writeFileSync(otherPassphrase, 'another passphrase\n', { mode: 0o600 })
  home = await makeNode('lt')
  writeFileSync(join(home, 'tiltas.yaml'), '# kept\n' + readFileSync(join(home, 'tiltas.yaml'), 'utf8'), { mode: 0o600 })
  sealing = ['--to', (await good(['backup', 'key', '--out', secretKey]))['publicKey'] as string]
  full = fresh()
  await good(['backup', '--out', full, ...sealing, '--config', join(home, 'tiltas.yaml')])
})
test.after(() => rmSync(folder, { recursive: true, force: true }))

test('it is one file of its owner, says what it is, and shows nothing of what is in it', async () => {
  assert.is(statSync(full).mode & 0o777, 0o600)
  const { header, close } = await openBackup(full)
  await close()
  assert.equal([header.node, header.takenAt, header.deleteBy], [LT_NATIONAL, toUnixSeconds(NOW), toUnixSeconds(NOW + 30 * DAY)])
  const bytes = readFileSync(full).toString('latin1')
  for (const inside of ['utena-police', 'ring.json', 'log/leaf', 'xxxxxxxx', readFileSync(join(home, 'keys/passphrase'), 'utf8').trim()]) assert.not.ok(bytes.includes(inside), inside)
})

test('verified to its end, it counts what was put in', async () => {
  const verified = await good(['backup', 'verify', full, ...opening])
  assert.equal([verified['node'], verified['pairs'], verified['pastItsDay']], [LT_NATIONAL, LEAVES + 1 + 5, false])
  assert.ok((verified['bytes'] as number) > 5_000_000)
})

test('restored, everything is byte for byte where it was, but for what says that it was restored', async () => {
  const into = fresh()
  const restored = await good(['restore', full, '--into', into, ...opening, '--node', LT_NATIONAL])
  assert.equal([restored['leaves'], restored['pairs']], [LEAVES, LEAVES + 6])
  const filesOf = (root: string): string[] => readdirSync(root, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile() && !join(entry.parentPath, entry.name).includes('/store/'))
    .map(entry => join(entry.parentPath, entry.name)).map(path => `${path.slice(root.length)} ${createHash('sha256').update(readFileSync(path)).digest('hex')}`).sort()
  assert.equal(filesOf(into), filesOf(home))
  for (const path of ['tiltas.yaml', 'keys/ring.json', 'keys/passphrase']) assert.is(statSync(join(into, path)).mode & 0o077, 0, path)
  for (const path of ['', 'keys', 'data', 'data/store', 'data/record-keys']) assert.is(statSync(join(into, path)).mode & 0o077, 0, path)
  assert.is((await tiltas(['doctor', '--config', join(into, 'tiltas.yaml')])).exit, 0)
  await readStore(into, async store => {
    assert.is((await store.get('big'))!.length, 5_000_000)
    assert.equal([...(await store.get('received/sealed'))!], [1, 2, 3])
    const { incarnation, ...rest } = JSON.parse(text(await store.get(keyOf.outStream(LV_NATIONAL, 'normal')))) as OutStreamRecord
    const { incarnation: before, ...same } = STREAM
    assert.match(incarnation, /^[A-Za-z0-9_-]{22}$/)
    assert.is.not(incarnation, before)
    assert.equal(rest, same)
    assert.is((JSON.parse(text(await store.get(keyOf.outStream(LV_NATIONAL, 'urgent')))) as OutStreamRecord).incarnation, '', 'a stream that never began has nothing to renew')
    assert.is(parseLeaf((await store.get(keyOf.logLeaf(LEAVES)))!)?.why, RESTORED_WHY)
    assert.is((JSON.parse(text(await store.get(keyOf.logHead))) as { size: number }).size, LEAVES + 1)
  })
  const again = fresh()
  await good(['restore', full, '--into', again, ...opening])
  const incarnationIn = (place: string): Promise<string> => readStore(place, async store => (JSON.parse(text(await store.get(keyOf.outStream(LV_NATIONAL, 'normal')))) as OutStreamRecord).incarnation)
  assert.is.not(await incarnationIn(into), await incarnationIn(again), 'twice from one backup: never the same positions')
  const keys = await openFileRecordKeys(join(into, 'data/record-keys'))
  assert.is((await keys.get({ month: '2099-01', slot: 2 }))?.length, 32)
  await keys.close()
})

test('a dry run tries all of it and leaves nothing', async () => {
  const into = fresh()
  const before = readdirSync(folder).length
  assert.is((await good(['restore', full, '--into', into, ...opening, '--dry-run']))['leaves'], LEAVES)
  assert.not.ok(existsSync(into))
  assert.is(readdirSync(folder).length, before)
})

test('sealed with a passphrase or to a key, only that one opens it', async () => {
  const config = join(home, 'tiltas.yaml')
  const out = fresh(); const otherKey = fresh()
  await good(['backup', '--out', out, '--passphrase-file', passphrase, '--config', config])
  assert.is((await good(['backup', 'verify', out, '--passphrase-file', passphrase]))['pairs'], LEAVES + 6)
  assert.is((await tiltas(['backup', 'verify', out, '--passphrase-file', otherPassphrase])).code, 'wrong-key')
  assert.is((await tiltas(['backup', 'verify', out, ...opening])).code, 'wrong-key')
  await good(['backup', 'key', '--out', otherKey])
  assert.is((await tiltas(['backup', 'verify', full, '--key', otherKey])).code, 'wrong-key')
  assert.is((await tiltas(['backup', 'verify', full, '--passphrase-file', passphrase])).code, 'wrong-key')
  assert.is((await tiltas(['backup', 'verify', full, '--key', passphrase])).code, 'wrong-key', 'a file that is no key')
  assert.is((await tiltas(['backup', 'key', '--out', otherKey])).code, 'not-written', 'no key is overwritten')
  assert.is((await tiltas(['backup', '--out', fresh(), '--to', 'AAAA', '--config', config])).exit, 2)
  assert.is((await tiltas(['backup', '--out', fresh(), '--config', config])).code, 'no-key')
})

test('where files lie elsewhere, they find a place, and the config names it', async () => {
  const spread = await makeNode('spread')
  mkdirSync(at('etc/trust'), { recursive: true, mode: 0o700 })
  for (const name of readdirSync(join(spread, 'trust'))) writeFileSync(at(`etc/trust/${name}`), readFileSync(join(spread, 'trust', name)), { mode: 0o600 })
  writeFileSync(at('etc/ring.json'), readFileSync(join(spread, 'keys/ring.json')), { mode: 0o600 })
  const config = join(spread, 'tiltas.yaml')
  writeFileSync(config, '# a remark of the operator\n' + readFileSync(config, 'utf8').replace('keys/ring.json', at('etc/ring.json')).replace(/trust:\n {2}- trust/, `trust:\n  - ${at('etc/trust')}\n  - trust`).replace('passphraseFile: keys/passphrase', 'passphraseEnv: RING_PASSPHRASE'))
  const secret = readFileSync(join(spread, 'keys/passphrase'), 'utf8').trim()
  const out = fresh(); const into = fresh()
  await good(['backup', '--out', out, ...sealing, '--config', config])
  rmSync(at('etc'), { recursive: true })
  assert.is((await tiltas(['restore', out, '--into', into, ...opening])).exit, 1, 'the passphrase is not in it')
  assert.not.ok(existsSync(into))
  await good(['restore', out, '--into', into, ...opening], { env: { RING_PASSPHRASE: secret } })
  const restored = readFileSync(join(into, 'tiltas.yaml'), 'utf8')
  assert.match(restored, /# a remark of the operator/)
  assert.not.match(restored, /\/etc\//)
  assert.ok(existsSync(join(into, 'keys/ring.json')) && existsSync(join(into, 'trust')) && existsSync(join(into, 'trust-1')))
  assert.not.ok(existsSync(join(into, 'keys/passphrase')))
})

test('a key that was revoked after the backup stays revoked when newer statements are added', async () => {
  const stolen = ringOf(federation, LV_NATIONAL).map(privateKeyFromSeed).find(({ purpose, agency }) => purpose === 'signing' && agency === 'lv:state-police')!
  const registry = federation.lv.registryKeys.map(privateKeyFromSeed).find(({ purpose }) => purpose === 'revocation')!
  const list = await makeRevocationList({ nation: federation.lv.nation, seq: 2, iat: toUnixSeconds(NOW), next: toUnixSeconds(NOW + DAY), revoked: [{ kid: stolen.kid, reason: 'compromised', revokedAt: toUnixSeconds(NOW), compromisedFrom: toUnixSeconds(NOW) }] }, signerOf(registry))
  mkdirSync(at('newer'))
  writeFileSync(at('newer/lv-revocations-2.jws'), list)
  const believes = (place: string): boolean => !isRefusal(readTrust([join(place, 'trust')]).signingKey(stolen.agency!, stolen.kid, 'hit', NOW))
  const [old, renewed] = [fresh(), fresh()]
  await good(['restore', full, '--into', old, ...opening])
  assert.is((await good(['restore', full, '--into', renewed, ...opening, '--statements', at('newer')]))['addedStatements'], 1)
  assert.equal([believes(old), believes(renewed)], [true, false])
})

// ── what is wrong ────────────────────────────────────────────────────────────────────────────────────────────────

const changed = (change: (bytes: Buffer) => Buffer): string => {
  const path = fresh()
  writeFileSync(path, change(Buffer.from(readFileSync(full))), { mode: 0o600 })
  return path
}
async function refused (code: keyof typeof BACKUP_ERRORS | 'usage', backup: string, words: readonly string[] = opening, more = {}): Promise<void> {
  const into = fresh()
  const before = readdirSync(folder).sort()
  const said = await tiltas(['restore', backup, '--into', into, ...words], more)
  assert.equal([said.exit === 0, said.code], [false, code], said.err)
  assert.equal(readdirSync(folder).sort(), before, 'nothing is left')
  const { message, todo } = JSON.parse(said.err) as { message: string, todo: string }
  assert.ok(message.length > 10 && todo.length > 10)
}

test('damage, a cut end, another file, a newer version and a wrong passphrase each have a name', async () => {
  const half = readFileSync(full).length >> 1
  await refused('damaged', changed(bytes => { bytes[half]! ^= 1; return bytes }))
  await refused('damaged', changed(bytes => { bytes[bytes.length - 1]! ^= 1; return bytes }))
  await refused('damaged', changed(bytes => Buffer.from(bytes.toString('latin1').replace('lt/national', 'lv/national'), 'latin1')))
  await refused('damaged', changed(bytes => Buffer.from(bytes.toString('latin1').replace(/"takenAt":\d/, '"takenAt":9'), 'latin1')))
  await refused('damaged', changed(bytes => Buffer.concat([bytes, Buffer.from('more')])))
  await refused('truncated', changed(bytes => bytes.subarray(0, bytes.indexOf(10) + 20)))
  const contentAt = readFileSync(full).indexOf(10, readFileSync(full).indexOf(10) + 1) + 1
  for (const chunks of [0, 1, 40]) await refused('truncated', changed(bytes => bytes.subarray(0, contentAt + chunks * (65_536 + 16))))
  await refused('not-a-backup', changed(() => Buffer.alloc(0)))
  await refused('not-a-backup', changed(() => Buffer.from('hello\nworld\n')))
  await refused('not-a-backup', at('not-there'))
  await refused('newer', changed(bytes => Buffer.from(bytes.toString('latin1').replace('tiltas-backup/1', 'tiltas-backup/2'), 'latin1')))
  await refused('no-key', full, [])
  await refused('other-node', full, [...opening, '--node', LV_NATIONAL])
})

test('secrets that others can read, and short ones, are not taken', async () => {
  const open = fresh(); const short = fresh()
  writeFileSync(open, 'a passphrase for tests')
  chmodSync(open, 0o644)
  writeFileSync(short, 'too short', { mode: 0o600 })
  await refused('key-not-private', full, ['--key', open])
  assert.is((await tiltas(['backup', '--out', fresh(), '--passphrase-file', short, '--config', join(home, 'tiltas.yaml')])).code, 'weak-passphrase')
})

test('past the day by which it was to be deleted it needs a person who says so', async () => {
  const now = NOW + 31 * DAY
  await refused('past-its-day', full, opening, { now })
  const verified = await tiltas(['backup', 'verify', full, ...opening], { now })
  assert.is(verified.exit, 1)
  assert.is((JSON.parse(verified.out) as { pastItsDay: boolean }).pastItsDay, true)
  await good(['restore', full, '--into', fresh(), ...opening, '--past-its-day'], { now })
})

test('nothing is ever overwritten', async () => {
  const place = fresh()
  mkdirSync(place)
  writeFileSync(join(place, 'something'), 'mine')
  assert.is((await tiltas(['restore', full, '--into', place, ...opening])).code, 'exists')
  assert.is(readFileSync(join(place, 'something'), 'utf8'), 'mine')
  assert.is((await tiltas(['backup', '--out', full, ...sealing, '--config', join(home, 'tiltas.yaml')])).code, 'exists')
  const nowhere = await tiltas(['backup', '--out', join(at('no-folder'), 'b'), ...sealing, '--config', join(home, 'tiltas.yaml')])
  assert.is(nowhere.code, 'not-written')
})

test('a disk that is full ends the restore with a name and leaves nothing', async () => {
  const into = fresh()
  let commits = 0
  const parts: RestoreParts = {
    draw: length => new Uint8Array(length), now: () => NOW,
    openKeyRing: async ({ keyRing }) => { const ring = await openKeyRing({ file: keyRing.file, passphrase: '', env: {}, clock: systemClock }); return { keyRing: ring, close: () => ring.close() } },
    openStore: async place => {
      const store = await openLevelStore(place)
      return { get: key => store.get(key), getMany: keys => store.getMany(keys), scan: range => store.scan(range), commit: async () => { commits++; throw new StoreError('full', 'no space') }, close: () => store.close() }
    }
  }
  const { header, entries, close } = await openBackup(full)
  const code = await restoreBackup({ header, entries: entries({ seed: fromBase64url((JSON.parse(readFileSync(secretKey, 'utf8')) as { seed: string }).seed)! }), into, statements: [], dryRun: false }, parts).then(() => 'restored', (error: { code: string }) => error.code)
  await close()
  assert.equal([code, commits], ['full', 1])
  assert.not.ok(existsSync(into))
  assert.equal(readdirSync(folder).filter(name => name.startsWith('.restoring')), [])
})

test('a backup whose node would not start is not restored: keys that do not fit, a log that leads elsewhere', async () => {
  const stranger = await makeNode('stranger')
  await readStore(stranger, store => store.commit([{ op: 'put', key: keyOf.logLeaf(LEAVES - 1), value: encodeLeaf({ v: 1, at: 1, t: 'start' }) }]))
  const out = fresh()
  await good(['backup', '--out', out, ...sealing, '--config', join(stranger, 'tiltas.yaml')])
  await refused('would-not-start', out)
  const keyless = await makeNode('keyless')
  writeFileSync(join(keyless, 'keys/passphrase'), 'not the passphrase\n')
  const other = fresh()
  await good(['backup', '--out', other, ...sealing, '--config', join(keyless, 'tiltas.yaml')])
  await refused('would-not-start', other)
})

test('names of files lead nowhere but down', () => {
  for (const name of ['a', 'keys/ring.json', 'trust-1/lv-root-1.jws', 'data/record-keys/2026-11.00000.keys']) assert.ok(isFileName(name), name)
  for (const name of ['', '/etc/passwd', '../x', 'a/../b', 'a//b', '.ssh/x', 'a/.x', 'a\\b', 'a\0b', 'ā', 'a/'.repeat(9) + 'a', 'x'.repeat(200)]) assert.not.ok(isFileName(name), name)
})

test('the README of backups names every file of its folder', () => {
  const room = join(import.meta.dirname, '../../../node/backup')
  const readme = readFileSync(join(room, 'README.md'), 'utf8')
  for (const name of readdirSync(room).filter(name => name.endsWith('.ts'))) assert.ok(readme.includes(`\`${name}\``), name)
})

test.run()

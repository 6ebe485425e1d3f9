/** Handing over frames and proving them, as people type it. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { main } from '../../../node/cli/main.ts'
import { evidence } from '../../../node/cli/commands/evidence.ts'
import type { EvidenceExport } from '../../../node/console/evidence-service.ts'
import type { Client } from '../../../node/cli/client.ts'
import type { Context } from '../../../node/cli/command.ts'
import { commitmentOfManifest, manifestOf } from '../../../node/recognition/evidence.ts'
import { derivedMessageId, toBase64url } from '../../../protocol/bytes.ts'

const x = suite('evidence on the command line')
const frames = [1, 2, 3].map(n => ({ at: 1_800_000_000_000 + n, bytes: new Uint8Array(500).fill(n), salt: new Uint8Array(32).fill(n + 10) }))
const manifest = manifestOf(frames)
const commitment = commitmentOfManifest(manifest)
const HIT_ID = derivedMessageId('hit', 'x')
const handed: EvidenceExport = {
  evidence: { readId: derivedMessageId('read', 'x'), siteRef: 's1', at: frames[0]!.at, frames: 3, bytes: 1600, commitment, until: 0, candidates: [] },
  manifest, frames: frames.map(({ at, bytes, salt }, i) => ({ at, mediaType: i === 2 ? 'image/png' : 'image/jpeg', salt: toBase64url(salt), bytes: Buffer.from(bytes).toString('base64') }))
}

interface Outcome { readonly exit: number, readonly out: string, readonly err: string }
async function tiltas (...words: string[]): Promise<Outcome> {
  let out = ''; let err = ''
  const exit = await main(words, { out: text => { out += text }, err: text => { err += text }, isTerminal: false, env: {}, readInput: async () => '', stopped: new AbortController().signal, now: () => 0 })
  return { exit, out, err }
}
const verify = (...words: string[]): Promise<Outcome> => tiltas('evidence', 'verify', ...words)

/** As the command does it when the node answers. */
async function exportTo (folder: string, asked: object[] = []): Promise<Outcome> {
  let out = ''
  const client = { get: async (path: string, _key: unknown, query: object) => { asked.push({ path, ...query }); return handed } } as unknown as Client
  const options: { [name: string]: string } = { out: folder, reason: 'case-work', case: '21-1/7' }
  const context = {
    positionals: ['id'], agency: () => 'lv:ludza', text: (name: string) => options[name], required: (name: string) => options[name]!, client: () => client, me: () => ({}),
    answer: (facts: unknown, lines: () => string[]) => { out += [lines()].flat().join('\n') }
  } as unknown as Context
  const exit = await evidence.find(({ name }) => name === 'evidence export')!.run(context)
  return { exit, out, err: '' }
}
async function inFolder (run: (folder: string) => Promise<void>): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'tiltas-'))
  try { await run(join(root, 'handed over')) } finally { rmSync(root, { recursive: true }) }
}

x('what is exported proves itself against the commitment, and against the hit as the partner shows it', () => inFolder(async folder => {
  const asked: object[] = []
  const { out } = await exportTo(folder, asked)
  assert.equal(asked, [{ path: '/v1/evidence/export', agency: 'lv:ludza', id: 'id', reason: 'case-work', case: '21-1/7' }])
  assert.match(out, `--commitment ${commitment}`)
  assert.equal(readdirSync(folder).sort(), ['evidence.json', 'frame-1.jpg', 'frame-2.jpg', 'frame-3.png', 'manifest.txt'])
  assert.equal(readdirSync(folder).map(name => statSync(join(folder, name)).mode & 0o777), [0o600, 0o600, 0o600, 0o600, 0o600])
  assert.is(statSync(folder).mode & 0o777, 0o700)
  const good = await verify(folder, '--commitment', commitment)
  assert.equal([good.exit, good.err], [0, ''])
  assert.match(good.out, /^Proven: these are frames of the commitment/)
  const hits = join(folder, '..', 'hits.json')
  writeFileSync(hits, JSON.stringify({ hits: [{ hit: { hitId: derivedMessageId('hit', 'other'), evidence: 'none' } }, { hit: { hitId: HIT_ID, evidence: commitment }, state: 'active' }] }))
  const byHit = await verify(folder, '--hit', hits, '--json')
  assert.equal([byHit.exit, JSON.parse(byHit.out).hitId, JSON.parse(byHit.out).frames.map((frame: { verdict: string }) => frame.verdict)], [0, HIT_ID, ['matches', 'matches', 'matches']])
}))

x('frames that are not disclosed are taken out, and the others still prove themselves', () => inFolder(async folder => {
  await exportTo(folder)
  unlinkSync(join(folder, 'frame-2.jpg'))
  const { exit, out } = await verify(folder, '--commitment', commitment)
  assert.is(exit, 0)
  assert.match(out, /frame-2\.jpg .* was not handed over/)
  for (const name of ['frame-1.jpg', 'frame-3.png']) unlinkSync(join(folder, name))
  assert.is((await verify(folder, '--commitment', commitment)).exit, 1)
}))

x('whatever was changed is named', () => inFolder(async folder => {
  await exportTo(folder)
  const keep = (name: string): Buffer => readFileSync(join(folder, name))
  const frame = keep('frame-1.jpg'); const about = keep('evidence.json'); const lines = keep('manifest.txt')
  writeFileSync(join(folder, 'frame-1.jpg'), Buffer.concat([frame, Buffer.from([0])]))
  const longer = await verify(folder, '--commitment', commitment)
  assert.is(longer.exit, 1)
  assert.match(longer.out, /NOT PROVEN[\s\S]*frame-1\.jpg .*IS NOT WHAT WAS COMMITTED TO/)
  writeFileSync(join(folder, 'frame-1.jpg'), frame)
  writeFileSync(join(folder, 'evidence.json'), about.toString().replace(toBase64url(frames[1]!.salt), toBase64url(frames[2]!.salt)))
  assert.match((await verify(folder, '--commitment', commitment)).out, /frame-2\.jpg .*IS NOT/)
  writeFileSync(join(folder, 'evidence.json'), about)
  writeFileSync(join(folder, 'manifest.txt'), lines.toString().replace('800000000001', '800000000009'))
  const other = await verify(folder, '--commitment', commitment)
  assert.match(other.out, 'manifest.txt is not what the commitment commits to')
  writeFileSync(join(folder, 'manifest.txt'), 'x')
  assert.match((await verify(folder, '--commitment', commitment)).out, 'is not a manifest')
}))

x('what is no export, no hit or no digest is told so; a folder with ways out of it is none', () => inFolder(async folder => {
  assert.equal([(await verify(folder, '--commitment', commitment)).exit], [2])
  await exportTo(folder)
  assert.is((await verify(folder)).exit, 2)
  assert.is((await verify(folder, '--commitment', 'short')).exit, 2)
  assert.is((await verify(folder, '--commitment', commitment, '--hit', 'x')).exit, 2)
  const hit = join(folder, '..', 'hit.json')
  writeFileSync(hit, '{"evidence":7}')
  assert.is((await verify(folder, '--hit', hit)).exit, 2)
  writeFileSync(hit, JSON.stringify({ hitId: HIT_ID, evidence: 'none' }))
  assert.match((await verify(folder, '--hit', hit)).out, 'commits to no footage')
  const about = readFileSync(join(folder, 'evidence.json'), 'utf8')
  for (const bad of [about.replace('frame-1.jpg', '../frame-1.jpg'), about.replace('frame-1.jpg', '/etc/passwd'), '{}', 'no json', about.replace('"type"', '"more": 1, "type"')]) {
    writeFileSync(join(folder, 'evidence.json'), bad)
    const { exit, err } = await verify(folder, '--commitment', commitment)
    assert.is(exit, 1)
    assert.match(err, 'evidence.json is not what')
  }
  assert.is((await exportTo(folder).catch(error => error)).exit, 2, 'a folder that exists is not written into')
}))

x.run()

/**
 * The life of trust with real processes: while cameras deliver and hits cross the border, keys of every kind are replaced,
 * statements renewed, a key taken back, and a partner denied. Every read that was accepted becomes exactly one hit, and no
 * message is refused. Each test goes on where the one before it ended.
 */
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { KeySecret } from '../../keys/private-key.ts'
import type { TrustView } from '../../keys/trust-view.ts'
import { main } from '../../node/cli/main.ts'
import { readTrust } from '../../node/trust-files.ts'
import { toBase64url } from '../../protocol/bytes.ts'
import { parseNationId, type AgencyId, type Kid, type NodeId } from '../../protocol/identifiers.ts'
import { LT_NATIONAL, LT_POLICE, LV_LUDZA, LV_NATIONAL, LV_POLICE, LV_SITE } from '../support/founded.ts'
import { isSettled, layOutCountries, type Countries, type StoryNode } from './support/country-nodes.ts'
import { announceSeed, eventually as within, makeFolder, pause, removeFolder, told } from './support/places.ts'
import { readOf } from './support/terms.ts'

const story = suite('the life of trust')
announceSeed()
/** So many reads at most: on a slow machine the cameras may be done before the people are. */
const ENTRIES = 199
const plateOf = (n: number): string => `JKL${String(100 + n)}`
/** Nothing here is about speed: a machine that is busy with something else gets its time. */
const WAIT_MS = 5 * 60_000
const eventually: typeof within = (what, ask) => within(what, ask, WAIT_MS)
const start = (node: StoryNode): Promise<unknown> => node.start().catch(error => node.isRunning ? eventually(`${node.node} to serve`, () => node.status()) : Promise.reject(error))
let world: Countries
const desk = makeFolder()
const LV = parseNationId('LV')
const trustAt = (node: StoryNode): TrustView => readTrust([join(node.folder, 'trust')])

/** Cameras that deliver without a pause until they are told to stop. */
let accepted = 0
let delivering = true
let pump: Promise<void> = Promise.resolve()
async function deliverAll (): Promise<void> {
  while (delivering && accepted < ENTRIES) {
    const { status } = await world.site.deliver('/ingest/reads', readOf(plateOf(accepted), { country: 'LT', countryConfidence: 0.9 }))
    if (status === 200) accepted++
    await pause(1000)
  }
}

async function trust (at: StoryNode, ...words: readonly string[]): Promise<{ [name: string]: unknown }> {
  let out = ''; let err = ''
  const exit = await main(['trust', ...words, '--config', at.config, '--json'], { out: text => { out += text }, err: text => { err += text }, isTerminal: false, env: {}, readInput: async () => '', stopped: new AbortController().signal, now: Date.now })
  if (exit !== 0) throw new Error(`tiltas trust ${words.join(' ')} ended with ${exit}: ${err}`)
  return JSON.parse(out) as { [name: string]: unknown }
}

/** The people of a nation who keep its root keys: they sign a ceremony, and its national node publishes it. */
async function signedAndPublished (nation: 'lv' | 'lt', at: StoryNode, file: string): Promise<void> {
  const { fingerprint } = await trust(at, 'inspect', file)
  for (const key of world.federation[nation].rootKeys.slice(0, 2).map(keyFile)) await trust(at, 'countersign', file, '--key', key, '--yes', fingerprint as string)
  await trust(at, 'publish', file)
}

function keyFile ({ ed25519, mldsa44 }: { readonly ed25519: KeySecret, readonly mldsa44: KeySecret }): string {
  const file = join(desk, `${toBase64url(ed25519.seed).replaceAll(/[^A-Za-z0-9]/g, '').slice(0, 12)}.json`)
  writeFileSync(file, JSON.stringify([ed25519, mldsa44].map(({ algorithm, purpose, seed }) => ({ algorithm, purpose, seed: toBase64url(seed) }))), { mode: 0o600 })
  return file
}

const signingKids = (view: TrustView, agency: AgencyId, node: NodeId): Kid[] =>
  view.history.agencies.get(agency)!.at(-1)!.body.metadata.tiltas_agency.keys.filter(key => key.use === 'sig' && key.node === node).map(({ kid }) => kid)
const everywhere = (what: string, holds: (view: TrustView) => boolean): Promise<boolean> =>
  eventually(what, () => world.nodes.every(node => holds(trustAt(node))))

async function moreHits (what: string): Promise<void> {
  const sofar = (await world.hitsAtOwner()).length
  await eventually(`hits ${what}`, async () => (await world.hitsAtOwner()).length >= sofar + 3 || accepted === ENTRIES)
}

story.before(told(async () => {
  mkdirSync(desk, { recursive: true })
  world = await layOutCountries()
  for (const node of world.nodes) await start(node)
  await world.listAtSite(Array.from({ length: ENTRIES }, (_, n) => ({ ref: `UT-${n}`, plate: plateOf(n), country: 'LT' })))
  pump = deliverAll()
}))
story.after(async () => {
  delivering = false
  await pump.catch(() => {})
  await world.close()
  removeFolder(desk)
})

story('hits cross', async () => {
  await eventually('the first hits', async () => (await world.hitsAtOwner()).length >= 3)
})

story('what one registry renews is known everywhere within seconds, without a restart', async () => {
  const before = trustAt(world.lt).history.agencies.get(LV_POLICE)!.length
  await trust(world.lv, 'renew', '--all')
  await everywhere('the renewed statements', view => view.history.agencies.get(LV_POLICE)!.length > before)
  await trust(world.lt, 'renew', '--all')
  await everywhere('those of the other side', view => view.history.agencies.get(LT_POLICE)!.length > before)
})

story('an agency gets new keys at its home and at its site, and gives the old ones up', async () => {
  const atHome = signingKids(trustAt(world.lv), LV_LUDZA, LV_NATIONAL)
  const atSite = signingKids(trustAt(world.lv), LV_LUDZA, LV_SITE)
  await trust(world.lv, 'rotate', 'agency-signing', '--agency', LV_LUDZA)
  await trust(world.lv, 'rotate', 'agency-sealing', '--agency', LV_LUDZA)
  const request = join(desk, 'site.request')
  await trust(world.site, 'rotate', 'agency-signing', '--agency', LV_LUDZA, '--out', request)
  await trust(world.lv, 'register', request)
  await trust(world.lt, 'rotate', 'agency-signing', '--agency', LT_POLICE)
  await trust(world.lt, 'rotate', 'agency-sealing', '--agency', LT_POLICE)
  await everywhere('the new keys', view => signingKids(view, LV_LUDZA, LV_NATIONAL).length === 2 && signingKids(view, LV_LUDZA, LV_SITE).length === 2 && signingKids(view, LT_POLICE, LT_NATIONAL).length === 2)
  for (const kid of [...atHome, ...atSite]) await trust(world.lv, 'revoke', kid.replace(/^-+/, ''), '--reason', 'superseded')
  await everywhere('the old keys to be known as revoked', view => [...atHome, ...atSite].every(kid => view.history.nations.get(LV)!.revoked.has(kid)))
  await moreHits('that are signed with the new keys')
})

story('the nation renews its root, and with it the transport and log keys of a node that is in use', async () => {
  const file = join(desk, 'lv-root-2.ceremony.json')
  const before = trustAt(world.lt).node(LV_NATIONAL)!
  await trust(world.lv, 'rotate', 'transport', '--out', file)
  await trust(world.lv, 'rotate', 'log', '--onto', file)
  await signedAndPublished('lv', world.lv, file)
  await everywhere('version 2 of the root', view => view.nation(LV)?.version === 2)
  const after = trustAt(world.lt).node(LV_NATIONAL)!
  assert.is.not(toBase64url(after.transportKey), toBase64url(before.transportKey))
  await eventually('the node to be known by its new key', () => world.lv.said('transport key changed').length > 0)
  await moreHits('over the new line')
})

story('a log that changed its keys is still one log, also after a restart', async () => {
  const verified = () => world.ask<{ ok: boolean, findings: string[] }>(world.lv, LV_POLICE, 'LEGAL_OFFICER', 'log', 'verify')
  assert.equal((await verified()).findings, [])
  await world.lv.end()
  await start(world.lv)
  assert.equal((await verified()).findings, [])
  assert.is(world.lv.said('transport key changed').length, 2, 'it begins as it was known before, until it knows that all have heard')
})

story('the registry gets new keys, and everything is signed with them before the old ones go', async () => {
  const file = join(desk, 'lv-root-3.ceremony.json')
  const [, old] = trustAt(world.lv).history.nations.get(LV)!.roots.at(-1)!.body.federationKeys.map(({ kid }) => kid)
  await trust(world.lv, 'rotate', 'registry', '--out', file)
  await signedAndPublished('lv', world.lv, file)
  const signerOf = (view: TrustView): Kid => view.history.agencies.get(LV_POLICE)!.at(-1)!.signatures[0]!.kid
  await everywhere('statements by the new key', view => view.nation(LV)?.version === 3 && signerOf(view) !== old)
  const next = join(desk, 'lv-root-4.ceremony.json')
  await trust(world.lv, 'rotate', 'nation', '--without', old!.replace(/^-+/, ''), '--out', next)
  await signedAndPublished('lv', world.lv, next)
  await everywhere('the root without the old key', view => view.nation(LV)?.version === 4)
})

story('every read that was accepted is one hit at its owner, and nothing was refused', async () => {
  await eventually('enough reads', () => accepted >= 20)
  delivering = false
  await pump
  await eventually('every read to be a hit', async () => (await world.hitsAtOwner()).length === accepted)
  await eventually('everything to be receipted', () => isSettled(world.nodes))
  const hits = await world.hitsAtOwner()
  assert.is(new Set(hits.map(({ hit }) => hit.entryRef)).size, accepted)
  for (const node of world.nodes) for (const what of ['message-refused', 'refused-by-peer', 'message-withheld']) assert.equal(node.said(what), [], `${node.node}: ${what}`)
})

story('whom a node denies it hangs up on, and takes back at once', async () => {
  await trust(world.lt, 'deny', 'LV')
  await eventually('the line to be cut', async () => !(await world.lt.status()).peers.some(({ node }) => node === LV_NATIONAL))
  await trust(world.lt, 'deny', 'LV', '--lift')
  await eventually('the line to be back', async () => (await world.lt.status()).peers.some(({ node, reachable }) => node === LV_NATIONAL && reachable))
})

story('a node that was off meanwhile learns everything when it comes back', async () => {
  await world.lt.end()
  const before = trustAt(world.lt).history.agencies.get(LV_POLICE)!.length
  await trust(world.lv, 'renew', '--all')
  assert.is(trustAt(world.lt).history.agencies.get(LV_POLICE)!.length, before)
  await start(world.lt)
  await eventually('what was missed', () => trustAt(world.lt).history.agencies.get(LV_POLICE)!.length > before)
})

story('metrics say when what ends', async () => {
  const text = await (await fetch(`${world.lv.opsUrl}/metrics`)).text()
  assert.match(text, /tiltas_trust_expires_seconds\{what="root of LV"\} \d{8}/)
  assert.match(text, /tiltas_trust_expires_seconds\{what="statement of lt:utena-police"\} \d+/)
  for (const node of world.nodes) assert.not.ok(readdirSync(join(node.folder, 'trust')).some(name => name.endsWith('.new')))
  assert.not.match(readFileSync(join(world.lv.folder, 'trust', 'pins.json'), 'utf8'), 'deny":["LV')
})

story.run()

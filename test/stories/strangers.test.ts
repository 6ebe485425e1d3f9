/** Who is not a peer, or not one any more, gets nothing; who listens on the wire reads nothing; and the nodes go on serving. */
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { foldTrust } from '../../keys/trust-list.ts'
import type { TrustView } from '../../keys/trust-view.ts'
import { createLibp2pTransport, transportPublicKey } from '../../node/adapters/libp2p-transport.ts'
import type { Link, Transport } from '../../node/runtime/ports.ts'
import type { NodeStatus } from '../../node/console/service.ts'
import type { Actor, Command, Role } from '../../protocol/commands.ts'
import { parseNodeId, parsePersonId, type AgencyId, type Digest, type NationId } from '../../protocol/identifiers.ts'
import { STREAM_CLASSES } from '../../protocol/messages/vocabulary.ts'
import { foundTestFederation, LT_NATIONAL, LT_POLICE, LV_NATIONAL, LV_POLICE, LV_SITE, ringOf } from '../support/founded.ts'
import { enact } from '../support/enact.ts'
import { startRealNode, type RealNode } from '../support/real-node.ts'
import { isSettled, layOutCountries, type Countries } from './support/country-nodes.ts'
import { announceSeed, eventually, freePorts, makeFolder, pause, removeFolder } from './support/places.ts'
import { TappedWire, wordsIn } from './support/tapped-wire.ts'
import { entryOf, grantOf, readOf } from './support/terms.ts'

const strangers = suite('strangers')
announceSeed()
const wires: TappedWire[] = []
let world: Countries
let passes = 0

strangers.before(async () => {
  const taps = new Map<string, TappedWire>()
  world = await layOutCountries({
    async addressOf (from, to, real) {
      if (from === LV_SITE || to === LV_SITE) return real
      const wire = await TappedWire.between(Number(real.split('/').at(-1)))
      taps.set(from, wire)
      wires.push(wire)
      return wire.address
    }
  })
  await Promise.all(world.nodes.map(node => node.start()))
  await world.listAtSite([{ ref: 'TAP-REF-1', plate: 'ABC 123', country: 'LT', furtherHits: true }])
})
strangers.after(async () => {
  await world.close()
  await Promise.all(wires.map(wire => wire.close()))
})

/** A vehicle passes, and its hit is at the owner, once. */
async function hitStillCrosses (): Promise<void> {
  const before = (await world.hitsAtOwner()).length
  passes++
  await eventually('the read to be taken', async () => (await world.site.deliver('/ingest/reads', readOf('ABC123', { country: 'LT', eventId: `p-${passes}` }))).status === 200)
  await eventually('the hit', async () => (await world.hitsAtOwner()).length === before + 1)
}

const transportOf = (self: typeof LV_SITE, seed: Uint8Array): Promise<Transport> => createLibp2pTransport({ self, transportSeed: seed, listen: [], waits: { dial: 3000, open: 3000 } })

async function isTurnedAway (transport: Transport): Promise<void> {
  const links: Link[] = []; const frames: Uint8Array[] = []
  const seed = ringOf(world.federation, LT_NATIONAL).find(({ purpose }) => purpose === 'transport')!.seed
  await transport.start({ linkOpened: link => { links.push(link) }, frameReceived: (_, frame) => { frames.push(frame) }, linkClosed () {}, strangerRefused () {} })
  try {
    transport.allow([{ node: LT_NATIONAL, transportKey: transportPublicKey(seed), addresses: [world.lt.listen] }])
    for (const streamClass of STREAM_CLASSES) assert.is(await transport.open(LT_NATIONAL, streamClass), false)
    assert.equal([links.length, frames.length], [0, 0])
  } finally { await transport.stop() }
}

const refusedStrangers = (): Promise<number> => world.lt.metric('tiltas_refused_connections_total{what="stranger"}')

strangers('an identity that is on no list opens nothing, and is counted', async () => {
  const before = await refusedStrangers()
  await isTurnedAway(await transportOf(parseNodeId('lv/national'), new Uint8Array(randomBytes(32))))
  assert.ok(await refusedStrangers() > before)
  await hitStillCrosses()
})

strangers('a site of another nation is known, and still no peer', async () => {
  const before = await refusedStrangers()
  await isTurnedAway(await transportOf(LV_SITE, ringOf(world.federation, LV_SITE).find(({ purpose }) => purpose === 'transport')!.seed))
  assert.ok(await refusedStrangers() > before)
  await hitStillCrosses()
})

const WORDS = ['ABC123', 'ABC 123', 'TAP-REF-1', 'utena-police', 'state-police', 'lv:ludza', 'lt/national', 'lv/national', 'tiltas/1/', 'hotlist', 'g-hits@1', 'D-TAP-REF-1', 'receipt/1']

strangers('who taps the wire reads no plate, reference, agency or kind of message', async () => {
  const before = wires.reduce((sum, wire) => sum + wire.bytes.length, 0)
  for (let i = 0; i < 5; i++) await hitStillCrosses()
  const bytes = Buffer.concat(wires.map(wire => wire.bytes))
  assert.ok(bytes.length > before + 5 * 1000, 'the hits did pass here')
  assert.ok(wordsIn(bytes, ['/noise']).length === 1, 'the tap hears what is in the clear')
  const { hit } = (await world.hitsAtOwner())[0]!
  const clear = Buffer.from(JSON.stringify(hit) + Buffer.from(JSON.stringify(hit)).toString('base64'))
  assert.equal(wordsIn(clear, ['ABC123', 'TAP-REF-1', 'utena-police']), ['ABC123', 'TAP-REF-1', 'utena-police'], 'the search finds what is there')
  assert.equal(wordsIn(Buffer.from(clear.toString('latin1').slice(JSON.stringify(hit).length)), ['ABC123', 'TAP-REF-1']), ['ABC123', 'TAP-REF-1'], 'in base64, too')
  assert.equal(wordsIn(bytes, WORDS), [])
})

strangers('who changes a bit on the wire breaks the connection and nothing else', async () => {
  // Which of the two nodes dialled decides which wire is in use.
  for (let round = 0; round < 3; round++) {
    for (const wire of wires) wire.flipAfter(round)
    for (let i = 0; i < 20 && !wires.some(wire => wire.isFlipped); i++) await hitStillCrosses()
    assert.ok(wires.some(wire => wire.isFlipped))
    await hitStillCrosses()
  }
  for (const wire of wires) wire.cut()
  await hitStillCrosses()
  await eventually('everything to be receipted', () => isSettled(world.nodes))
  const hits = await world.hitsAtOwner()
  assert.is(hits.length, passes)
  assert.is(new Set(hits.map(({ hit }) => hit.hitId)).size, passes)
})

const GARBAGE: readonly Buffer[] = [
  Buffer.from('GET / HTTP/1.1\r\nHost: tiltas\r\n\r\n'), Buffer.from('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'latin1'), Buffer.from('\x13/multistream/1.0.0\n\x07/noise\n'), Buffer.alloc(0), Buffer.alloc(64, 0xff),
  randomBytes(1024 * 1024), Buffer.concat([Buffer.from('\x13/multistream/1.0.0\n\x07/noise\n'), randomBytes(65_536)]), Buffer.concat([Buffer.from('\x13/multistream/1.0.0\n'), Buffer.alloc(200_000, 0x61)])
]

function knock (port: number, bytes: Buffer): Promise<Socket> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () => { socket.write(bytes); resolve(socket) })
    socket.on('error', () => resolve(socket))
    socket.resume()
  })
}

strangers('rubbish on the port costs nothing that lasts', async () => {
  const memory = (): Promise<number> => world.lt.metric('tiltas_process_resident_memory_bytes')
  const before = await memory()
  for (let round = 0; round < 4; round++) {
    const sockets = await Promise.all(GARBAGE.map(bytes => knock(world.lt.port, bytes)))
    await pause(100)
    for (const socket of sockets) socket.destroy()
  }
  await hitStillCrosses()
  assert.ok(await memory() - before < 150e6, 'memory stays bounded')
})

strangers('silent connections that stay open keep nobody out', async () => {
  const sockets: Socket[] = []
  try {
    for (let i = 0; i < 60; i++) sockets.push(await knock(world.lt.port, Buffer.alloc(0)))
    await hitStillCrosses()
    for (const wire of wires) wire.cut()
    await hitStillCrosses()
  } finally { for (const socket of sockets) socket.destroy() }
})

// ── out of the trust list, while both run ────────────────────────────────────────────────────────────────────────

const actorOf = (role: Role, agency: AgencyId): Actor => ({ personId: parsePersonId('p-1'), role, agency })
const peerAt = async (real: RealNode): Promise<NodeStatus['peers'][number] | undefined> => (await real.service.status()).peers.find(({ node }) => node !== LV_SITE)

strangers('a nation that is denied is hung up on at once, and is heard again when it is not', async () => {
  const folder = makeFolder()
  const federation = await foundTestFederation()
  const trustWith = (deny: readonly string[]): TrustView => foldTrust(federation.statements, { federation: federation.pins.federation as Digest, nations: new Map(Object.entries(federation.pins.nations) as [NationId, Digest][]), deny: new Set(deny) })
  const [lvPort, ltPort] = await freePorts(2)
  const addresses = { [LV_NATIONAL]: [`/ip4/127.0.0.1/tcp/${lvPort}`], [LT_NATIONAL]: [`/ip4/127.0.0.1/tcp/${ltPort}`] }
  const [lv, lt] = await Promise.all([LV_NATIONAL, LT_NATIONAL].map(self => startRealNode({ self, folder: join(folder, self.replace('/', '-')), secrets: ringOf(federation, self), statements: federation.statements, pins: federation.pins, listen: addresses[self]![0]!, addresses }))) as [RealNode, RealNode]
  const tell = async (at: RealNode, role: Role, agency: AgencyId, command: object): Promise<void> => {
    const result = await at.service.command(actorOf(role, agency), command as Command)
    if (!result.ok) throw new Error(result.code)
  }
  try {
    await enact(lt.service.command, LT_POLICE, grantOf(LT_POLICE, { id: 'g-in', direction: 'ingress', kinds: ['hotlist.share'], partner: { nation: 'LV' } }))
    await enact(lv.service.command, LV_POLICE, grantOf(LV_POLICE, { id: 'g-share', direction: 'egress', kinds: ['hotlist.share'], partner: { nation: 'LT' } }))
    await eventually('both to be linked', async () => (await peerAt(lv))?.reachable === true && (await peerAt(lt))?.reachable === true)

    lt.node.changeTrust(trustWith(['LV']))
    await eventually('the link to be down', async () => (await peerAt(lv))!.reachable === false)
    assert.is(await peerAt(lt), undefined, 'it is nobody any more')
    await tell(lv, 'LIST_OWNER', LV_POLICE, { do: 'entry.put', agency: LV_POLICE, entry: entryOf('R-1', 'AB1234', { country: 'LV' }) })
    await tell(lv, 'LIST_OWNER', LV_POLICE, { do: 'entry.share', agency: LV_POLICE, refs: ['R-1'], to: LT_POLICE })
    await pause(2500)
    assert.equal([(await peerAt(lv))!.reachable, (await peerAt(lv))!.unreceipted], [false, 1])
    const held = async (): Promise<unknown> => ((await lt.service.entries(actorOf('OFFICER', LT_POLICE), LT_POLICE, { code: 'system-check' })) as { entries: unknown[] }).entries.length
    assert.is(await held(), 0)
    await tell(lt, 'LIST_OWNER', LT_POLICE, { do: 'entry.put', agency: LT_POLICE, entry: entryOf('R-2', 'ABC123', { country: 'LT' }) })

    lt.node.changeTrust(trustWith([]))
    await eventually('what waited to arrive', async () => await held() === 2)
    await eventually('the receipt', async () => (await peerAt(lv))!.unreceipted === 0)
  } finally {
    await Promise.all([lv.stop(), lt.stop()])
    removeFolder(folder)
  }
})

strangers('after all of it every log is whole', async () => {
  await eventually('everything to be receipted', () => isSettled(world.nodes))
  for (const node of world.nodes) {
    const report = await node.client.get<{ findings: string[] }>('/v1/log/verify', world.person(node === world.lt ? LT_POLICE : LV_POLICE, 'LEGAL_OFFICER'))
    assert.equal(report.findings, [], node.node)
    assert.is(node.errors, '')
  }
})

strangers.run()

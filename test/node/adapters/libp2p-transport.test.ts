import { spawn, type ChildProcess } from 'node:child_process'
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { noise } from '@chainsafe/libp2p-noise'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { Libp2p, Stream } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { CONNECTIONS_PER_PEER_MAX, createLibp2pTransport, transportPublicKey, type TransportWaits } from '../../../node/adapters/libp2p-transport.ts'
import type { PeerAddress, Transport } from '../../../node/runtime/ports.ts'
import { parseNodeId } from '../../../protocol/identifiers.ts'
import { codeOf, indexOf, numberedFrame, Recorder, startNode, transportSuite, type SuiteNode, type TransportWorld } from '../../suites/transport-suite.ts'

const A = parseNodeId('lv/national')
const B = parseNodeId('lt/national')
const seedOf = (place: number): Uint8Array => new Uint8Array(32).fill(place + 1)
const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))
const peerAt = (place: number, node: typeof A, addresses: readonly string[]): PeerAddress => ({ node, transportKey: transportPublicKey(seedOf(place)), addresses })

async function until (what: string, condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries++) {
    if (tries === 6000) throw new Error(`it never came to this: ${what}`)
    await pause(5)
  }
}

function loopbackWorld (waits: Partial<TransportWaits> = {}): TransportWorld {
  const made: Transport[] = []
  return {
    async create (self, place) {
      const transport = await createLibp2pTransport({ self, transportSeed: seedOf(place), listen: ['/ip4/127.0.0.1/tcp/0'], waits })
      made.push(transport)
      return transport
    },
    addressOf: (transport, node, place) => peerAt(place, node, transport.addresses()),
    until,
    calm: () => pause(400),
    async close () { for (const transport of made) await transport.stop() }
  }
}

// ── As a process of its own: an echo that can be killed, and a run that has to end by itself ─────────────────────

async function echo (port: string): Promise<void> {
  const transport = await createLibp2pTransport({ self: B, transportSeed: seedOf(1), listen: [`/ip4/127.0.0.1/tcp/${port}`] })
  const events = new Recorder()
  events.frameReceived = (link, frame) => link.send(frame)
  await transport.start(events)
  transport.allow([peerAt(0, A, [])])
  console.log(transport.addresses()[0])
}

async function comeAndGo (): Promise<void> {
  const world = loopbackWorld()
  const [a, b] = [await startNode(world, A, 0), await startNode(world, B, 1)]
  a.transport.allow([b.address])
  b.transport.allow([a.address])
  await a.transport.open(B, 'normal')
  await a.events.opened[0]!.send(numberedFrame(0, 100))
  await until('received', () => b.events.received.length === 1)
  await world.close()
}

const processOf = (...words: string[]): ChildProcess =>
  spawn(process.execPath, ['--disable-warning=ExperimentalWarning', fileURLToPath(import.meta.url), ...words], { stdio: ['ignore', 'pipe', 'inherit'] })
const firstLine = (child: ChildProcess): Promise<string> => new Promise(resolve => createInterface({ input: child.stdout! }).once('line', resolve))
const ended = (child: ChildProcess): Promise<number | null> => new Promise(resolve => child.once('exit', resolve))

// ── Contract ─────────────────────────────────────────────────────────────────────────────────────────────────────

const contract = suite('libp2p transport: contract')
transportSuite(contract, async () => loopbackWorld())

// ── What only a real network has ─────────────────────────────────────────────────────────────────────────────────

const network = suite('libp2p transport: network')

async function inWorld (run: (world: TransportWorld) => Promise<void>, waits: Partial<TransportWaits> = {}): Promise<void> {
  const world = loopbackWorld(waits)
  try { await run(world) } finally { await world.close() }
}

async function pair (world: TransportWorld): Promise<[SuiteNode, SuiteNode]> {
  const a = await startNode(world, A, 0)
  const b = await startNode(world, B, 1)
  a.transport.allow([b.address])
  b.transport.allow([a.address])
  return [a, b]
}

/** An allowed peer's key, or any other, behind a libp2p node that keeps none of our rules. */
async function foreignNode (place: number): Promise<Libp2p> {
  return createLibp2p({
    privateKey: await generateKeyPairFromSeed('Ed25519', seedOf(place)),
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: { inboundConnectionThreshold: 100 }
  })
}

const portOf = (node: SuiteNode): number => Number(/\/tcp\/(\d+)$/.exec(node.address.addresses[0]!)![1])
const streamTo = async (foreign: Libp2p, node: SuiteNode, protocol = '/tiltas/1/normal'): Promise<Stream> =>
  foreign.dialProtocol(multiaddr(node.address.addresses[0]!), protocol)

network('the public key is that of RFC 8032 section 7.1, test 1', () => {
  const seed = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex')
  assert.is(Buffer.from(transportPublicKey(seed)).toString('hex'), 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a')
  assert.throws(() => transportPublicKey(new Uint8Array(31)), /32 bytes/)
})

network('a port in use is told by its name', () => inWorld(async world => {
  const a = await startNode(world, A, 0)
  const second = await createLibp2pTransport({ self: B, transportSeed: seedOf(1), listen: a.address.addresses })
  assert.is(await codeOf(second.start(new Recorder())), 'address-in-use')
  await second.stop()
}))

network('a stranger with a key of its own gets no stream, and is counted', () => inWorld(async world => {
  const [, b] = await pair(world)
  const stranger = await foreignNode(9)
  try {
    let refused = false
    await streamTo(stranger, b).catch(() => { refused = true })
    assert.ok(refused)
    await until('counted', () => b.events.strangers >= 1)
    assert.equal(b.events.opened, [])
  } finally { await stranger.stop() }
}))

network('garbage and silence on the port cost nothing: the node serves on, and cuts them off', () => inWorld(async world => {
  const [a, b] = await pair(world)
  const sockets: Socket[] = []; let cutOff = 0
  const knock = (greeting: Buffer): void => {
    const socket = createConnection(portOf(b), '127.0.0.1', () => { if (greeting.length > 0) socket.write(greeting) })
    socket.on('error', () => {}).on('close', () => { cutOff++ }).resume()
    sockets.push(socket)
  }
  for (let i = 0; i < 20; i++) knock(Buffer.alloc(0))
  for (let i = 0; i < 20; i++) knock(Buffer.alloc(5000, i * 13))
  knock(Buffer.from('\x13/multistream/1.0.0\n\x07/noise\n\xff\xff', 'latin1'))
  // While forty strangers knock, a peer may be asked to come again.
  let opened = false
  for (let tries = 0; !opened && tries < 50; tries++) opened = await a.transport.open(B, 'urgent') || await pause(200).then(() => false)
  assert.ok(opened)
  await a.events.opened[0]!.send(numberedFrame(0, 100))
  await until('served', () => b.events.received.length === 1)
  await until('cut off', () => cutOff === sockets.length)
  assert.equal(a.events.closed, [])
}, { handshake: 2000 }))

for (const [name, bytes, reason] of [
  ['a length above the limit', Buffer.from([0xff, 0xff, 0xff, 0x7f, 1, 2, 3]), 'frame-too-large'],
  ['a length that never ends', Buffer.alloc(64, 0xff), 'malformed-frame'],
  ['an empty frame', Buffer.from([0]), 'malformed-frame']
] as const) {
  network(`${name} ends the link with its name, and the node serves on`, () => inWorld(async world => {
    const [, b] = await pair(world)
    const liar = await foreignNode(0)
    try {
      const stream = await streamTo(liar, b)
      await until('opened', () => b.events.opened.length === 1)
      stream.send(bytes)
      await until('ended', () => b.events.closed.length === 1)
      assert.equal(b.events.closed.map(({ reason }) => reason), [reason])
      assert.equal(b.events.received, [])
      const again = await streamTo(liar, b)
      again.send(Buffer.concat([Buffer.from([8]), numberedFrame(1, 8)]))
      await until('served', () => b.events.received.length === 1)
    } finally { await liar.stop() }
  }))
}

network('a peer that ends its side in the middle of a frame ends the link', () => inWorld(async world => {
  const [, b] = await pair(world)
  const liar = await foreignNode(0)
  try {
    const stream = await streamTo(liar, b)
    stream.send(Buffer.from([100, 1, 2, 3]))
    await stream.close()
    await until('ended', () => b.events.closed.length === 1)
    assert.equal([b.events.closed[0]!.reason, b.events.received.length], ['closed-by-peer', 0])
  } finally { await liar.stop() }
}))

network('a peer that accepts the stream and never says welcome gives no link', () => inWorld(async world => {
  const a = await startNode(world, A, 0)
  const mute = await foreignNode(1)
  try {
    await mute.handle('/tiltas/1/normal', () => {})
    a.transport.allow([peerAt(1, B, mute.getMultiaddrs().map(String))])
    assert.is(await a.transport.open(B, 'normal'), false)
    assert.equal([a.events.opened, a.events.closed], [[], []])
  } finally { await mute.stop() }
}, { open: 300 }))

network('a peer has a few connections and streams at a time, the newest', () => inWorld(async world => {
  const [, b] = await pair(world)
  const crowd = await Promise.all(Array.from({ length: CONNECTIONS_PER_PEER_MAX + 3 }, () => foreignNode(0)))
  try {
    for (const [index, foreign] of crowd.entries()) {
      await streamTo(foreign, b)
      await until('opened', () => b.events.opened.length === index + 1)
    }
    await until('the oldest are gone', () => crowd.filter(foreign => foreign.getConnections().length > 0).length === CONNECTIONS_PER_PEER_MAX)
    assert.is(crowd.at(-1)!.getConnections().length, 1)
    await until('one link of the class', () => b.events.opened.length - b.events.closed.length === 1)
  } finally { await Promise.all(crowd.map(foreign => foreign.stop())) }
}))

network('a peer that is taken off the list is hung up on, also without a link', () => inWorld(async world => {
  const [, b] = await pair(world)
  const foreign = await foreignNode(0)
  try {
    await streamTo(foreign, b, '/ipfs/ping/1.0.0')
    b.transport.allow([])
    await until('hung up', () => foreign.getConnections().length === 0)
  } finally { await foreign.stop() }
}))

interface Proxy { readonly address: string, readonly captured: Buffer[], readonly sockets: Set<Socket>, close (): void }

/** Stands between a dialler and a node, and hears every byte. */
async function proxyTo (node: SuiteNode): Promise<Proxy> {
  const captured: Buffer[] = []; const sockets = new Set<Socket>()
  const server = createServer(from => {
    const to = createConnection(portOf(node), '127.0.0.1')
    for (const socket of [from, to]) sockets.add(socket.on('error', () => {}).on('data', bytes => captured.push(bytes)))
    from.pipe(to).pipe(from)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const close = (): void => { for (const socket of sockets) socket.destroy(); server.close() }
  return { address: `/ip4/127.0.0.1/tcp/${(server.address() as AddressInfo).port}`, captured, sockets, close }
}

network('a connection that went silent does not stand in the way of a new one', () => inWorld(async world => {
  const [a, b] = await pair(world)
  const proxy = await proxyTo(b)
  try {
    a.transport.allow([peerAt(1, B, [proxy.address])])
    assert.is(await a.transport.open(B, 'urgent'), true)
    for (const socket of proxy.sockets) socket.unpipe().pause()
    assert.is(await a.transport.open(B, 'normal'), true)
    await a.events.opened[1]!.send(numberedFrame(0, 100))
    await until('received', () => b.events.received.length === 1)
    assert.is(a.events.closed.length, 0, 'the silent one may come back')
  } finally { proxy.close() }
}, { open: 2000 }))

network('a peer that is busy for many pings keeps its links', async () => {
  await inWorld(async world => {
    const a = await startNode(world, A, 0)
    const child = processOf('echo', '0')
    try {
      a.transport.allow([peerAt(1, B, [await firstLine(child)])])
      assert.is(await a.transport.open(B, 'normal'), true)
      await pause(200)
      child.kill('SIGSTOP')
      await a.events.opened[0]!.send(numberedFrame(0, 100))
      await pause(700)
      child.kill('SIGCONT')
      await until('echoed', () => a.events.received.length === 1)
      await pause(200)
      assert.equal(a.events.closed, [])
    } finally { child.kill('SIGKILL') }
  }, { ping: 200, answer: 20_000 })
})

network('a peer that never answers a ping is given up', async () => {
  await inWorld(async world => {
    const a = await startNode(world, A, 0)
    const child = processOf('echo', '0')
    try {
      a.transport.allow([peerAt(1, B, [await firstLine(child)])])
      assert.is(await a.transport.open(B, 'normal'), true)
      child.kill('SIGSTOP')
      await until('given up', () => a.events.closed.length === 1)
      assert.is(a.events.closed[0]!.reason, 'connection-lost')
    } finally { child.kill('SIGKILL') }
  }, { ping: 100, answer: 500 })
})

network('who listens on the way sees no word of it', () => inWorld(async world => {
  const [a, b] = await pair(world)
  const proxy = await proxyTo(b)
  try {
    a.transport.allow([peerAt(1, B, [proxy.address])])
    assert.is(await a.transport.open(B, 'urgent'), true)
    const marker = 'MARKER-ABC123-'
    const frame = Buffer.from(marker.repeat(500))
    for (let i = 0; i < 20; i++) await a.events.opened[0]!.send(frame)
    await until('received', () => b.events.received.length === 20)
    assert.ok(Buffer.from(b.events.received[0]!.frame).includes(marker))
    const seen = Buffer.concat(proxy.captured)
    assert.ok(seen.length > 20 * frame.length, 'everything went over the proxy')
    for (const word of [marker, '/tiltas/1', A, B]) assert.not.ok(seen.includes(word), word)
  } finally { proxy.close() }
}))

network('a slow reader costs bounded memory, however much is sent', () => inWorld(async world => {
  const [a, b] = await pair(world)
  let received = 0; let sent = 0; let aheadMax = 0
  const kilobytes = 64; const count = 3000
  b.events.frameReceived = (): Promise<void> => { received++; return received % 10 === 0 ? pause(1) : Promise.resolve() }
  await a.transport.open(B, 'bulk')
  const link = a.events.opened[0]!
  const frame = numberedFrame(0, kilobytes * 1024)
  const before = process.memoryUsage().rss; let rss = before
  for (; sent < count; sent++) {
    await link.send(frame)
    aheadMax = Math.max(aheadMax, sent - received)
    if (sent % 50 === 0) rss = Math.max(rss, process.memoryUsage().rss)
  }
  await until('received', () => received === count)
  assert.ok(aheadMax * kilobytes < 8 * 1024, `${aheadMax} frames ahead`)
  assert.ok(rss - before < 150 * 1024 * 1024, `${Math.round((rss - before) / 1e6)} MB more for ${count * kilobytes / 1024} MiB sent`)
}))

network('a peer that is killed is missed, and found again when it is back', async () => {
  await inWorld(async world => {
    const a = await startNode(world, A, 0)
    let child = processOf('echo', '0')
    try {
      const address = await firstLine(child)
      const port = /\/tcp\/(\d+)$/.exec(address)![1]!
      a.transport.allow([peerAt(1, B, [address])])
      assert.is(await a.transport.open(B, 'normal'), true)
      await a.events.opened[0]!.send(numberedFrame(1, 100))
      await until('echoed', () => a.events.received.length === 1)
      const gone = ended(child)
      child.kill('SIGKILL')
      await gone
      await until('missed', () => a.events.closed.length === 1)
      assert.ok(['connection-lost', 'reset-by-peer'].includes(a.events.closed[0]!.reason))
      assert.is(await a.transport.open(B, 'normal'), false)
      child = processOf('echo', port)
      await firstLine(child)
      assert.is(await a.transport.open(B, 'normal'), true)
      await a.events.opened[1]!.send(numberedFrame(2, 100))
      await until('echoed again', () => a.events.received.length === 2)
      assert.is(indexOf(a.events.received[1]!.frame), 2)
    } finally { child.kill('SIGKILL') }
  })
})

network('a stopped transport leaves nothing that keeps the process alive', async () => {
  const child = processOf('come-and-go')
  const watchdog = setTimeout(() => child.kill('SIGKILL'), 60_000)
  assert.is(await ended(child), 0)
  clearTimeout(watchdog)
})

switch (process.argv[2]) {
  case 'echo': await echo(process.argv[3]!); break
  case 'come-and-go': await comeAndGo(); break
  default:
    contract.run()
    network.run()
}

import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parseNodeId } from '../../protocol/identifiers.ts'
import { SECOND, type Duration, type Instant } from '../../protocol/instant.ts'
import { CALM, ROUGH, SimulatedNetwork, type NetworkFaults, type NetworkRandom, type NetworkScheduler } from '../../simulations/network.ts'
import type { Link } from '../../node/runtime/ports.ts'
import { codeOf, indexOf, numberedFrame, outcome, startNode, transportSuite, type SuiteNode, type TransportWorld } from '../suites/transport-suite.ts'

const A = parseNodeId('lv/national')
const B = parseNodeId('lt/national')

/** mulberry32: enough to draw faults from, with a period of its own for each seed. */
function randomOf (seed: number): NetworkRandom {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  return { integer: max => next() % max, chance: perMille => next() % 1000 < perMille }
}

class VirtualTime implements NetworkScheduler {
  #now: Instant = 0
  #order = 0
  #events: { at: Instant, order: number, run: () => void }[] = []
  now (): Instant { return this.#now }
  schedule (after: Duration, run: () => void): () => void {
    const event = { at: this.#now + after, order: ++this.#order, run }
    this.#events.push(event)
    return () => { this.#events = this.#events.filter(other => other !== event) }
  }

  /** Runs the next event and everything that follows from it at once; false when nothing is left. */
  async step (): Promise<boolean> {
    await new Promise(resolve => setImmediate(resolve))
    const [event] = this.#events.sort((a, b) => a.at - b.at || a.order - b.order)
    if (event === undefined) return false
    this.#events.shift()
    this.#now = event.at
    event.run()
    await new Promise(resolve => setImmediate(resolve))
    return true
  }

  async runFor (wait: Duration): Promise<void> {
    let over = false
    this.schedule(wait, () => { over = true })
    while (!over) await this.step()
  }
}

type Simulation = TransportWorld & { readonly time: VirtualTime, readonly network: SimulatedNetwork }

function simulate (seed = 1, faults: NetworkFaults = CALM): Simulation {
  const time = new VirtualTime()
  const network = new SimulatedNetwork(time, randomOf(seed), faults)
  const keyOf = (place: number): Uint8Array => new Uint8Array(32).fill(place + 1)
  return {
    time,
    network,
    create: async (self, place) => network.transport({ self, transportKey: keyOf(place) }),
    addressOf: (transport, node, place) => ({ node, transportKey: keyOf(place), addresses: transport.addresses() }),
    async until (what, condition) {
      await new Promise(resolve => setImmediate(resolve))
      while (!condition()) if (!await time.step()) throw new Error(`it never came to this: ${what}`)
    },
    calm: () => time.runFor(2 * SECOND),
    close: async () => {}
  }
}

const contract = suite('simulated transport: contract')
transportSuite(contract, async () => simulate())
contract.run()

const faults = suite('simulated network: faults')

async function pair (world: Simulation): Promise<[SuiteNode, SuiteNode]> {
  const a = await startNode(world, A, 0)
  const b = await startNode(world, B, 1)
  a.transport.allow([b.address])
  b.transport.allow([a.address])
  return [a, b]
}

async function linked (world: Simulation): Promise<{ a: SuiteNode, b: SuiteNode, link: Link }> {
  const [a, b] = await pair(world)
  assert.is(await outcome(world, 'open', a.transport.open(B, 'normal')), true)
  return { a, b, link: a.events.opened.at(-1)! }
}

const numbers = (node: SuiteNode): number[] => node.events.received.map(({ frame }) => indexOf(frame))
const reasons = (node: SuiteNode): string[] => node.events.closed.map(({ reason }) => reason)

faults('a cut one way is silence: nothing arrives, and each side gives up by itself', async () => {
  const world = simulate()
  const { a, b, link } = await linked(world)
  world.network.cut(A, B)
  await outcome(world, 'handed on', link.send(numberedFrame(0, 50)))
  await world.time.runFor(20 * SECOND)
  assert.equal([numbers(b), reasons(a), reasons(b)], [[], [], []])
  await world.time.runFor(60 * SECOND)
  assert.equal([numbers(b), reasons(a), reasons(b)], [[], ['connection-lost'], ['connection-lost']])
  assert.is(await outcome(world, 'no dial', a.transport.open(B, 'normal')), false)
})

faults('a cut one way lets the other way pass, until the window is full', async () => {
  const world = simulate()
  const { a, b } = await linked(world)
  world.network.cut(A, B)
  const back = b.events.opened[0]!
  let sent = 0
  for (let i = 0; i < 40; i++) back.send(numberedFrame(i, 64 * 1024)).then(() => { sent++ }, () => {})
  await world.time.runFor(10 * SECOND)
  assert.is(sent, 16, 'one window of 1 MiB')
  assert.is(numbers(a).length, 16)
})

faults('a cut that heals in time is a delay: all arrives, in order, on the same link', async () => {
  const world = simulate()
  const { a, b, link } = await linked(world)
  world.network.partition([A], [B])
  for (let i = 0; i < 5; i++) void link.send(numberedFrame(i, 50))
  await world.time.runFor(10 * SECOND)
  world.network.heal()
  await world.time.runFor(10 * SECOND)
  assert.equal([numbers(b), reasons(a), reasons(b)], [[0, 1, 2, 3, 4], [], []])
})

faults('a side that gave up is learnt of when the cut heals', async () => {
  const world = simulate()
  const { a, b } = await linked(world)
  world.network.partition([A], [B])
  await world.until('one gave up', () => a.events.closed.length + b.events.closed.length === 1)
  world.network.heal()
  await world.time.runFor(SECOND)
  assert.equal([reasons(a), reasons(b)], [['connection-lost'], ['connection-lost']])
  assert.is(await outcome(world, 'again', a.transport.open(B, 'normal')), true)
})

faults('a broken connection loses what was on the way, and none of it arrives on the next link', async () => {
  const world = simulate()
  const { a, b, link } = await linked(world)
  for (let i = 0; i < 5; i++) await link.send(numberedFrame(i, 50))
  await world.time.runFor(CALM.latency - 5)
  world.network.breakLinks(A, B)
  await link.send(numberedFrame(5, 50))
  await world.until('noticed', () => a.events.closed.length === 1 && b.events.closed.length === 1)
  assert.equal([reasons(a), reasons(b)], [['connection-lost'], ['connection-lost']])
  assert.is(await outcome(world, 'again', a.transport.open(B, 'normal')), true)
  await outcome(world, 'sent', a.events.opened.at(-1)!.send(numberedFrame(6, 50)))
  await world.time.runFor(60 * SECOND)
  assert.equal(numbers(b), [6])
})

faults('a connection that breaks during a cut delivers nothing when the cut heals', async () => {
  const world = simulate()
  const { a, b, link } = await linked(world)
  world.network.partition([A], [B])
  world.network.breakLinks(A, B)
  await link.send(numberedFrame(0, 50))
  await world.time.runFor(SECOND)
  world.network.heal()
  await world.time.runFor(SECOND)
  assert.equal([numbers(b), reasons(a), reasons(b)], [[], ['connection-lost'], ['connection-lost']])
})

faults('a link that is closed during a cut ends at the other side when the cut heals, after what was handed on', async () => {
  const world = simulate()
  const { a, b, link } = await linked(world)
  world.network.partition([A], [B])
  await link.send(numberedFrame(0, 50))
  link.close('maintenance')
  await world.time.runFor(SECOND)
  assert.equal([reasons(a), reasons(b)], [['maintenance'], []])
  world.network.heal()
  await world.time.runFor(SECOND)
  assert.equal([numbers(b), reasons(b)], [[0], ['closed-by-peer']])
})

faults('damage breaks the connection at both sides and delivers nothing', async () => {
  const world = simulate()
  const { a, b, link } = await linked(world)
  world.network.setFaults({ ...CALM, damage: 1000 })
  void link.send(numberedFrame(0, 50))
  await world.time.runFor(SECOND)
  assert.equal([numbers(b), reasons(a), reasons(b)], [[], ['connection-lost'], ['connection-lost']])
})

faults('a process that crashes: what it handed on arrives, then its peer learns it', async () => {
  const world = simulate()
  const { a, b, link } = await linked(world)
  await link.send(numberedFrame(0, 50))
  world.network.crash(A, 'process')
  await world.time.runFor(SECOND)
  assert.equal([numbers(b), reasons(b)], [[0], ['connection-lost']])
  assert.equal(reasons(a), [], 'the dead hear nothing')
  assert.is(await outcome(world, 'gone', b.transport.open(A, 'normal')), false)
})

faults('a machine without power: its peer waits in vain, and its successor has the place at once', async () => {
  const world = simulate()
  const { b, link } = await linked(world)
  await link.send(numberedFrame(0, 50))
  world.network.crash(A, 'power')
  await world.time.runFor(20 * SECOND)
  assert.equal([numbers(b), reasons(b)], [[0], []])
  const again = await startNode(world, A, 0)
  again.transport.allow([b.address])
  assert.is(await outcome(world, 'again', again.transport.open(B, 'normal')), true)
  assert.equal(reasons(b), ['replaced'])
  await world.time.runFor(60 * SECOND)
  assert.equal([reasons(b), reasons(again)], [['replaced'], []])
})

faults('a slow way takes as long as its bytes need', async () => {
  const world = simulate()
  const { b, link } = await linked(world)
  world.network.slow(A, B, 10_000)
  for (let i = 0; i < 3; i++) void link.send(numberedFrame(i, 10_000))
  await world.time.runFor(1.5 * SECOND)
  assert.equal(numbers(b), [0])
  await world.time.runFor(2 * SECOND)
  assert.equal(numbers(b), [0, 1, 2])
})

faults('an address has one listener at a time', async () => {
  const world = simulate()
  await startNode(world, A, 0)
  const second = world.network.transport({ self: A, transportKey: new Uint8Array(32) })
  assert.is(await codeOf(second.start({ linkOpened () {}, frameReceived () {}, linkClosed () {}, strangerRefused () {} })), 'address-in-use')
})

// ── Everything at once ───────────────────────────────────────────────────────────────────────────────────────────

const LINK_STEP = 1000

interface Story { readonly trace: string[], readonly received: Map<Link, number[]>, readonly counts: SimulatedNetwork['counts'] }

/** Both nodes open what is missing and send; the world cuts, heals, breaks and crashes as the seed has it. */
async function live (seed: number): Promise<Story> {
  const world = simulate(seed, ROUGH)
  const draw = randomOf(seed ^ 0x5eed)
  const trace: string[] = []; const wrong: string[] = []; const received = new Map<Link, number[]>()
  const alive = new Map<string, SuiteNode>()
  const boot = async (self: typeof A, place: number): Promise<void> => {
    const node = await startNode(world, self, place)
    const say = (what: string): void => { trace.push(`${world.time.now()} ${self} ${what}`) }
    const { linkOpened, linkClosed } = node.events
    node.events.linkOpened = link => { say(`opened ${link.id}`); linkOpened.call(node.events, link) }
    node.events.linkClosed = (link, reason) => { say(`closed ${link.id} ${reason}`); linkClosed.call(node.events, link, reason) }
    node.events.frameReceived = (link, frame) => {
      say(`frame ${link.id} ${indexOf(frame)}`)
      if (node.events.closed.some(closed => closed.link === link)) wrong.push(`${link.id}: a frame after the end`)
      if (Buffer.compare(frame, numberedFrame(indexOf(frame), frame.length)) !== 0) wrong.push(`${link.id}: a damaged frame`)
      received.set(link, [...received.get(link) ?? [], indexOf(frame)])
      if (draw.chance(300)) return new Promise(resolve => { world.time.schedule(draw.integer(3000), resolve) })
    }
    node.transport.allow([A, B].map((other, at) => ({ node: other, transportKey: new Uint8Array(32).fill(at + 1), addresses: [`/sim/${other}`] })).filter(peer => peer.node !== self))
    alive.set(self, node)
  }
  await boot(A, 0)
  await boot(B, 1)
  /** Frames of each link are numbered from its own thousand: 3000, 3001, … */
  const next = new Map<Link, number>()
  for (let round = 0; round < 60; round++) {
    for (const [self, node] of alive) {
      const link = node.events.opened.findLast(link => link.initiator && !node.events.closed.some(closed => closed.link === link))
      if (link === undefined) void node.transport.open(self === A ? B : A, 'normal')
      else {
        for (let i = 0; i < 5; i++) {
          const number = next.get(link) ?? next.size * LINK_STEP
          next.set(link, number + 1)
          link.send(numberedFrame(number, 10 + draw.integer(60_000))).catch(() => {})
        }
      }
    }
    if (draw.chance(60)) world.network.cut(A, B)
    if (draw.chance(100)) world.network.heal()
    if (draw.chance(30)) world.network.breakLinks(A, B)
    if (draw.chance(40)) { const [self, place] = draw.chance(500) ? [A, 0] as const : [B, 1] as const; world.network.crash(self, draw.chance(500) ? 'power' : 'process'); await boot(self, place) }
    await world.time.runFor(draw.integer(8000))
  }
  for (const node of alive.values()) {
    assert.is(new Set(node.events.closed.map(({ link }) => link)).size, node.events.closed.length, 'each end is told once')
  }
  assert.equal(wrong, [])
  return { trace, received, counts: world.network.counts }
}

faults('whatever happens, a link delivers its own frames in order without a gap, and never those of another', async () => {
  const seed = Number(process.env['SEED'] ?? 20261)
  console.log(`seed ${seed}`)
  await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 1_000_000 }), async worldSeed => {
    const { received } = await live(worldSeed)
    const starts = [...received.values()].map(numbers => numbers[0]!)
    assert.is(new Set(starts).size, starts.length, 'no link delivers the frames of another')
    for (const numbers of received.values()) {
      assert.is(numbers[0]! % LINK_STEP, 0, 'from the first')
      numbers.forEach((number, at) => assert.is(number, numbers[0]! + at, 'in order, without a gap'))
    }
  }), { seed, numRuns: 12 })
})

faults('the same seed gives the same events, another seed others; faults do happen', async () => {
  const one = await live(7)
  assert.equal(one.trace, (await live(7)).trace)
  assert.not.equal(one.trace, (await live(8)).trace)
  assert.ok(one.counts.delivered > 100 && one.counts.broken > 0, JSON.stringify(one.counts))
})

faults.run()

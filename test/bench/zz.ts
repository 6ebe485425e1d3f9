/**
 * How much one link carries between two processes on loopback, frames of 1, 64 and 256 KiB one after another, from the
 * first send until the receiver says that it has the last. Prints one JSON line: frames and megabytes (10^6) a second.
 */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createLibp2pTransport, transportPublicKey } from '../../node/adapters/libp2p-transport.ts'
import type { Link, PeerAddress, Transport, TransportEvents } from '../../node/runtime/ports.ts'
import { parseNodeId, type NodeId } from '../../protocol/identifiers.ts'

const SENDER = parseNodeId('lv/national')
const RECEIVER = parseNodeId('lt/national')
const RUNS = 3
const CASES = [{ kibibytes: 64, frames: 2400 }, { kibibytes: 256, frames: 600 }]
/** Sent together before waiting, as the runtime does with parcels in flight. */
const TOGETHER = 8

const seedOf = (place: number): Uint8Array => new Uint8Array(32).fill(place + 101)
const peerAt = (node: NodeId, place: number, addresses: readonly string[]): PeerAddress => ({ node, transportKey: transportPublicKey(seedOf(place)), addresses })

async function start (self: NodeId, place: number, frameReceived: TransportEvents['frameReceived']): Promise<{ transport: Transport, links: Link[] }> {
  const links: Link[] = []
  const transport = await createLibp2pTransport({ self, transportSeed: seedOf(place), listen: ['/ip4/127.0.0.1/tcp/0'] })
  await transport.start({ linkOpened: link => { links.push(link) }, linkClosed () {}, strangerRefused () {}, frameReceived })
  return { transport, links }
}

/** Answers each frame that starts with a 1: the last of a run. */
async function receive (): Promise<void> {
  const { transport } = await start(RECEIVER, 1, (link, frame) => frame[0] === 1 ? link.send(frame.subarray(0, 1)) : undefined)
  transport.allow([peerAt(SENDER, 0, [])])
  console.log(transport.addresses()[0])
}

async function measure (link: Link, answered: () => Promise<void>, bytes: number, frames: number): Promise<number> {
  const frame = new Uint8Array(bytes)
  const last = new Uint8Array(bytes).fill(1)
  const answer = answered()
  const began = performance.now()
  for (let sent = TOGETHER; sent < frames; sent += TOGETHER) await Promise.all(Array.from({ length: TOGETHER }, () => link.send(frame)))
  await link.send(last)
  await answer
  return (performance.now() - began) / 1000
}

async function bench (): Promise<void> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', fileURLToPath(import.meta.url), 'receive'], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const address = await new Promise<string>(resolve => createInterface({ input: child.stdout }).once('line', resolve))
    let answer = (): void => {}
    const { transport, links } = await start(SENDER, 0, () => answer())
    transport.allow([peerAt(RECEIVER, 1, [address])])
    if (!await transport.open(RECEIVER, 'bulk')) throw new Error('no link')
    const result: Record<string, { framesPerSecond: number, megabytesPerSecond: number }> = {}
    for (const { kibibytes, frames } of CASES) {
      const seconds: number[] = []
      for (let run = 0; run < RUNS; run++) {
        seconds.push(await measure(links[0]!, () => new Promise(resolve => { answer = resolve }), kibibytes * 1024, frames))
      }
      const median = seconds.sort((a, b) => a - b)[Math.floor(RUNS / 2)]!
      result[`${kibibytes} KiB`] = { framesPerSecond: Math.round(frames / median), megabytesPerSecond: Math.round(frames * kibibytes * 1024 / median / 1e6) }
    }
    console.log(JSON.stringify({ bench: 'transport', ...result }))
    await transport.stop()
  } finally { child.kill() }
}

await (process.argv[2] === 'receive' ? receive() : bench())

/** Conversations about statements over real connections, and peers that are known by two keys while one replaces the other. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createLibp2pTransport, transportPublicKey } from '../../../node/adapters/libp2p-transport.ts'
import type { PeerAddress, TransportEvents } from '../../../node/runtime/ports.ts'
import { RenewableTransport, type TrustingTransport } from '../../../node/runtime/renewable-transport.ts'
import type { Conversation } from '../../../node/runtime/trust-exchange.ts'
import { FRAME_BYTES_MAX } from '../../../protocol/limits.ts'
import { parseNodeId, type NodeId } from '../../../protocol/identifiers.ts'
import { eventually } from '../../stories/support/places.ts'

const test = suite('libp2p trust')
const RIGA = parseNodeId('lv/national'); const VILNIUS = parseNodeId('lt/national')
const seedOf = (n: number): Uint8Array => new Uint8Array(32).fill(n)
const LISTEN = ['/ip4/127.0.0.1/tcp/0']

function events (): TransportEvents & { readonly opened: string[], readonly closed: string[], strangers: number } {
  const told = { opened: [] as string[], closed: [] as string[], strangers: 0 }
  return Object.assign(told, { linkOpened: ({ peer }: { peer: NodeId }) => { told.opened.push(peer) }, linkClosed: ({ peer }: { peer: NodeId }) => { told.closed.push(peer) }, frameReceived: () => {}, strangerRefused: () => { told.strangers++ } })
}
const peer = (node: NodeId, n: number, transport: TrustingTransport | undefined, former: readonly number[] = []): PeerAddress =>
  ({ node, transportKey: transportPublicKey(seedOf(n)), addresses: transport?.addresses() ?? [], formerKeys: former.map(m => transportPublicKey(seedOf(m))) })

async function started (self: NodeId, n: number): Promise<TrustingTransport & { readonly told: ReturnType<typeof events> }> {
  const transport = await createLibp2pTransport({ self, transportSeed: seedOf(n), listen: LISTEN })
  const told = events()
  await transport.start(told)
  return Object.assign(transport, { told })
}

test('frames of both sides arrive whole and in order, up to the largest statement', async () => {
  const riga = await started(RIGA, 1); const vilnius = await started(VILNIUS, 2)
  try {
    riga.allow([peer(VILNIUS, 2, vilnius)])
    vilnius.allow([peer(RIGA, 1, undefined)])
    vilnius.trust.listen(async conversation => {
      assert.is(conversation.peer, RIGA)
      for (let frame = await conversation.receive(); frame !== undefined; frame = await conversation.receive()) await conversation.send(frame)
      conversation.close()
    })
    const conversation = await riga.trust.open(VILNIUS) as Conversation
    for (const length of [1, 100_000, FRAME_BYTES_MAX + 1]) {
      await conversation.send(new Uint8Array(length).fill(length % 251))
      const answer = await conversation.receive()
      assert.equal([answer?.length, answer?.[length - 1]], [length, length % 251])
    }
    conversation.close()
    assert.is(await conversation.receive(), undefined)
    assert.equal([riga.told.opened, vilnius.told.opened], [[], []], 'no link of the machine is opened by it')
  } finally { await Promise.all([riga.stop(), vilnius.stop()]) }
})

test('strangers, and peers that are not there, are told apart', async () => {
  const riga = await started(RIGA, 1); const vilnius = await started(VILNIUS, 2)
  try {
    riga.allow([peer(VILNIUS, 2, vilnius)])
    vilnius.trust.listen(async conversation => { conversation.close() })
    assert.is.not(typeof await riga.trust.open(VILNIUS), 'object')
    await eventually('the stranger to be counted', () => vilnius.told.strangers > 0)
    riga.allow([{ ...peer(VILNIUS, 2, undefined), addresses: ['/ip4/127.0.0.1/tcp/1'] }])
    assert.is(await riga.trust.open(VILNIUS), 'unreachable')
    assert.is(await riga.trust.open(parseNodeId('ee/national')), 'unreachable')
  } finally { await Promise.all([riga.stop(), vilnius.stop()]) }
})

test('a peer is taken by its former key too, and called whichever of the two it answers to', async () => {
  const old = await started(VILNIUS, 3); const riga = await started(RIGA, 1)
  try {
    old.allow([peer(RIGA, 1, riga)])
    riga.allow([peer(VILNIUS, 2, old, [3])])
    assert.ok(await riga.open(VILNIUS, 'urgent'), 'called by the new key, answered by the former one')
    assert.ok(await old.open(RIGA, 'normal'))
    await eventually('both links', () => riga.told.opened.length === 2)
    riga.allow([peer(VILNIUS, 2, old)])
    await eventually('the end of the overlap', () => riga.told.closed.length === 2)
    assert.not.ok(await old.open(RIGA, 'normal'))
  } finally { await Promise.all([riga.stop(), old.stop()]) }
})

test('a former key never takes the name of another node', async () => {
  const riga = await started(RIGA, 1); const tallinn = await started(parseNodeId('ee/national'), 3)
  try {
    tallinn.allow([peer(RIGA, 1, riga)])
    riga.allow([peer(VILNIUS, 2, undefined, [3]), peer(parseNodeId('ee/national'), 3, tallinn)])
    assert.ok(await tallinn.open(RIGA, 'urgent'))
    await eventually('the link', () => riga.told.opened.length === 1)
    assert.equal(riga.told.opened, ['ee/national'])
  } finally { await Promise.all([riga.stop(), tallinn.stop()]) }
})

test('a transport takes on another identity, and its peers find it again', async () => {
  const riga = await started(RIGA, 1)
  const told = events()
  const vilnius = await RenewableTransport.create('3', identity => createLibp2pTransport({ self: VILNIUS, transportSeed: seedOf(Number(identity)), listen: LISTEN }))
  await vilnius.start(told)
  try {
    vilnius.trust.listen(async conversation => { await conversation.send(new Uint8Array([7])); conversation.close() })
    vilnius.allow([peer(RIGA, 1, riga)])
    riga.allow([peer(VILNIUS, 2, vilnius, [3])])
    assert.ok(await vilnius.open(RIGA, 'urgent'))
    await vilnius.renew('2')
    assert.is(vilnius.identity, '2')
    assert.equal(told.closed, ['lv/national'], 'the old line was hung up')
    riga.allow([peer(VILNIUS, 2, vilnius)])
    assert.ok(await vilnius.open(RIGA, 'urgent'))
    const conversation = await riga.trust.open(VILNIUS) as Conversation
    assert.equal(await conversation.receive(), new Uint8Array([7]))
    conversation.close()
    await vilnius.renew('2')
    assert.is(told.opened.length, 2, 'the same again changes nothing')
  } finally { await Promise.all([riga.stop(), vilnius.stop()]) }
})

test.run()

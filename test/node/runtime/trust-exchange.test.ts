/** Statements between two nodes, with a line that is cut, a peer that lies, and one that knows more. */
import { randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { digestOfBytes } from '../../../keys/compact.ts'
import { hashOfStatement } from '../../../keys/make-statements.ts'
import { InformedTransport } from '../../../node/runtime/informed-transport.ts'
import type { Link, PeerAddress, Transport, TransportEvents } from '../../../node/runtime/ports.ts'
import { EXCHANGES_PER_MINUTE_MAX, STATEMENTS_EXCHANGED_MAX, TrustExchange, type Conversation } from '../../../node/runtime/trust-exchange.ts'
import type { TrustKeeper } from '../../../node/trust-keeper.ts'
import { MINUTE, SECOND } from '../../../protocol/instant.ts'
import { agencyId, agencyStatementOf, makeWorld, nationKeys, nationRootOf, nodeId, revocationsOf, T0 } from '../../keys/trust-world.ts'
import { Line, SetClock, keeperIn } from '../../support/trust-pair.ts'
import { eventually, makeFolder, removeFolder } from '../../stories/support/places.ts'

const test = suite('node/runtime/trust-exchange')
const LV = nodeId('lv', 'national'); const LT = nodeId('lt', 'national')
const police = agencyId('lv', 'police')
const world = await makeWorld()
const folders: string[] = []
test.after(() => { for (const folder of folders) removeFolder(folder) })

interface Side { readonly keeper: TrustKeeper, readonly exchange: TrustExchange, malformed: number, readonly told: string[] }
function pair (more: { readonly lv?: readonly Uint8Array[], readonly lt?: readonly Uint8Array[] } = {}) {
  const folder = makeFolder()
  folders.push(folder)
  const clock = new SetClock((T0 + 3600) * 1000)
  const line = new Line()
  const sideOf = (self: typeof LV, peer: typeof LV, statements: readonly Uint8Array[]): Side => {
    const keeper = keeperIn(folder, self, statements, world.pins, clock)
    const side: Side = { keeper, malformed: 0, told: [], exchange: undefined as never }
    const exchange = new TrustExchange({ channel: line.endOf(self), trust: keeper, clock, peers: () => [peer], exchanged: (with_, taken, given) => side.told.push(`${with_} ${taken} ${given}`), malformed: () => { side.malformed++ } })
    keeper.onChange(() => exchange.spread())
    return Object.assign(side, { exchange })
  }
  return { folder, clock, line, lv: sideOf(LV, LT, [...world.history, ...more.lv ?? []]), lt: sideOf(LT, LV, [...world.history, ...more.lt ?? []]) }
}
const knows = (side: Side, statement: Uint8Array): boolean => side.keeper.statements().has(digestOfBytes(statement))

test('both sides know afterwards what either knew, and it is on their disks', async () => {
  const ours = await agencyStatementOf(police, { iat: T0 + 10 }); const theirs = await agencyStatementOf(agencyId('lt', 'police'), { iat: T0 + 20 })
  const { folder, lv, lt } = pair({ lv: [ours], lt: [theirs] })
  assert.not.ok(lv.exchange.isInformed(LT))
  assert.is(await lv.exchange.with(LT), 'done')
  assert.ok(knows(lv, theirs) && knows(lt, ours))
  assert.ok(lv.exchange.isInformed(LT) && lt.exchange.isInformed(LV))
  assert.ok(readdirSync(join(folder, 'lt-national')).includes(`lv-police-${T0 + 10}.jws`))
  assert.ok(lv.told.includes('lt/national 1 1'))
})

test('what is new goes to the peer at once, and when the line was cut as soon as it is back', async () => {
  const { clock, line, lv, lt } = pair()
  await lv.exchange.with(LT)
  const first = await agencyStatementOf(police, { iat: T0 + 10 }); const second = await agencyStatementOf(police, { iat: T0 + 20 })
  lv.keeper.take([first])
  await eventually('the push', () => knows(lt, first))
  await eventually('the answer', () => lv.exchange.isInformed(LT))
  line.isCut = true
  lv.keeper.take([second])
  const before = line.opened
  await eventually('the vain try', () => line.opened > before)
  assert.not.ok(lv.exchange.isInformed(LT))
  line.isCut = false
  await eventually('the next try', () => { clock.pass(2 * SECOND); return knows(lt, second) })
})

test('a new root comes before what stands on it', async () => {
  const fresh = nationKeys('LV')
  const root = await nationRootOf('LV', { version: 2, iat: T0 + 10, prev: hashOfStatement(world.roots[0]!) })
  const list = await revocationsOf('LV', [], { iat: T0 + 12 }); const statement = await agencyStatementOf(police, { iat: T0 + 11 }, fresh.federation)
  const { lv } = pair({ lv: [statement, list, root] })
  const kinds = [...lv.keeper.statements().values()].map(bytes => Buffer.from(bytes).toString()[0] === '{')
  assert.equal(kinds, kinds.toSorted((a, b) => Number(b) - Number(a)), 'roots first')
  assert.is(digestOfBytes(root), [...lv.keeper.statements().keys()][0])
})

test('what does not stand is not kept, and not asked for again', async () => {
  const forged = await agencyStatementOf(police, { iat: T0 + 10 }, nationKeys('LT').federation)
  const unsigned = await nationRootOf('LV', { version: 2, iat: T0 + 10, prev: hashOfStatement(world.roots[0]!) }, nationKeys('LV').signers.slice(0, 1))
  const copy = await nationRootOf('LV', {}, nationKeys('LV').signers)
  const { folder, lt } = pair()
  const files = readdirSync(join(folder, 'lt-national')).length
  assert.equal(lt.keeper.take([forged, unsigned, copy, new Uint8Array([1]), new Uint8Array(2 * 1024 * 1024)]), [])
  assert.is(readdirSync(join(folder, 'lt-national')).length, files)
  for (const statement of [forged, unsigned, copy]) assert.ok(lt.keeper.isKnown(digestOfBytes(statement)))
})

test('the proof of a fork is kept: the chain ends for whoever sees it', async () => {
  const prev = hashOfStatement(world.roots[0]!)
  const [one, two] = [await nationRootOf('LV', { version: 2, iat: T0 + 10, prev }), await nationRootOf('LV', { version: 2, iat: T0 + 11, prev })]
  const { lt } = pair()
  lt.keeper.take([one])
  assert.is(lt.keeper.view.nation('LV' as never)?.version, 2)
  assert.is(lt.keeper.take([two]).length, 1)
  assert.is(lt.keeper.view.nation('LV' as never)?.version, 1)
})

/** A peer that says what the test wants. */
async function liar (side: Side, line: Line, says: (conversation: Conversation) => Promise<void>): Promise<void> {
  const conversation = await line.endOf(LV).open(LT)
  if (typeof conversation === 'string') throw new Error(conversation)
  await says(conversation)
  while (await conversation.receive() !== undefined);
  conversation.close()
  await new Promise(resolve => setImmediate(resolve))
  assert.equal(side.keeper.view.findings, [])
}

test('rubbish ends a conversation and changes nothing', async () => {
  const { line, lt } = pair()
  const frames: Uint8Array[][] = [
    [new Uint8Array(0)], [new Uint8Array([9])], [new Uint8Array([1, 2, 3])], [new Uint8Array(1 + 32 * 32_001).fill(1)],
    [new Uint8Array([1]), new Uint8Array([2])], [new Uint8Array([1]), new Uint8Array([4, 0])], [new Uint8Array([1]), ...Array.from({ length: STATEMENTS_EXCHANGED_MAX + 1 }, () => new Uint8Array([3, 7]))]
  ]
  for (const [i, said] of frames.entries()) {
    await liar(lt, line, async conversation => { for (const frame of said) await conversation.send(frame) })
    assert.is(lt.malformed, i + 1, `case ${i}`)
  }
  await liar(lt, line, async conversation => { await conversation.send(new Uint8Array([1])); await conversation.send(Buffer.concat([Buffer.from([3]), randomBytes(500)])); await conversation.send(new Uint8Array([4])) })
  assert.is(lt.malformed, frames.length, 'a statement that is none is refused, not the conversation')
})

test('a peer that asks without end is not answered any more until the minute is over', async () => {
  const { clock, lv, line, lt } = pair()
  for (let i = 0; i < EXCHANGES_PER_MINUTE_MAX; i++) assert.is(await lv.exchange.with(LT), 'done')
  assert.is(await lv.exchange.with(LT), 'refused')
  clock.at += MINUTE
  assert.is(await lv.exchange.with(LT), 'done')
  assert.is(lt.malformed, 0)
  assert.ok(line.opened > EXCHANGES_PER_MINUTE_MAX)
})

// ── the transport around it ──────────────────────────────────────────────────────────────────────────────────────

class ScriptedTransport implements Transport {
  events!: TransportEvents
  allowed: readonly PeerAddress[] = []
  readonly opened: string[] = []
  async start (events: TransportEvents): Promise<void> { this.events = events }
  allow (peers: readonly PeerAddress[]): void { this.allowed = peers }
  async open (peer: typeof LV): Promise<boolean> { this.opened.push(peer); return true }
  addresses (): readonly string[] { return [] }
  async stop (): Promise<void> {}
  link (peer: typeof LV, id: string): Link & { ended: string | undefined } {
    const link = { id, peer, streamClass: 'urgent' as const, initiator: false, ended: undefined as string | undefined, send: async () => {}, close: (reason?: string) => { link.ended = reason } }
    return link
  }
}

test('no link opens before statements were exchanged, and none with a nation that is stale', async () => {
  const inner = new ScriptedTransport()
  const said: string[] = []
  let outcome: 'done' | 'unreachable' | 'refused' = 'done'; let stale = false
  const address = (node: typeof LV): PeerAddress => ({ node, transportKey: new Uint8Array(32), addresses: [] })
  const transport = new InformedTransport({ transport: inner, alsoKnown: () => [address(LV), address(LT)], exchange: async peer => { said.push(peer); return outcome }, isStale: () => stale })
  const heard: string[] = []
  await transport.start({ linkOpened: link => { heard.push(`opened ${link.id}`) }, frameReceived: (link) => { heard.push(`frame ${link.id}`) }, linkClosed: link => { heard.push(`closed ${link.id}`) }, strangerRefused: () => {} })
  transport.allow([address(LT)])
  assert.equal(inner.allowed.map(({ node }) => node), [LT, LV], 'who may only bring statements is let in too')

  assert.ok(await transport.open(LT, 'urgent'))
  assert.equal([said, inner.opened], [[LT], [LT]])
  outcome = 'unreachable'
  assert.not.ok(await transport.open(LT, 'urgent'))
  assert.equal(inner.opened, [LT], 'not dialled twice in vain')
  outcome = 'refused'
  assert.ok(await transport.open(LT, 'urgent'), 'a peer of an older version is spoken to')

  const [good, foreign] = [inner.link(LT, 'a'), inner.link(LV, 'b')]
  inner.events.linkOpened(good)
  inner.events.linkOpened(foreign)
  assert.equal([good.ended, foreign.ended], [undefined, 'stale'])
  await transport.open(LT, 'normal')
  assert.is(said.length, 3, 'who is linked has been told')
  stale = true
  transport.allow([address(LT)])
  assert.is(good.ended, 'stale')
  assert.not.ok(await transport.open(LT, 'urgent'))
  inner.events.frameReceived(foreign, new Uint8Array(1))
  inner.events.linkClosed(good, 'stale')
  inner.events.linkClosed(foreign, 'stale')
  assert.equal(heard, ['opened a', 'closed a'])
})

test.run()

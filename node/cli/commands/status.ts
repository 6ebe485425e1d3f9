/** `tiltas status`: whether the node is healthy, at one glance. */
import type { NodeStatus, PeerStatus } from '../../console/service.ts'
import { EXIT, defineCommand, type Context } from '../command.ts'
import { printAge, printSpan, printTable, printTime, safe } from '../print.ts'

export const status = defineCommand({
  name: 'status',
  summary: 'how the node is: peers, queues, log',
  async run (context) {
    const facts = await context.client().get<NodeStatus>('/v1/status', undefined)
    context.answer(facts, () => printStatus(facts, context))
    return EXIT.ok
  }
})

function peersLine (count: number, unreachable: number, paint: Context['paint']): string {
  if (count === 0) return 'peers       none'
  return unreachable === 0 ? paint('green', `peers       all ${count} reachable`) : paint('red', `peers       ${unreachable} of ${count} NOT REACHABLE`)
}

function witnessesLine ({ log: { witnessed, witnesses } }: NodeStatus, now: number, paint: Context['paint']): string {
  const told = witnesses.map(({ name, at, failed }) => safe`${name} ${failed ?? (at === undefined ? 'not asked yet' : printAge(at, now))}`).join(', ')
  const line = `witnessed   up to ${witnessed} leaves (${told})`
  return witnesses.some(({ failed }) => failed !== undefined) ? paint('red', line) : line
}

function printStatus (facts: NodeStatus, { io, paint }: Context): string[] {
  const now = io.now()
  const row = (peer: PeerStatus) => [
    peer.node, peer.reachable ? 'reachable' : 'NOT REACHABLE', peer.queued, peer.unreceipted, peer.lastHeardAt === undefined ? 'never' : printAge(peer.lastHeardAt, now)
  ]
  const unreachable = facts.peers.filter(peer => !peer.reachable).length
  return [
    paint('bold', safe`${facts.node}`) + safe`  version ${facts.version}, up ${printSpan(now - facts.startedAt)}`,
    safe`agencies    ${facts.agencies.join(' ') || 'none'}`,
    safe`listens     ${facts.addresses.join(' ') || 'nowhere'}`,
    safe`log         ${facts.log.size} leaves, ${facts.log.origin}, root ${facts.log.root}`,
    ...(facts.log.witnesses.length === 0 ? [] : [witnessesLine(facts, now, paint)]),
    safe`entries     ${facts.entries}`,
    safe`candidates  ${facts.waitingCandidates} wait for a person`,
    safe`policy      ${facts.openDrafts} drafts wait for a second person`,
    ...facts.overrides.map(({ agency, grant, until }) => paint('red', safe`OVERRIDE    ${grant} of ${agency}, put in force by one person alone, until ${printTime(until * 1000)}`)),
    peersLine(facts.peers.length, unreachable, paint),
    ...(facts.peers.length === 0 ? [] : ['', printTable(['peer', 'state', 'queued', 'without receipt', 'last heard'], facts.peers.map(row))])
  ]
}

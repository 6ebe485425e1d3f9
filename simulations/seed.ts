/**
 * One seed from its beginning to its verdict: traffic and faults for the time that was asked for, then everything is
 * healed, the nodes come to rest, and what should be there in the end is looked for.
 */
import { HOUR, MINUTE, SECOND, type Duration } from '../protocol/instant.ts'
import type { NodeState } from '../protocol/state.ts'
import { AcceptedOnce } from './checkers/accepted-once.ts'
import { NothingLeavesUnlogged } from './checkers/nothing-leaves-unlogged.ts'
import { NothingLeavesUnpermitted } from './checkers/nothing-leaves-unpermitted.ts'
import { PromisedIsKept } from './checkers/promised-is-kept.ts'
import { WithdrawnIsGone } from './checkers/withdrawn-is-gone.ts'
import type { Checker, Violate } from './checkers/checker.ts'
import { Faults, type Fault } from './faults.ts'
import { theFederation } from './federation.ts'
import type { Plants } from './simulated-node.ts'
import { Traffic } from './traffic.ts'
import { World, type Violation } from './world.ts'

export interface SeedOptions {
  readonly seed: number
  /** Virtual hours of traffic and faults. */
  readonly hours: number
  /** Real signatures and encryption. */
  readonly real?: boolean
  /** Instead of the kinds that the seed draws. */
  readonly faults?: readonly Fault[]
  readonly plants?: Plants
  readonly trace?: (line: string) => void
}

export interface Verdict {
  readonly seed: number
  readonly violations: readonly Violation[]
  readonly traceHash: string
  /** Virtual time in all, rest included. */
  readonly simulated: Duration
  readonly counts: ReadonlyMap<string, number>
}

/** How long healed nodes may take until nothing is owed any more. */
const REST_MAX: Duration = 2 * HOUR
const SLICE: Duration = 20 * SECOND
const ANSWER_MAX: Duration = MINUTE

/** @throws whatever a node threw that is not a failure of its disk: a bug */
export async function simulate ({ seed, hours, real = false, faults: kinds, plants = {}, trace }: SeedOptions): Promise<Verdict> {
  const world = new World(await theFederation(), { seed, real, plants, ...(trace && { trace }) })
  const traffic = new Traffic(world)
  const faults = new Faults(world, kinds)
  world.checkers = checkersOf(world, traffic)
  for (const node of world.nodes.values()) node.start()
  await world.run(5 * SECOND)
  void traffic.begin()
  faults.begin()
  await runWhile(world, hours * HOUR, () => true)
  traffic.end()
  if (world.violations.length === 0) await ask(world, checker => checker.beforeHealing?.())
  faults.healAll()
  await runWhile(world, MINUTE, () => true)
  await runWhile(world, REST_MAX, () => !isAtRest(world))
  if (world.violations.length === 0) await ask(world, checker => checker.settled?.())
  return { seed, violations: world.violations, traceHash: world.traceHash(), simulated: world.elapsed(), counts: world.counts }
}

function checkersOf (world: World, traffic: Traffic): Checker[] {
  const make = (name: string): Violate => (node, what) => world.violate(name, node, what)
  return [
    new NothingLeavesUnpermitted(traffic.entries, make('nothing-leaves-unpermitted')),
    new NothingLeavesUnlogged(make('nothing-leaves-unlogged')),
    new PromisedIsKept(world.nodes, make('promised-is-kept')),
    new AcceptedOnce(world.nodes, traffic.reads, traffic.rejected, make('accepted-once')),
    new WithdrawnIsGone(world.nodes, make('withdrawn-is-gone'))
  ]
}

/** The first violation ends it: what follows from it would only hide it. */
async function runWhile (world: World, span: Duration, isNeeded: () => boolean): Promise<void> {
  for (let left = span; left > 0 && world.violations.length === 0 && isNeeded(); left -= SLICE) await world.run(Math.min(SLICE, left))
}

/** Checkers read stores, which takes virtual time where a disk is slow, and never ends where the node dies meanwhile. */
async function ask (world: World, question: (checker: Checker) => Promise<void> | undefined): Promise<void> {
  for (const checker of world.checkers) {
    let isOver = false
    const answer = Promise.resolve(question(checker)).finally(() => { isOver = true })
    for (let waited = 0; !isOver && waited < ANSWER_MAX; waited += SECOND) await world.run(SECOND)
    if (isOver) await answer
  }
}

const isAtRest = (world: World): boolean => [...world.nodes.values()].every(node => node.isUp && owesNothing(node.node.driver.state))
const owesNothing = ({ outStreams }: NodeState): boolean => [...outStreams.values()].every(stream =>
  stream.live && stream.ready.length === 0 && stream.loadedTo === stream.tail && stream.inFlight.length === 0 && stream.unreceipted.size === 0)

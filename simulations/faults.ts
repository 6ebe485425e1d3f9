/**
 * What goes wrong, drawn from the seed. Each seed has its own kinds and pace: some are all but calm, some are the worst
 * day of the decade. After `healAll` nothing is wrong any more, and every node runs or is about to.
 */
import { MINUTE, SECOND, type Duration } from '../protocol/instant.ts'
import { FAILING_DISK, STEADY_DISK, type DiskFaults } from './disk.ts'
import { NATIONS, nationalOf, siteOf } from './federation.ts'
import { CALM, ROUGH } from './network.ts'
import type { Random } from './random.ts'
import type { SimulatedNode } from './simulated-node.ts'
import type { World } from './world.ts'

export const FAULTS = [
  'rough-network', 'one-way-cut', 'cut', 'partition', 'broken-links', 'narrow-link', 'crash', 'power-cut', 'clean-stop', 'failing-disk', 'full-disk', 'slow-disk', 'restore', 'wrong-clock'
] as const
export type Fault = typeof FAULTS[number]

const SLOW_DISK: DiskFaults = { ...STEADY_DISK, sync: 200, jitter: 800, read: 300, slow: 100, slowSync: 2 * SECOND }
const FULL_DISK: DiskFaults = { ...STEADY_DISK, full: 1000 }
const BACKUPS: Duration = 12 * MINUTE
/** Well below what peers tolerate between each other. */
const SKEW_MAX: Duration = 100 * SECOND

export class Faults {
  readonly kinds: readonly Fault[]
  readonly #world: World
  readonly #random: Random
  readonly #pace: Duration
  #isOver = false

  /** `kinds` instead of a drawn choice. */
  constructor (world: World, kinds?: readonly Fault[]) {
    this.#world = world
    this.#random = world.random.fork('faults')
    const isEager = this.#random.chance(500)
    this.#pace = isEager ? 90 * SECOND : 5 * MINUTE
    const drawn = this.#random.chance(400) ? FAULTS : FAULTS.filter(() => this.#random.chance(500))
    this.kinds = kinds ?? drawn
  }

  begin (): void {
    const again = (): void => { this.#later(1 + this.#random.exponential(this.#pace), () => { this.#strike(); again() }) }
    again()
    for (const node of this.#world.nodes.values()) this.#backUp(node)
  }

  healAll (): void {
    this.#isOver = true
    const { network, nodes } = this.#world
    network.setFaults(CALM)
    network.heal()
    for (const a of nodes.keys()) for (const b of nodes.keys()) network.slow(a, b, undefined)
    for (const node of nodes.values()) {
      node.disk.setFaults(STEADY_DISK)
      node.skew = 0
      if (node.isDown) node.restartLater()
    }
  }

  #later (after: Duration, act: () => void): void { this.#world.scheduler.schedule(after, () => { if (!this.#isOver) act() }) }

  #backUp (node: SimulatedNode): void {
    const random = this.#world.random.fork(`backups ${node.id}`)
    const again = (): void => this.#later(1 + random.exponential(BACKUPS), () => { node.keepBackup(); again() })
    again()
  }

  #strike (): void {
    if (this.kinds.length === 0) return
    const fault = this.#random.pick(this.kinds)
    const lasts = SECOND + this.#random.exponential(this.#random.chance(200) ? 8 * MINUTE : 40 * SECOND)
    const node = this.#random.pick([...this.#world.nodes.values()])
    const [one, other] = this.#neighbours()
    this.#world.sometimes(`fault ${fault}`)
    this.#inflict(fault, lasts, node, one, other)
  }

  #inflict (fault: Fault, lasts: Duration, node: SimulatedNode, one: SimulatedNode, other: SimulatedNode): void {
    const { network } = this.#world
    switch (fault) {
      case 'rough-network': network.setFaults(this.#random.chance(500) ? ROUGH : { ...ROUGH, jitter: 2000, tail: 100, breaks: 20 }); return this.#later(lasts, () => network.setFaults(CALM))
      case 'one-way-cut': network.cut(one.id, other.id); return this.#later(lasts, () => network.heal())
      case 'cut': network.partition([one.id], [other.id]); return this.#later(lasts, () => network.heal())
      case 'partition': return this.#part(lasts)
      case 'broken-links': return network.breakLinks(one.id, other.id)
      case 'narrow-link': network.slow(one.id, other.id, 200 + this.#random.integer(4000)); return this.#later(lasts, () => network.slow(one.id, other.id, undefined))
      case 'crash': node.crash('process'); return this.#later(lasts, () => node.start())
      case 'power-cut': node.crash('power'); return this.#later(lasts, () => node.start())
      case 'clean-stop': node.stop(); return this.#later(lasts, () => node.start())
      case 'failing-disk': return this.#ail(node, { ...FAILING_DISK, fails: 100 }, lasts)
      case 'full-disk': return this.#ail(node, FULL_DISK, lasts)
      case 'slow-disk': return this.#ail(node, SLOW_DISK, lasts)
      case 'restore': return this.#restore(node, lasts)
      case 'wrong-clock': node.skew = this.#random.between(-SKEW_MAX, SKEW_MAX); return this.#later(lasts, () => { node.skew = 0 })
    }
  }

  /** Two nodes that speak with each other. */
  #neighbours (): [SimulatedNode, SimulatedNode] {
    const [a, b] = this.#random.shuffle(NATIONS)
    const peer = this.#random.chance(500) ? nationalOf(b!) : siteOf(a!)
    const pair: [SimulatedNode, SimulatedNode] = [this.#world.node(nationalOf(a!)), this.#world.node(peer)]
    return this.#random.chance(500) ? pair : [pair[1], pair[0]]
  }

  #part (lasts: Duration): void {
    const ids = this.#random.shuffle([...this.#world.nodes.keys()])
    const size = 1 + this.#random.integer(ids.length - 1)
    this.#world.network.partition(ids.slice(0, size), ids.slice(size))
    this.#later(lasts, () => this.#world.network.heal())
  }

  #ail (node: SimulatedNode, faults: DiskFaults, lasts: Duration): void {
    node.disk.setFaults(faults)
    this.#later(lasts, () => node.disk.setFaults(STEADY_DISK))
  }

  #restore (node: SimulatedNode, lasts: Duration): void {
    if (node.backups.length === 0) return
    node.restore(this.#random.pick(node.backups))
    this.#world.sometimes('restored')
    this.#later(lasts, () => node.start())
  }
}

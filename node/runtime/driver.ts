/**
 * Gives the machine time, chance, a network and a store. Invariant (DESIGN 5): everything that a group of events wrote is
 * durable before anything of that group leaves the process. One group is many events, one durable batch, one local head,
 * one flush to each peer; while a group is being written, the next one gathers.
 *
 * A failed write ends the driver: whoever runs it starts again from what is on disk. It never tries a write twice.
 */
import type { Actor, Command, CommandResult } from '../../protocol/commands.ts'
import type { Effect, PutEffect } from '../../protocol/effects.ts'
import type { NodeEvent } from '../../protocol/events.ts'
import { step, wants } from '../../protocol/machine.ts'
import type { Json } from '../../protocol/messages/encoding.ts'
import type { NodeState } from '../../protocol/state.ts'
import { perform, type Performer } from './perform.ts'
import type { Clock, Entropy, StoreKey } from './ports.ts'
import type { Records } from './records.ts'

/** Work in one group: messages and other events, so that one group is written within some tens of milliseconds. */
const GROUP_WORK_MAX = 256
/** Above this much waiting work, links are not read from. */
const WAITING_WORK_MAX = 1024

type Fact = Json | Uint8Array | undefined
type SignEffect = Extract<Effect, { type: 'sign' | 'sign-head' }>

export interface DriverParts {
  readonly clock: Clock
  readonly entropy: Entropy
  readonly records: Records
  /** Signs inside a group; answers with the events that follow, in the order of the requests. */
  sign (requests: readonly SignEffect[]): NodeEvent[] | Promise<NodeEvent[]>
  readonly performer: Performer
  /** The node can't go on; called once. */
  failed (error: unknown): void
}

const workOf = (event: NodeEvent): number => event.type === 'parcel-opened' ? 1 + event.items.length : 1

export class Driver {
  readonly state: NodeState
  readonly #parts: DriverParts
  readonly #queue: NodeEvent[] = []
  #waitingWork = 0
  #running = false
  #stopped = false
  #commandNumber = 0
  readonly #answers = new Map<string, (result: CommandResult) => void>()
  #idle: (() => void)[] = []
  #room: (() => void)[] = []
  readonly #durable = new WeakMap<NodeEvent, () => void>()

  constructor (state: NodeState, parts: DriverParts) {
    this.state = state
    this.#parts = parts
  }

  /** Takes an event; it is acted on with the next group. */
  give (event: NodeEvent): void {
    if (this.#stopped) return
    this.#queue.push(event)
    this.#waitingWork += workOf(event)
    if (!this.#running) { this.#running = true; queueMicrotask(() => { void this.#run() }) }
  }

  /** Takes an event and resolves when what it changed is durable. */
  giveDurably (event: NodeEvent): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#stopped) return reject(new Error('the node is stopping'))
      this.#durable.set(event, resolve)
      this.give(event)
    })
  }

  /** Resolves when there is room again: what reads from the outside waits here. */
  room (): Promise<void> | void {
    if (this.#waitingWork > WAITING_WORK_MAX && !this.#stopped) return new Promise(resolve => this.#room.push(resolve))
  }

  /** Resolves when what the command changed is durable and logged. */
  command (actor: Actor, command: Command): Promise<CommandResult> {
    const commandId = `c${++this.#commandNumber}`
    return new Promise((resolve, reject) => {
      if (this.#stopped) return reject(new Error('the node is stopping'))
      this.#answers.set(commandId, resolve)
      this.give({ type: 'command-given', commandId, actor, command, entropy: this.#parts.entropy.bytes(32) })
    })
  }

  answer (commandId: string, result: CommandResult): void {
    this.#answers.get(commandId)?.(result)
    this.#answers.delete(commandId)
  }

  /** Resolves when nothing waits. */
  async idle (): Promise<void> {
    if (this.#running && !this.#stopped) await new Promise<void>(resolve => this.#idle.push(resolve))
  }

  /** Finishes the group that is being written and takes no more. */
  async stop (): Promise<void> {
    this.#stopped = true
    this.#queue.length = 0
    if (this.#running) await new Promise<void>(resolve => this.#idle.push(resolve))
  }

  async #run (): Promise<void> {
    try {
      while (this.#queue.length > 0) await this.#group(this.#take())
    } catch (error) {
      this.#stopped = true
      this.#parts.failed(error)
    }
    this.#running = false
    for (const wake of [...this.#idle.splice(0), ...this.#room.splice(0)]) wake()
  }

  #take (): NodeEvent[] {
    let work = 0; let count = 0
    while (count < this.#queue.length && (count === 0 || work + workOf(this.#queue[count]!) <= GROUP_WORK_MAX)) work += workOf(this.#queue[count++]!)
    return this.#queue.splice(0, count)
  }

  async #group (events: readonly NodeEvent[]): Promise<void> {
    const group = new Group(this.state, this.#parts)
    await group.fetch(events)
    for (const event of events) await group.happen(event)
    await group.sign()
    do { group.step({ type: 'group-ending' }) } while (await group.sign())
    await this.#parts.records.commit(group.puts)
    for (const effect of group.effects) perform(effect, this.#parts.performer)
    for (const event of events) {
      this.#waitingWork -= workOf(event)
      this.#durable.get(event)?.()
    }
    if (this.#waitingWork <= WAITING_WORK_MAX) for (const wake of this.#room.splice(0)) wake()
  }
}

/** What one group has read, written and asked for so far. */
class Group {
  readonly puts = new Map<StoreKey, PutEffect | 'deleted'>()
  readonly effects: Effect[] = []
  #toSign: SignEffect[] = []
  readonly #facts = new Map<StoreKey, Fact>()
  readonly #state: NodeState
  readonly #parts: DriverParts
  readonly #fact = (key: StoreKey): Fact => {
    const put = this.puts.get(key)
    if (put !== undefined) return put === 'deleted' ? undefined : put.value
    return this.#facts.get(key)
  }

  constructor (state: NodeState, parts: DriverParts) {
    this.#state = state
    this.#parts = parts
  }

  #isKnown (key: StoreKey): boolean { return this.puts.has(key) || this.#facts.has(key) }

  /** One read for what all these events want. */
  async fetch (events: readonly NodeEvent[]): Promise<boolean> {
    const missing = new Set<StoreKey>()
    for (const event of events) for (const key of wants(this.#state, event, this.#fact)) if (!this.#isKnown(key)) missing.add(key)
    if (missing.size === 0) return false
    const keys = [...missing]
    const records = await this.#parts.records.getMany<Json>(keys)
    keys.forEach((key, i) => this.#facts.set(key, records[i]))
    return true
  }

  /** What an event wants may depend on what was found, and on what the events before it changed. */
  async happen (event: NodeEvent): Promise<void> {
    while (await this.fetch([event]));
    this.step(event)
  }

  step (event: NodeEvent): void {
    for (const effect of step(this.#state, event, this.#parts.clock.now(), this.#fact).effects) {
      if (effect.type === 'put') this.puts.set(effect.key, effect)
      else if (effect.type === 'delete') this.puts.set(effect.key, 'deleted')
      else if (effect.type === 'sign' || effect.type === 'sign-head') this.#toSign.push(effect)
      else this.effects.push(effect)
    }
  }

  /** Signatures come back inside the group, until nothing more wants one. True when there were any. */
  async sign (): Promise<boolean> {
    const any = this.#toSign.some(effect => effect.type === 'sign')
    while (this.#toSign.length > 0) {
      const requests = this.#toSign
      this.#toSign = []
      for (const event of await this.#parts.sign(requests)) this.step(event)
    }
    return any
  }
}

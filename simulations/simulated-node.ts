/**
 * One production node with everything that surrounds it: a disk that can fail, a clock that can be wrong, somebody who
 * starts it again, and backups. Everything that passes its ports is shown to the witness. Invariant: a life that is over
 * never acts again; what it had handed on may still arrive.
 */
import { Node } from '../node/runtime/node.ts'
import { SortedRecords } from '../node/runtime/memory-store.ts'
import type { Entropy, KeyRing, Store } from '../node/runtime/ports.ts'
import type { CipherSuite } from '../keys/suite.ts'
import type { PrivateKey } from '../keys/private-key.ts'
import type { TrustView } from '../keys/trust-view.ts'
import type { Report } from '../protocol/effects.ts'
import type { NodeId } from '../protocol/identifiers.ts'
import { toUnixSeconds, type Duration, type Instant } from '../protocol/instant.ts'
import type { SharedEntry } from '../protocol/messages/message.ts'
import { SimulatedClock } from './clock.ts'
import { SimulatedDisk, type DiskSnapshot } from './disk.ts'
import type { SimulatedNetwork } from './network.ts'
import { observeHotlist, observeStore, observeTransport } from './observed-ports.ts'
import type { Random } from './random.ts'
import type { Scheduler } from './scheduler.ts'

/** Sees what passes the ports of a node. */
export interface Witness {
  sent (node: SimulatedNode, to: NodeId, frame: Uint8Array): void
  received (node: SimulatedNode, from: NodeId, frame: Uint8Array): void
  linked (node: SimulatedNode, peer: NodeId, what: string): void
  persisted (node: SimulatedNode, keys: readonly string[]): void
  reread (node: SimulatedNode, why: 'crash' | 'restore'): void
  reported (node: SimulatedNode, report: Report): void
  placed (node: SimulatedNode, what: 'place' | 'remove', entry: string): void
  lived (node: SimulatedNode, what: string): void
}

/** Wraps a port, so that a test can plant a fault; production code knows of none. */
export interface Plants {
  readonly store?: (store: Store) => Store
  readonly node?: (node: Node) => void
}

export interface SimulatedNodeParts {
  readonly self: NodeId
  readonly scheduler: Scheduler
  readonly network: SimulatedNetwork
  readonly random: Random
  readonly trust: TrustView
  readonly keys: readonly PrivateKey[]
  readonly keyRing: KeyRing
  readonly suite: CipherSuite
  readonly witness: Witness
  readonly plants: Plants
}

export interface Backup { readonly at: Instant, readonly snapshot: DiskSnapshot }
interface Life { isOver: boolean, node: Node | undefined }

/** How long whoever looks after the node takes to start it again. */
const RESTART_WAIT_MAX = 10_000
const BACKUPS_MAX = 6

export class SimulatedNode {
  readonly id: NodeId
  readonly disk: SimulatedDisk
  readonly placed = new Map<string, SharedEntry>()
  /** What would survive a power cut now. */
  durable: SortedRecords
  skew: Duration = 0
  backups: Backup[] = []
  readonly restores: { readonly at: Instant, readonly backupAt: Instant }[] = []
  readonly #parts: SimulatedNodeParts
  readonly #entropy: Entropy
  readonly #chance: Random
  #life: Life | undefined

  constructor (parts: SimulatedNodeParts) {
    this.id = parts.self
    this.#parts = parts
    this.disk = new SimulatedDisk(parts.scheduler, parts.random)
    this.#chance = parts.random.fork('supervisor')
    // One stream for all lives: what was drawn once is never drawn again, also not after a restore.
    const entropy = parts.random.fork('entropy')
    this.#entropy = { bytes: length => entropy.bytes(length) }
    this.durable = this.#imageOfDisk()
  }

  get isUp (): boolean { return this.#life?.node !== undefined }
  get isDown (): boolean { return this.#life === undefined }
  /** @throws Error when it does not run */
  get node (): Node {
    if (this.#life?.node === undefined) throw new Error(`${this.id} is down`)
    return this.#life.node
  }

  /** The true time, and what the node's clock says. */
  time (): Instant { return this.#parts.scheduler.now() }
  now (): Instant { return this.time() + this.skew }
  seconds (): number { return toUnixSeconds(this.now()) }

  /** The record under a key, when it is durable and not personal. */
  durableRecord<Record> (key: string): Record | undefined {
    const bytes = this.durable.get(key)
    return bytes === undefined || bytes[0] === 1 ? undefined : JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()) as Record
  }

  durableKeys (prefix: string): string[] { return this.durable.keys({ prefix, limit: Number.MAX_SAFE_INTEGER }) }

  // ── life and death ─────────────────────────────────────────────────────────────────────────────────────────────

  start (): void {
    if (this.#life !== undefined) return
    const life: Life = this.#life = { isOver: false, node: undefined }
    this.#parts.witness.lived(this, 'start')
    void this.#begin(life).catch(error => this.#failed(life, error))
  }

  async #begin (life: Life): Promise<void> {
    const { scheduler, self, network, trust, keys, keyRing, suite, plants, witness } = this.#parts
    const transport = keys.find(({ purpose }) => purpose === 'transport')!
    const log = keys.find(key => key.purpose === 'log' && key.algorithm === 'Ed25519')!
    const seen = observeStore(await this.disk.openStore(), life, writes => { this.durable.apply(writes); witness.persisted(this, writes.map(({ key }) => key)) })
    this.placed.clear()
    const node = await Node.start({
      self, trust, keyRing, suite,
      store: plants.store?.(seen) ?? seen, recordKeys: await this.disk.openRecordKeys(), transport: observeTransport(network.transport({ self, transportKey: transport.publicKey }), life, this, witness),
      clock: new SimulatedClock(scheduler, () => this.skew, () => life.isOver), entropy: this.#entropy,
      addressesOf: node => [`/sim/${node}`], logKeys: { ed25519: { kid: log.kid, publicKey: log.publicKey } }, hotlist: observeHotlist(this.placed, life, (what, entry) => witness.placed(this, what, entry)), matchesHere: false,
      report: report => { if (!life.isOver) witness.reported(this, report) },
      refused: what => { if (!life.isOver) witness.lived(this, `refused-${what}`) },
      failed: error => this.#failed(life, error)
    })
    if (life.isOver) return
    plants.node?.(node)
    life.node = node
    witness.lived(this, 'up')
  }

  /** The disk did not take what it was given: the process ends, and is started again. */
  #failed (life: Life, error: unknown): void {
    if (life.isOver) return
    const name = error instanceof Error && 'code' in error ? String(error.code) : undefined
    if (name === undefined) { this.#parts.scheduler.schedule(0, () => { throw error }); life.isOver = true; return }
    this.crash('process', `failed-${name}`)
    this.restartLater()
  }

  restartLater (): void { this.#parts.scheduler.schedule(1000 + this.#chance.integer(RESTART_WAIT_MAX), () => this.start()) }

  crash (how: 'process' | 'power', why: string = how): void {
    if (this.#life === undefined) return
    this.#life.isOver = true
    this.#life = undefined
    this.#parts.network.crash(this.id, how)
    this.disk.crash()
    this.placed.clear()
    this.#reread('crash')
    this.#parts.witness.lived(this, `crash-${why}`)
  }

  /** Lets the node end as an operator would. */
  stop (): void {
    const life = this.#life
    if (life?.node === undefined) return
    this.#parts.witness.lived(this, 'stop')
    void life.node.stop().then(() => {
      if (this.#life === life) this.crash('process', 'stopped')
    }, error => this.#failed(life, error))
  }

  keepBackup (): void {
    this.backups = [...this.backups, { at: this.#parts.scheduler.now(), snapshot: this.disk.snapshot() }].slice(-BACKUPS_MAX)
  }

  /** Store and record keys as they were; the node is down afterwards. */
  restore (backup: Backup): void {
    this.crash('power', 'for-restore')
    this.disk.restore(backup.snapshot)
    this.backups = this.backups.filter(({ at }) => at <= backup.at)
    this.restores.push({ at: this.#parts.scheduler.now(), backupAt: backup.at })
    this.#reread('restore')
  }

  /** Whether what it knew at that time may be gone, because an older backup was put in place later. */
  mayHaveForgotten (at: Instant): boolean { return this.restores.some(restore => restore.backupAt <= at && at <= restore.at) }

  #imageOfDisk (): SortedRecords { return this.disk.snapshot().image.records }

  #reread (why: 'crash' | 'restore'): void {
    this.durable = this.#imageOfDisk()
    this.#parts.witness.reread(this, why)
  }
}

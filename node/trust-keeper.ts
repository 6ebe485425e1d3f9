/**
 * The trust list of a running node, kept current: it sees what is put into the trust folder, takes what peers know and we
 * do not, and renews what the nation's registry signs when its keys are at this node. Invariants: nothing changes whom
 * we trust but the fold over all statements; a statement of a peer is kept only if that fold stands on it; what is
 * believed is on disk first.
 */
import { isRefusal, type ReadStatement } from '../keys/read-statements.ts'
import { REVOCATIONS_DUE_ONLINE, planRenewal, type RenewalPlan } from '../keys/renewal.ts'
import { STATEMENT_BYTES_MAX } from '../keys/statements.ts'
import { foldTrust, isForkProof, readOnce } from '../keys/trust-list.ts'
import type { TrustView } from '../keys/trust-view.ts'
import { nationOf, type Digest, type NationId, type NodeId } from '../protocol/identifiers.ts'
import { DAY, HOUR, SECOND } from '../protocol/instant.ts'
import type { Refusal } from '../protocol/refusals.ts'
import { signPlan, type RegistryKeys } from './registry.ts'
import type { Clock } from './runtime/ports.ts'
import { addStatements, readTrustSource, stampOf, trustFolderOf, type ReadBefore, type TrustSource } from './trust-files.ts'

/** How often the folder is looked at, and how often it is asked what has to be renewed. */
const LOOK_INTERVAL = SECOND
const RENEWAL_INTERVAL = HOUR
/** What one nation may have us keep: ten agencies that renew twice a month for some forty years. */
export const STATEMENTS_PER_NATION_MAX = 10_000
/** Refused statements of peers that are remembered, so that they are not asked for again. */
const REFUSED_MAX = 10_000

export interface TrustLog { info (fields: object, message: string): void, warn (fields: object, message: string): void }
export interface TrustKeeperParts {
  readonly self: NodeId
  readonly paths: readonly string[]
  readonly keyRing: RegistryKeys
  readonly clock: Clock
  readonly log: TrustLog
}

/** What others stand on goes first, and what is newest: roots, then lists of revoked keys, then agencies. */
const ORDER = ['nation-root', 'fed-root', 'revocation-list', 'agency-statement']
const importance = (statement: ReadStatement | Refusal): number => isRefusal(statement) ? 0 : ORDER.indexOf(statement.kind) * 1e12 - statement.body.iat

export class TrustKeeper {
  readonly #parts: TrustKeeperParts
  readonly #readBefore: ReadBefore = new Map()
  #source: TrustSource
  #view: TrustView
  #stamp: string
  #seenOnce: string | undefined
  #standing: ReadonlyMap<Digest, Uint8Array> | undefined
  readonly #refused = new Set<Digest>()
  readonly #hearers = new Set<(view: TrustView) => void>()
  readonly #timers = new Map<string, () => void>()
  #renewing: Promise<unknown> = Promise.resolve()
  #warnedOn = ''

  /** @throws Error that names the file which cannot be read */
  constructor (parts: TrustKeeperParts) {
    this.#parts = parts
    this.#stamp = stampOf(parts.paths)
    this.#source = readTrustSource(parts.paths, this.#readBefore)
    this.#view = foldTrust(this.#source.statements, this.#source.pins)
  }

  get view (): TrustView { return this.#view }

  /** Everything that the answer stands on, by digest: what is told to peers. */
  statements (): ReadonlyMap<Digest, Uint8Array> {
    if (this.#standing === undefined) {
      const { standing } = this.#view.history
      const files = this.#source.statements.map(bytes => ({ bytes, ...readOnce(bytes) })).filter(({ digest }) => standing.has(digest))
      this.#standing = new Map(files.sort((a, b) => importance(a.statement) - importance(b.statement)).map(({ digest, bytes }) => [digest, bytes]))
    }
    return this.#standing
  }

  /** True when a peer need not send it: we have it, or refused it on the ground that still holds. */
  isKnown (digest: Digest): boolean { return this.statements().has(digest) || this.#refused.has(digest) }

  /** Calls back with each new answer until the returned function is called. */
  onChange (hear: (view: TrustView) => void): () => void { this.#hearers.add(hear); return () => this.#hearers.delete(hear) }

  /** Looks, renews and warns from now on, the first time at once. */
  async start (): Promise<void> {
    const look = (): void => { this.#wake('look', LOOK_INTERVAL, () => { this.#guard(() => this.look()); look() }) }
    const hourly = (): void => { this.#wake('hourly', RENEWAL_INTERVAL, () => { void this.#hour(); hourly() }) }
    look()
    hourly()
    await this.#hour()
  }

  async stop (): Promise<void> {
    for (const cancel of this.#timers.values()) cancel()
    this.#timers.clear()
    await this.#renewing.catch(() => {})
  }

  /** Takes what was put into the folder since the last look, once nobody is writing any more. */
  look (): void {
    const stamp = stampOf(this.#parts.paths)
    if (stamp === this.#stamp) return
    if (stamp !== this.#seenOnce) { this.#seenOnce = stamp; return }
    this.#stamp = stamp
    this.#adopt(readTrustSource(this.#parts.paths, this.#readBefore))
  }

  /** What came from a peer: kept if the fold over everything stands on it. Answers the digests that were new. */
  take (candidates: readonly Uint8Array[]): Digest[] {
    const room = this.#roomPerNation()
    const fresh = candidates.filter(bytes => bytes.length <= STATEMENT_BYTES_MAX && !this.isKnown(readOnce(bytes).digest) && this.#hasRoom(bytes, room))
    if (fresh.length === 0) return []
    const trial = foldTrust([...this.#source.statements, ...fresh], this.#source.pins)
    const knownHashes = new Set(this.#source.statements.flatMap(bytes => { const { statement } = readOnce(bytes); return isRefusal(statement) ? [] : [statement.hash] }))
    const proofs = new Set(trial.findings.filter(({ refusal }) => isForkProof(refusal)).map(({ digest }) => digest))
    const [kept, refused] = [[] as Uint8Array[], [] as Digest[]]
    for (const bytes of fresh) {
      const { digest, statement } = readOnce(bytes)
      const stands = !isRefusal(statement) && !knownHashes.has(statement.hash) && (trial.history.standing.has(digest) || proofs.has(digest))
      if (stands) kept.push(bytes)
      else refused.push(digest)
    }
    this.#remember(refused)
    if (kept.length === 0) return []
    addStatements(trustFolderOf(this.#parts.paths), kept)
    this.#adopt({ statements: [...this.#source.statements, ...kept], pins: this.#source.pins })
    return kept.map(bytes => readOnce(bytes).digest)
  }

  /** Signs what is due, if the registry's keys are here. Answers the plan that was carried out. */
  renew (): Promise<RenewalPlan> {
    const renewing = this.#renewing.catch(() => {}).then(() => this.#renewNow())
    this.#renewing = renewing
    return renewing
  }

  async #renewNow (): Promise<RenewalPlan> {
    const { self, keyRing, clock, paths, log } = this.#parts
    const plan = planRenewal(this.#view.history, { nation: nationOf(self), holds: kid => keyRing.has(kid), now: clock.now(), revocationsDue: REVOCATIONS_DUE_ONLINE })
    const signed = await signPlan(plan, keyRing)
    if (signed.length === 0) return plan
    addStatements(trustFolderOf(paths), signed)
    this.#adopt({ statements: [...this.#source.statements, ...signed], pins: this.#source.pins })
    log.info({ agencies: plan.statements.length, revocations: plan.revocations !== undefined }, 'statements renewed')
    return plan
  }

  async #hour (): Promise<void> {
    try {
      await this.renew()
    } catch (error) { this.#parts.log.warn({ err: error }, 'statements could not be renewed') }
    this.#warn()
    // Time alone changes answers: what was announced has become usable, what has ended speaks no more.
    this.#tell()
  }

  /** Once a day, what needs a person. */
  #warn (): void {
    const { clock, log } = this.#parts
    const today = String(Math.floor(clock.now() / DAY))
    if (today === this.#warnedOn) return
    this.#warnedOn = today
    for (const { what, until, warnFrom, by } of this.#view.expiries()) {
      if (warnFrom <= clock.now()) log.warn({ what, until: new Date(until).toISOString(), by }, until <= clock.now() ? 'has ended' : 'ends soon')
    }
    for (const { nation } of this.#view.nations()) if (this.#view.isStale(nation, clock.now())) log.warn({ nation }, 'its list of revoked keys is overdue: nothing new is taken from it; see tiltas doctor')
  }

  #adopt (source: TrustSource): void {
    this.#source = source
    this.#view = foldTrust(source.statements, source.pins)
    this.#standing = undefined
    this.#refused.clear()
    void this.#announce()
  }

  /** Keys come into the ring before they are stated, often by another process: first they, then who hears of the change. */
  async #announce (): Promise<void> {
    try { await this.#parts.keyRing.refresh?.() } catch (error) { this.#parts.log.warn({ err: error }, 'the key ring could not be read again') }
    this.#tell()
    // A new root may name new registry keys, which sign everything anew.
    await this.renew().catch(error => this.#parts.log.warn({ err: error }, 'statements could not be renewed'))
  }

  #tell (): void { for (const hear of this.#hearers) this.#guard(() => hear(this.#view)) }

  /** A file that a person put there wrongly must not end the node: it goes on with what it believed before. */
  #guard (act: () => void): void {
    try { act() } catch (error) { this.#parts.log.warn({ err: error }, 'the trust folder could not be taken') }
  }

  #wake (name: string, wait: number, run: () => void): void { this.#timers.set(name, this.#parts.clock.after(wait, run)) }

  #remember (refused: readonly Digest[]): void {
    if (this.#refused.size + refused.length > REFUSED_MAX) this.#refused.clear()
    for (const digest of refused.slice(0, REFUSED_MAX)) this.#refused.add(digest)
  }

  #roomPerNation (): Map<NationId | 'federation', number> {
    const { nations, agencies, federation } = this.#view.history
    const room = new Map<NationId | 'federation', number>([['federation', STATEMENTS_PER_NATION_MAX - federation.length]])
    for (const { nation, roots, revocations } of nations.values()) room.set(nation, STATEMENTS_PER_NATION_MAX - roots.length - revocations.length)
    for (const [agency, statements] of agencies) room.set(nationOf(agency), (room.get(nationOf(agency)) ?? 0) - statements.length)
    return room
  }

  #hasRoom (bytes: Uint8Array, room: Map<NationId | 'federation', number>): boolean {
    const { statement: read } = readOnce(bytes)
    if (isRefusal(read)) return false
    const whose = read.kind === 'fed-root' ? 'federation' : read.kind === 'agency-statement' ? nationOf(read.body.metadata.tiltas_agency.agency) : read.body.nation
    const left = room.get(whose) ?? STATEMENTS_PER_NATION_MAX
    room.set(whose, left - 1)
    return left > 0
  }
}

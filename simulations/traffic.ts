/**
 * What people and cameras do in a simulation, drawn from the seed: entries are kept, shared, confirmed and withdrawn,
 * cameras see the plates, officers decide, grants change and end meanwhile. It keeps what it did as the truth that
 * checkers compare with; it never looks into a node.
 */
import { derivedMessageId, toBase64url } from '../protocol/bytes.ts'
import type { Actor, Command, CommandResult, Role } from '../protocol/commands.ts'
import { nationOf, type AgencyId, type Digest, type EntryRef, type MessageId, type NationId, type NodeId, type PersonId } from '../protocol/identifiers.ts'
import { DAY, MINUTE, SECOND, type Duration, type Instant } from '../protocol/instant.ts'
import type { SharedEntry } from '../protocol/messages/message.ts'
import { ACTIONS, CATEGORIES, ENTRY_WITHDRAW_REASONS, WITHDRAW_REASONS, type Category } from '../protocol/messages/vocabulary.ts'
import type { MatchedRead } from '../protocol/events.ts'
import { homeOf, nationalOf, NATIONS, policeOf, siteOf, townOf } from './federation.ts'
import { grantsOf, changedVersion, type GrantDraft } from './grants.ts'
import type { Random } from './random.ts'
import type { World } from './world.ts'

export interface KnownEntry { readonly owner: AgencyId, readonly ref: EntryRef, readonly category: Category, readonly furtherHits: boolean }
/** A match that a site's node took durably. */
export interface KnownRead { readonly site: NodeId, readonly candidate: MessageId, readonly controller: AgencyId, readonly at: Instant }

/** Which group a camera belongs to. */
export const SITE_GROUPS: { readonly [siteRef: string]: string } = { 'cam-1': 'border', 'cam-2': 'border', 'cam-3': 'motorway', 'cam-4': 'city' }
const CAMERAS = Object.keys(SITE_GROUPS)
const PLACES: { readonly [nation: string]: MatchedRead['place'] } = {
  LV: { nuts3: 'LV005', municipality: 'LV-068', road: 'LV:A13' }, LT: { nuts3: 'LT029', municipality: 'LT-54', road: 'LT:A6' }, EE: { nuts3: 'EE008', municipality: 'EE-919', road: 'EE:2' }
}
/** Mean waits, for about one hit a node a minute: each site sees an entry, each police keeps, confirms and ends entries, decides, changes grants. */
const READS: Duration = 26 * SECOND
const ENTRIES: Duration = 4 * MINUTE
const UPKEEP: Duration = 6 * MINUTE
const DECISIONS: Duration = 100 * SECOND
const GRANTS: Duration = 8 * MINUTE
const SECOND_LOOKS: Duration = 40 * SECOND
const RECENT_MAX = 40

const byAgency = (grants: readonly GrantDraft[]): GrantDraft[][] => [...new Set(grants.map(({ agency }) => agency))].map(agency => grants.filter(grant => grant.agency === agency))

export class Traffic {
  readonly entries = new Map<string, KnownEntry>()
  readonly reads: KnownRead[] = []
  /** Hits whose candidate somebody told a node to reject, whether or not it answered. */
  readonly rejected = new Set<MessageId>()
  readonly #world: World
  readonly #random: Random
  readonly #recent = new Map<NationId, MessageId[]>()
  #isOver = false
  #number = 0

  constructor (world: World) {
    this.#world = world
    this.#random = world.random.fork('traffic')
  }

  /** Grants first; then everything at its own pace. */
  async begin (): Promise<void> {
    for (const nation of NATIONS) for (const grants of byAgency(grantsOf(nation))) await this.#enact(grants)
    for (const nation of NATIONS) {
      this.#often(`entries ${nation}`, ENTRIES, random => this.#keepEntry(nation, random))
      this.#often(`upkeep ${nation}`, UPKEEP, random => this.#lookAfterEntry(nation, random))
      this.#often(`reads ${nation}`, READS, random => this.#see(nation, random))
      this.#often(`decisions ${nation}`, DECISIONS, random => this.#decide(nation, random))
      this.#often(`grants ${nation}`, GRANTS, random => this.#changeGrant(nation, random))
    }
  }

  end (): void { this.#isOver = true }

  #often (name: string, mean: Duration, act: (random: Random) => void): void {
    const random = this.#random.fork(name)
    const again = (): void => {
      this.#world.scheduler.schedule(1 + random.exponential(mean), () => {
        if (this.#isOver) return
        act(random)
        again()
      })
    }
    again()
  }

  #tell (agency: AgencyId, role: Role, command: Command, who: 'first' | 'second' = 'first'): Promise<CommandResult | undefined> {
    const actor: Actor = { personId: `${agency.slice(0, 2)}-${role.toLowerCase().replaceAll('_', '-')}-${who}` as PersonId, role, agency }
    return this.#world.command(homeOf(agency), actor, command)
  }

  // ── grants ─────────────────────────────────────────────────────────────────────────────────────────────────────

  /** One admin drafts, another approves; a draft that was overtaken meanwhile, or that nobody can approve any more, stays behind. */
  async #enact (grants: readonly GrantDraft[]): Promise<void> {
    const { agency } = grants[0]!
    const drafted = await this.#tell(agency, 'NATIONAL_ADMIN', { do: 'policy.draft', agency, put: grants.map(({ agency: _, ...put }) => put), end: [], reason: 'the policy changes', reference: 'P-1' })
    if (drafted?.ok !== true) return
    const { draft, hash } = drafted.made as { draft: string, hash: Digest }
    const approve: Command = { do: 'policy.approve', agency, draft, hash }
    const own = await this.#tell(agency, 'NATIONAL_ADMIN', approve)
    if (own?.ok === true) this.#world.violate('four-eyes', homeOf(agency), `the author of ${draft} approved it`)
    await this.#tell(agency, 'NATIONAL_ADMIN', approve, 'second')
  }

  /** One admin alone, for some minutes. */
  #override (grant: GrantDraft, random: Random, seconds: number): void {
    const { agency, ...put } = grant
    const until = seconds + 60 + random.integer(1800)
    void this.#tell(agency, 'NATIONAL_ADMIN', { do: 'policy.override', agency, grant: { ...put, id: `${grant.id}-alone-${++this.#number}`, until }, reason: 'an emergency', reference: 'E-1' })
  }

  #changeGrant (nation: NationId, random: Random): void {
    const grant = random.pick(grantsOf(nation))
    const seconds = this.#world.node(nationalOf(nation)).seconds()
    if (random.chance(250)) { void this.#tell(grant.agency, 'NATIONAL_ADMIN', { do: 'grant.end', agency: grant.agency, grant: grant.id }); return }
    if (random.chance(60)) { this.#override(grant, random, seconds); return }
    void this.#enact([random.chance(500) ? grant : changedVersion(grant, random, seconds)])
  }

  // ── entries ────────────────────────────────────────────────────────────────────────────────────────────────────

  #keepEntry (nation: NationId, random: Random): void {
    const owner = policeOf(nation)
    const ref = `${nation}-${++this.#number}` as EntryRef
    const seconds = this.#world.node(homeOf(owner)).seconds()
    const entry = {
      ref, plate: `${random.pick(['AB', 'CD', 'EF', 'GH'])}${1000 + random.integer(9000)}`, country: nation, category: random.pick(CATEGORIES), action: random.pick(ACTIONS),
      reason: 'looked for', decisionRef: `D-${this.#number}`, legalBasis: 'led/art-4', furtherHits: random.chance(700),
      until: seconds + (random.chance(100) ? 600 + random.integer(3600) : 10 * DAY / SECOND), confirmedAt: seconds
    }
    this.entries.set(`${owner}/${ref}`, { owner, ref, category: entry.category, furtherHits: entry.furtherHits })
    const partners = random.shuffle(NATIONS.filter(other => other !== nation)).slice(0, 1 + random.integer(2))
    void this.#tell(owner, 'LIST_OWNER', { do: 'entry.put', agency: owner, entry }).then(result => {
      if (result?.ok !== true) return
      for (const partner of partners) void this.#tell(owner, 'LIST_OWNER', { do: 'entry.share', agency: owner, refs: [ref], to: policeOf(partner) })
    })
  }

  #lookAfterEntry (nation: NationId, random: Random): void {
    const own = [...this.entries.values()].filter(({ owner }) => nationOf(owner) === nation)
    if (own.length === 0) return
    const { owner, ref } = random.pick(own)
    const reason = random.pick(ENTRY_WITHDRAW_REASONS)
    void this.#tell(owner, 'LIST_OWNER', random.chance(500) ? { do: 'entry.withdraw', agency: owner, ref, reason } : { do: 'entry.confirm', agency: owner, ref })
  }

  // ── sightings ──────────────────────────────────────────────────────────────────────────────────────────────────

  #see (nation: NationId, random: Random): void {
    const site = this.#world.node(siteOf(nation))
    const fresh = [...site.placed.values()].slice(-30).filter(entry => entry.furtherHits || random.chance(150))
    const read = { camera: random.pick(CAMERAS), entry: fresh.length === 0 ? undefined : random.pick(fresh), looksAlike: random.chance(120), looksAgain: random.chance(150), wait: random.exponential(SECOND_LOOKS) }
    const { entry } = read
    if (entry === undefined) return
    this.#read(nation, entry, read.camera, read.looksAlike, random)
    if (read.looksAgain) this.#world.scheduler.schedule(read.wait, () => { if (!this.#isOver) this.#read(nation, entry, read.camera, false, random) })
  }

  /** As at intake: only what the site still matches makes a candidate, and it counts once it is durable. */
  #read (nation: NationId, entry: SharedEntry, siteRef: string, looksAlike: boolean, random: Random): void {
    const site = this.#world.node(siteOf(nation))
    const bytes = random.bytes(16); const entropy = random.bytes(32); const confidence = 500 + random.integer(500)
    const seconds = site.seconds()
    const held = site.placed.get(`${entry.owner}/${entry.ref}`)
    if (!site.isUp || held === undefined || held.until <= seconds) return
    const readId = toBase64url(bytes) as MessageId
    const controller = townOf(nation)
    const read: MatchedRead = {
      controller, readId, entry: { owner: entry.owner, ref: entry.ref }, plate: { text: held.plate, ...(held.country !== undefined && { country: held.country }), countryConfidence: 900 },
      match: looksAlike ? 'look-alike' : 'exact', confidence, observedAt: seconds, receivedAt: seconds, clock: 'good',
      siteRef, siteGroup: SITE_GROUPS[siteRef]!, place: PLACES[nation]!, direction: 'inbound', evidence: 'none'
    }
    const candidate = derivedMessageId('candidate', readId, entry.owner, entry.ref)
    void site.node.driver.giveDurably({ type: 'read-matched', read, entropy }).then(() => {
      this.#world.sometimes('read taken')
      this.reads.push({ site: site.id, candidate, controller, at: this.#world.scheduler.now() })
      this.#recent.set(nation, [...this.#recent.get(nation) ?? [], candidate].slice(-RECENT_MAX))
    }, () => {})
  }

  #decide (nation: NationId, random: Random): void {
    const recent = this.#recent.get(nation) ?? []
    if (recent.length === 0) return
    const candidate = random.pick(recent)
    const reason = random.pick(WITHDRAW_REASONS)
    if (random.chance(600)) { void this.#tell(townOf(nation), 'OFFICER', { do: 'candidate.confirm', candidate }); return }
    this.rejected.add(derivedMessageId('hit', candidate))
    void this.#tell(townOf(nation), 'OFFICER', { do: 'candidate.reject', candidate, reason })
  }
}


/**
 * The answers of the trust list. Questions about a signature carry the instant that it claims; the rest is answered as
 * of the newest statements. It never reads a clock: whoever asks says when.
 */
import { nationOf, type AgencyId, type Digest, type Kid, type NationId, type NodeId } from '../protocol/identifiers.ts'
import { DAY, HOUR, fromUnixSeconds, type Instant } from '../protocol/instant.ts'
import type { MessageKind } from '../protocol/messages/message.ts'
import { refuse, type Refusal } from '../protocol/refusals.ts'
import type { SealingSuite } from './algorithms.ts'
import { encodePart } from './compact.ts'
import { kidOf, parsePublicKey } from './identity.ts'
import { isRefusal, type ReadAgencyStatement, type ReadFedRoot, type ReadNationRoot } from './read-statements.ts'
import { SITE_KINDS, type AgencyMetadata, type NodeRole } from './statements.ts'
import type { Finding, FoldedTrust, NationHistory, RevokedKey } from './trust-list.ts'
import { trustSentences, trustSentencesAt } from './trust-sentences.ts'

export interface TrustedAgency extends Pick<AgencyMetadata, 'agency' | 'name' | 'kind' | 'home'> {
  readonly nation: NationId
  readonly from: Instant
  readonly until: Instant
  /** Nodes where it has keys, home included. */
  readonly nodes: readonly NodeId[]
}
export interface TrustedNode {
  readonly node: NodeId
  readonly nation: NationId
  readonly role: NodeRole
  /** Ed25519, raw. */
  readonly transportKey: Uint8Array
  readonly log: { readonly origin: string, readonly ed25519: Uint8Array, readonly mldsa44?: Uint8Array }
}
export interface TrustedNation { readonly nation: NationId, readonly entity: string, readonly version: number, readonly hash: Digest, readonly until: Instant }
export interface SigningKey { readonly kid: Kid, readonly agency: AgencyId, readonly node: NodeId, readonly publicKey: Uint8Array }
export interface SealingKey { readonly kid: Kid, readonly publicKey: Uint8Array, readonly suite: SealingSuite }
export interface Expiry {
  readonly what: string
  readonly until: Instant
  /** From here on somebody is warned. */
  readonly warnFrom: Instant
  /** `ceremony`: root keys must sign. `automatic`: whoever holds the registry's keys renews it. */
  readonly by: 'ceremony' | 'automatic'
}
/** A root needs people who travel: they are told so long ahead. */
export const ROOT_WARNING = 60 * DAY
/** Statements are renewed when half of their life is over; with less than this share left, renewal has failed. */
const STATEMENT_WARNING_SHARE = 1 / 3
/** A new signing key is announced before it is used, so that its partners know it by then. */
export const KEY_ANNOUNCEMENT = HOUR
/** How long peers take a node also by the transport key that its nation's root named before. */
export const TRANSPORT_OVERLAP = 7 * DAY
/** Beyond the promised next revocation list: then nothing new is taken from that nation. */
export const REVOCATIONS_GRACE = DAY

/** A statement with its keys imported once, so that the hot path only looks up. */
interface Era {
  readonly statement: ReadAgencyStatement
  readonly signedBy: Kid
  readonly from: Instant
  readonly until: Instant
  readonly kids: ReadonlySet<Kid>
  readonly signing: ReadonlyMap<Kid, { readonly key: SigningKey, readonly kinds: readonly MessageKind[] | undefined }>
  readonly sealing: readonly (SealingKey & { readonly node: NodeId })[]
}

export class TrustView {
  readonly findings: readonly Finding[]
  readonly #folded: FoldedTrust
  readonly #eras: ReadonlyMap<AgencyId, readonly Era[]>
  readonly #nodes: ReadonlyMap<NodeId, TrustedNode>
  readonly #nodesByTransportKey: ReadonlyMap<string, TrustedNode>
  readonly #sites: ReadonlyMap<ReadNationRoot, ReadonlySet<NodeId>>

  constructor (folded: FoldedTrust) {
    this.findings = folded.findings
    this.#folded = folded
    this.#eras = new Map([...folded.agencies].map(([agency, statements]) => [agency, statements.map(eraOf)]))
    this.#sites = new Map([...folded.nations.values()].flatMap(({ roots }) => roots).map(root => [root, sitesOf(root)]))
    const nodes = [...folded.nations.values()].filter(({ nation }) => this.#isMemberNow(nation)).flatMap(nodesOf).filter(({ node }) => !this.#isDenied(node))
    this.#nodes = new Map(nodes.map(node => [node.node, node]))
    this.#nodesByTransportKey = new Map(nodes.map(node => [encodePart(node.transportKey), node]))
  }

  /** Everything that was believed, for whoever draws up the next statement or tells the history. */
  get history (): FoldedTrust { return this.#folded }

  /** The federation root in force, oldest versions before it; undefined when this node has none. */
  federation (): ReadFedRoot | undefined { return this.#folded.federation.at(-1) }

  /** Was this nation an active member at that time, by this node's pins and the federation root then in force? */
  isMember (nation: NationId, at: Instant): boolean {
    if (this.#isDenied(nation)) return false
    const { pins, federation } = this.#folded
    if (pins.allow?.has(nation) === true) return true
    if (pins.federation === undefined) return pins.nations.has(nation)
    const root = inForce(federation, at)
    return root !== undefined && fromUnixSeconds(root.body.exp) > at && isActive(root, nation, at)
  }

  /** As of the newest root, whether it has expired or not. */
  nation (id: NationId): TrustedNation | undefined {
    const root = this.#folded.nations.get(id)?.roots.at(-1)
    return root === undefined || this.#isDenied(id) ? undefined
      : { nation: id, entity: root.body.entity, version: root.body.version, hash: root.hash, until: fromUnixSeconds(root.body.exp) }
  }

  nations (): readonly TrustedNation[] { return [...this.#folded.nations.keys()].sort().flatMap(id => this.nation(id) ?? []) }

  /** What its nation said of it at that time; undefined when nothing valid. */
  agency (id: AgencyId, at: Instant): TrustedAgency | undefined {
    const era = this.#eraAt(id, at)
    return isRefusal(era) ? undefined : agencyOf(era)
  }

  /** The newest statement of each agency, expired or not, by id. */
  agencies (): readonly TrustedAgency[] {
    return [...this.#eras.keys()].sort().filter(id => !this.#isDenied(id) && !this.#isDenied(nationOf(id))).map(id => agencyOf(this.#eras.get(id)!.at(-1)!))
  }

  /** The node that holds its keys, inbox and outbox, by its newest statement. */
  homeOf (id: AgencyId): NodeId | undefined { return this.#isDenied(id) ? undefined : this.#eras.get(id)?.at(-1)?.statement.body.metadata.tiltas_agency.home }

  /** The key with which this agency may sign this kind of message at that time, or why there is none. */
  signingKey (agency: AgencyId, kid: Kid, kind: MessageKind, at: Instant): SigningKey | Refusal {
    const era = this.#eraAt(agency, at)
    if (isRefusal(era)) return era
    const found = era.signing.get(kid)
    if (found === undefined || this.#isDenied(kid)) return refuse('unknown-key', kid)
    const revoked = this.#revoked(agency, kid)
    if (revoked !== undefined && at >= revoked.from) return refuse('revoked', kid)
    if (found.kinds !== undefined && !found.kinds.includes(kind)) return refuse('beyond-powers', kind)
    return this.#isSiteAt(found.key.node, at) && !SITE_KINDS.includes(kind) ? refuse('beyond-powers', kind) : found.key
  }

  /**
   * Stolen, not only replaced: its holder may write any time into a signature, so a signature that arrives now proves
   * nothing, however old it says it is. Evidence with a witnessed time is judged by `signingKey` at that time.
   */
  isCompromised (agency: AgencyId, kid: Kid): boolean {
    if (this.#revoked(agency, kid)?.compromised === true) return true
    // A thief of a registry key may date statements back: what only such statements vouch for proves nothing either.
    const vouched = this.#eras.get(agency)?.filter(({ signing }) => signing.has(kid)) ?? []
    return vouched.length > 0 && vouched.every(({ signedBy }) => this.#revoked(agency, signedBy)?.compromised === true)
  }

  /**
   * Of the keys that a node holds for this agency, the one to sign with now: the one announced last whose announcement
   * is old enough to be known, else the one announced first.
   */
  keyToSignWith (agency: AgencyId, kids: readonly Kid[], kind: MessageKind, now: Instant): Kid | undefined {
    const valid = kids.filter(kid => !isRefusal(this.signingKey(agency, kid, kind, now)))
    // A key that will be revoked is left before its time, so that nothing is under way with it when it comes.
    const lasting = valid.filter(kid => this.#revoked(agency, kid) === undefined)
    const usable = lasting.length > 0 ? lasting : valid
    const announced = usable.map(kid => ({ kid, at: this.announcedAt(agency, kid) ?? now })).sort((a, b) => a.at - b.at || (a.kid < b.kid ? -1 : 1))
    return (announced.findLast(({ at }) => at + KEY_ANNOUNCEMENT <= now) ?? announced[0])?.kid
  }

  /** When a statement of its nation first named this key. */
  announcedAt (agency: AgencyId, kid: Kid): Instant | undefined {
    return this.#eras.get(agency)?.find(({ kids }) => kids.has(kid))?.from
  }

  /** True when this nation's promise of a next revocation list was broken for too long: a stolen key could be in use and we would not know. */
  isStale (nation: NationId, now: Instant): boolean {
    const next = this.#folded.nations.get(nation)?.nextRevocations
    return next !== undefined && next + REVOCATIONS_GRACE <= now
  }

  /** The key to which parcels for this agency at this node are sealed. */
  sealingKey (agency: AgencyId, node: NodeId, at: Instant): SealingKey | Refusal {
    const era = this.#eraAt(agency, at)
    if (isRefusal(era)) return era
    const usable = era.sealing.find(key => {
      const revoked = this.#revoked(agency, key.kid)
      return key.node === node && !this.#isDenied(key.kid) && (revoked === undefined || at < revoked.from)
    })
    return usable ?? refuse('unknown-key', `sealing key of ${agency} at ${node}`)
  }

  /** Nodes of member nations that are not denied here. */
  node (id: NodeId): TrustedNode | undefined { return this.#nodes.get(id) }
  nodes (): readonly TrustedNode[] { return [...this.#nodes.values()] }
  /** By the raw Ed25519 key that the transport's handshake proved. */
  nodeByTransportKey (key: Uint8Array): TrustedNode | undefined { return this.#nodesByTransportKey.get(encodePart(key)) }

  /** Keys by which this node was known until its nation named another, while some may not have heard of that yet; newest first. */
  formerTransportKeys (id: NodeId, now: Instant): readonly Uint8Array[] {
    return this.#formerly(id).filter(({ until, node }) => until + TRANSPORT_OVERLAP > now && !this.#isTakenBack(id, node.transportKey)).map(({ node }) => node.transportKey)
      .filter((key, i, all) => key !== this.#entryOf(id)?.transportKey && all.indexOf(key) === i).map(key => parsePublicKey('Ed25519', key)!)
  }

  /** Keys that signed this node's log before, newest first: what they signed then is still its log. */
  formerLogs (id: NodeId): readonly TrustedNode['log'][] {
    const current = this.#entryOf(id)?.log.ed25519
    return this.#formerly(id).filter(({ node }) => node.log.ed25519 !== current && !this.#isTakenBack(id, node.log.ed25519))
      .filter(({ node }, i, all) => all.findIndex(other => other.node.log.ed25519 === node.log.ed25519) === i).map(({ node }) => logOf(node))
  }

  /** What ends when, soonest first, so that somebody renews it in time. */
  expiries (): readonly Expiry[] {
    const { federation, nations } = this.#folded
    const expiries: Expiry[] = federation.slice(-1).map(({ body }) => rootExpiry(`federation root ${body.federation}`, body))
    for (const { nation, roots, revocations, nextRevocations } of nations.values()) {
      expiries.push(rootExpiry(`root of ${nation}`, roots.at(-1)!.body))
      const list = revocations.at(-1)
      if (list !== undefined) expiries.push(statementExpiry(`revocation list of ${nation}`, fromUnixSeconds(list.body.iat), nextRevocations!))
    }
    for (const { agency, from, until } of this.agencies()) expiries.push(statementExpiry(`statement of ${agency}`, from, until))
    return expiries.sort((a, b) => a.until - b.until || (a.what < b.what ? -1 : 1))
  }

  /** The whole list in plain English, one sentence a line: as of the newest statements, or as it stood on a date. */
  sentences (at?: Instant): readonly string[] { return at === undefined ? trustSentences(this, this.#folded) : trustSentencesAt(this, this.#folded, at) }

  #entryOf (id: NodeId): NationNode | undefined { return this.#folded.nations.get(nationOf(id))?.roots.at(-1)?.body.nodes.find(({ node }) => node === id) }

  /** How earlier roots named this node, newest first, and when the next one came. */
  #formerly (id: NodeId): { readonly node: NationNode, readonly until: Instant }[] {
    const roots = this.#folded.nations.get(nationOf(id))?.roots ?? []
    return roots.slice(0, -1).flatMap(({ body }, i) => {
      const node = body.nodes.find(each => each.node === id)
      return node === undefined ? [] : [{ node, until: fromUnixSeconds(roots[i + 1]!.body.iat) }]
    }).reverse()
  }

  #isTakenBack (id: NodeId, publicText: string): boolean { return this.#folded.nations.get(nationOf(id))?.revoked.has(kidOf('Ed25519', publicText)) === true }

  #isDenied (id: string): boolean { return this.#folded.pins.deny?.has(id) === true }

  /** As of the newest federation root; nodes of others are not spoken to. */
  #isMemberNow (nation: NationId): boolean {
    const { pins, federation } = this.#folded
    if (this.#isDenied(nation)) return false
    if (pins.allow?.has(nation) === true) return true
    if (pins.federation === undefined) return pins.nations.has(nation)
    return federation.at(-1)?.body.members.some(member => member.nation === nation && member.status === 'active') ?? false
  }

  #revoked (agency: AgencyId, kid: Kid): RevokedKey | undefined { return this.#folded.nations.get(nationOf(agency))?.revoked.get(kid) }

  #rootAt (nation: NationId, at: Instant): ReadNationRoot | Refusal {
    if (!this.isMember(nation, at)) return refuse('nation-unknown', nation)
    const root = inForce(this.#folded.nations.get(nation)?.roots ?? [], at)
    if (root === undefined) return refuse('chain-broken', `no root of ${nation} at that time`)
    return fromUnixSeconds(root.body.exp) > at ? root : refuse('statement-expired', `root of ${nation}`)
  }

  #isSiteAt (node: NodeId, at: Instant): boolean {
    const root = inForce(this.#folded.nations.get(nationOf(node))?.roots ?? [], at)
    return root !== undefined && this.#sites.get(root)!.has(node)
  }

  /** The newest statement of that time whose signer the nation's root still named then, and had not revoked. */
  #eraAt (agency: AgencyId, at: Instant): Era | Refusal {
    if (this.#isDenied(agency)) return refuse('unknown-key', agency)
    const root = this.#rootAt(nationOf(agency), at)
    if (isRefusal(root)) return root
    const era = this.#eras.get(agency)?.findLast(({ from, signedBy }) => {
      const revoked = this.#revoked(agency, signedBy)
      return from <= at && root.body.federationKeys.some(({ kid }) => kid === signedBy) && (revoked === undefined || from < revoked.from)
    })
    if (era === undefined) return refuse('unknown-key', agency)
    return era.until > at ? era : refuse('statement-expired', agency)
  }
}

const rootExpiry = (what: string, { exp }: { readonly exp: number }): Expiry =>
  ({ what, until: fromUnixSeconds(exp), warnFrom: fromUnixSeconds(exp) - ROOT_WARNING, by: 'ceremony' })
const statementExpiry = (what: string, from: Instant, until: Instant): Expiry =>
  ({ what, until, warnFrom: Math.round(until - (until - from) * STATEMENT_WARNING_SHARE), by: 'automatic' })

/** The newest of those that had begun by then. */
const inForce = <Root extends ReadFedRoot | ReadNationRoot>(roots: readonly Root[], at: Instant): Root | undefined =>
  roots.findLast(({ body }) => fromUnixSeconds(body.iat) <= at)

const isActive = (root: ReadFedRoot, nation: NationId, at: Instant): boolean =>
  root.body.members.some(member => member.nation === nation && member.status === 'active' && fromUnixSeconds(member.since) <= at)

const eras = new WeakMap<ReadAgencyStatement, Era>()

function eraOf (statement: ReadAgencyStatement): Era {
  const known = eras.get(statement)
  if (known !== undefined) return known
  const { iat, exp, jwks, metadata: { tiltas_agency: { agency, keys } } } = statement.body
  const jwkOf = new Map(jwks.keys.map(jwk => [jwk.kid, jwk]))
  const raw = (kid: Kid): Uint8Array => parsePublicKey(jwkOf.get(kid)!.crv, jwkOf.get(kid)!.x)!
  const era: Era = {
    statement, kids: new Set(keys.map(({ kid }) => kid)), signedBy: statement.signatures[0]!.kid, from: fromUnixSeconds(iat), until: fromUnixSeconds(exp),
    signing: new Map(keys.flatMap(key => key.use === 'sig' ? [[key.kid, { key: { kid: key.kid, agency, node: key.node, publicKey: raw(key.kid) }, kinds: key.kinds }]] : [])),
    sealing: keys.flatMap(key => key.use === 'enc' ? [{ kid: key.kid, node: key.node, publicKey: raw(key.kid), suite: key.suite }] : [])
  }
  eras.set(statement, era)
  return era
}

function agencyOf ({ statement: { body: { metadata: { tiltas_agency: { agency, name, kind, home, keys } } } }, from, until }: Era): TrustedAgency {
  return { agency, name, kind, home, nation: nationOf(agency), from, until, nodes: [...new Set([home, ...keys.map(({ node }) => node)])].sort() }
}

type NationNode = ReadNationRoot['body']['nodes'][number]
const logOf = ({ log }: Pick<NationNode, 'log'>): TrustedNode['log'] =>
  ({ origin: log.origin, ed25519: parsePublicKey('Ed25519', log.ed25519)!, ...(log.mldsa44 !== undefined && { mldsa44: parsePublicKey('ML-DSA-44', log.mldsa44)! }) })

const sitesOf = ({ body }: ReadNationRoot): ReadonlySet<NodeId> => new Set(body.nodes.filter(({ role }) => role === 'site').map(({ node }) => node))

const nodesOf = ({ nation, roots }: NationHistory): TrustedNode[] => roots.at(-1)!.body.nodes.map(({ node, role, transportKey, log }) => ({
  node, nation, role, transportKey: parsePublicKey('Ed25519', transportKey)!,
  log: logOf({ log })
}))

/** The machine on a bench: a national node whose records are a map, whose signatures are made up, and whose time is ours. */
import { digestOf, toBase64url, utf8ToBytes } from '../../protocol/bytes.ts'
import { outStreamOf } from '../../protocol/delivery/outbox.ts'
import type { Directory } from '../../protocol/directory.ts'
import type { ParcelHeader } from '../../protocol/delivery/frames.ts'
import type { Effect } from '../../protocol/effects.ts'
import type { NodeEvent, OpenedItem } from '../../protocol/events.ts'
import type { AgencyId, Digest, EntryRef, MessageId, NodeId } from '../../protocol/identifiers.ts'
import { fromUnixSeconds } from '../../protocol/instant.ts'
import { step } from '../../protocol/machine.ts'
import { encodeJson, type Json } from '../../protocol/messages/encoding.ts'
import type { Candidate, Message, SharedEntry, Verified } from '../../protocol/messages/message.ts'
import type { StreamClass } from '../../protocol/messages/vocabulary.ts'
import { grantSchema, type Grant } from '../../protocol/policies/grant.ts'
import { keyOf, type HeldEntryRecord, type OutRecord, type PositionRecord } from '../../protocol/records.ts'
import { newState } from '../../protocol/state.ts'

export const NOW = 1_796_083_200
export const TOWN = 'lv:town' as AgencyId
export const POLICE = 'lv:police' as AgencyId
export const PARTNER = 'lt:police' as AgencyId
export const HOME = 'lv/national' as NodeId
export const SITE = 'lv/site' as NodeId
export const ABROAD = 'lt/national' as NodeId
export const ENTRY = { owner: PARTNER, ref: 'LT-1' as EntryRef }

const DIRECTORY: Directory = {
  self: HOME, role: 'national', hosted: [POLICE, TOWN], homes: { [TOWN]: HOME, [POLICE]: HOME, [PARTNER]: ABROAD },
  nationals: { LV: HOME, LT: ABROAD }, peers: [ABROAD, SITE], sites: [{ node: SITE, operator: TOWN }]
}
const K = new Uint8Array(32).fill(7)
export const idOf = (name: string): MessageId => toBase64url(utf8ToBytes(name.padEnd(16, '.'))) as MessageId

export const jwsOf = (message: Message): string => `h.${toBase64url(utf8ToBytes(encodeJson(message as unknown as Json)))}.s`

export class Bench {
  readonly state = newState(HOME, 'tiltas.example/bench')
  readonly records = new Map<string, Json | Uint8Array>()
  /** Since the last call of `taken`. */
  effects: Effect[] = []
  now = NOW
  #parcels = 0
  #drawn = 0

  constructor () { this.give({ type: 'directory-changed', directory: DIRECTORY }); this.taken() }

  #entropy (): Uint8Array { return new Uint8Array(32).fill(++this.#drawn) }

  /** One event as a group of its own. */
  give (event: NodeEvent): void {
    this.#step(event)
    this.#step({ type: 'group-ending' })
  }

  #step (event: NodeEvent): void {
    const { effects } = step(this.state, event, fromUnixSeconds(this.now), key => this.records.get(key))
    for (const effect of effects) {
      if (effect.type === 'put') this.records.set(effect.key, effect.value)
      else if (effect.type === 'delete') this.records.delete(effect.key)
      else this.effects.push(effect)
    }
    for (const effect of effects) {
      if (effect.type !== 'sign') continue
      const jws = jwsOf(effect.message)
      this.#step({ type: 'message-signed', ticket: effect.ticket, jws, digest: digestOf(utf8ToBytes(jws)) })
    }
  }

  taken<Type extends Effect['type']> (type?: Type): Extract<Effect, { type: Type }>[] {
    const effects = this.effects.filter(effect => effect.type === type)
    this.effects = []
    return effects as Extract<Effect, { type: Type }>[]
  }

  signed (): Message[] { return this.effects.flatMap(effect => effect.type === 'sign' && effect.message.type !== 'receipt/1' ? [effect.message] : []) }
  record<Record> (key: string): Record | undefined { return this.records.get(key) as Record | undefined }

  /** A parcel that follows the one before, with messages that were verified. */
  receive (peer: NodeId, streamClass: StreamClass, ...messages: Message[]): void {
    const items = messages.map((message): OpenedItem => ({ message: message as Verified<Message>, jws: jwsOf(message), digest: digestOf(utf8ToBytes(jwsOf(message))), k: K }))
    const held = this.state.inStreams.get(`${peer}|${streamClass}`)
    const header: ParcelHeader = {
      incarnation: toBase64url(new Uint8Array(16)), seq: (held?.seq ?? 0) + 1, prev: held?.hash ?? '', from: messages[0]!.iss, to: messages[0]!.aud, class: streamClass,
      exp: NOW + 86_400, digests: items.map(({ digest }) => digest)
    }
    this.give({ type: 'parcel-opened', link: `in-${++this.#parcels}`, peer, streamClass, header, items, entropy: this.#entropy() })
  }

  allow (changes: Partial<Grant> = {}): void {
    this.state.policies.put(grantSchema.parse({
      id: 'g-told', version: 1, agency: TOWN, direction: 'egress', partner: { nation: 'LT' }, kinds: ['hit'], categories: 'all', siteGroups: 'all', precision: 'road', purpose: 'investigation',
      legalBasis: 'eu-2023-977/art-7', retentionDays: 30, handling: 'H1', thirdCountry: 'prohibited', furtherHits: true, unverified: 'allow', from: NOW - 100, until: NOW + 86_400, ...changes
    }))
  }

  hold (changes: Partial<SharedEntry> = {}): void {
    const entry: SharedEntry = { ...ENTRY, plate: 'ABC123', category: 'stolen-vehicle', action: 'discreet-check', furtherHits: false, until: NOW + 86_400, confirmedAt: NOW, ...changes }
    this.records.set(keyOf.heldEntry(ENTRY.owner, ENTRY.ref), { entry, from: PARTNER, holder: POLICE, state: 'in-force', saidAt: NOW, shared: [] } satisfies HeldEntryRecord)
  }

  // ── our stream to a peer ───────────────────────────────────────────────────────────────────────────────────────

  open (peer: NodeId, streamClass: StreamClass, link: string): void { this.give({ type: 'link-opened', peer, streamClass, link, initiator: true }) }
  close (peer: NodeId, streamClass: StreamClass, link: string): void { this.give({ type: 'link-closed', peer, streamClass, link, initiator: true }) }
  welcome (peer: NodeId, streamClass: StreamClass, link: string, holds: { incarnation: string, seq: number, hash: Digest } | null): void {
    this.give({ type: 'welcome-received', peer, streamClass, link, welcome: { v: 1, versions: [], holds }, entropy: this.#entropy() })
  }

  /** The peer holds everything that is on its way to it. */
  acknowledge (peer: NodeId, streamClass: StreamClass, link: string): void {
    const stream = outStreamOf(this.state, peer, streamClass)
    const { seq, hash } = stream.inFlight.at(-1)!
    this.give({ type: 'acknowledged', peer, streamClass, link, acknowledgement: { incarnation: stream.incarnation, seq, hash } })
  }

  /** Answers what the machine asked of its sent archive. */
  loadPositions (): void {
    for (const { peer, streamClass, link, after, limit } of this.taken('load-positions')) {
      const positionAt = (seq: number): PositionRecord | undefined => this.record(keyOf.position(peer, streamClass, seq))
      const positions = Array.from({ length: limit }, (_, i) => after + 1 + i).flatMap(seq => {
        const position = positionAt(seq)
        return position === undefined ? [] : [{ seq, position, items: position.numbers.map(n => this.record<OutRecord>(keyOf.out(peer, streamClass, n))) }]
      })
      const anchor = positionAt(after)
      this.give({ type: 'positions-loaded', peer, streamClass, link, after, ...(anchor && { anchor }), positions, entropy: this.#entropy() })
    }
  }
}

export const candidate = (name: string, changes: Partial<Candidate> = {}): Candidate => ({
  type: 'candidate/1', id: idOf(name), iss: TOWN, aud: TOWN, iat: NOW, exp: NOW + 3600, readId: idOf(`read ${name}`), entry: ENTRY, plate: { text: 'ABC123', countryConfidence: 900 },
  match: 'exact', confidence: 900, observedAt: NOW, receivedAt: NOW, clock: 'good', siteRef: 'cam-1', siteGroup: 'border', place: { nuts3: 'LV005', road: 'LV:A13' }, direction: 'inbound', evidence: 'none', ...changes
})

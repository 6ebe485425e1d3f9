/**
 * The life of a hotlist entry: kept by its owner, shared with a partner that a grant names, placed at the sites that match
 * for that partner, confirmed, ended. Invariants:
 *  1. an owner's word on an entry counts only when it is younger than the last one, so that a withdrawal which overtakes
 *     its entry is never undone by it;
 *  2. reason and decision never leave the owner's home;
 *  3. whoever was told of an entry is told of its end, whether or not a grant still stands.
 */
import { messageIdOf } from '../bytes.ts'
import type { Command, OwnEntry } from '../commands.ts'
import { say } from '../delivery/outbox.ts'
import { isAtHome, type Directory } from '../directory.ts'
import { nationOf, type AgencyId, type EntryRef, type MessageId, type NodeId } from '../identifiers.ts'
import { DAY, toUnixSeconds } from '../instant.ts'
import { ENTRIES_PER_OWNER_MAX, ENTRY_LIFETIME_MAX } from '../limits.ts'
import type { HotlistShare, HotlistWithdraw, SharedEntry } from '../messages/message.ts'
import { OWN_POLICY } from '../policies/own.ts'
import type { PolicyQuestion } from '../policies/decide.ts'
import { keyOf, type HeldEntryRecord, type OwnEntryRecord, type SharedWith } from '../records.ts'
import { refuse, type Refusal } from '../refusals.ts'
import type { Turn } from '../turn.ts'

type EntryCommand<Name extends Command['do']> = Extract<Command, { do: Name }>

const newId = (turn: Turn): MessageId => messageIdOf(turn.random32())
/** The share itself may wait for an unreachable partner as long as the entry is in force. */
const shareEnds = (turn: Turn, until: number): number => Math.min(until, toUnixSeconds(turn.now + 30 * DAY))

const asShared = (owner: AgencyId, record: OwnEntryRecord): SharedEntry => {
  const { ref, country, category, action, furtherHits, until, confirmedAt } = record.entry
  return { owner, ref, plate: record.plate, ...(country !== undefined && { country }), category, action, furtherHits, until, confirmedAt }
}

export const shareQuestion = (from: AgencyId, to: AgencyId, entry: Pick<SharedEntry, 'category'>): PolicyQuestion =>
  ({ direction: 'egress', agency: from, partner: to, kind: 'hotlist.share', category: entry.category, exercise: false })

/** When our next word on an entry is said: never before the last one, also when the clock was set back in between. */
const nextWordAt = (turn: Turn, toldAt: number | undefined): number => Math.max(turn.seconds, toldAt ?? 0)

/** Shares one entry if a grant permits; answers the message's id, or undefined. */
function share (turn: Turn, at: number, from: AgencyId, to: AgencyId, entry: SharedEntry, node?: NodeId): MessageId | undefined {
  const question = from === to ? undefined : shareQuestion(from, to, entry)
  const answer = question === undefined ? undefined : turn.state.policies.decide(question, turn.seconds)
  if (answer !== undefined && !answer.allowed) return undefined
  const grant = answer?.grants[0]
  const message: HotlistShare = {
    type: 'hotlist.share/1', id: newId(turn), iss: from, aud: to, iat: at, exp: shareEnds(turn, entry.until), entries: [entry],
    policy: grant === undefined ? OWN_POLICY.policy : { grant: grant.ref, hash: grant.hash }
  }
  return say(turn, message, turn.random32(), { peer: node, question }) ? message.id : undefined
}

function placeHere (turn: Turn, at: number, holder: AgencyId, entry: SharedEntry): void {
  turn.effect({ type: 'place-entry', entry })
  turn.putPersonal(keyOf.placedEntry(entry.owner, entry.ref), { entry, from: holder, holder, state: 'in-force', saidAt: at, shared: [] } satisfies HeldEntryRecord, entry.until)
}

/** Places an entry at every site of this nation that a grant of its holder reaches, and at our own cameras. */
function placeAtSites (turn: Turn, at: number, holder: AgencyId, entry: SharedEntry, before: readonly SharedWith[]): SharedWith[] {
  const placed: SharedWith[] = []
  for (const { node, operator } of turn.state.directory.sites) {
    if (node === turn.state.directory.self) { placeHere(turn, at, holder, entry); continue }
    const id = share(turn, at, holder, operator, entry, node)
    if (id !== undefined) placed.push({ agency: operator, node, share: id })
    else placed.push(...before.filter(one => one.node === node && one.withdraw === undefined))
  }
  return placed
}

// ── the owner ────────────────────────────────────────────────────────────────────────────────────────────────────

/** `plate` is the normalised text: the shell normalises before the command reaches the machine. */
export function putEntry (turn: Turn, commandId: string, agency: AgencyId, entry: OwnEntry, plate: string): void {
  if (entry.until <= turn.seconds) return turn.reject(commandId, 'ended', 'until')
  if (entry.until > toUnixSeconds(turn.now + ENTRY_LIFETIME_MAX)) return turn.reject(commandId, 'limit-reached', 'ENTRY_LIFETIME_MAX')
  const before = turn.fact<OwnEntryRecord>(keyOf.ownEntry(agency, entry.ref))
  const leaf = turn.leaf({ t: 'alteration', agency, role: 'LIST_OWNER', why: before === undefined ? 'entry-put' : 'entry-changed' })
  keepAndTell(turn, agency, { entry, plate, state: 'in-force', leaf, shared: before?.shared ?? [], toldAt: nextWordAt(turn, before?.toldAt) })
  turn.answer(commandId, { ok: true, made: { ref: entry.ref } })
}

export function confirmEntry (turn: Turn, commandId: string, agency: AgencyId, ref: EntryRef): void {
  const before = turn.fact<OwnEntryRecord>(keyOf.ownEntry(agency, ref))
  if (before?.state !== 'in-force') return turn.reject(commandId, 'unknown-entry')
  const leaf = turn.leaf({ t: 'alteration', agency, role: 'LIST_OWNER', why: 'entry-confirmed' })
  keepAndTell(turn, agency, { ...before, leaf, toldAt: nextWordAt(turn, before.toldAt), entry: { ...before.entry, confirmedAt: turn.seconds } })
  turn.answer(commandId, { ok: true })
}

/** Whoever knows the entry already is told again; sites always. */
function keepAndTell (turn: Turn, agency: AgencyId, record: OwnEntryRecord & { readonly toldAt: number }): void {
  const entry = asShared(agency, record)
  const partners = record.shared.filter(one => one.node === undefined && one.withdraw === undefined)
    .map(one => { const again = share(turn, record.toldAt, agency, one.agency, entry); return again === undefined ? one : { agency: one.agency, share: again } })
  const shared = [...partners, ...placeAtSites(turn, record.toldAt, agency, entry, record.shared)]
  turn.putPersonal(keyOf.ownEntry(agency, record.entry.ref), { ...record, shared } satisfies OwnEntryRecord, record.entry.until)
}

export function shareEntries (turn: Turn, commandId: string, { agency, refs, to }: EntryCommand<'entry.share'>): void {
  const records = refs.map(ref => turn.fact<OwnEntryRecord>(keyOf.ownEntry(agency, ref)))
  if (records.some(record => record?.state !== 'in-force')) return turn.reject(commandId, 'unknown-entry')
  let shared = 0
  for (const record of records as OwnEntryRecord[]) {
    const toldAt = nextWordAt(turn, record.toldAt)
    const id = share(turn, toldAt, agency, to, asShared(agency, record))
    if (id === undefined) continue
    shared++
    const others = record.shared.filter(one => one.agency !== to || one.node !== undefined)
    turn.putPersonal(keyOf.ownEntry(agency, record.entry.ref), { ...record, toldAt, shared: [...others, { agency: to, share: id }] } satisfies OwnEntryRecord, record.entry.until)
  }
  if (shared === 0) return turn.reject(commandId, 'not-permitted', 'no grant lets this agency share these entries with that one')
  turn.answer(commandId, { ok: true, made: { shared, refused: refs.length - shared } })
}

export function withdrawEntry (turn: Turn, commandId: string, { agency, ref, reason }: EntryCommand<'entry.withdraw'>): void {
  const record = turn.fact<OwnEntryRecord>(keyOf.ownEntry(agency, ref))
  if (record?.state !== 'in-force') return turn.reject(commandId, 'unknown-entry')
  const leaf = turn.leaf({ t: 'alteration', agency, role: 'LIST_OWNER', why: `entry-${reason}` })
  const toldAt = nextWordAt(turn, record.toldAt)
  const shared = tellOfEnd(turn, toldAt, agency, agency, ref, reason, record.shared)
  turn.putPersonal(keyOf.ownEntry(agency, ref), { ...record, state: 'ended', because: reason, leaf, shared, toldAt } satisfies OwnEntryRecord, record.entry.until)
  turn.answer(commandId, { ok: true, made: { told: shared.length } })
}

/** Every site is told, also one that we do not know to have the entry: a restore may have taken that from us and not from it. */
function tellOfEnd (turn: Turn, at: number, from: AgencyId, owner: AgencyId, ref: EntryRef, reason: HotlistWithdraw['reason'], shared: readonly SharedWith[]): SharedWith[] {
  const { self, sites } = turn.state.directory
  for (const { node, operator } of sites) {
    if (node !== self && !shared.some(one => one.node === node)) sayEnd(turn, at, from, operator, owner, ref, reason, node)
    if (node !== self) continue
    turn.effect({ type: 'remove-entry', owner, ref })
    turn.delete(keyOf.placedEntry(owner, ref))
  }
  return shared.map(one => {
    const id = sayEnd(turn, at, from, one.agency, owner, ref, reason, one.node)
    return id === undefined ? one : { ...one, withdraw: id }
  })
}

function sayEnd (turn: Turn, at: number, from: AgencyId, to: AgencyId, owner: AgencyId, ref: EntryRef, reason: HotlistWithdraw['reason'], node?: NodeId): MessageId | undefined {
  const message: HotlistWithdraw = { type: 'hotlist.withdraw/1', id: newId(turn), iss: from, aud: to, iat: at, exp: toUnixSeconds(turn.now + 30 * DAY), entries: [{ owner, ref }], reason }
  return say(turn, message, turn.random32(), { peer: node }) ? message.id : undefined
}

// ── the partner, and the site ────────────────────────────────────────────────────────────────────────────────────

type Word = HotlistShare | HotlistWithdraw
/** A partner's home holds it; a site that only matches for it has it placed. */
const entryKey = (directory: Directory, aud: AgencyId): typeof keyOf.heldEntry => isAtHome(directory, aud) ? keyOf.heldEntry : keyOf.placedEntry

export const wantedByWord = (directory: Directory, message: Word): string[] =>
  [...message.entries.map(({ owner, ref }) => entryKey(directory, message.aud)(owner, ref)), ...ownersOf(message).map(keyOf.heldCount)]

const ownersOf = ({ entries }: Word): AgencyId[] => [...new Set(entries.map(({ owner }) => owner))]
const isInForce = (turn: Turn, message: Word, { owner, ref }: { owner: AgencyId, ref: EntryRef }): boolean =>
  turn.fact<HeldEntryRecord>(entryKey(turn.state.directory, message.aud)(owner, ref))?.state === 'in-force'
const heldCount = (turn: Turn, owner: AgencyId): number => turn.fact<{ entries: number }>(keyOf.heldCount(owner))?.entries ?? 0

/** Only the owner speaks of its entries abroad; inside a nation, who holds an entry may place it at its sites. */
export function mayReceiveWord (turn: Turn, message: Word): Refusal | undefined {
  const isPlacement = !isAtHome(turn.state.directory, message.aud) && nationOf(message.iss) === nationOf(message.aud)
  if (!isPlacement && !message.entries.every(({ owner }) => owner === message.iss)) return refuse('wrong-issuer', 'entries.owner')
  if (message.type === 'hotlist.withdraw/1') return undefined
  const isFull = ownersOf(message).some(owner => heldCount(turn, owner) + message.entries.filter(entry => entry.owner === owner && !isInForce(turn, message, entry)).length > ENTRIES_PER_OWNER_MAX)
  return isFull ? refuse('over-quota', 'ENTRIES_PER_OWNER_MAX') : undefined
}

export function receiveShare (turn: Turn, message: HotlistShare): void {
  const added: AgencyId[] = []
  for (const entry of message.entries) {
    const key = entryKey(turn.state.directory, message.aud)(entry.owner, entry.ref)
    const before = turn.fact<HeldEntryRecord>(key)
    if (before !== undefined && (before.saidAt > message.iat || (before.state === 'ended' && before.saidAt === message.iat))) continue
    const atHome = isAtHome(turn.state.directory, message.aud)
    if (before?.state !== 'in-force') added.push(entry.owner)
    if (!atHome) turn.effect({ type: 'place-entry', entry })
    const toldAt = nextWordAt(turn, before?.toldAt)
    const shared = atHome ? placeAtSites(turn, toldAt, message.aud, entry, before?.shared ?? []) : []
    turn.putPersonal(key, { entry, from: message.iss, holder: message.aud, state: 'in-force', saidAt: message.iat, shared, toldAt } satisfies HeldEntryRecord, entry.until)
  }
  recount(turn, added, 1)
}

function recount (turn: Turn, owners: readonly AgencyId[], by: 1 | -1): void {
  for (const owner of [...new Set(owners)].sort()) {
    const changed = owners.filter(one => one === owner).length * by
    turn.put(keyOf.heldCount(owner), { entries: Math.max(0, heldCount(turn, owner) + changed) })
  }
}

export function receiveEnd (turn: Turn, message: HotlistWithdraw): void {
  const ended: AgencyId[] = []
  for (const { owner, ref } of message.entries) {
    const key = entryKey(turn.state.directory, message.aud)(owner, ref)
    const before = turn.fact<HeldEntryRecord>(key)
    if (before !== undefined && before.saidAt > message.iat) continue
    if (before?.state === 'in-force') ended.push(owner)
    if (!isAtHome(turn.state.directory, message.aud)) turn.effect({ type: 'remove-entry', owner, ref })
    const toldAt = nextWordAt(turn, before?.toldAt)
    const shared = tellOfEnd(turn, toldAt, message.aud, owner, ref, message.reason, before?.shared ?? [])
    const record: HeldEntryRecord = { ...(before?.entry && { entry: before.entry }), from: message.iss, holder: message.aud, state: 'ended', saidAt: message.iat, shared, toldAt }
    turn.putPersonal(key, record, before?.entry?.until ?? message.exp)
  }
  recount(turn, ended, -1)
}

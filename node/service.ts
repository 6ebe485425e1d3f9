/**
 * What people and programs read from a running node. Personal data comes through one door: the leaf of the consultation
 * is durable first, then the store is read. Screens read the store, never through the machine.
 */
import type { Actor, Command, CommandResult, Consultable, Justification } from '../protocol/commands.ts'
import { equalBytes, fromBase64url, toBase64url, utf8ToBytes } from '../protocol/bytes.ts'
import type { AgencyId, MessageId } from '../protocol/identifiers.ts'
import { commitmentOf, type Leaf } from '../protocol/log/leaf.ts'
import { rootOf } from '../protocol/log/tree.ts'
import { formatCheckpoint, openCheckpoint } from '../protocol/log/checkpoint.ts'
import { SIGNATURE_TYPES, encodeVerifierKey, signedBytes, type NoteVerifier, type VerifierKey } from '../protocol/log/note.ts'
import { noteVerifier } from '../keys/checkpoints.ts'
import { payloadOf } from '../protocol/messages/jws.ts'
import type { Candidate, HitMessage } from '../protocol/messages/message.ts'
import { toUnixSeconds } from '../protocol/instant.ts'
import { hashOfGrant } from '../protocol/policies/grant.ts'
import { compileGrant } from '../protocol/policies/compile.ts'
import { sentenceOf } from '../protocol/policies/sentence.ts'
import { keyOf, type CandidateRecord, type HeldEntryRecord, type HitStateRecord, type OwnEntryRecord, type ReceivedRecord, type SentMessageRecord, type SharedWith } from '../protocol/records.ts'
import { overridesOf } from '../protocol/policy-changes.ts'
import type { Report } from '../protocol/effects.ts'
import { commitmentContext } from '../protocol/turn.ts'
import { StreamRefused } from './console/answers.ts'
import type { CandidateView, EntryView, HitView, LogReport, NodeService, NodeStatus, SentHitView } from './console/service.ts'
import { createEvidenceService } from './evidence-service.ts'
import { normalisePlate } from './hotlist/normalise.ts'
import { createPolicyService } from './policy-service.ts'
import type { EvidenceRing } from './recognition/evidence-ring.ts'
import { rootAt, verifyWholeLog } from './runtime/log-reader.ts'
import type { Node } from './runtime/node.ts'
import type { Clock, Store } from './runtime/ports.ts'
import type { WitnessClient } from './witness/client.ts'
import { every } from './runtime/recover.ts'

/** Candidates, entries and hits on one page. */
const PAGE_MAX = 500
const FINDINGS_MAX = 50

export interface ServiceParts {
  readonly node: Node
  readonly store: Store
  readonly clock: Clock
  readonly version: string
  /** As of now; with those before it, newest first, what is signed in the log of this node can be verified. */
  readonly logKeys: readonly VerifierKey[]
  readonly formerLogKeys?: readonly (readonly VerifierKey[])[]
  readonly witnessing?: Pick<WitnessClient, 'witnessed' | 'states'>
  readonly addresses: () => readonly string[]
  readonly placedEntries: () => number
  /** Undefined where no camera's pictures are read. */
  readonly footage?: () => EvidenceRing | undefined
  readonly cameras?: () => NodeStatus['cameras']
  /** Calls back for every report until the returned function is called. */
  subscribe (hear: (report: Report) => void): () => void
}

/** The public keys of a log, as its checkpoints are signed. */
export const publicKeysOfLog = ({ origin, ed25519, mldsa44 }: { readonly origin: string, readonly ed25519: Uint8Array, readonly mldsa44?: Uint8Array }): VerifierKey[] =>
  [{ name: origin, type: SIGNATURE_TYPES.ed25519, publicKey: ed25519 }, ...(mldsa44 === undefined ? [] : [{ name: origin, type: SIGNATURE_TYPES.mlDsa44, publicKey: mldsa44 }])]

export const logVerifiersOf = (keys: readonly VerifierKey[]): NoteVerifier[] => keys.map(key => {
  const verifier = noteVerifier(key)
  if (verifier === undefined) throw new TypeError('a key of the log has not its length')
  return verifier
})

export function createService (parts: ServiceParts): NodeService {
  const { node, store, clock } = parts
  const { driver, records } = node
  const startedAt = clock.now()
  const keySets = (): NoteVerifier[][] => [parts.logKeys, ...parts.formerLogKeys ?? []].map(logVerifiersOf)
  const { state } = driver

  /** The one door: undefined when it is open, else why not. */
  const consult = async (actor: Actor, of: Consultable, because: Justification): Promise<CommandResult | undefined> => {
    const result = await driver.command(actor, { do: 'consult', of, because })
    return result.ok ? undefined : result
  }

  const hitOf = async (hitId: MessageId): Promise<HitView | undefined> => {
    const known = await records.get<HitStateRecord>(keyOf.hitState(hitId))
    const received = known === undefined ? undefined : await records.get<ReceivedRecord>(keyOf.received(known.message))
    if (known === undefined || received === undefined) return undefined
    const message = payloadOf(received.jws)
    if (!('entryRef' in message)) return undefined
    return { hit: message, receivedAt: known.at, state: known.state, ...(known.because !== undefined && { withdrawnBecause: known.because }), leafIndex: received.leaf }
  }

  async function status (): Promise<NodeStatus> {
    const { directory, log, outStreams } = state
    const peers = directory.peers.map(peer => {
      const streams = [...outStreams.values()].filter(stream => stream.peer === peer)
      const heard = streams.flatMap(({ lastHeardAt }) => lastHeardAt ?? [])
      return {
        node: peer, reachable: streams.some(({ live }) => live),
        queued: streams.reduce((sum, { tail, floor, above }) => sum + tail - floor - above.size, 0),
        unreceipted: streams.reduce((sum, { unreceipted }) => sum + unreceipted.size, 0),
        ...(heard.length > 0 && { lastHeardAt: Math.max(...heard) })
      }
    })
    return {
      node: directory.self, version: parts.version, startedAt, agencies: directory.hosted, peers,
      log: { origin: log.origin, size: log.edge.size, root: toBase64url(rootOf(log.edge)), witnessed: parts.witnessing?.witnessed()?.size ?? 0, witnesses: parts.witnessing?.states() ?? [] },
      waitingCandidates: state.waitingCandidates, entries: parts.placedEntries(), openDrafts: state.desk.open.size,
      overrides: overridesOf(state, toUnixSeconds(clock.now())).map(({ agency, grant, until }) => ({ agency, grant, until })), addresses: parts.addresses(),
      ...(parts.cameras?.() !== undefined && { cameras: parts.cameras()! })
    }
  }

  async function command (actor: Actor, given: Command): Promise<CommandResult> {
    if (given.do !== 'entry.put') return driver.command(actor, given)
    const plate = normalisePlate(given.entry.plate)
    if (plate === undefined) return { ok: false, code: 'malformed', detail: 'entry.plate' }
    return driver.command(actor, { ...given, entry: { ...given.entry, plate } })
  }

  const grants: NodeService['grants'] = async agency => state.policies.inForce(agency, toUnixSeconds(clock.now()))
    .map(grant => ({ grant, version: grant.version, hash: hashOfGrant(grant), sentence: sentenceOf(grant, 'en', id => id), cedar: compileGrant(grant) }))

  const hits: NodeService['hits'] = async (actor, agency, because, { after, limit }) => {
    const closed = await consult(actor, { what: 'hits', agency }, because)
    if (closed !== undefined) return closed
    const prefix = `hit/list/${agency}/`
    const page = await records.scan<{ hitId: MessageId }>({ prefix, limit: Math.min(limit, PAGE_MAX), ...(after !== undefined && { after: prefix + after }) })
    const views = await Promise.all(page.map(({ record }) => record === undefined ? undefined : hitOf(record.hitId)))
    const next = page.length === Math.min(limit, PAGE_MAX) ? page.at(-1)!.key.slice(prefix.length) : undefined
    return { hits: views.flatMap(view => view ?? []), ...(next !== undefined && { next }) }
  }

  /** One leaf for the shift, then one for each hit that is shown. */
  async function * followHits (actor: Actor, agency: AgencyId, signal: AbortSignal): AsyncGenerator<HitView> {
    const closed = await consult(actor, { what: 'hits', agency }, { code: 'duty-shift' })
    if (closed?.ok === false) throw new StreamRefused(closed.code)
    const waiting: MessageId[] = []
    let wake: (() => void) | undefined
    const unsubscribe = parts.subscribe(report => {
      if ((report.what !== 'hit-received' && report.what !== 'hit-changed') || report.agency !== agency) return
      waiting.push(report.hitId)
      wake?.()
    })
    const onAbort = (): void => wake?.()
    signal.addEventListener('abort', onAbort)
    try {
      while (!signal.aborted) {
        const hitIds = waiting.splice(0)
        if (hitIds.length === 0) { await new Promise<void>(resolve => { wake = resolve }); continue }
        await Promise.all(hitIds.map(hit => consult(actor, { what: 'hit', agency, hit }, { code: 'duty-shift' })))
        for (const view of await Promise.all(hitIds.map(hitOf))) if (view !== undefined) yield view
      }
    } finally {
      unsubscribe()
      signal.removeEventListener('abort', onAbort)
    }
  }

  const sentHits: NodeService['sentHits'] = async (actor, agency, because, { after, limit }) => {
    const closed = await consult(actor, { what: 'sent-hits', agency }, because)
    if (closed !== undefined) return closed
    const prefix = `hit/sent/${agency}/`
    const page = await records.scan<{ hitId: MessageId, message: MessageId, candidate: MessageId }>({ prefix, limit: Math.min(limit, PAGE_MAX), ...(after !== undefined && { after: prefix + after }) })
    const views = await Promise.all(page.map(async ({ record }) => record === undefined ? undefined : sentHitOf(record.message, record.candidate)))
    const next = page.length === Math.min(limit, PAGE_MAX) ? page.at(-1)!.key.slice(prefix.length) : undefined
    return { hits: views.flatMap(view => view ?? []), ...(next !== undefined && { next }) }
  }

  async function sentHitOf (id: MessageId, candidate: MessageId): Promise<SentHitView | undefined> {
    const sent = await records.get<SentMessageRecord>(keyOf.sentMessage(id))
    const out = sent === undefined ? undefined : await records.get<{ jws: string }>(keyOf.out(sent.peer, sent.streamClass, sent.n))
    if (sent === undefined || out === undefined) return undefined
    const { state: stands, refusal, leaf, receiptIndex, to } = sent
    return { hit: payloadOf(out.jws) as HitMessage, candidate, sentTo: to, state: stands, ...(refusal !== undefined && { refusal }), leafIndex: leaf, ...(receiptIndex !== undefined && { receiptIndex }) }
  }

  const candidates: NodeService['candidates'] = async (actor, agency, because) => {
    const closed = await consult(actor, { what: 'candidates', agency }, because)
    if (closed !== undefined) return closed
    const page = await store.scan({ prefix: `waiting/${agency}/`, limit: PAGE_MAX })
    const ids = page.map(({ key }) => key.slice(key.lastIndexOf('/') + 1) as MessageId)
    const [found, received] = await Promise.all([records.getMany<CandidateRecord>(ids.map(keyOf.candidate)), records.getMany<ReceivedRecord>(ids.map(keyOf.received))])
    return { candidates: found.flatMap((record, i) => record === undefined || received[i] === undefined ? [] : [candidateView(payloadOf(received[i].jws) as Candidate, record)]) }
  }

  const entries: NodeService['entries'] = async (actor, agency, because) => {
    const closed = await consult(actor, { what: 'entries', agency }, because)
    if (closed !== undefined) return closed
    const views: EntryView[] = []
    for await (const { record } of every<OwnEntryRecord>(records, `entry/own/${agency}/`)) {
      const sharedWith = await told(record.shared)
      const pending = record.state === 'ended' && sharedWith.some(one => one.state !== 'withdrawn')
      views.push({ owner: agency, entry: { ...record.entry, plate: record.plate }, state: pending ? 'withdraw-pending' : record.state, sharedWith })
    }
    for await (const { record } of every<HeldEntryRecord>(records, 'entry/held/')) {
      if (record.entry === undefined || record.holder !== agency) continue
      const { owner, ref, plate, country, category, action, furtherHits, until, confirmedAt } = record.entry
      views.push({ owner, entry: { ref, plate, ...(country !== undefined && { country }), category, action, furtherHits, until, confirmedAt }, state: record.state, sharedWith: await told(record.shared) })
    }
    return { entries: views }
  }

  /** What became of what we told each partner and site. */
  const told = async (shared: readonly SharedWith[]): Promise<EntryView['sharedWith']> => Promise.all(shared.map(async one => {
    const sent = await records.get<SentMessageRecord>(keyOf.sentMessage(one.withdraw ?? one.share))
    const done = sent?.state === 'receipted'
    const stands = one.withdraw !== undefined ? (done ? 'withdrawn' : 'withdraw-pending') : done ? 'shared' : sent?.state ?? 'unknown'
    return { agency: one.agency, ...(one.node !== undefined && { node: one.node }), state: stands }
  }))

  async function verifyLog (): Promise<LogReport> {
    await driver.idle()
    const { origin, edge } = state.log
    const size = edge.size; const root = rootOf(edge)
    const findings: string[] = []
    const find = (finding: string): void => { if (findings.length < FINDINGS_MAX) findings.push(finding) }
    const audit = await verifyWholeLog(store, size, root)
    for (const { fault, key } of audit.findings) find(key === undefined ? fault : `${fault} at ${key}`)
    const published = await records.get<{ size: number, note: string }>(keyOf.logCheckpoint)
    const opened = published === undefined ? undefined : openByAny(published.note)
    if (opened !== undefined && !opened.ok) find(`the published checkpoint does not verify: ${opened.code}`)
    if (opened?.ok === true && !equalBytes(await rootAt(store, opened.checkpoint.size), opened.checkpoint.root)) find('the log was changed below the published checkpoint')
    if (!await isHeadSigned(size, root)) find('the signed head does not fit the log: leaves were changed, added or taken away')
    const commitmentsOpened = await compareReceived(find)
    const receiptsCompared = await compareSent(find)
    return { ok: findings.length === 0, size, root: toBase64url(root), checkpointSize: published?.size ?? 0, checked: { leaves: size, checkpoint: opened?.ok === true, commitmentsOpened, receiptsCompared }, findings }
  }

  /** What was published before the keys of the log changed stays as it was signed. */
  function openByAny (note: string): ReturnType<typeof openCheckpoint> {
    const opened = keySets().map(keys => openCheckpoint(note, state.log.origin, keys, []))
    return opened.find(({ ok }) => ok) ?? opened[0]!
  }

  /** The local head is signed with every group; what is on disk must lead to it. */
  async function isHeadSigned (size: number, root: Uint8Array): Promise<boolean> {
    const head = await records.get<{ size: number, signature: string }>(keyOf.logHead)
    const signature = head?.size === size ? fromBase64url(head.signature) : undefined
    return size === 0 || (signature !== undefined && keySets().some(([ed25519]) => ed25519!.verify(signedBytes(formatCheckpoint({ origin: state.log.origin, size, root })), signature)))
  }

  const leafAt = async (index: number): Promise<Leaf | undefined> => records.get<Leaf>(keyOf.logLeaf(index))

  /** Every message that we still hold opens the commitment in its leaf. */
  async function compareReceived (find: (finding: string) => void): Promise<number> {
    let opened = 0
    for await (const { key, record } of every<ReceivedRecord>(records, 'received/')) {
      const message = payloadOf(record.jws)
      const c = commitmentOf(fromBase64url(record.k)!, commitmentContext(message.iss, message.aud), utf8ToBytes(record.jws))
      if (c !== record.c || (await leafAt(record.leaf))?.c !== c) find(`leaf ${record.leaf} does not commit to the message kept under ${key}`)
      opened++
    }
    return opened
  }

  /** Every receipt says the commitment that we logged: the other side logged the same. */
  async function compareSent (find: (finding: string) => void): Promise<number> {
    let compared = 0
    for await (const { key, record } of every<SentMessageRecord>(records, 'message/')) {
      if ((await leafAt(record.leaf))?.c !== record.c) find(`leaf ${record.leaf} does not hold the commitment of ${key}`)
      if (record.state !== 'receipted') continue
      if (record.differs === true) find(`the receipt for ${key} names another commitment than leaf ${record.leaf}`)
      compared++
    }
    return compared
  }

  return {
    policies: createPolicyService({ node, clock }), evidence: createEvidenceService({ consult, ring: () => parts.footage?.() }), status, command, grants, hits, followHits, sentHits, candidates, entries, verifyLog,
    checkpoint: async () => (await records.get<{ note: string }>(keyOf.logCheckpoint))?.note ?? '',
    witnessedCheckpoint: async () => parts.witnessing?.witnessed()?.note ?? '',
    logKeys: async () => parts.logKeys.map(encodeVerifierKey),
    trust: async () => node.cryptography.trust.sentences()
  }
}

function candidateView ({ id, iss, plate, match, confidence, observedAt, entry }: Candidate, { state, because }: CandidateRecord): CandidateView {
  return {
    id, agency: iss, state, plate: plate.text, ...(plate.country !== undefined && { country: plate.country }), match, confidence, observedAt,
    entryOwner: entry.owner, entryRef: entry.ref, ...(because !== undefined && { reason: because })
  }
}

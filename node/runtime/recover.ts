/** State from the store after a stop or a crash: only the right edges are read, whatever the history weighs. */
import type { AgencyId, NodeId } from '../../protocol/identifiers.ts'
import type { StreamClass } from '../../protocol/messages/vocabulary.ts'
import type { PolicyChange } from '../../protocol/policies/change.ts'
import { refOf, type Grant } from '../../protocol/policies/grant.ts'
import { keyOf, numberKey, type HeldEntryRecord, type InStreamRecord, type OutRecord, type OutStreamRecord, type PolicyChangeRecord, type SentMessageRecord } from '../../protocol/records.ts'
import { newOutStream, newState, streamKey, type NodeState, type OutStream } from '../../protocol/state.ts'
import type { SharedEntry } from '../../protocol/messages/message.ts'
import { noteVerifier } from '../../keys/checkpoints.ts'
import { fromBase64url } from '../../protocol/bytes.ts'
import { formatCheckpoint } from '../../protocol/log/checkpoint.ts'
import { SIGNATURE_TYPES, signedBytes } from '../../protocol/log/note.ts'
import { rootOf } from '../../protocol/log/tree.ts'
import { recoverEdge } from './log-reader.ts'
import { StoreError, type Store } from './ports.ts'
import type { Records } from './records.ts'

const PAGE = 500

/** Every record under a prefix, page by page. */
export async function * every<Record> (records: Records, prefix: string): AsyncGenerator<{ key: string, record: Record }> {
  for (let after: string | undefined; ;) {
    const page = await records.scan<Record>({ prefix, limit: PAGE, ...(after !== undefined && { after }) })
    for (const { key, record } of page) if (record !== undefined) yield { key, record }
    if (page.length < PAGE) return
    after = page.at(-1)!.key
  }
}

/** @throws StoreError `corrupt` when what is on disk does not lead to the head that was signed with it */
export async function recoverState (store: Store, records: Records, self: NodeId, origin: string, logKeys: readonly Uint8Array[]): Promise<NodeState> {
  const state = newState(self, origin)
  const head = await records.get<{ size: number, signature: string }>(keyOf.logHead)
  if (head !== undefined) {
    state.log.edge = await recoverEdge(store, head.size)
    ensureHeadIsSigned(origin, head.size, rootOf(state.log.edge), head.signature, logKeys)
    state.log.signedSize = head.size
    state.log.checkpointSize = (await records.get<{ size: number }>(keyOf.logCheckpoint))?.size ?? 0
  }
  await recoverGrants(records, state)
  await recoverDesk(records, state)
  for await (const { key, record } of every<InStreamRecord>(records, 'stream/in/')) {
    const { peer, streamClass } = streamOfKey(key)
    state.inStreams.set(streamKey(peer, streamClass), record)
  }
  for await (const { key, record } of every<OutStreamRecord>(records, 'stream/out/')) {
    const { peer, streamClass } = streamOfKey(key)
    state.outStreams.set(streamKey(peer, streamClass), await recoverOutStream(records, peer, streamClass, record))
  }
  for await (const _ of every(records, 'waiting/')) state.waitingCandidates++
  for await (const _ of every(records, 'parked/')) state.parkedMessages++
  return state
}

function ensureHeadIsSigned (origin: string, size: number, root: Uint8Array, signature: string, publicKeys: readonly Uint8Array[]): void {
  const bytes = signedBytes(formatCheckpoint({ origin, size, root }))
  const isSigned = publicKeys.some(publicKey => noteVerifier({ name: origin, type: SIGNATURE_TYPES.ed25519, publicKey })?.verify(bytes, fromBase64url(signature) ?? new Uint8Array(0)))
  if (!isSigned) throw new StoreError('corrupt', `the last leaves of the log were changed on disk: they do not lead to the head that was signed at ${size} leaves`)
}

/** `stream/out/lv/national/urgent` */
function streamOfKey (key: string): { peer: NodeId, streamClass: StreamClass } {
  const [, , nation, name, streamClass] = key.split('/')
  return { peer: `${nation}/${name}` as NodeId, streamClass: streamClass as StreamClass }
}

async function recoverGrants (records: Records, state: NodeState): Promise<void> {
  for await (const { record: grant } of every<Grant>(records, 'grant/')) {
    state.grants.set(`${grant.agency}/${grant.id}`, grant)
    state.policies.put(grant)
  }
}

/** What waits for a second person, what one person did alone, and how many changes there were; also erased ones count. */
async function recoverDesk (records: Records, { desk }: NodeState): Promise<void> {
  const prefix = 'policy/change/'
  for (let after: string | undefined; ;) {
    const page: { key: string, record: PolicyChangeRecord | undefined }[] = await records.scan<PolicyChangeRecord>({ prefix, limit: PAGE, ...(after !== undefined && { after }) })
    for (const { key, record } of page) {
      const [agency, number] = key.slice(prefix.length).split('/') as [AgencyId, string]
      desk.numbers.set(agency, parseInt(number, 16))
      if (record !== undefined) recoverChange(desk, record)
    }
    if (page.length < PAGE) return
    after = page.at(-1)!.key
  }
}

function recoverChange (desk: NodeState['desk'], record: PolicyChangeRecord): void {
  const change = JSON.parse(record.text) as PolicyChange
  const { agency, number, kind, put, at } = change
  if (record.state === 'open') desk.open.set(`${agency}/${number}`, { change, record })
  if (kind === 'emergency') desk.overrides = [...desk.overrides, { agency, grant: refOf(put[0]!), at, until: put[0]!.until, isOver: false }]
}

async function recoverOutStream (records: Records, peer: NodeId, streamClass: StreamClass, record: OutStreamRecord): Promise<OutStream> {
  const stream = newOutStream(peer, streamClass)
  const { incarnation, seq, hash, tail, floor, acknowledged, acknowledgedHash } = record
  Object.assign(stream, { incarnation, seq, hash, tail, floor, acknowledged, acknowledgedHash, loadedTo: floor })
  for (const n of record.above) stream.above.add(n)
  await recoverUnreceipted(records, stream, record.receipted)
  return stream
}

async function recoverUnreceipted (records: Records, stream: OutStream, from: number): Promise<void> {
  const prefix = `out/${stream.peer}/${stream.streamClass}/`
  for (let after: string | undefined = from > 0 ? prefix + numberKey(from - 1) : undefined; ;) {
    const page: { key: string, record: OutRecord | undefined }[] = await records.scan<OutRecord>({ prefix, limit: PAGE, ...(after !== undefined && { after }) })
    const owed = page.flatMap(({ key, record }) => record?.leaf === undefined ? [] : [{ n: parseInt(key.slice(prefix.length), 16), record }])
    const sent = await records.getMany<SentMessageRecord>(owed.map(({ record }) => keyOf.sentMessage(record.id)))
    owed.forEach(({ n, record }, i) => { if (sent[i]?.state === 'queued' && sent[i].n === n) stream.unreceipted.set(record.id, { n, digest: record.digest }) })
    if (page.length < PAGE) return
    after = page.at(-1)!.key
  }
}

/** Entries that this site, or a national node with cameras of its own, matches against. */
export async function recoverPlacedEntries (records: Records, place: (entry: SharedEntry) => void): Promise<void> {
  for await (const { record } of every<HeldEntryRecord>(records, 'entry/placed/')) if (record.state === 'in-force' && record.entry !== undefined) place(record.entry)
}

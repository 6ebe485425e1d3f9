/**
 * A witness of other people's logs: remembers one head of each, and cosigns a larger one that is proven to add to it.
 * Invariant: what it remembers is durable before its cosignature leaves, one request a log at a time; so it never
 * cosigns two different trees of the same size. A witness that lost its database would break that: it is retired under
 * its name, never started again (`openWitness` refuses).
 */
import { fromBase64url, toBase64url, utf8ToBytes } from '../../protocol/bytes.ts'
import type { Kid } from '../../protocol/identifiers.ts'
import { toUnixSeconds } from '../../protocol/instant.ts'
import { formatNote, formatSignatures, parseNote, type NoteVerifier } from '../../protocol/log/note.ts'
import { judgeCheckpoint, originHash, originOfNote, parseAddCheckpoint, type Judgement, type SeenHead } from '../../protocol/log/witnessing.ts'
import { assembleCosignatures, cosignatureRequests, type WitnessKey } from '../../keys/checkpoints.ts'
import type { Clock, KeyRing, Store } from '../runtime/ports.ts'

export const WITNESSED_LOGS_MAX = 1000
/** Bodies kept of each log as proof that it forked or could not prove itself; the first ones count most. */
export const EVIDENCE_PER_LOG_MAX = 16

/** `database-lost`: the keys are there and what they cosigned is not, or the other way round. */
export class WitnessError extends Error {
  readonly code: 'database-lost'
  constructor (message: string) {
    super(message)
    this.name = 'WitnessError'
    this.code = 'database-lost'
  }
}

export interface WitnessedLog { readonly origin: string, readonly keys: readonly NoteVerifier[] }
export interface WitnessParts {
  readonly keys: readonly (WitnessKey & { readonly kid: Kid })[]
  readonly logs: readonly WitnessedLog[]
  readonly store: Store
  readonly keyRing: KeyRing
  readonly clock: Pick<Clock, 'now'>
}
/** `status` is that of HTTP; a 409 carries the size that the log is to start from. */
export interface WitnessAnswer { readonly status: number, readonly body: string, readonly isSize?: boolean }
export interface WitnessedHead { readonly origin: string, readonly size: number, readonly at: number, readonly evidence: number }

interface HeadRecord { readonly size: number, readonly root: string, readonly note: string, readonly at: number }
const IDENTITY_KEY = 'witness/identity'
const headKey = (origin: string): string => `witness/head/${originHash(origin)}`
const evidencePrefix = (origin: string): string => `witness/evidence/${originHash(origin)}/`
const encode = (value: object): Uint8Array => utf8ToBytes(JSON.stringify(value))
const decode = <Value>(bytes: Uint8Array): Value => JSON.parse(new TextDecoder().decode(bytes)) as Value

/** `identity` names the keys; the database says whose it is. `fresh`: neither has worked before. @throws WitnessError, StoreError */
export async function openWitness (parts: WitnessParts, identity: string, fresh: boolean): Promise<Witness> {
  const known = await parts.store.get(IDENTITY_KEY)
  if (known === undefined && !fresh) throw new WitnessError('the database of this witness is gone: retire its name and keys, and begin a new witness')
  if (known !== undefined && decode<{ identity: string }>(known).identity !== identity) throw new WitnessError('the database belongs to another witness: retire these keys, and begin a new witness')
  if (known === undefined) await parts.store.commit([{ op: 'put', key: IDENTITY_KEY, value: encode({ identity }) }])
  return new Witness(parts)
}

export class Witness {
  readonly #parts: WitnessParts
  readonly #logs: ReadonlyMap<string, WitnessedLog>
  readonly #turns = new Map<string, Promise<unknown>>()

  constructor (parts: WitnessParts) {
    this.#parts = parts
    this.#logs = new Map(parts.logs.map(log => [log.origin, log]))
  }

  /** `add-checkpoint`: the body as it came. Rejects only when the store does. */
  async addCheckpoint (body: string): Promise<WitnessAnswer> {
    const request = parseAddCheckpoint(body)
    const origin = request && originOfNote(request.note)
    if (request === undefined || origin === undefined) return { status: 400, body: 'malformed\n' }
    const log = this.#logs.get(origin)
    if (log === undefined) return { status: 404, body: 'unknown-log\n' }
    const turn = (this.#turns.get(origin) ?? Promise.resolve()).catch(() => {}).then(() => this.#add(log, request, body))
    this.#turns.set(origin, turn)
    return turn
  }

  async #add (log: WitnessedLog, request: NonNullable<ReturnType<typeof parseAddCheckpoint>>, body: string): Promise<WitnessAnswer> {
    const judgement = judgeCheckpoint(request, log.origin, log.keys, await this.#seen(log.origin))
    if (!judgement.accepted) return this.#refuse(log.origin, judgement, body)
    const { checkpoint, text } = judgement
    const at = this.#parts.clock.now()
    const cosignatures = await this.#cosign(judgement, toUnixSeconds(at))
    const note = formatNote({ text, signatures: [...parseNote(request.note)!.signatures.filter(isOf(log)), ...cosignatures] })
    const record: HeadRecord = { size: checkpoint.size, root: toBase64url(checkpoint.root), note, at }
    await this.#parts.store.commit([{ op: 'put', key: headKey(log.origin), value: encode(record) }])
    return { status: 200, body: formatSignatures(cosignatures) }
  }

  async #cosign ({ checkpoint }: Extract<Judgement, { accepted: true }>, time: number): Promise<ReturnType<typeof assembleCosignatures>> {
    const { keys, keyRing } = this.#parts
    const requests = cosignatureRequests(checkpoint, keys, time)
    const signatures = await Promise.all(keys.map(async ({ kid, publicKey }, i) =>
      publicKey.length === 32 ? (await keyRing.sign([{ kid, bytes: requests[i]! }]))[0]! : keyRing.signPostQuantum(kid, requests[i]!)))
    return assembleCosignatures(checkpoint, keys, time, signatures)
  }

  async #refuse (origin: string, { status, size, why, evidence }: Extract<Judgement, { accepted: false }>, body: string): Promise<WitnessAnswer> {
    if (evidence === true) await this.#keepEvidence(origin, body, why)
    return status === 409 ? { status, body: `${size}\n`, isSize: true } : { status, body: `${why}\n` }
  }

  /** The log signed what it sent: that proves its misbehaviour to everybody, so it is kept beside what was cosigned. */
  async #keepEvidence (origin: string, body: string, why: string): Promise<void> {
    const kept = await this.#parts.store.scan({ prefix: evidencePrefix(origin), limit: EVIDENCE_PER_LOG_MAX })
    if (kept.length >= EVIDENCE_PER_LOG_MAX || kept.some(({ value }) => decode<{ body: string }>(value).body === body)) return
    const head = await this.#head(origin)
    const record = { why, at: this.#parts.clock.now(), body, cosigned: head?.note ?? '' }
    await this.#parts.store.commit([{ op: 'put', key: `${evidencePrefix(origin)}${String(kept.length).padStart(4, '0')}`, value: encode(record) }])
  }

  async #head (origin: string): Promise<HeadRecord | undefined> {
    const bytes = await this.#parts.store.get(headKey(origin))
    return bytes === undefined ? undefined : decode<HeadRecord>(bytes)
  }
  async #seen (origin: string): Promise<SeenHead | undefined> {
    const head = await this.#head(origin)
    return head && { size: head.size, root: fromBase64url(head.root)! }
  }

  /** The last note that was cosigned of a log, by the hex SHA-256 of its origin. */
  async cosigned (hash: string): Promise<string | undefined> {
    const log = [...this.#logs.keys()].find(origin => originHash(origin) === hash)
    return log === undefined ? undefined : (await this.#head(log))?.note
  }

  /** For people: what is watched, and what was found against it. */
  async heads (): Promise<WitnessedHead[]> {
    return Promise.all([...this.#logs.keys()].map(async origin => {
      const [head, evidence] = await Promise.all([this.#head(origin), this.evidence(origin)])
      return { origin, size: head?.size ?? 0, at: head?.at ?? 0, evidence: evidence.length }
    }))
  }
  async evidence (origin: string): Promise<{ readonly why: string, readonly at: number, readonly body: string, readonly cosigned: string }[]> {
    return (await this.#parts.store.scan({ prefix: evidencePrefix(origin), limit: EVIDENCE_PER_LOG_MAX })).map(({ value }) => decode(value))
  }
}

const isOf = ({ keys }: WitnessedLog) => ({ name, keyId }: { name: string, keyId: string }): boolean => keys.some(key => key.name === name && key.keyId === keyId)

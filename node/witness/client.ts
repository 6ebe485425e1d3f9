/**
 * A log's side of witnessing: offers its newest published checkpoint to every witness that the config names, with the
 * proof that it adds to what that witness saw, and keeps the note with the cosignatures that came back. Whether enough
 * of them are there is counted, never waited for: a hit may be acted on before it is witnessed.
 */
import { SECOND, type Duration, type Instant } from '../../protocol/instant.ts'
import { openCheckpoint } from '../../protocol/log/checkpoint.ts'
import { parseTimestamped } from '../../protocol/log/cosignature.ts'
import { formatNote, parseNote, parseSignatures, signedBytes, type NoteSignature, type NoteVerifier } from '../../protocol/log/note.ts'
import { formatAddCheckpoint } from '../../protocol/log/witnessing.ts'
import type { Clock } from '../runtime/ports.ts'

export const ANSWER_WAIT_MAX: Duration = 10 * SECOND
const ANSWER_BYTES_MAX = 64 * 1024
const ROUND_DISTANCE: Duration = SECOND
/** A witness that fails is asked again at this distance, doubled with each failure up to the second. */
const RETRY_DISTANCE: readonly [Duration, Duration] = [2 * SECOND, 300 * SECOND]

export interface WitnessPeer { readonly url: string, readonly keys: readonly NoteVerifier[] }
/** `unreachable`, or the status that it answered; `forked`: it holds another tree of our log. */
export interface WitnessState { readonly name: string, readonly size: number, readonly at?: Instant, readonly failed?: string }
export interface WitnessedNote { readonly size: number, readonly note: string }

export interface WitnessClientParts {
  readonly origin: string
  readonly logKeys: readonly NoteVerifier[]
  readonly witnesses: readonly WitnessPeer[]
  readonly quorum: number
  readonly clock: Clock
  /** The newest published checkpoint. */
  published (): Promise<WitnessedNote | undefined>
  prove (from: number, to: number): Promise<Uint8Array[]>
  /** A witness says something about our log that cannot be: people have to look. */
  alarmed (witness: string, why: string): void
}

interface Peer extends WitnessPeer { readonly name: string, size: number, at?: Instant, failed?: string, failures: number, retryAt: Instant }

export class WitnessClient {
  readonly #parts: WitnessClientParts
  readonly #peers: Peer[]
  readonly #cosignatures = new Map<number, { readonly text: string, readonly own: readonly NoteSignature[], readonly by: Map<string, NoteSignature[]> }>()
  #best: WitnessedNote | undefined
  #cancel: () => void = () => {}
  #round: Promise<void> = Promise.resolve()
  #ended = false

  constructor (parts: WitnessClientParts) {
    this.#parts = parts
    this.#peers = parts.witnesses.map(witness => ({ ...witness, name: witness.keys[0]!.name, size: 0, failures: 0, retryAt: 0 }))
  }

  start (): void {
    const next = (): void => {
      this.#round = this.round().catch(() => {}).finally(() => { if (!this.#ended) this.#cancel = this.#parts.clock.after(ROUND_DISTANCE, next) })
    }
    next()
  }

  async stop (): Promise<void> {
    this.#ended = true
    this.#cancel()
    await this.#round
  }

  /** The newest note with cosignatures of at least `quorum` witnesses. */
  witnessed (): WitnessedNote | undefined { return this.#best }
  states (): WitnessState[] {
    return this.#peers.map(({ name, size, at, failed }) => ({ name, size, ...(at !== undefined && { at }), ...(failed !== undefined && { failed }) }))
  }

  /** One offer to each witness that lacks the newest checkpoint. */
  async round (): Promise<void> {
    const published = await this.#parts.published()
    if (published === undefined) return
    const now = this.#parts.clock.now()
    await Promise.all(this.#peers.filter(peer => (peer.size < published.size || this.#lacks(peer, published.size)) && peer.retryAt <= now).map(peer => this.#offer(peer, published)))
  }

  #lacks (peer: Peer, size: number): boolean { return this.#cosignatures.get(size)?.by.has(peer.name) !== true }

  async #offer (peer: Peer, published: WitnessedNote): Promise<void> {
    try {
      let answer = await this.#post(peer, published)
      // It saw another size than we thought: after its, or our, restart.
      if (answer.status === 409) {
        const size = Number(answer.body.trim())
        if (!Number.isSafeInteger(size) || size < 0) return this.#fail(peer, 'malformed')
        if (size > published.size) return this.#alarm(peer, 'ahead')
        peer.size = size
        answer = await this.#post(peer, published)
      }
      if (answer.status === 200) return this.#accept(peer, published, answer.body)
      if (answer.status === 409 || answer.status === 422) return this.#alarm(peer, answer.status === 409 ? 'forked' : 'not-proven')
      this.#fail(peer, `answered ${answer.status}`)
    } catch { this.#fail(peer, 'unreachable') }
  }

  async #post (peer: Peer, { size, note }: WitnessedNote): Promise<{ status: number, body: string }> {
    const body = formatAddCheckpoint({ old: peer.size, proof: await this.#parts.prove(peer.size, size), note })
    const response = await fetch(new URL('add-checkpoint', peer.url.endsWith('/') ? peer.url : `${peer.url}/`), { method: 'POST', body, redirect: 'error', headers: { 'content-type': 'text/plain; charset=utf-8' }, signal: AbortSignal.timeout(ANSWER_WAIT_MAX) })
    return { status: response.status, body: await readBounded(response) }
  }

  #accept (peer: Peer, { size, note }: WitnessedNote, body: string): void {
    const opened = openCheckpoint(note, this.#parts.origin, this.#parts.logKeys, [])
    const lines = parseSignatures(body)
    if (!opened.ok || lines === undefined) return this.#fail(peer, 'malformed')
    const bytes = signedBytes(opened.text)
    const cosignatures = lines.filter(line => peer.keys.some(key => key.name === line.name && key.keyId === line.keyId && key.verify(bytes, line.signature)))
    // Every key that we know of it must have cosigned: a witness does not get weaker.
    if (cosignatures.length < peer.keys.length) return this.#fail(peer, 'wrong-cosignature')
    const known = this.#cosignatures.get(size) ?? { text: opened.text, own: parseNote(note)!.signatures, by: new Map<string, NoteSignature[]>() }
    known.by.set(peer.name, cosignatures)
    this.#cosignatures.set(size, known)
    Object.assign(peer, { size, at: parseTimestamped(cosignatures[0]!.signature)!.time * SECOND, failed: undefined, failures: 0, retryAt: 0 })
    if (known.by.size >= this.#parts.quorum && size >= (this.#best?.size ?? 0)) {
      const by = [...known.by].sort(([a], [b]) => a < b ? -1 : 1).flatMap(([, signatures]) => signatures)
      this.#best = { size, note: formatNote({ text: known.text, signatures: [...known.own, ...by] }) }
    }
    for (const older of [...this.#cosignatures.keys()]) if (older < size - 1 && older < (this.#best?.size ?? 0)) this.#cosignatures.delete(older)
  }

  #fail (peer: Peer, failed: string): void {
    const [first, last] = RETRY_DISTANCE
    Object.assign(peer, { failed, failures: peer.failures + 1, retryAt: this.#parts.clock.now() + Math.min(last, first * 2 ** Math.min(peer.failures, 10)) })
  }
  #alarm (peer: Peer, why: string): void {
    if (peer.failed !== why) this.#parts.alarmed(peer.name, why)
    this.#fail(peer, why)
  }
}

async function readBounded (response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.length
    if (length > ANSWER_BYTES_MAX) throw new RangeError('a witness answers shortly')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/**
 * One picture after another from a camera that answers HTTP. Every step has an end: the whole answer must come within
 * SNAPSHOT_WAIT (a trickle does not help), below FRAME_BYTES_MAX, and be a picture by its first bytes. Redirections are
 * followed on the same host only, so that user and password go nowhere else. An identical picture is told once; when
 * nothing changes for FROZEN_AFTER the camera hangs, whatever it answers.
 */
import { createHash } from 'node:crypto'
import { HOUR, SECOND, type Duration, type Instant } from '../../protocol/instant.ts'
import { FRAME_BYTES_MAX, pictureTypeOf, type Frame, type FrameSource, type SourceFault, type SourceNotes } from '../recognition/sources.ts'
import type { Clock, Entropy } from '../runtime/ports.ts'
import { answerChallenge, parseChallenge, type Credentials } from './http-digest.ts'
import { pauseFor, retryWaits } from './retry-waits.ts'

export const SNAPSHOT_WAIT: Duration = 10 * SECOND
export const FROZEN_AFTER: Duration = HOUR
const REDIRECTIONS_MAX = 3

export interface SnapshotOptions {
  /** `http://` or `https://`, without user and password. */
  readonly url: string
  readonly interval: Duration
  /** `user:password`, read anew at each picture. */
  credentials? (): string
  readonly wait?: Duration
  readonly frozenAfter?: Duration
}

class SnapshotFailed extends Error {
  readonly fault: SourceFault
  constructor (fault: SourceFault) { super(fault); this.fault = fault }
}

export class HttpSnapshots implements FrameSource {
  readonly #options: SnapshotOptions
  readonly #clock: Clock
  readonly #entropy: Entropy

  constructor (options: SnapshotOptions, clock: Clock, entropy: Entropy) {
    this.#options = options
    this.#clock = clock
    this.#entropy = entropy
  }

  async * frames (signal: AbortSignal, notes: SourceNotes): AsyncGenerator<Frame> {
    const waits = retryWaits(this.#clock, this.#entropy, signal)
    let last: { digest: string, changedAt: Instant } | undefined
    while (!signal.aborted) {
      const began = this.#clock.now()
      const taken = await this.#take(signal)
      if (signal.aborted) return
      if (typeof taken === 'string') {
        notes.fault(taken)
        await waits.next()
        continue
      }
      const digest = createHash('sha256').update(taken.picture as Uint8Array).digest('base64')
      const isNew = digest !== last?.digest
      if (isNew || last === undefined) last = { digest, changedAt: taken.receivedAt }
      if (taken.receivedAt - last.changedAt >= (this.#options.frozenAfter ?? FROZEN_AFTER)) notes.fault('frozen')
      else notes.recovered()
      waits.reset()
      if (isNew) yield taken
      // The next one is fetched when the loop comes back for it: nothing waits in line.
      await pauseFor(this.#clock, Math.max(0, began + this.#options.interval - this.#clock.now()), signal)
    }
  }

  /** A frame, or why there is none. */
  async #take (signal: AbortSignal): Promise<Frame | SourceFault> {
    const ending = new AbortController()
    let isLate = false
    const cancel = this.#clock.after(this.#options.wait ?? SNAPSHOT_WAIT, () => { isLate = true; ending.abort() })
    try {
      return await this.#fetch(AbortSignal.any([signal, ending.signal]))
    } catch (error) {
      if (error instanceof SnapshotFailed) return error.fault
      return isLate ? 'timed-out' : 'unreachable'
    } finally { cancel() }
  }

  async #fetch (signal: AbortSignal): Promise<Frame> {
    const response = await this.#open(signal)
    const fault = faultOfStatus(response.status)
    if (fault !== undefined) {
      await response.body?.cancel()
      throw new SnapshotFailed(fault)
    }
    const picture = await readBounded(response)
    if (picture.length === 0) throw new SnapshotFailed('empty')
    if (pictureTypeOf(picture) === undefined) throw new SnapshotFailed('not-a-picture')
    const deviceAt = Date.parse(response.headers.get('date') ?? '')
    return { picture, receivedAt: this.#clock.now(), ...(Number.isFinite(deviceAt) && { deviceAt }) }
  }

  /** The answer after redirections and, when the camera asks for it, with user and password. */
  async #open (signal: AbortSignal): Promise<Response> {
    const credentials = this.#credentials()
    let url = new URL(this.#options.url)
    let authorization: string | undefined
    for (let step = 0; step <= REDIRECTIONS_MAX; step++) {
      const response = await fetch(url, { redirect: 'manual', signal, headers: { accept: 'image/jpeg, image/png, image/webp', ...(authorization !== undefined && { authorization }) } })
      const next = response.status >= 300 && response.status < 400 ? response.headers.get('location') : null
      if (next !== null) {
        await response.body?.cancel()
        url = redirected(url, next)
        authorization = undefined
        continue
      }
      const asked = response.status === 401 && authorization === undefined ? response.headers.get('www-authenticate') : null
      if (asked === null || credentials === undefined) return response
      authorization = this.#answer(asked, credentials, url)
      if (authorization === undefined) return response
      await response.body?.cancel()
      step--
    }
    throw new SnapshotFailed('redirected')
  }

  #answer (challenge: string, credentials: Credentials, url: URL): string | undefined {
    const digest = parseChallenge(challenge)
    if (digest !== undefined) return answerChallenge(digest, credentials, 'GET', url.pathname + url.search, Buffer.from(this.#entropy.bytes(16)).toString('hex'))
    return /\bBasic\b/i.test(challenge) ? `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64')}` : undefined
  }

  #credentials (): Credentials | undefined {
    if (this.#options.credentials === undefined) return undefined
    try {
      const text = this.#options.credentials()
      const colon = text.indexOf(':')
      return colon < 0 ? { user: text, password: '' } : { user: text.slice(0, colon), password: text.slice(colon + 1) }
    } catch { throw new SnapshotFailed('no-credentials') }
  }
}

/** Only to the same host, and never from https to http. */
function redirected (from: URL, location: string): URL {
  const to = URL.parse(location, from.href)
  const isSafe = to !== null && to.hostname === from.hostname && (to.protocol === 'https:' || to.protocol === from.protocol) && to.username === '' && to.password === ''
  if (!isSafe) throw new SnapshotFailed('redirected')
  return to
}

function faultOfStatus (status: number): SourceFault | undefined {
  if (status === 200) return undefined
  if (status === 401 || status === 403) return 'not-authorised'
  return status === 404 || status === 410 ? 'not-found' : 'bad-answer'
}

async function readBounded (response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > FRAME_BYTES_MAX) throw new SnapshotFailed('too-large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

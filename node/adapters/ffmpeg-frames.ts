/**
 * Gray frames from video, by a child process of ffmpeg: RTSP and HTTP streams, and files. A hung, dying or babbling ffmpeg
 * costs a reconnect and nothing else: it is killed, waited for, and started again after a growing, jittered wait.
 * Invariants: arguments are a list, never a shell's line; only the protocols of the address's own kind are let in; what
 * ffmpeg says on its error output may hold the password and is neither logged nor kept, only sorted into a fault.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { MINUTE, SECOND, type Duration, type Instant } from '../../protocol/instant.ts'
import type { GrayImage } from '../recognition/image.ts'
import { NewestFrame, type Frame, type FrameSource, type SourceFault, type SourceNotes } from '../recognition/sources.ts'
import type { Clock, Entropy } from '../runtime/ports.ts'
import { retryWaits } from './retry-waits.ts'
import { Garbage, readGrayVideo } from './gray-video.ts'

/** Wider video is made narrower: a plate of 60 px in 4K has 30 left, and memory stays bounded. */
export const VIDEO_WIDTH_MAX = 1920
const ERROR_TEXT_MAX = 8192
/** Connecting and the first key frame may take their time. */
export const FIRST_FRAME_WAIT: Duration = 30 * SECOND
export const NEXT_FRAME_WAIT: Duration = 15 * SECOND
const NO_FFMPEG_WAIT: Duration = MINUTE

export interface FfmpegOptions {
  /** `rtsp://`, `rtsps://`, `http://`, `https://` without user and password, or the absolute path of a file. */
  readonly input: string
  readonly fps: number
  readonly width?: number
  /** `user:password`, read anew at each start. */
  credentials? (): string
  /** The program; a test puts its own here. */
  readonly command?: readonly string[]
  readonly firstFrameWait?: Duration
  readonly nextFrameWait?: Duration
}

const PROTOCOLS: { readonly [scheme: string]: string } = {
  'rtsp:': 'rtsp,rtp,udp,tcp', 'rtsps:': 'rtsp,rtsps,rtp,srtp,tcp,tls,udp', 'http:': 'http,tcp', 'https:': 'https,http,tls,tcp', 'file:': 'file'
}
const schemeOf = (input: string): string => input.startsWith('/') ? 'file:' : new URL(input).protocol

/** What ffmpeg is started with; `pace`: a file goes at the speed at which it was filmed. */
export function argumentsOf ({ input, fps, width = VIDEO_WIDTH_MAX }: FfmpegOptions, address: string, pace: boolean): string[] {
  const scheme = schemeOf(input)
  return [
    '-nostdin', '-hide_banner', '-loglevel', 'error', '-protocol_whitelist', PROTOCOLS[scheme]!,
    ...(scheme.startsWith('rtsp') ? ['-rtsp_transport', 'tcp'] : []), ...(scheme === 'file:' && pace ? ['-re'] : []),
    '-i', scheme === 'file:' ? `file:${address}` : address, '-an', '-sn', '-dn',
    '-vf', `fps=${fps},scale=w=min(${width}\\,iw):h=-2:flags=area,format=gray`, '-f', 'yuv4mpegpipe', 'pipe:1'
  ]
}

/** Throws RangeError when the scheme is not one of those allowed. */
function addressOf (options: FfmpegOptions): string {
  if (PROTOCOLS[schemeOf(options.input)] === undefined) throw new RangeError('video comes by rtsp, rtsps, http, https or from a file')
  const credentials = schemeOf(options.input) === 'file:' ? undefined : options.credentials?.()
  if (credentials === undefined) return options.input
  const url = new URL(options.input)
  const colon = credentials.indexOf(':')
  url.username = encodeURIComponent(colon < 0 ? credentials : credentials.slice(0, colon))
  url.password = encodeURIComponent(colon < 0 ? '' : credentials.slice(colon + 1))
  return url.href
}

/** Why a run of ffmpeg ended. */
class RunEnded extends Error {
  readonly fault: SourceFault
  constructor (fault: SourceFault) { super(fault); this.fault = fault }
}

/**
 * The frames of one video, from its beginning to its end, none left out: `at` is ms from its beginning by the frame rate
 * for a file, and the time of arrival for a stream. Throws an Error whose `fault` says why when there is no video, or when
 * it breaks off.
 */
export async function * frames (input: string, options: { fps: number, width?: number, signal?: AbortSignal, clock: Clock, credentials?: () => string }): AsyncGenerator<GrayImage & { readonly at: Instant }> {
  const isFile = schemeOf(input) === 'file:'
  let number = 0
  const run = runOnce({ input, fps: options.fps, ...(options.width !== undefined && { width: options.width }), ...(options.credentials !== undefined && { credentials: options.credentials }) }, options.clock, false, options.signal ?? new AbortController().signal)
  for await (const image of run) yield { ...image, at: isFile ? Math.round(number++ * 1000 / options.fps) : options.clock.now() }
}

/** A camera whose frames ffmpeg fetches. */
export class FfmpegFrames implements FrameSource {
  readonly #options: FfmpegOptions
  readonly #clock: Clock
  readonly #entropy: Entropy

  constructor (options: FfmpegOptions, clock: Clock, entropy: Entropy) {
    this.#options = options
    this.#clock = clock
    this.#entropy = entropy
  }

  async * frames (signal: AbortSignal, notes: SourceNotes): AsyncGenerator<Frame> {
    const newest = new NewestFrame(count => notes.dropped(count))
    const leaving = new AbortController()
    const pumping = this.#pump(newest, AbortSignal.any([signal, leaving.signal]), notes)
    try { yield * newest } finally {
      leaving.abort()
      await pumping
    }
  }

  /** Runs ffmpeg again and again; a run that gave frames begins the waits anew. */
  async #pump (newest: NewestFrame, signal: AbortSignal, notes: SourceNotes): Promise<void> {
    const waits = retryWaits(this.#clock, this.#entropy, signal)
    while (!signal.aborted) {
      let fault: SourceFault = 'ended'
      try {
        for await (const picture of runOnce(this.#options, this.#clock, true, signal)) {
          waits.reset()
          notes.recovered()
          newest.put({ picture, receivedAt: this.#clock.now() })
        }
      } catch (error) { fault = error instanceof RunEnded ? error.fault : 'garbage' }
      if (signal.aborted) break
      notes.fault(fault)
      await (fault === 'no-ffmpeg' ? waits.wait(NO_FFMPEG_WAIT) : waits.next())
    }
    newest.end()
  }
}

type Child = ChildProcessByStdio<null, Readable, Readable>

/** One run of ffmpeg. Returns at the end of the video; throws RunEnded for every other end. Its process is gone then. */
async function * runOnce (options: FfmpegOptions, clock: Clock, pace: boolean, signal: AbortSignal): AsyncGenerator<GrayImage> {
  let address: string
  try { address = addressOf(options) } catch (error) { throw error instanceof RangeError ? error : new RunEnded('no-credentials') }
  const [program, ...before] = options.command ?? ['ffmpeg']
  const child: Child = spawn(program!, [...before, ...argumentsOf(options, address, pace)], { stdio: ['ignore', 'pipe', 'pipe'], shell: false })
  const ended = new Promise<number | undefined>(resolve => {
    child.once('error', () => resolve(undefined))
    child.once('close', code => resolve(code ?? -1))
  })
  const kill = (): void => { child.kill('SIGKILL') }
  signal.addEventListener('abort', kill, { once: true })
  const errorText = collectText(child.stderr)
  const watchdog = new Watchdog(clock, kill)
  let count = 0
  try {
    watchdog.expect(options.firstFrameWait ?? FIRST_FRAME_WAIT)
    for await (const image of readGrayVideo(child.stdout)) {
      count++
      watchdog.stop()
      yield image
      watchdog.expect(options.nextFrameWait ?? NEXT_FRAME_WAIT)
    }
    const code = await ended
    if (signal.aborted) return
    if (code === undefined) throw new RunEnded('no-ffmpeg')
    if (watchdog.hasBitten) throw new RunEnded(count === 0 ? 'timed-out' : 'hung')
    if (code !== 0 || count === 0) throw new RunEnded(faultOf(errorText()))
  } catch (error) {
    throw error instanceof Garbage ? new RunEnded('garbage') : error
  } finally {
    watchdog.stop()
    signal.removeEventListener('abort', kill)
    kill()
    // What is left unread would keep it from ending.
    child.stdout.destroy()
    child.stderr.destroy()
    await ended
  }
}

class Watchdog {
  readonly #clock: Clock
  readonly #bite: () => void
  #cancel: (() => void) | undefined
  hasBitten = false

  constructor (clock: Clock, bite: () => void) {
    this.#clock = clock
    this.#bite = bite
  }

  expect (wait: Duration): void {
    this.stop()
    this.#cancel = this.#clock.after(wait, () => { this.hasBitten = true; this.#bite() })
  }

  stop (): void {
    this.#cancel?.()
    this.#cancel = undefined
  }
}

/** The last of what it says; read all the time, so that nobody waits on a full pipe. */
function collectText (stream: Readable): () => string {
  let text = ''
  stream.setEncoding('latin1').on('data', (chunk: string) => { text = (text + chunk).slice(-ERROR_TEXT_MAX) }).on('error', () => {})
  return () => text
}

const FAULTS: readonly (readonly [RegExp, SourceFault])[] = [
  [/invalid data|could not find codec|moov atom|does not contain any stream|no decoder|not whitelisted/i, 'garbage'],
  [/\b401\b|unauthori[sz]ed|\b403\b|forbidden/i, 'not-authorised'],
  [/\b404\b|not found|no such file/i, 'not-found'],
  [/refused|unreachable|no route|failed to resolve|name or service|temporary failure|network is down/i, 'unreachable'],
  [/timed? ?out/i, 'timed-out'],
  [/\b[45]\d\d\b/, 'bad-answer']
]
const faultOf = (text: string): SourceFault => FAULTS.find(([pattern]) => pattern.test(text))?.[1] ?? 'ended'

/** Whether there is an ffmpeg to run, and its version; undefined when there is none. */
export async function ffmpegVersion (command = 'ffmpeg'): Promise<string | undefined> {
  const child = spawn(command, ['-version'], { stdio: ['ignore', 'pipe', 'ignore'] })
  let text = ''
  child.stdout.setEncoding('latin1').on('data', (chunk: string) => { text = (text + chunk).slice(0, ERROR_TEXT_MAX) })
  try { await once(child, 'close') } catch { return undefined }
  return /^ffmpeg version (\S+)/.exec(text)?.[1]
}

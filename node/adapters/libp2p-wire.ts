/**
 * One libp2p stream as one Link: whole frames, once and in order, with back-pressure both ways.
 *
 *     frame   = unsigned varint (length of the bytes) ‖ bytes
 *     welcome = a frame of length 0, the first thing that the accepting node says
 *
 * A link counts as open at its initiator when the welcome came: dialling a peer that refuses us succeeds at first, so an
 * open stream alone proves nothing. Any other empty frame is malformed. What is read here comes from a peer that is
 * known but may misbehave; it costs at most one frame, READ_AHEAD_BYTES and one yamux window of memory for each stream.
 *
 * libp2p's own stream iterator does not hold back the sender and its onDrain answers only once, so neither is used.
 */
import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'
import { decode, encode } from 'it-length-prefixed'
import { pipe } from 'it-pipe'
import { pEvent } from 'p-event'
import type { NodeId } from '../../protocol/identifiers.ts'
import { SECOND } from '../../protocol/instant.ts'
import { FRAME_BYTES_MAX } from '../../protocol/limits.ts'
import type { StreamClass } from '../../protocol/messages/vocabulary.ts'
import type { Link } from '../runtime/ports.ts'

/** Longest frame on the wire, bytes: the limit of a parcel and room for its header. */
export const WIRE_FRAME_BYTES_MAX = FRAME_BYTES_MAX + 4 * 1024
/** Bytes taken from a stream and not yet asked for, before it is paused. */
export const READ_AHEAD_BYTES = 256 * 1024
/** Frames that wait together are written together, up to about this many bytes. */
export const WRITE_BATCH_BYTES = 256 * 1024
/** Length prefix of WIRE_FRAME_BYTES_MAX, bytes. */
export const LENGTH_BYTES_MAX = 3
/** How long a closed stream may take to say goodbye before it is reset. */
const GOODBYE_WAIT = SECOND

/** `link-closed`: nothing was sent, or it is not known. `frame-too-large`, `frame-empty`: the caller's mistake; the link goes on. */
export type TransportErrorCode = 'address-in-use' | 'listen-failed' | 'unreachable' | 'link-closed' | 'frame-too-large' | 'frame-empty'
export class TransportError extends Error {
  readonly code: TransportErrorCode
  constructor (code: TransportErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options)
    this.name = 'TransportError'
    this.code = code
  }
}

/** Why a link ended, as `linkClosed` tells it; `close(reason)` adds the caller's own words. */
export type LinkEnd =
  /** The peer ended it in good order. */
  | 'closed-by-peer'
  | 'reset-by-peer'
  /** The connection below it is gone. */
  | 'connection-lost'
  /** A length above WIRE_FRAME_BYTES_MAX. */
  | 'frame-too-large'
  /** No length, or an empty frame. */
  | 'malformed-frame'
  /** The peer wrote past the window that it was given. */
  | 'flooded'
  /** The peer opened a newer link of the same class. */
  | 'replaced'
  /** The peer is not on the allow-list any more. */
  | 'not-allowed'
  | 'timed-out'
  | 'stopped'
  /** `frameReceived` threw or rejected. */
  | 'receiver-failed'
  | 'closed-here'

class LinkFault extends Error {
  readonly end: LinkEnd
  constructor (end: LinkEnd, cause?: unknown) { super(end, { cause }); this.end = end }
}

type Chunk = StreamMessageEvent['data']

/** The stream's bytes as they are asked for: reading ahead stops at READ_AHEAD_BYTES, and the yamux window then holds the peer. */
export async function * incoming (stream: Stream): AsyncGenerator<Chunk> {
  const chunks: Chunk[] = []
  let bytes = 0; let gone = stream.status !== 'open'
  let wake = (): void => {}
  // Deferred: a pause from within the delivery that resume() makes would be undone by that same resume().
  const pauseWhenFull = (): void => { if (bytes >= READ_AHEAD_BYTES && stream.readStatus === 'readable') stream.pause() }
  const onMessage = (event: StreamMessageEvent): void => {
    chunks.push(event.data)
    bytes += event.data.byteLength
    if (bytes >= READ_AHEAD_BYTES) queueMicrotask(pauseWhenFull)
    wake()
  }
  const onEnd = (): void => wake()
  const onClose = (): void => { gone = true; wake() }
  stream.addEventListener('message', onMessage)
  stream.addEventListener('remoteCloseWrite', onEnd)
  stream.addEventListener('close', onClose)
  try {
    for (;;) {
      for (let chunk = chunks.shift(); chunk !== undefined; chunk = chunks.shift()) {
        bytes -= chunk.byteLength
        yield chunk
      }
      if (gone) return
      if (stream.readStatus === 'paused') stream.resume() // delivers at once what the stream had kept
      if (chunks.length > 0) continue
      if (stream.remoteWriteStatus !== 'writable' && stream.readBufferLength === 0) return
      await new Promise<void>(resolve => { wake = resolve })
    }
  } finally {
    stream.removeEventListener('message', onMessage)
    stream.removeEventListener('remoteCloseWrite', onEnd)
    stream.removeEventListener('close', onClose)
  }
}

/** Writes each batch and takes the next one only when the stream has let go of all the bytes before. */
export const outgoing = (stream: Stream) => async (batches: AsyncIterable<Uint8Array>): Promise<void> => {
  for await (const batch of batches) {
    let flowing = stream.send(batch)
    while (!flowing) {
      if (stream.writeStatus !== 'writable') throw new LinkFault('connection-lost')
      // One drain may stand for a small piece of window: the buffer itself says whether more is welcome.
      await pEvent(stream, 'drain', { rejectionEvents: ['close'] })
      flowing = stream.writeBufferLength === 0
    }
  }
}

async function * frames (chunks: AsyncIterable<Chunk>): AsyncGenerator<Uint8Array> {
  // A copy of each frame, so that a short one does not keep the whole chunk alive that it arrived in.
  for await (const frame of decode(chunks, { maxDataLength: WIRE_FRAME_BYTES_MAX, maxLengthLength: LENGTH_BYTES_MAX })) yield frame.slice()
}

interface Waiting { readonly frame: Uint8Array, readonly resolve: () => void, readonly reject: (cause: Error) => void }

/** Frames on their way out. Each promise settles when the batch with its frame was let go of, or when the queue ends. */
export class FrameQueue implements AsyncIterable<Uint8Array> {
  #waiting: Waiting[] = []
  #handing: Waiting[] = []
  #ended: Error | undefined
  #wake = (): void => {}

  push (frame: Uint8Array): Promise<void> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ frame, resolve, reject })
      this.#wake()
    })
  }

  end (cause: Error): void {
    if (this.#ended !== undefined) return
    this.#ended = cause
    for (const waiting of [...this.#handing, ...this.#waiting]) waiting.reject(cause)
    this.#handing = []
    this.#waiting = []
    this.#wake()
  }

  async * [Symbol.asyncIterator] (): AsyncGenerator<Uint8Array> {
    for (;;) {
      while (this.#waiting.length === 0) {
        if (this.#ended !== undefined) return
        await new Promise<void>(resolve => { this.#wake = resolve })
      }
      yield this.#nextBatch()
      for (const handed of this.#handing) handed.resolve()
      this.#handing = []
    }
  }

  /** One buffer for all: a write for every small frame would cost an encryption and a system call each. */
  #nextBatch (): Uint8Array {
    let count = 0
    for (let bytes = 0; count < this.#waiting.length && bytes < WRITE_BATCH_BYTES; count++) bytes += this.#waiting[count]!.frame.length
    this.#handing = this.#waiting.splice(0, count)
    return Buffer.concat([...encode(this.#handing.map(({ frame }) => frame), { maxDataLength: WIRE_FRAME_BYTES_MAX })])
  }
}

/** What its transport is told of a link. `ended` comes once, after `opened`, and never from within a call of the caller. */
export interface LinkWatch {
  opened (link: StreamLink): void
  received (link: StreamLink, frame: Uint8Array): Promise<void> | void
  ended (link: StreamLink, reason: string): void
}

export interface LinkAbout { readonly id: string, readonly peer: NodeId, readonly streamClass: StreamClass, readonly initiator: boolean }

export class StreamLink implements Link {
  readonly id: string
  readonly peer: NodeId
  readonly streamClass: StreamClass
  readonly initiator: boolean
  /** True once the link is open; false when it ended before it was. */
  readonly whenOpen: Promise<boolean>
  #state: 'opening' | 'open' | 'ended' = 'opening'
  #answerOpen = (_open: boolean): void => {}
  readonly #queue = new FrameQueue()
  readonly #stream: Stream
  readonly #watch: LinkWatch

  constructor (stream: Stream, about: LinkAbout, watch: LinkWatch) {
    this.id = about.id
    this.peer = about.peer
    this.streamClass = about.streamClass
    this.initiator = about.initiator
    this.#stream = stream
    this.#watch = watch
    this.whenOpen = new Promise(resolve => { this.#answerOpen = resolve })
  }

  /** Begins to read and write. */
  run (): void {
    const stream = this.#stream
    if (this.#state === 'ended') return
    stream.addEventListener('close', event => this.#end(endOfStream(event)))
    if (!this.initiator) {
      this.#queue.push(new Uint8Array(0)).catch(() => {})
      this.#open()
    }
    pipe(this.#queue, outgoing(stream)).catch(() => this.#end('connection-lost'))
    pipe(incoming(stream), frames, frames => this.#receive(frames)).then(() => this.#end('closed-by-peer'), error => this.#end(endOfFault(error)))
  }

  send (frame: Uint8Array): Promise<void> {
    if (frame.length > WIRE_FRAME_BYTES_MAX) return Promise.reject(new TransportError('frame-too-large', `a frame has at most ${WIRE_FRAME_BYTES_MAX} bytes`))
    if (frame.length === 0) return Promise.reject(new TransportError('frame-empty', 'a frame has at least one byte'))
    return this.#queue.push(frame)
  }

  close (reason: string = 'closed-here'): void { this.#end(reason) }

  #open (): void {
    this.#state = 'open'
    this.#watch.opened(this)
    this.#answerOpen(true)
  }

  async #receive (frames: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const frame of frames) {
      if (this.#state === 'ended') return
      if ((frame.length === 0) !== (this.#state === 'opening')) throw new LinkFault('malformed-frame')
      if (this.#state === 'opening') this.#open()
      else await this.#hand(frame)
    }
  }

  async #hand (frame: Uint8Array): Promise<void> {
    try { await this.#watch.received(this, frame) } catch (cause) { throw new LinkFault('receiver-failed', cause) }
  }

  #end (reason: string): void {
    if (this.#state === 'ended') return
    const wasOpen = this.#state === 'open'
    this.#state = 'ended'
    this.#queue.end(new TransportError('link-closed', `the link is closed: ${reason}`))
    this.#answerOpen(false)
    void sayGoodbye(this.#stream)
    if (wasOpen) queueMicrotask(() => this.#watch.ended(this, reason))
  }
}

function endOfStream (event: StreamCloseEvent): LinkEnd {
  if (event.error?.name === 'StreamResetError') return 'reset-by-peer'
  return event.error?.name === 'StreamBufferError' ? 'flooded' : 'connection-lost'
}

function endOfFault (error: unknown): LinkEnd {
  if (error instanceof LinkFault) return error.end
  switch ((error as Error).name) {
    case 'InvalidDataLengthError': return 'frame-too-large'
    case 'InvalidDataLengthLengthError': case 'InvalidMessageLengthError': return 'malformed-frame'
    case 'UnexpectedEOFError': return 'closed-by-peer'
    default: return 'receiver-failed'
  }
}

/** Ends our side after what was handed on, drops what still comes, and resets the stream if the peer does not end its side too. */
export async function sayGoodbye (stream: Stream): Promise<void> {
  const signal = AbortSignal.timeout(GOODBYE_WAIT)
  try {
    await stream.closeRead({ signal })
    await stream.close({ signal })
    if (stream.status === 'open') await pEvent(stream, 'close', { signal })
  } catch { /* the reset below is the answer to a peer that does not let go */ } finally {
    stream.abort(new LinkFault('closed-here'))
  }
}

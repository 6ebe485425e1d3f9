/**
 * One libp2p stream as one conversation about statements: whole frames, in order, and an end in any case. It shares the
 * connection with the links, and the framing: unsigned varint (length) ‖ bytes. What is read here comes from a peer that
 * is known but may misbehave; it costs at most one frame and READ_AHEAD_BYTES of memory.
 */
import type { Stream } from '@libp2p/interface'
import { decode, encode } from 'it-length-prefixed'
import type { NodeId } from '../../protocol/identifiers.ts'
import { SECOND, type Duration } from '../../protocol/instant.ts'
import type { Conversation } from '../runtime/trust-exchange.ts'
import { LENGTH_BYTES_MAX, WIRE_FRAME_BYTES_MAX, incoming, outgoing, sayGoodbye } from './libp2p-wire.ts'

/** A conversation that has not ended by then is ended: sixteen mebibytes each way over a bad line. */
export const CONVERSATION_WAIT: Duration = 60 * SECOND

export class StreamConversation implements Conversation {
  readonly peer: NodeId
  readonly #stream: Stream
  readonly #frames: AsyncGenerator<Uint8Array>
  readonly #timer: ReturnType<typeof setTimeout>

  constructor (stream: Stream, peer: NodeId) {
    this.peer = peer
    this.#stream = stream
    this.#frames = framesOf(stream)
    this.#timer = setTimeout(() => stream.abort(new Error('timed-out')), CONVERSATION_WAIT)
  }

  async send (frame: Uint8Array): Promise<void> {
    await outgoing(this.#stream)((async function * () { yield Buffer.concat([...encode([frame], { maxDataLength: WIRE_FRAME_BYTES_MAX })]) })())
  }

  /** Undefined at the end of the stream, in good order or not. */
  async receive (): Promise<Uint8Array | undefined> {
    try {
      const { done, value } = await this.#frames.next()
      return done === true ? undefined : value
    } catch { return undefined }
  }

  close (): void {
    clearTimeout(this.#timer)
    void sayGoodbye(this.#stream)
  }
}

async function * framesOf (stream: Stream): AsyncGenerator<Uint8Array> {
  for await (const frame of decode(incoming(stream), { maxDataLength: WIRE_FRAME_BYTES_MAX, maxLengthLength: LENGTH_BYTES_MAX })) yield frame.slice()
}

/**
 * Gray video as ffmpeg writes it (YUV4MPEG2): its header tells the size of frames, and the marker before each frame tells
 * garbage from pictures. Invariant: nothing is allocated that the header did not allow within FRAME_PIXELS_MAX.
 *
 *   "YUV4MPEG2 W640 H360 F5:1 Ip A1:1 Cmono" LF, then for each frame "FRAME" LF ‖ width × height bytes
 */
import type { Readable } from 'node:stream'
import type { GrayImage } from '../recognition/image.ts'

export const FRAME_PIXELS_MAX = 1920 * 1920
const LINE_BYTES_MAX = 256

export class Garbage extends Error {}

/** Hostile or broken bytes are first touched here. Throws Garbage at the first byte that does not belong there. */
export async function * readGrayVideo (stream: Readable): AsyncGenerator<GrayImage> {
  const bytes = new ByteReader(stream)
  const header = await bytes.line(LINE_BYTES_MAX)
  if (header === undefined) return
  const [, width, height] = /^YUV4MPEG2 W(\d{1,5}) H(\d{1,5}) .*\bCmono\b/.exec(header)?.map(Number) ?? []
  if (width === undefined || height === undefined || width * height === 0 || width * height > FRAME_PIXELS_MAX) throw new Garbage()
  for (;;) {
    const marker = await bytes.line(LINE_BYTES_MAX)
    if (marker === undefined) return
    if (!/^FRAME(?: |$)/.test(marker)) throw new Garbage()
    const data = await bytes.exactly(width * height)
    // Cut off in the middle of a picture: whoever ended it says why.
    if (data === undefined) return
    yield { width, height, data }
  }
}

/** Takes bytes from a stream in the pieces that a format asks for; the stream waits while nobody asks. */
class ByteReader {
  readonly #chunks: AsyncIterator<Buffer>
  #held: Buffer = Buffer.alloc(0)

  constructor (stream: Readable) { this.#chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer> }

  async #more (): Promise<boolean> {
    const { done, value } = await this.#chunks.next()
    if (done === true) return false
    this.#held = this.#held.length === 0 ? value : Buffer.concat([this.#held, value])
    return true
  }

  /** Without its line feed; undefined at the end of the stream. */
  async line (bytesMax: number): Promise<string | undefined> {
    for (;;) {
      const end = this.#held.indexOf(10)
      if (end > bytesMax || (end < 0 && this.#held.length > bytesMax)) throw new Garbage()
      if (end >= 0) {
        const line = this.#held.toString('latin1', 0, end)
        this.#held = this.#held.subarray(end + 1)
        return line
      }
      if (!await this.#more()) return undefined
    }
  }

  async exactly (count: number): Promise<Uint8Array | undefined> {
    const bytes = new Uint8Array(count)
    let filled = 0
    while (filled < count) {
      const part = this.#held.subarray(0, count - filled)
      bytes.set(part, filled)
      filled += part.length
      this.#held = this.#held.subarray(part.length)
      if (filled < count && !await this.#more()) return undefined
    }
    return bytes
  }
}

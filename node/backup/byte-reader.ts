/** Reads a stream of pieces of any size by exact numbers of bytes, or by lines. */
export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>
  #held: Buffer = Buffer.alloc(0)

  constructor (source: AsyncIterable<Uint8Array>) { this.#source = source[Symbol.asyncIterator]() }

  /** Undefined when the stream ends before. */
  async exactly (length: number): Promise<Buffer | undefined> {
    if (this.#held.length >= length) {
      const bytes = this.#held.subarray(0, length)
      this.#held = this.#held.subarray(length)
      return bytes
    }
    const pieces = [this.#held]
    let size = this.#held.length
    while (size < length) {
      const { value, done } = await this.#source.next()
      if (done === true) { this.#held = Buffer.concat(pieces); return undefined }
      pieces.push(Buffer.from(value.buffer, value.byteOffset, value.length))
      size += value.length
    }
    const joined = Buffer.concat(pieces)
    this.#held = joined.subarray(length)
    return joined.subarray(0, length)
  }

  /** Without its end; undefined when there is none within `lengthMax` bytes. */
  async line (lengthMax: number): Promise<string | undefined> {
    for (;;) {
      const end = this.#held.indexOf(0x0a)
      if (end > lengthMax || (end < 0 && this.#held.length > lengthMax)) return undefined
      if (end >= 0) {
        const line = this.#held.toString('utf8', 0, end)
        this.#held = this.#held.subarray(end + 1)
        return line
      }
      const { value, done } = await this.#source.next()
      if (done === true) return undefined
      this.#held = Buffer.concat([this.#held, value])
    }
  }

  async isAtEnd (): Promise<boolean> {
    while (this.#held.length === 0) {
      const { value, done } = await this.#source.next()
      if (done === true) return true
      this.#held = Buffer.from(value)
    }
    return false
  }

  /** What was not read yet. */
  async * rest (): AsyncGenerator<Uint8Array> {
    if (this.#held.length > 0) yield this.#held
    this.#held = Buffer.alloc(0)
    for (let next = await this.#source.next(); next.done !== true; next = await this.#source.next()) yield next.value
  }

  /** Lets the source close what it holds. */
  async close (): Promise<void> { await this.#source.return?.() }
}

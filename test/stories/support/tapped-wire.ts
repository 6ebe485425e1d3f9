/** Somebody on the path between two nodes: hears every byte, may change some, may cut the wire; knows no key. */
import { connect, createServer, type Server, type Socket } from 'node:net'

export class TappedWire {
  readonly address: string
  /** Everything that passed, both ways, in order. */
  readonly heard: Buffer[] = []
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  /** Chunks left until one has a bit flipped; 0 when none is to be. */
  #flipIn = 0

  private constructor (server: Server, port: number) {
    this.#server = server
    this.address = `/ip4/127.0.0.1/tcp/${port}`
  }

  static async between (targetPort: number): Promise<TappedWire> {
    const server = createServer()
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const wire = new TappedWire(server, (server.address() as { port: number }).port)
    server.on('connection', near => wire.#join(near, connect(targetPort, '127.0.0.1')))
    return wire
  }

  #join (near: Socket, far: Socket): void {
    for (const [from, to] of [[near, far], [far, near]] as const) {
      this.#sockets.add(from)
      from.on('data', chunk => {
        this.heard.push(Buffer.from(chunk))
        if (this.#flipIn > 0 && --this.#flipIn === 0) chunk[chunk.length >> 1]! ^= 1
        to.write(chunk)
      })
      from.on('error', () => {})
      from.on('close', () => { this.#sockets.delete(from); to.destroy() })
    }
  }

  get bytes (): Buffer { return Buffer.concat(this.heard) }
  /** One bit of the chunk after so many is another one. */
  flipAfter (chunks: number): void { this.#flipIn = chunks + 1 }
  /** It has happened. */
  get isFlipped (): boolean { return this.#flipIn === 0 }
  cut (): void { for (const socket of this.#sockets) socket.destroy() }

  async close (): Promise<void> {
    this.cut()
    await new Promise(resolve => this.#server.close(resolve))
  }
}

/** Which of these words stand in the bytes, as they are, in either case, or in base64 at any alignment. */
export function wordsIn (bytes: Buffer, words: readonly string[]): string[] {
  const text = bytes.toString('latin1')
  return words.filter(word => [word, word.toLowerCase(), ...base64Cores(word)].some(form => text.includes(form)))
}

/** What is left of a word's base64 whatever stands before and after it. */
const base64Cores = (word: string): string[] => [0, 1, 2].map(before => {
  const whole = Buffer.concat([Buffer.alloc(before), Buffer.from(word)])
  return whole.subarray(0, whole.length - whole.length % 3).toString('base64').slice(before === 0 ? 0 : 4)
}).filter(core => core.length >= 4)

/** Two nodes' trust lists in folders of their own, and a line between them on which the test sees and changes every frame. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createMemoryKeyRing } from '../../keys/memory-key-ring.ts'
import type { TrustPins } from '../../keys/trust-list.ts'
import { TrustKeeper } from '../../node/trust-keeper.ts'
import { addStatements, changePins } from '../../node/trust-files.ts'
import type { Clock } from '../../node/runtime/ports.ts'
import type { Conversation, TrustChannel } from '../../node/runtime/trust-exchange.ts'
import type { NodeId } from '../../protocol/identifiers.ts'
import type { PrivateKey } from '../../keys/private-key.ts'

/** Time that only the test moves. */
export class SetClock implements Clock {
  at: number
  readonly #waiting: { readonly at: number, readonly run: () => void }[] = []
  constructor (at: number) { this.at = at }
  now (): number { return this.at }
  after (wait: number, run: () => void): () => void {
    const entry = { at: this.at + wait, run }
    this.#waiting.push(entry)
    return () => { const i = this.#waiting.indexOf(entry); if (i >= 0) this.#waiting.splice(i, 1) }
  }

  /** Runs what falls due. */
  pass (span: number): void {
    this.at += span
    for (const entry of this.#waiting.filter(({ at }) => at <= this.at)) {
      this.#waiting.splice(this.#waiting.indexOf(entry), 1)
      entry.run()
    }
  }
}

export function keeperIn (folder: string, self: NodeId, statements: readonly Uint8Array[], pins: TrustPins, clock: Clock, keys: readonly PrivateKey[] = []): TrustKeeper {
  const paths = [join(folder, self.replace('/', '-'))]
  mkdirSync(paths[0]!, { recursive: true })
  addStatements(paths[0]!, statements)
  changePins(paths, () => ({ ...(pins.federation !== undefined && { federation: pins.federation }), nations: Object.fromEntries(pins.nations), deny: [...pins.deny ?? []], allow: [] }))
  return new TrustKeeper({ self, paths, keyRing: createMemoryKeyRing(keys), clock, log: { info: () => {}, warn: () => {} } })
}

class MemoryConversation implements Conversation {
  readonly peer: NodeId
  other!: MemoryConversation
  readonly #frames: Uint8Array[] = []
  #wake = (): void => {}
  #closed = false
  constructor (peer: NodeId) { this.peer = peer }
  async send (frame: Uint8Array): Promise<void> {
    if (this.#closed || this.other.#closed) throw new Error('closed')
    this.other.#frames.push(frame)
    this.other.#wake()
  }

  async receive (): Promise<Uint8Array | undefined> {
    while (this.#frames.length === 0 && !this.#closed && !this.other.#closed) await new Promise<void>(resolve => { this.#wake = resolve })
    return this.#frames.shift()
  }

  close (): void {
    this.#closed = true
    this.#wake()
    this.other.#wake()
  }
}

/** Both ends of a line. While it is cut nobody is reachable. */
export class Line {
  isCut = false
  opened = 0
  readonly #answers = new Map<NodeId, (conversation: Conversation) => Promise<void>>()

  endOf (self: NodeId): TrustChannel {
    return { listen: answer => { this.#answers.set(self, answer) }, open: async peer => this.#open(self, peer) }
  }

  #open (self: NodeId, peer: NodeId): Conversation | 'unreachable' | 'refused' {
    this.opened++
    if (this.isCut) return 'unreachable'
    const answer = this.#answers.get(peer)
    if (answer === undefined) return 'refused'
    const ours = new MemoryConversation(peer); const theirs = new MemoryConversation(self)
    ours.other = theirs
    theirs.other = ours
    void answer(theirs)
    return ours
  }
}

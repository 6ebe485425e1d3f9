/** One end of the delivery bench: a real node in a process of its own, told by its parent what to do. */
import { deserialize } from 'node:v8'
import { digestOf, toBase64url, utf8ToBytes } from '../../protocol/bytes.ts'
import { positionHash } from '../../protocol/delivery/frames.ts'
import type { OpenedItem } from '../../protocol/events.ts'
import type { Candidate, Verified } from '../../protocol/messages/message.ts'
import type { Digest, EntryRef, MessageId } from '../../protocol/identifiers.ts'
import { randomBytes } from 'node:crypto'
import { LT_POLICE, LV_LUDZA, LV_SITE } from '../support/founded.ts'
import { startRealNode, type RealNode } from '../support/real-node.ts'

let real: RealNode
const answer = (body: object): void => { process.send!(body) }
/** Ids that are cheap to make, so that the bench measures the node: random for the process, then counted. */
const idPrefix = `b${toBase64url(new Uint8Array(randomBytes(9))).slice(1)}`
let ids = 0
const id = (): MessageId => `${idPrefix}${(ids++).toString(36).padStart(10, '0')}` as MessageId

process.on('message', async ({ id: call, what, args }: { id: number, what: string, args: string }) => {
  const handlers: { [what: string]: (args: never) => unknown } = { start, command, accept, match, seen, cpu: () => process.cpuUsage(), memory: () => process.memoryUsage().rss, stop: async () => { await real.stop(); setTimeout(() => process.exit(0), 200) }, status: () => real.service.status(), verify: () => real.service.verifyLog() }
  answer({ id: call, result: await handlers[what]!(deserialize(Buffer.from(args, 'base64')) as never) })
})

async function start (spec: never): Promise<readonly string[]> {
  real = await startRealNode(spec)
  return real.addresses
}
const command = ({ actor, command }: { actor: never, command: never }): unknown => real.service.command(actor, command)

const candidateFor = (n: number, entries: number, at: number): Candidate => ({
  type: 'candidate/1', id: id(), iss: LV_LUDZA, aud: LV_LUDZA, iat: at, exp: at + 86_400, readId: id(), entry: { owner: LT_POLICE, ref: `B-${n % entries}` as EntryRef },
  plate: { text: `ABC${n % 1000}`, country: 'LT', countryConfidence: 900 } as Candidate['plate'], match: 'exact', confidence: 950, observedAt: at, receivedAt: at, clock: 'good', siteRef: 's1', siteGroup: 'border',
  place: { nuts3: 'LV005', municipality: 'LV-058', road: 'LV:A13' }, direction: 'inbound', vehicle: { class: 'car', colour: 'grey' }, evidence: digestOf(utf8ToBytes('evidence'))
})

/** The stream of a site that is not there: its positions follow each other across calls. */
const incarnation = toBase64url(new Uint8Array(randomBytes(16)))
let seq = 0
let prev: Digest | '' = ''

/** Hands `count` candidates to the machine as accepted ones, a hundred at a time, and resolves when the last hit is receipted. */
async function accept ({ count, entries }: { count: number, entries: number }): Promise<{ seconds: number }> {
  const WINDOW = 2000
  let receipted = 0; let given = 0
  const began = performance.now()
  return new Promise(resolve => {
    const give = (): void => {
      while (given < count && given - receipted < WINDOW) {
        const at = Math.floor(Date.now() / 1000)
        const items = Array.from({ length: Math.min(100, count - given) }, (_, i): OpenedItem => {
          const message = candidateFor(given + i, entries, at) as Verified<Candidate>
          return { digest: digestOf(utf8ToBytes(message.id)), message, jws: message.id, k: new Uint8Array(32) }
        })
        given += items.length
        const header = { incarnation, seq: ++seq, prev, from: LV_LUDZA, to: LV_LUDZA, class: 'normal' as const, exp: at + 86_400, digests: items.map(({ digest }) => digest) }
        prev = positionHash(header)
        real.node.driver.give({ type: 'parcel-opened', link: 'bench', peer: LV_SITE, streamClass: 'normal', header, items, entropy: new Uint8Array(randomBytes(32)) })
      }
    }
    const unsubscribe = real.subscribe(report => {
      if (report.what === 'message-withheld' || report.what === 'refused-by-peer' || (report.what === 'candidate-decided' && report.state !== 'sent')) { console.error(report); process.exit(1) }
      if (report.what !== 'message-receipted' || report.kind !== 'hit') return
      if (++receipted === count) { unsubscribe(); resolve({ seconds: (performance.now() - began) / 1000 }) } else if (receipted % 100 === 0) give()
    })
    give()
  })
}

/** Matches at this site at a steady rate; answers when each was given, ms since 1970, by read. */
async function match ({ count, perSecond, entries }: { count: number, perSecond: number, entries: number }): Promise<{ [siteRef: string]: number }> {
  const given: { [siteRef: string]: number } = {}
  const began = performance.now()
  for (let n = 0; n < count; n++) {
    const wait = began + n * 1000 / perSecond - performance.now()
    if (wait > 1) await new Promise(resolve => setTimeout(resolve, wait))
    const { type, id: _, iss, aud, iat, exp, ...read } = candidateFor(n, entries, Math.floor(Date.now() / 1000))
    given[`r${n}`] = performance.timeOrigin + performance.now()
    real.node.driver.give({ type: 'read-matched', read: { ...read, siteRef: `r${n}`, controller: LV_LUDZA }, entropy: new Uint8Array(randomBytes(32)) })
  }
  return given
}

/** Follows hits as the owner's officer and answers when each was shown. */
async function seen ({ count, actor }: { count: number, actor: never }): Promise<{ [siteRef: string]: number }> {
  const shown: { [siteRef: string]: number } = {}
  const ended = new AbortController()
  for await (const view of real.service.followHits(actor, LT_POLICE, ended.signal)) {
    shown[view.hit.siteRef] = performance.timeOrigin + performance.now()
    if (Object.keys(shown).length === count) break
  }
  return shown
}

/**
 * The node's own voice and ears: signs for the agencies that it hosts, seals to partners, opens what comes. It joins the
 * key ring, the trust list and the cipher suite, and hands the machine nothing that was not verified.
 */
import { assembleCheckpoint, checkpointRequests, type LogKey } from '../../keys/checkpoints.ts'
import { openMessage, openParcel } from '../../keys/open.ts'
import { assembleJws, sealParcel, signingInput, type SigningInput } from '../../keys/seal.ts'
import type { CipherSuite } from '../../keys/suite.ts'
import type { TrustView } from '../../keys/trust-view.ts'
import { digestOfBytes } from '../../keys/compact.ts'
import { toBase64url } from '../../protocol/bytes.ts'
import type { ParcelHeader } from '../../protocol/delivery/frames.ts'
import type { Effect } from '../../protocol/effects.ts'
import type { NodeEvent, OpenedItem } from '../../protocol/events.ts'
import type { AgencyId, Digest, Kid, NodeId } from '../../protocol/identifiers.ts'
import { toUnixSeconds, type Instant } from '../../protocol/instant.ts'
import { formatCheckpoint } from '../../protocol/log/checkpoint.ts'
import { SIGNATURE_TYPES, signedBytes } from '../../protocol/log/note.ts'
import { kindOf, type MessageKind } from '../../protocol/messages/message.ts'
import { refuse, type Refusal } from '../../protocol/refusals.ts'
import type { KeyRing, SignRequest } from './ports.ts'

type SignEffect = Extract<Effect, { type: 'sign' | 'sign-head' }>
const isRefusal = (value: object): value is Refusal => 'code' in value

export interface CryptographyParts {
  readonly self: NodeId
  readonly origin: string
  readonly keyRing: KeyRing
  readonly suite: CipherSuite
  readonly logKeys: { readonly ed25519: { kid: Kid, publicKey: Uint8Array }, readonly mldsa44?: { kid: Kid, publicKey: Uint8Array } }
  now (): Instant
}

export class Cryptography {
  trust: TrustView
  readonly #parts: CryptographyParts
  readonly #kids = new Map<string, Kid>()

  constructor (trust: TrustView, parts: CryptographyParts) {
    this.trust = trust
    this.#parts = parts
  }

  /** After the trust list changed, which key speaks for whom is looked up anew. */
  renew (trust: TrustView): void {
    this.trust = trust
    this.#kids.clear()
  }

  /** Answers at once when the key ring does. */
  sign (effects: readonly SignEffect[]): NodeEvent[] | Promise<NodeEvent[]> {
    const inputs: (SigningInput | undefined)[] = []
    const requests = effects.map((effect): SignRequest => {
      if (effect.type === 'sign-head') {
        inputs.push(undefined)
        return { kid: this.#parts.logKeys.ed25519.kid, bytes: signedBytes(formatCheckpoint({ origin: this.#parts.origin, size: effect.size, root: effect.root })) }
      }
      const kid = this.#kidFor(effect.message.iss, kindOf(effect.message.type))
      const input = signingInput(effect.message, kid)
      inputs.push(input)
      return { kid, bytes: input.bytes }
    })
    const answer = (signatures: readonly Uint8Array[]): NodeEvent[] => effects.map((effect, i): NodeEvent => {
      if (effect.type === 'sign-head') return { type: 'head-signed', size: effect.size, signature: toBase64url(signatures[i]!) }
      const jws = assembleJws(inputs[i]!, signatures[i]!)
      return { type: 'message-signed', ticket: effect.ticket, jws, digest: digestOfBytes(jws) }
    })
    const signatures = this.#parts.keyRing.sign(requests)
    return Array.isArray(signatures) ? answer(signatures) : signatures.then(answer)
  }

  /** The key of ours that may sign this kind for this agency now. @throws Error when there is none: the machine asked for what the node may not say */
  #kidFor (agency: AgencyId, kind: MessageKind): Kid {
    const cached = this.#kids.get(`${agency}|${kind}`)
    if (cached !== undefined) return cached
    const held = this.#parts.keyRing.list().filter(key => key.purpose === 'signing' && key.agency === agency).map(key => key.kid)
    const kid = this.trust.keyToSignWith(agency, held, kind, this.#parts.now())
    if (kid === undefined) throw new Error(`no key of this node may sign ${kind} for ${agency}: renew its statement`)
    this.#kids.set(`${agency}|${kind}`, kid)
    return kid
  }

  /** Seals to the agency's key at the node that will open it: the peer where it has keys there, else its home. */
  seal (peer: NodeId, header: ParcelHeader, messages: readonly { readonly jws: string, readonly k: Uint8Array }[], seed: Uint8Array): Uint8Array | Refusal {
    const now = this.#parts.now()
    const atPeer = this.trust.sealingKey(header.to, peer, now)
    const home = this.trust.homeOf(header.to)
    const recipient = isRefusal(atPeer) && home !== undefined ? this.trust.sealingKey(header.to, home, now) : atPeer
    if (isRefusal(recipient)) return recipient
    return sealParcel(messages, { from: header.from, to: header.to, streamClass: header.class, exp: header.exp }, recipient, this.#parts.suite, seed)
  }

  /** One item for each digest that the header names, verified or refused. Never throws on foreign bytes. */
  async open (header: ParcelHeader, sealed: Uint8Array): Promise<OpenedItem[]> {
    const envelope = { from: header.from, to: header.to, streamClass: header.class, exp: header.exp }
    const refuseAll = (refusal: Refusal): OpenedItem[] => header.digests.map(digest => ({ digest: digest as Digest, refusal }))
    const secrets = new Map<Kid, Uint8Array>()
    let wanted: { kid: Kid, key: Uint8Array } | undefined
    const agree = (kid: Kid, key: Uint8Array): Uint8Array | undefined => {
      if (secrets.has(kid)) return secrets.get(kid)
      if (!this.#isSealingKeyOf(kid, header.to)) return undefined
      const secret = this.#parts.keyRing.agree(kid, key)
      if (secret instanceof Uint8Array) return secret
      wanted = { kid, key }
      return undefined
    }
    let items = openParcel(sealed, envelope, agree, this.#parts.suite)
    if (isRefusal(items) && wanted !== undefined) {
      const secret = await Promise.resolve(this.#parts.keyRing.agree(wanted.kid, wanted.key)).catch(() => undefined)
      if (secret === undefined) return refuseAll(refuse('not-sealed-for-us', wanted.kid))
      secrets.set(wanted.kid, secret)
      items = openParcel(sealed, envelope, agree, this.#parts.suite)
    }
    if (isRefusal(items)) return refuseAll(items)
    if (items.length !== header.digests.length) return refuseAll(refuse('envelope-differs', 'digests'))
    const context = { ...envelope, trust: this.trust, now: this.#parts.now(), suite: this.#parts.suite }
    return items.map(({ jws, k }, i): OpenedItem => {
      const promised = header.digests[i]! as Digest
      const opened = openMessage(jws, context)
      if ('refusal' in opened) return { digest: promised, refusal: opened.digest === promised ? opened.refusal : refuse('envelope-differs', 'digest'), jws, k }
      const digest = opened.message.type === 'tombstone/1' ? opened.message.of : opened.digest
      return digest === promised ? { digest: promised, message: opened.message, jws, k } : { digest: promised, refusal: refuse('envelope-differs', 'digest'), jws, k }
    })
  }

  /** A key ring holds the keys of several agencies: only the addressed one's may open. */
  #isSealingKeyOf (kid: Kid, agency: AgencyId): boolean {
    return this.#parts.keyRing.list().some(key => key.kid === kid && key.purpose === 'sealing' && key.agency === agency)
  }

  /** The published checkpoint: Ed25519 and, where the log has such a key, ML-DSA-44. */
  async checkpoint (size: number, root: Uint8Array): Promise<string> {
    const { ed25519, mldsa44 } = this.#parts.logKeys
    const checkpoint = { origin: this.#parts.origin, size, root }
    const keys: LogKey[] = [{ name: this.#parts.origin, type: SIGNATURE_TYPES.ed25519, publicKey: ed25519.publicKey }]
    if (mldsa44 !== undefined) keys.push({ name: this.#parts.origin, type: SIGNATURE_TYPES.mlDsa44, publicKey: mldsa44.publicKey })
    const time = toUnixSeconds(this.#parts.now())
    const [classic, quantum] = checkpointRequests(checkpoint, keys, time)
    const signatures = [...await this.#parts.keyRing.sign([{ kid: ed25519.kid, bytes: classic! }])]
    if (mldsa44 !== undefined) signatures.push(await this.#parts.keyRing.signPostQuantum(mldsa44.kid, quantum!))
    return assembleCheckpoint(checkpoint, keys, time, signatures)
  }
}

/**
 * Which of its own keys a node uses now, of those that its nation's root names or named: a new log key as soon as the root
 * in force names it; a new transport key when every neighbour knows it, since nobody opens to an identity that he has
 * never heard of. Invariant: a key is used only when the ring holds it.
 */
import { kidOf } from '../keys/identity.ts'
import type { TrustView, TrustedNode } from '../keys/trust-view.ts'
import { toBase64url } from '../protocol/bytes.ts'
import type { Kid, NodeId } from '../protocol/identifiers.ts'
import type { Instant } from '../protocol/instant.ts'

export interface LogKeys { readonly ed25519: { readonly kid: Kid, readonly publicKey: Uint8Array }, readonly mldsa44?: { readonly kid: Kid, readonly publicKey: Uint8Array } }
type Holds = (kid: Kid) => boolean

const kidOfRaw = (algorithm: 'Ed25519' | 'ML-DSA-44', key: Uint8Array): Kid => kidOf(algorithm, toBase64url(key))

/** @throws Error when the ring holds none that the root names or named */
export function logKeysOf (view: TrustView, self: NodeId, holds: Holds): LogKeys {
  const logs = [view.node(self)!.log, ...view.formerLogs(self)]
  const log = logs.find(({ ed25519 }) => holds(kidOfRaw('Ed25519', ed25519)))
  if (log === undefined) throw new Error('the key ring does not hold the key of the log that the nation\'s root names: see `tiltas keys list`')
  const mldsa44 = log.mldsa44 === undefined ? undefined : kidOfRaw('ML-DSA-44', log.mldsa44)
  return { ed25519: { kid: kidOfRaw('Ed25519', log.ed25519), publicKey: log.ed25519 }, ...(mldsa44 !== undefined && holds(mldsa44) && { mldsa44: { kid: mldsa44, publicKey: log.mldsa44! } }) }
}

/** Every log key that this node ever had, newest first, as its signed heads and checkpoints name them. */
export const logsOf = (view: TrustView, self: NodeId): readonly TrustedNode['log'][] => [view.node(self)!.log, ...view.formerLogs(self)]

/**
 * The transport key to be known by. `everybodyKnows`: each neighbour has the root that names the new one.
 * @throws Error when the ring holds none
 */
export function transportKidOf (view: TrustView, self: NodeId, holds: Holds, now: Instant, everybodyKnows: boolean): Kid {
  const current = kidOfRaw('Ed25519', view.node(self)!.transportKey)
  const former = view.formerTransportKeys(self, now).map(key => kidOfRaw('Ed25519', key)).filter(holds)
  if (!holds(current)) {
    if (former[0] === undefined) throw new Error('the key ring does not hold the transport key that the nation\'s root names: see `tiltas keys list`')
    return former[0]
  }
  return everybodyKnows ? current : former.at(0) ?? current
}

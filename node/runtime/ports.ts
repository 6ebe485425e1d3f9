/**
 * The doors to the world. Each is small, named by its role, and has a real adapter (node/adapters), a simulated one
 * (simulations) and one contract suite (test/suites) that both pass. No library's own type crosses them.
 */
import type { AgencyId, Kid, NodeId } from '../../protocol/identifiers.ts'
import type { Duration, Instant } from '../../protocol/instant.ts'
import type { StreamClass } from '../../protocol/messages/vocabulary.ts'

export interface Clock {
  /** Wall time, ms since 1970. */
  now (): Instant
  /** Calls back once after `wait`, on the monotonic clock; the returned function cancels. */
  after (wait: Duration, run: () => void): () => void
}

export interface Entropy {
  /** Unpredictable bytes. */
  bytes (length: number): Uint8Array
}

// ── Store ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Keys are text of printable ASCII, ordered by code unit; `/` separates their parts. */
export type StoreKey = string
export type StoreWrite =
  | { readonly op: 'put', readonly key: StoreKey, readonly value: Uint8Array }
  | { readonly op: 'delete', readonly key: StoreKey }

export interface StoreScan {
  readonly prefix: StoreKey
  /** Exclusive: the last key of the page before. */
  readonly after?: StoreKey
  readonly limit: number
  /** Newest first, when true. */
  readonly reverse?: boolean
}

/**
 * Keyed state with atomic, durable commits. Every value carries its own digest, checked at each read.
 * A failed commit may or may not have happened: the caller stops, restarts and reads again (never retries).
 */
export interface Store {
  get (key: StoreKey): Promise<Uint8Array | undefined>
  /** In the order asked for; undefined where a key is missing. */
  getMany (keys: readonly StoreKey[]): Promise<(Uint8Array | undefined)[]>
  scan (range: StoreScan): Promise<{ key: StoreKey, value: Uint8Array }[]>
  /** All or nothing; resolves only when it would survive a power cut. */
  commit (writes: readonly StoreWrite[]): Promise<void>
  close (): Promise<void>
}

/** `corrupt`: a value's bytes do not fit their digest. `locked`: another process has it. `newer`: written by a later version. `full`: no space. */
export type StoreErrorCode = 'corrupt' | 'locked' | 'newer' | 'full' | 'failed'
export class StoreError extends Error {
  readonly code: StoreErrorCode
  readonly key: StoreKey | undefined
  constructor (code: StoreErrorCode, message: string, options: { key?: StoreKey, cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.name = 'StoreError'
    this.code = code
    this.key = options.key
  }
}

// ── Record keys ──────────────────────────────────────────────────────────────────────────────────────────────────

/** Where the key of one record lies: the retention month that it is erased with, and its place in that month's file. */
export interface RecordKeySlot { readonly month: string, readonly slot: number }

/**
 * Keys of personal records, 32 bytes each, kept outside the store so that erasing a key erases the record everywhere.
 * Slots of a month are numbered from 0. Keys are made ahead and are durable before `take` hands them out.
 */
export interface RecordKeys {
  /** The next unused slots of a month, `count` of them, with their keys; never handed out twice, also not after a crash that follows `reserve`. */
  take (month: string, count: number): Promise<{ slot: number, key: Uint8Array }[]>
  /** Undefined once erased. */
  get (at: RecordKeySlot): Promise<Uint8Array | undefined>
  /** Resolves when no file of ours holds these keys any more. */
  erase (slots: readonly RecordKeySlot[]): Promise<void>
  /** Erases every key of months before this one (`2026-11`). */
  dropBefore (month: string): Promise<void>
  close (): Promise<void>
}

// ── Transport ────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * One stream between two nodes for one priority class. The node that opened it sends parcels on it; the other one
 * answers with acknowledgements. Frames arrive whole, once and in order, or the link closes.
 */
export interface Link {
  readonly id: string
  /** Authenticated by the transport's handshake against the trust list. */
  readonly peer: NodeId
  readonly streamClass: StreamClass
  readonly initiator: boolean
  /** Resolves when the frame is handed on and more may be sent; rejects when the link is closed. */
  send (frame: Uint8Array): Promise<void>
  close (reason?: string): void
}

export interface TransportEvents {
  linkOpened (link: Link): void
  /** The transport stops reading from this link until the returned promise settles: back-pressure to the peer. */
  frameReceived (link: Link, frame: Uint8Array): Promise<void> | void
  linkClosed (link: Link, reason: string): void
  /** Somebody who is not on the trust list knocked; counted, never answered. */
  strangerRefused (): void
}

export interface PeerAddress {
  readonly node: NodeId
  readonly transportKey: Uint8Array
  readonly addresses: readonly string[]
  /** Keys that it had before, and may still use until it has heard that we know the new one. */
  readonly formerKeys?: readonly Uint8Array[]
}

export interface Transport {
  /** Listens and starts to deliver. The allow-list is empty until `allow` is called. */
  start (events: TransportEvents): Promise<void>
  /** Replaces the allow-list: exactly these peers may connect or be dialled; others are hung up on at once. */
  allow (peers: readonly PeerAddress[]): void
  /** Tries once to open a link; answers by linkOpened, or resolves false. Opening twice is the caller's mistake and gives two links. */
  open (peer: NodeId, streamClass: StreamClass): Promise<boolean>
  /** The addresses that it listens on, multiaddr text. */
  addresses (): readonly string[]
  stop (): Promise<void>
}

// ── Keys ─────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface SignRequest { readonly kid: Kid, readonly bytes: Uint8Array }

/** Private keys behind one door: they sign and agree, and never come out. */
export interface KeyRing {
  /** EdDSA signatures (64 bytes each) in the order asked for. Plain array when the ring can answer at once. */
  sign (requests: readonly SignRequest[]): Uint8Array[] | Promise<Uint8Array[]>
  /** X25519 shared secret (RFC 7748, 32 bytes) of a sealing key with a peer's ephemeral public key. */
  agree (kid: Kid, publicKey: Uint8Array): Uint8Array | Promise<Uint8Array>
  has (kid: Kid): boolean
  /** ML-DSA-44 signature (FIPS 204, 2420 bytes) for roots and checkpoints. */
  signPostQuantum (kid: Kid, bytes: Uint8Array): Promise<Uint8Array>
  list (): readonly { kid: Kid, purpose: string, agency?: AgencyId }[]
}

/** What `tiltas init` and `tiltas join` are asked, and what they answer; the work is done in node/setup.ts. */
import type { AgencyId, NodeId } from '../../protocol/identifiers.ts'

export interface InitOptions {
  /** Where tiltas.yaml, keys and data go; made when absent, refused when a tiltas.yaml is there. */
  readonly folder: string
  readonly node: NodeId
  /** At home here; a national node needs at least one. */
  readonly agencies: readonly AgencyId[]
  /** Site nodes that are made with it, each in a folder of its own that is carried to its machine. */
  readonly sites: readonly NodeId[]
  /** OpenID Federation entity identifier of the nation, `https://…`. */
  readonly entity?: string
  /** Multiaddr texts. */
  readonly listen: readonly string[]
  readonly ingestPort?: number
  readonly opsPort?: number
  /** Read when given; else a passphrase is drawn and written into a file of mode 0600. */
  readonly passphraseFile?: string
  readonly locale: 'en' | 'lv' | 'lt'
}

export interface JoinOptions {
  readonly configPath: string
  /** What the other side handed over: a file of statements, or a folder of such files. */
  readonly from: string
  /** Compared with what was read out by voice; without it the fingerprint is only shown and nothing is changed. */
  readonly fingerprint?: string
  /** Addresses of the other side's node, multiaddr texts. */
  readonly addresses: readonly string[]
}

/** `done` is false when nothing was changed. */
export interface SetupResult {
  readonly done: boolean
  readonly configPath: string
  readonly files: readonly string[]
  readonly fingerprint?: string
  /** What to do next, one sentence each. */
  readonly next: readonly string[]
}

/** Everything that can happen to a node. Bytes from outside were opened and verified before they become an event. */
import type { Actor, Command } from './commands.ts'
import type { Directory } from './directory.ts'
import type { AgencyId, Digest, MessageId, NodeId } from './identifiers.ts'
import type { Instant } from './instant.ts'
import type { Acknowledgement, Hello, ParcelHeader, Welcome } from './delivery/frames.ts'
import type { Candidate, CandidateWithdraw, Message, Verified } from './messages/message.ts'
import type { StreamClass } from './messages/vocabulary.ts'
import type { OutRecord, PositionRecord } from './records.ts'
import type { Refusal } from './refusals.ts'

/** A message of a parcel after opening: verified, or refused for a reason. */
export type OpenedItem =
  | { readonly digest: Digest, readonly message: Verified<Message>, readonly jws: string, readonly k: Uint8Array }
  | { readonly digest: Digest, readonly refusal: Refusal, readonly jws?: string, readonly k?: Uint8Array }

interface OnLink { readonly link: string, readonly peer: NodeId, readonly streamClass: StreamClass }

/** A read that met an entry at this node, before it is signed as a candidate. */
export type MatchedRead = Omit<Candidate, 'type' | 'id' | 'iss' | 'aud' | 'iat' | 'exp'> & { readonly controller: AgencyId }

export type NodeEvent =
  | { readonly type: 'started', readonly entropy: Uint8Array }
  | { readonly type: 'directory-changed', readonly directory: Directory }
  | { readonly type: 'reads-collected', readonly controller: AgencyId, readonly count: number, readonly root: Digest }
  | { readonly type: 'read-matched', readonly read: MatchedRead, readonly entropy: Uint8Array }
  | { readonly type: 'read-withdrawn', readonly read: Pick<MatchedRead, 'controller' | 'readId' | 'entry'>, readonly reason: CandidateWithdraw['reason'], readonly entropy: Uint8Array }
  | { readonly type: 'command-given', readonly commandId: string, readonly actor: Actor, readonly command: Command, readonly entropy: Uint8Array }
  | { readonly type: 'message-signed', readonly ticket: number, readonly jws: string, readonly digest: Digest }
  | { readonly type: 'link-opened' } & OnLink & { readonly initiator: boolean }
  | { readonly type: 'link-closed' } & OnLink & { readonly initiator: boolean }
  | { readonly type: 'link-refused', readonly peer: NodeId, readonly streamClass: StreamClass }
  | { readonly type: 'hello-received' } & OnLink & { readonly hello: Hello }
  | { readonly type: 'welcome-received' } & OnLink & { readonly welcome: Welcome, readonly entropy: Uint8Array }
  | { readonly type: 'acknowledged' } & OnLink & { readonly acknowledgement: Acknowledgement }
  | { readonly type: 'parcel-opened' } & OnLink & { readonly header: ParcelHeader, readonly items: readonly OpenedItem[], readonly entropy: Uint8Array }
  | { readonly type: 'parcel-in-transit' } & OnLink & { readonly header: ParcelHeader, readonly sealed: Uint8Array }
  | { readonly type: 'queue-loaded', readonly peer: NodeId, readonly streamClass: StreamClass, readonly records: readonly { n: number, record: OutRecord }[], readonly upTo: number }
  | { readonly type: 'positions-loaded', readonly peer: NodeId, readonly streamClass: StreamClass, readonly link: string, readonly after: number, readonly anchor?: PositionRecord, readonly positions: readonly LoadedPosition[], readonly entropy: Uint8Array }
  | { readonly type: 'months-ended', readonly before: string, readonly erasing: boolean }
  | { readonly type: 'entries-counted', readonly counts: ReadonlyMap<AgencyId, number> }
  | { readonly type: 'woke', readonly name: string }
  | { readonly type: 'group-ending' }
  | { readonly type: 'head-signed', readonly size: number, readonly signature: string }
  | { readonly type: 'checkpoint-signed', readonly size: number, readonly note: string }

/** A position of the sent archive with what it carried; an item is undefined when its record is gone. */
export interface LoadedPosition { readonly seq: number, readonly position: PositionRecord, readonly items: readonly (OutRecord | undefined)[] }
export type { Instant, MessageId }

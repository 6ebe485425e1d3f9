/**
 * Everything a node asks of the world. The driver makes all `put` and `delete` of a group durable before any other
 * effect of that group leaves the process; `sign` and `sign-head` are answered inside the group.
 */
import type { CommandResult } from './commands.ts'
import type { Frame, ParcelHeader } from './delivery/frames.ts'
import type { AgencyId, MessageId, NodeId } from './identifiers.ts'
import type { Duration } from './instant.ts'
import type { Json } from './messages/encoding.ts'
import type { Message, SharedEntry } from './messages/message.ts'
import type { StreamClass } from './messages/vocabulary.ts'

export interface PutEffect {
  readonly type: 'put'
  readonly key: string
  readonly value: Json | Uint8Array
  /** Personal data: encrypted under a key of its own that is erased with this month (`2026-11`). */
  readonly personalUntil?: string
}

export type Effect =
  | PutEffect
  | { readonly type: 'delete', readonly key: string }
  | { readonly type: 'sign', readonly ticket: number, readonly message: Message }
  | { readonly type: 'sign-head', readonly size: number, readonly root: Uint8Array }
  | { readonly type: 'sign-checkpoint', readonly size: number, readonly root: Uint8Array }
  | { readonly type: 'open-link', readonly peer: NodeId, readonly streamClass: StreamClass }
  | { readonly type: 'close-link', readonly link: string, readonly reason: string }
  | { readonly type: 'send-frame', readonly link: string, readonly frame: Frame }
  | { readonly type: 'send-parcel', readonly link: string, readonly peer: NodeId, readonly header: ParcelHeader, readonly content: ParcelContent }
  | { readonly type: 'load-queue', readonly peer: NodeId, readonly streamClass: StreamClass, readonly from: number, readonly limit: number }
  | { readonly type: 'load-positions', readonly peer: NodeId, readonly streamClass: StreamClass, readonly link: string, readonly after: number, readonly limit: number }
  | { readonly type: 'wake', readonly name: string, readonly after: Duration }
  | { readonly type: 'answer', readonly commandId: string, readonly result: CommandResult }
  | { readonly type: 'place-entry', readonly entry: SharedEntry }
  | { readonly type: 'remove-entry', readonly owner: AgencyId, readonly ref: string }
  | { readonly type: 'report', readonly report: Report }

/** What a parcel carries: messages still to be sealed, or what another node sealed and we only pass on. */
export type ParcelContent =
  | { readonly messages: readonly { readonly jws: string, readonly k: Uint8Array }[] }
  | { readonly sealed: Uint8Array }

/** One business event for metrics, log line and live screens; codes and counts, never personal data. */
export type Report =
  | { readonly what: 'hit-received', readonly agency: AgencyId, readonly hitId: MessageId, readonly at: number }
  | { readonly what: 'hit-changed', readonly agency: AgencyId, readonly hitId: MessageId, readonly at: number }
  | { readonly what: 'candidate-decided', readonly agency: AgencyId, readonly state: string, readonly because: string }
  | { readonly what: 'message-accepted', readonly kind: string, readonly from: AgencyId }
  | { readonly what: 'message-refused', readonly from: AgencyId, readonly code: string }
  | { readonly what: 'message-receipted', readonly kind: string, readonly to: AgencyId }
  | { readonly what: 'refused-by-peer', readonly to: AgencyId, readonly code: string }
  | { readonly what: 'message-withheld', readonly to: AgencyId, readonly because: 'withheld' | 'expired' | 'erased' }
  | { readonly what: 'peer-up' | 'peer-down', readonly peer: NodeId, readonly streamClass: StreamClass }
  | { readonly what: 'peer-restored', readonly peer: NodeId, readonly streamClass: StreamClass }
  | { readonly what: 'policy-changed', readonly agency: AgencyId, readonly code: 'drafted' | 'approved' | 'withdrawn' | 'lapsed' | 'superseded' | 'ended' }
  /** One person put a grant in force alone: said when it begins, every OVERRIDE_SHOUT while it holds, and when it is over. */
  | { readonly what: 'policy-override', readonly agency: AgencyId, readonly grant: string, readonly until: number, readonly code: 'begun' | 'in-force' | 'over' }
  | { readonly what: 'records-lost', readonly peer: NodeId, readonly streamClass: StreamClass, readonly count: number }
  | { readonly what: 'commitment-differs', readonly peer: AgencyId }
  | { readonly what: 'receipt-for-unknown', readonly peer: AgencyId }

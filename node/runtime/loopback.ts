/** Links from a node to itself: agencies that share a home speak to each other in the same way as across a border. */
import type { NodeId } from '../../protocol/identifiers.ts'
import type { StreamClass } from '../../protocol/messages/vocabulary.ts'
import type { Link, TransportEvents } from './ports.ts'

/** Opens a pair of links and tells both ends. */
export function openLoopback (self: NodeId, streamClass: StreamClass, number: number, events: TransportEvents): void {
  let open = true
  const close = (reason = 'closed'): void => {
    if (!open) return
    open = false
    events.linkClosed(near, reason)
    events.linkClosed(far, reason)
  }
  const end = (id: string, initiator: boolean, other: () => Link): Link => ({
    id, peer: self, streamClass, initiator, close,
    send: async frame => {
      if (!open) throw new Error('the link is closed')
      await events.frameReceived(other(), frame)
    }
  })
  const near: Link = end(`self-${number}-a`, true, () => far)
  const far: Link = end(`self-${number}-b`, false, () => near)
  events.linkOpened(far)
  events.linkOpened(near)
}

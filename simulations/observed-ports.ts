/**
 * The doors of a simulated node, with somebody who watches what passes them. Invariant: nothing of a life that is over
 * passes any more; otherwise the port behaves as the one that it wraps.
 */
import type { HotlistPort } from '../node/runtime/node.ts'
import type { Link, Store, StoreWrite, Transport, TransportEvents } from '../node/runtime/ports.ts'
import type { SharedEntry } from '../protocol/messages/message.ts'
import type { SimulatedNode, Witness } from './simulated-node.ts'

/** One run of a node, from its start to its end. */
export interface Watched { readonly isOver: boolean }

/** `persisted` is told of what is durable, before whoever committed it is. */
export function observeStore (store: Store, life: Watched, persisted: (writes: readonly StoreWrite[]) => void): Store {
  return {
    get: key => store.get(key),
    getMany: keys => store.getMany(keys),
    scan: range => store.scan(range),
    close: () => store.close(),
    commit: async writes => {
      await store.commit(writes)
      if (!life.isOver) persisted(writes)
    }
  }
}

/** The entries that a site matches, by `owner/ref`. */
export function observeHotlist (placed: Map<string, SharedEntry>, life: Watched, told: (what: 'place' | 'remove', entry: string) => void): HotlistPort {
  return {
    place: entry => {
      if (life.isOver) return
      placed.set(`${entry.owner}/${entry.ref}`, entry)
      told('place', `${entry.owner}/${entry.ref}`)
    },
    remove: (owner, ref) => {
      if (life.isOver) return
      placed.delete(`${owner}/${ref}`)
      told('remove', `${owner}/${ref}`)
    }
  }
}

export function observeTransport (inner: Transport, life: Watched, node: SimulatedNode, witness: Witness): Transport {
  const links = new Map<string, Link>()
  return {
    addresses: () => inner.addresses(),
    allow: peers => inner.allow(peers),
    stop: () => inner.stop(),
    start: events => inner.start(observeEvents(events, links, life, node, witness)),
    open: async (peer, streamClass) => {
      if (life.isOver) return false
      const isOpen = await inner.open(peer, streamClass)
      if (!life.isOver) witness.linked(node, peer, `dial-${streamClass}-${isOpen}`)
      return isOpen
    }
  }
}

function observeEvents (events: TransportEvents, links: Map<string, Link>, life: Watched, node: SimulatedNode, witness: Witness): TransportEvents {
  return {
    linkOpened: link => {
      witness.linked(node, link.peer, `open-${link.streamClass}-${link.initiator}`)
      const seen = observeLink(link, life, node, witness)
      links.set(link.id, seen)
      events.linkOpened(seen)
    },
    frameReceived: (link, frame) => {
      witness.received(node, link.peer, frame)
      return events.frameReceived(links.get(link.id) ?? link, frame)
    },
    linkClosed: (link, reason) => {
      witness.linked(node, link.peer, `close-${link.streamClass}-${link.initiator}-${reason}`)
      const seen = links.get(link.id) ?? link
      links.delete(link.id)
      events.linkClosed(seen, reason)
    },
    strangerRefused: () => events.strangerRefused()
  }
}

const observeLink = (link: Link, life: Watched, node: SimulatedNode, witness: Witness): Link => ({
  id: link.id, peer: link.peer, streamClass: link.streamClass, initiator: link.initiator,
  close: reason => { if (!life.isOver) link.close(reason) },
  send: frame => {
    if (life.isOver) return Promise.reject(new Error('this node is dead'))
    witness.sent(node, link.peer, frame)
    return link.send(frame)
  }
})

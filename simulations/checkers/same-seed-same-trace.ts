/**
 * DESIGN 13 point 10. It observes the hash of all that passed the nodes' ports: virtual time, node, kind, identifiers and
 * digests of plaintext, never ciphertext. A second run of the same seed must leave the same.
 */
import { NODES } from '../federation.ts'
import type { Verdict } from '../seed.ts'
import type { Violation } from '../world.ts'

export async function sameTraceTwice (first: Verdict, again: () => Promise<Verdict>): Promise<Violation[]> {
  const second = await again()
  if (second.traceHash === first.traceHash) return []
  return [{ checker: 'same-seed-same-trace', node: NODES[0]!, what: `trace ${first.traceHash} at first, then ${second.traceHash}`, at: second.simulated }]
}

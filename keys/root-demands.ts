/**
 * Whose signatures a root still needs, told for people. It counts as the rules of the trust list do, and never decides
 * by itself: a root stands when those rules say so.
 */
import type { Kid, NationId } from '../protocol/identifiers.ts'
import type { ReadFedRoot, ReadNationRoot, StatementSignature } from './read-statements.ts'
import { shortKid } from './root-changes.ts'
import type { FedRoot } from './statements.ts'
import { activeNations, othersThatSuspend, pairsThatSigned, rootPairs, type Pair } from './trust-list-rules.ts'

/** One condition on the signatures; a root may have two: the old keys allow the change, the new ones prove that they are held. */
export interface Demand {
  readonly sentence: string
  readonly met: boolean
  /** Every key that may help to meet it, and what people call it. */
  readonly keys: readonly { readonly kid: Kid, readonly name: string }[]
  /** Kids of those that signed, both halves verified. */
  readonly signed: readonly Kid[]
}

export function demandsOf (root: ReadFedRoot | ReadNationRoot, before: ReadFedRoot | ReadNationRoot | undefined): Demand[] {
  const demands = root.kind === 'nation-root' ? nationDemands(root, before as ReadNationRoot | undefined) : federationDemands(root, before as ReadFedRoot | undefined)
  const seen = new Set<string>()
  return demands.filter(({ sentence }) => !seen.has(sentence) && seen.add(sentence))
}

const nationDemands = (root: ReadNationRoot, before: ReadNationRoot | undefined): Demand[] =>
  (before === undefined ? [root] : [before, root]).map((named, i): Demand => {
    const { threshold, rootKeys } = named.body
    const sameKeys = before !== undefined && before.body.threshold === root.body.threshold && JSON.stringify(before.body.rootKeys) === JSON.stringify(root.body.rootKeys)
    const which = sameKeys || before === undefined ? 'root keys' : i === 0 ? 'root keys before the change' : 'root keys after the change'
    const keys = rootKeys.map(({ kid }, n) => ({ kid, name: `key ${n + 1} of ${rootKeys.length} (${shortKid(kid)})` }))
    const signed = [...pairsThatSigned(root.signatures, rootPairs(named.body))] as Kid[]
    const open = keys.filter(({ kid }) => !signed.includes(kid)).map(({ name }) => name)
    return demand(`${threshold} of the ${rootKeys.length} ${which} of ${root.body.nation} must sign`, signed.length, threshold, keys, signed, open)
  })

function federationDemands (root: ReadFedRoot, before: ReadFedRoot | undefined): Demand[] {
  const suspension = before === undefined ? undefined : othersThatSuspend(root.body, before.body)
  if (suspension !== undefined) {
    const needed = Math.floor(suspension.others.length / 2) + 1
    return [voices(`${needed} of the ${suspension.others.length} nations beside ${suspension.subject} must sign; its own key does not count`, root.signatures, before!.body, suspension.others, needed)]
  }
  return (before === undefined ? [root.body] : [before.body, root.body]).map((named, i) => {
    const nations = activeNations(named)
    const which = before === undefined ? 'nations' : i === 0 ? 'members before the change' : 'members after the change'
    return voices(`${named.threshold} of the ${nations.length} ${which} must sign`, root.signatures, named, nations, named.threshold)
  })
}

function voices (sentence: string, signatures: readonly StatementSignature[], root: FedRoot, nations: readonly NationId[], needed: number): Demand {
  const pairs = new Map<string, Pair>(Object.entries(root.keys).filter(([, { nation }]) => nations.includes(nation)))
  const keys = [...pairs.keys()].map(kid => ({ kid: kid as Kid, name: `${root.keys[kid]!.nation} (${shortKid(kid)})` }))
  const signed = [...pairsThatSigned(signatures, pairs)] as Kid[]
  const counted = new Set(signed.map(kid => root.keys[kid]!.nation))
  const open = nations.filter(nation => !counted.has(nation)).map(nation => `${nation} (any of ${[...pairs.keys()].filter(kid => root.keys[kid]!.nation === nation).map(shortKid).join(', ')})`)
  return demand(sentence, counted.size, needed, keys, signed, open)
}

/** `open`: who could still help to meet it. */
function demand (sentence: string, count: number, needed: number, keys: Demand['keys'], signed: readonly Kid[], open: readonly string[]): Demand {
  const met = count >= needed
  const have = signed.length === 0 ? 'nobody has yet' : `signed: ${keys.filter(({ kid }) => signed.includes(kid)).map(({ name }) => name).join(', ')}`
  return { sentence: `${sentence}; ${have}.${met ? '' : ` Still to ask: ${open.join('; ')}.`}`, met, keys, signed }
}

/** The trust list told to a person: who is trusted, since when, until when, and what was refused. No names of persons. */
import { dayOf, fromUnixSeconds } from '../protocol/instant.ts'
import { REFUSALS } from '../protocol/refusals.ts'
import type { FoldedTrust } from './trust-list.ts'
import type { TrustView, TrustedAgency } from './trust-view.ts'

export function trustSentences (view: TrustView, { pins, federation, nations }: FoldedTrust): string[] {
  return [
    ...federationSentences(federation.at(-1), pins),
    ...[...nations.values()].flatMap(({ nation, roots, revoked }) => {
      const { version, exp, nodes, threshold, rootKeys } = roots.at(-1)!.body
      const states = `The root of ${nation} is version ${version}, holds until ${dayOf(fromUnixSeconds(exp))}, needs ${threshold} of ${rootKeys.length} keys and names ${counted(nodes.length, 'node')}.`
      return revoked.size === 0 ? [states] : [states, `${nation} has revoked ${counted(revoked.size, 'key')}.`]
    }),
    ...view.agencies().map(agencySentence),
    ...[...pins.deny ?? []].sort().map(id => `This node does not trust ${id}, whatever others say.`),
    ...[...pins.allow ?? []].sort().map(id => `This node keeps ${id} as a member, whatever the federation says.`),
    ...view.findings.map(({ digest, refusal }) => `A statement (${digest}) was refused: ${refusal.code}${refusal.evidence === undefined ? '' : `, ${refusal.evidence}`}. ${REFUSALS[refusal.code]}`)
  ]
}

function federationSentences (root: FoldedTrust['federation'][number] | undefined, pins: FoldedTrust['pins']): string[] {
  if (pins.federation === undefined) return ['There is no federation root here: the nations that this node has pinned are its members.']
  if (root === undefined) return ['The pinned federation root is missing or does not verify: no nation is a member.']
  const { federation, version, exp, threshold, members } = root.body
  return [
    `The root of the federation ${federation} is version ${version}, holds until ${dayOf(fromUnixSeconds(exp))} and needs ${threshold} nations.`,
    ...members.map(({ nation, status, since }) => `${nation} ${STATUS_WORDS[status]} since ${dayOf(fromUnixSeconds(since))}.`)
  ]
}

const STATUS_WORDS = { active: 'is a member', suspended: 'is suspended', left: 'has left' } as const
const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`
const agencySentence = ({ name, agency, home, until }: TrustedAgency): string =>
  `${name.en} (${agency}) is at home on ${home}; its statement holds until ${dayOf(until)}.`

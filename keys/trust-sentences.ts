/** The trust list told to a person: who is trusted, since when, until when, and what was refused. No names of persons. */
import { nationOf, type NationId } from '../protocol/identifiers.ts'
import { dayOf, fromUnixSeconds, type Instant } from '../protocol/instant.ts'
import { REFUSALS } from '../protocol/refusals.ts'
import { STATUS_WORDS, counted, shortKid } from './root-changes.ts'
import type { FoldedTrust, NationHistory } from './trust-list.ts'
import type { TrustView, TrustedAgency } from './trust-view.ts'

export function trustSentences (view: TrustView, { pins, federation, nations }: FoldedTrust): string[] {
  return [
    ...federationSentences(federation.at(-1), pins),
    ...[...nations.values()].flatMap(nationSentences),
    ...view.agencies().map(agencySentence),
    ...pinSentences(pins),
    ...view.findings.map(({ digest, refusal }) => `A statement (${digest}) was refused: ${refusal.code}${refusal.evidence === undefined ? '' : `, ${refusal.evidence}`}. ${REFUSALS[refusal.code]}`)
  ]
}

/** Who could speak on that date, by all that is known today: revocations that came later count from the time that they name. */
export function trustSentencesAt (view: TrustView, { pins, federation, nations, agencies }: FoldedTrust, at: Instant): string[] {
  const root = federation.findLast(({ body }) => fromUnixSeconds(body.iat) <= at)
  return [
    `As of ${dayOf(at)}, by all that is known today:`,
    ...pins.federation !== undefined && root === undefined ? ['There was no root of the federation yet.'] : federationSentences(root, pins),
    ...[...nations.values()].flatMap(history => nationSentencesAt(view, history, at)),
    ...[...agencies.keys()].sort().map(id => {
      const agency = view.agency(id, at)
      if (agency !== undefined) return agencySentence(agency)
      return view.isMember(nationOf(id), at) ? `${id} had no statement in force.` : `${id} could not speak: its nation was no member.`
    }),
    ...pinSentences(pins)
  ]
}

function nationSentencesAt (view: TrustView, { nation, roots, revoked }: NationHistory, at: Instant): string[] {
  const root = roots.findLast(({ body }) => fromUnixSeconds(body.iat) <= at)
  const gone = [...revoked.values()].filter(({ from }) => from <= at).length
  if (root === undefined) return [`${nation} had no root yet that this node knows of.`]
  const ended = fromUnixSeconds(root.body.exp) <= at ? ` It had ended: nobody could speak for ${nation}.` : ''
  return [
    ...view.isMember(nation, at) ? [] : [`${nation} was no member.`],
    rootSentence(root.body) + ended,
    ...gone === 0 ? [] : [`${nation} had revoked ${counted(gone, 'key')} by then.`]
  ]
}

function nationSentences ({ nation, roots, revoked, nextRevocations }: NationHistory): string[] {
  return [
    rootSentence(roots.at(-1)!.body),
    ...[...revoked].sort().map(([kid, { from, compromised }]) => `${nation} has revoked the key ${shortKid(kid)} from ${dayOf(from)}${compromised ? ': it was stolen, nothing that arrives with it counts' : '; what it signed before still counts'}.`),
    ...nextRevocations === undefined ? [`${nation} has published no list of revoked keys.`] : [`${nation} promises its next list of revoked keys before ${dayOf(nextRevocations)}.`]
  ]
}

const rootSentence = ({ nation, version, exp, nodes, threshold, rootKeys }: { readonly nation: NationId, readonly version: number, readonly exp: number, readonly nodes: readonly unknown[], readonly threshold: number, readonly rootKeys: readonly unknown[] }): string =>
  `The root of ${nation} is version ${version}, holds until ${dayOf(fromUnixSeconds(exp))}, needs ${threshold} of ${rootKeys.length} keys and names ${counted(nodes.length, 'node')}.`

function federationSentences (root: FoldedTrust['federation'][number] | undefined, pins: FoldedTrust['pins']): string[] {
  if (pins.federation === undefined) return ['There is no federation root here: the nations that this node has pinned are its members.']
  if (root === undefined) return ['The pinned federation root is missing or does not verify: no nation is a member.']
  const { federation, version, exp, threshold, members } = root.body
  return [
    `The root of the federation ${federation} is version ${version}, holds until ${dayOf(fromUnixSeconds(exp))} and needs ${threshold} nations.`,
    ...members.map(({ nation, status, since }) => `${nation} ${STATUS_WORDS[status]} since ${dayOf(fromUnixSeconds(since))}.`)
  ]
}

const pinSentences = (pins: FoldedTrust['pins']): string[] => [
  ...[...pins.nations.keys()].sort().map(id => `This node has pinned a root of ${id}; the pin wins over what the federation says.`),
  ...[...pins.deny ?? []].sort().map(id => `This node does not trust ${id}, whatever others say.`),
  ...[...pins.allow ?? []].sort().map(id => `This node keeps ${id} as a member, whatever the federation says.`)
]

const agencySentence = ({ name, agency, home, until }: TrustedAgency): string =>
  `${name.en} (${agency}) is at home on ${home}; its statement holds until ${dayOf(until)}.`

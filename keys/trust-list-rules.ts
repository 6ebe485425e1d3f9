/**
 * What a statement must fulfil before it changes whom we trust: one function for each rule, named after it. Each answers
 * undefined, or why not. Rules see statements only: no clock, no secret, no order of arrival.
 */
import { nationOf, type Digest, type NationId } from '../protocol/identifiers.ts'
import { refuse, type Refusal } from '../protocol/refusals.ts'
import { kidOf, parsePublicKey } from './identity.ts'
import { isSignatureValid } from './key-objects.ts'
import { agencyEntity } from './make-statements.ts'
import type { ReadAgencyStatement, ReadFedRoot, ReadNationRoot, ReadRevocationList, StatementSignature } from './read-statements.ts'
import { AGENCY_STATEMENT_LIFETIME_MAX, ROOT_LIFETIME_MAX, SITE_KINDS, type AgencyStatement, type FedRoot, type NationRoot } from './statements.ts'

type Verdict = Refusal | undefined
export interface Pair { readonly ed25519: string, readonly mldsa44: string }

/** The first rule that is broken. */
export function firstBroken (...rules: readonly (() => Verdict)[]): Verdict {
  for (const rule of rules) {
    const verdict = rule()
    if (verdict !== undefined) return verdict
  }
  return undefined
}

// ── Roots of both kinds ──────────────────────────────────────────────────────────────────────────────────────────

/** Version by version, each naming the hash of the one before: nothing can be left out, replaced or put back. */
export const followsItsPredecessor = (next: FedRoot | NationRoot, before: { readonly body: FedRoot | NationRoot, readonly hash: Digest }): Verdict =>
  next.version === before.body.version + 1 && next.prev === before.hash && next.iat >= before.body.iat ? undefined : refuse('chain-broken', 'prev')

export const rootLivesNoLongerThanAllowed = ({ iat, exp }: { iat: number, exp: number }): Verdict =>
  exp > iat && (exp - iat) * 1000 <= ROOT_LIFETIME_MAX ? undefined : refuse('malformed', 'ROOT_LIFETIME_MAX')

/** A registry key signs hundreds of statements: its imported form is kept with these bytes. */
const IMPORTED_KEYS_MAX = 1000
const rawKeys = new Map<string, Uint8Array | undefined>()

function rawKeyOf (algorithm: StatementSignature['alg'], publicText: string): Uint8Array | undefined {
  if (!rawKeys.has(publicText)) {
    if (rawKeys.size >= IMPORTED_KEYS_MAX) rawKeys.clear()
    rawKeys.set(publicText, parsePublicKey(algorithm === 'EdDSA' ? 'Ed25519' : algorithm, publicText))
  }
  return rawKeys.get(publicText)
}

/** What was verified once: a fold over a long history is made again with every new statement. */
const verdicts = new WeakMap<StatementSignature, Map<string, boolean>>()

function isSignedWith (each: StatementSignature, publicText: string): boolean {
  let known = verdicts.get(each)
  if (known === undefined) verdicts.set(each, known = new Map())
  let valid = known.get(publicText)
  if (valid === undefined) {
    const key = rawKeyOf(each.alg, publicText)
    known.set(publicText, valid = key !== undefined && isSignatureValid(each.alg, key, each.input, each.signature))
  }
  return valid
}

/**
 * Kids of the pairs that signed with both algorithms. Each signature is verified on its own: a helper that is content
 * with any one would let a forged half pass.
 */
export function pairsThatSigned (signatures: readonly StatementSignature[], pairs: ReadonlyMap<string, Pair>): Set<string> {
  const signed = new Set<string>()
  for (const [kid, pair] of pairs) {
    const own = signatures.filter(each => each.kid === kid)
    const both = own.some(each => each.alg === 'EdDSA' && isSignedWith(each, pair.ed25519)) &&
      own.some(each => each.alg === 'ML-DSA-44' && isSignedWith(each, pair.mldsa44))
    if (both) signed.add(kid)
  }
  return signed
}

const areDistinct = (names: readonly string[]): boolean => new Set(names).size === names.length
const fits = (kid: string, ed25519: string): boolean => kidOf('Ed25519', ed25519) === kid

// ── NationRoot ───────────────────────────────────────────────────────────────────────────────────────────────────

export const rootPairs = (root: NationRoot): ReadonlyMap<string, Pair> => new Map(root.rootKeys.map(pair => [pair.kid as string, pair]))

export const nationKidsFitTheirKeys = (root: NationRoot): Verdict =>
  root.rootKeys.every(key => fits(key.kid, key.ed25519)) &&
  [...root.federationKeys, ...root.revocationKeys].every(key => fits(key.kid, key.jwk.x)) &&
  areDistinct([...root.rootKeys, ...root.federationKeys, ...root.revocationKeys].map(key => key.kid)) &&
  areDistinct(root.rootKeys.map(key => key.mldsa44))
    ? undefined : refuse('malformed', 'kid')

/** One lost or stolen key neither ends nor takes over a nation. */
export const nationThresholdIsAMajority = ({ threshold, rootKeys }: NationRoot): Verdict =>
  threshold >= 2 && threshold <= rootKeys.length && threshold * 2 > rootKeys.length ? undefined : refuse('malformed', 'threshold')

export const nodesAreTheNationsOwn = ({ nation, nodes }: NationRoot): Verdict => {
  const foreign = nodes.find(({ node }) => nationOf(node) !== nation)
  if (foreign !== undefined) return refuse('wrong-issuer', foreign.node)
  return areDistinct(nodes.map(({ node }) => node)) && areDistinct(nodes.map(({ transportKey }) => transportKey)) && areDistinct(nodes.map(({ log }) => log.origin))
    ? undefined : refuse('malformed', 'nodes')
}

export const isSignedByThresholdOf = (root: NationRoot, signatures: readonly StatementSignature[]): Verdict =>
  pairsThatSigned(signatures, rootPairs(root)).size >= root.threshold ? undefined : refuse('wrong-signature', `threshold of ${root.nation} version ${root.version}`)

/** Everything but the signatures: what a ceremony must fulfil before anybody signs. */
export const nationRootIsSound = (next: ReadNationRoot, before: ReadNationRoot | undefined): Verdict => firstBroken(
  () => rootLivesNoLongerThanAllowed(next.body),
  () => nationKidsFitTheirKeys(next.body),
  () => nationThresholdIsAMajority(next.body),
  () => nodesAreTheNationsOwn(next.body),
  () => before === undefined ? undefined : followsItsPredecessor(next.body, before),
  () => before === undefined || next.body.nation === before.body.nation ? undefined : refuse('wrong-issuer', before.body.nation)
)

/** A nation's first root stands on a pin or an admission; each later one on the threshold of the one before and its own. */
export const nationRootStands = (next: ReadNationRoot, before: ReadNationRoot | undefined): Verdict => firstBroken(
  () => nationRootIsSound(next, before),
  () => before === undefined ? undefined : isSignedByThresholdOf(before.body, next.signatures),
  () => isSignedByThresholdOf(next.body, next.signatures)
)

// ── FedRoot ──────────────────────────────────────────────────────────────────────────────────────────────────────

export const activeNations = (root: FedRoot): NationId[] => root.members.filter(({ status }) => status === 'active').map(({ nation }) => nation)

/** Nations, not keys, are counted: a nation with a spare key has one voice. Who is not active has none. */
export function nationsThatSigned (signatures: readonly StatementSignature[], root: FedRoot): Set<NationId> {
  const active = new Set(activeNations(root))
  const pairs = new Map(Object.entries(root.keys).filter(([, key]) => active.has(key.nation)))
  return new Set([...pairsThatSigned(signatures, pairs)].map(kid => root.keys[kid]!.nation))
}

export const federationFormIsSound = (root: FedRoot): Verdict => {
  const members = root.members.map(({ nation }) => nation)
  const pairs = Object.entries(root.keys)
  return areDistinct(members) && pairs.every(([kid, key]) => fits(kid, key.ed25519) && members.includes(key.nation)) && areDistinct(pairs.map(([, key]) => key.mldsa44))
    ? undefined : refuse('malformed', 'keys or members')
}

/** More than two thirds of the active nations decide whom to admit. */
export const federationThresholdIsTwoThirds = (root: FedRoot): Verdict => {
  const nations = activeNations(root).length
  return root.threshold >= Math.floor(nations * 2 / 3) + 1 && root.threshold <= nations ? undefined : refuse('malformed', 'threshold')
}

/** A federation root can never introduce a nation's keys: each must stand in a root that the nation signed itself. */
export function keysAreTheNationsOwn (root: FedRoot, chainOf: (nation: NationId) => readonly ReadNationRoot[]): Verdict {
  for (const [kid, { nation, ed25519, mldsa44 }] of Object.entries(root.keys)) {
    const chain = chainOf(nation)
    if (chain.length === 0) return refuse('chain-broken', `root of ${nation} is missing`)
    const known = chain.some(({ body }) => body.rootKeys.some(key => key.kid === kid && key.ed25519 === ed25519 && key.mldsa44 === mldsa44))
    if (!known) return refuse('wrong-issuer', `key of ${nation}`)
  }
  return undefined
}

/** Once admitted, a nation changes its root by its own chain only; nobody leaves the list silently. */
export const memberRootsAreUnchanged = (next: FedRoot, before: FedRoot): Verdict => {
  const changed = before.members.find(member => {
    const later = next.members.find(({ nation }) => nation === member.nation)
    return later === undefined || later.nationRoot.hash !== member.nationRoot.hash || later.nationRoot.version !== member.nationRoot.version
  })
  return changed === undefined ? undefined : refuse('wrong-issuer', `root of ${changed.nation}`)
}

export const isSignedByThresholdOfNations = (root: FedRoot, signatures: readonly StatementSignature[]): Verdict =>
  nationsThatSigned(signatures, root).size >= root.threshold ? undefined : refuse('wrong-signature', `threshold of version ${root.version}`)

/**
 * The named exception: one nation is suspended or expelled, and nothing else changes. Its own key does not count; more
 * than half of the others decide. Where there are not two others, only local pins act.
 */
export function othersThatSuspend (next: FedRoot, before: FedRoot): { readonly subject: NationId, readonly others: readonly NationId[] } | undefined {
  const subjects = activeNations(before).filter(nation => !activeNations(next).includes(nation))
  const others = activeNations(before).filter(nation => !subjects.includes(nation))
  if (subjects.length !== 1 || others.length < 2 || next.federation !== before.federation) return undefined
  const untouched = (root: FedRoot): string => JSON.stringify([root.keys, root.members.filter(({ nation }) => nation !== subjects[0])])
  return untouched(next) === untouched(before) ? { subject: subjects[0]!, others } : undefined
}

function isSuspensionByTheOthers (next: ReadFedRoot, before: FedRoot): boolean {
  const others = othersThatSuspend(next.body, before)?.others ?? []
  const voices = [...nationsThatSigned(next.signatures, before)].filter(nation => others.includes(nation))
  return others.length >= 2 && voices.length * 2 > others.length
}

/** Everything but the signatures: what a ceremony must fulfil before anybody signs. */
export const fedRootIsSound = (next: ReadFedRoot, before: ReadFedRoot | undefined, chainOf: (nation: NationId) => readonly ReadNationRoot[]): Verdict => firstBroken(
  () => rootLivesNoLongerThanAllowed(next.body),
  () => federationFormIsSound(next.body),
  () => federationThresholdIsTwoThirds(next.body),
  () => before === undefined ? undefined : followsItsPredecessor(next.body, before),
  () => before === undefined || next.body.federation === before.body.federation ? undefined : refuse('wrong-issuer', 'federation'),
  () => before === undefined ? undefined : memberRootsAreUnchanged(next.body, before.body),
  () => keysAreTheNationsOwn(next.body, chainOf)
)

export const fedRootStands = (next: ReadFedRoot, before: ReadFedRoot | undefined, chainOf: (nation: NationId) => readonly ReadNationRoot[]): Verdict => firstBroken(
  () => fedRootIsSound(next, before, chainOf),
  () => before !== undefined && isSuspensionByTheOthers(next, before.body) ? undefined : firstBroken(
    () => before === undefined ? undefined : isSignedByThresholdOfNations(before.body, next.signatures),
    () => isSignedByThresholdOfNations(next.body, next.signatures))
)

// ── AgencyStatement ──────────────────────────────────────────────────────────────────────────────────────────────

/** A nation never speaks for another's agency, nor puts its agency on another's node. */
export const nationSpeaksForItself = ({ iss, sub, metadata: { tiltas_agency: agency } }: AgencyStatement, root: NationRoot): Verdict =>
  iss === root.entity && sub === agencyEntity(root.entity, agency.agency) &&
  [agency.agency, agency.home, ...agency.keys.map(({ node }) => node)].every(id => nationOf(id) === root.nation)
    ? undefined : refuse('wrong-issuer', agency.agency)

export const statementLivesNoLongerThanAllowed = ({ iat, exp }: AgencyStatement): Verdict =>
  exp > iat && (exp - iat) * 1000 <= AGENCY_STATEMENT_LIFETIME_MAX ? undefined : refuse('malformed', 'AGENCY_STATEMENT_LIFETIME_MAX')

export const agencyKidsFitTheirKeys = ({ jwks, metadata: { tiltas_agency: { keys } } }: AgencyStatement): Verdict =>
  jwks.keys.every(jwk => kidOf(jwk.crv, jwk.x) === jwk.kid) && areDistinct(jwks.keys.map(({ kid }) => kid)) &&
  areDistinct(keys.map(({ kid }) => kid)) && jwks.keys.length === keys.length &&
  keys.every(({ kid, use }) => jwks.keys.some(jwk => jwk.kid === kid && jwk.crv === (use === 'sig' ? 'Ed25519' : 'X25519')))
    ? undefined : refuse('malformed', 'jwks')

/** Home is a node of the nation that is not a site; keys lie on nodes of the nation. */
export function nodesAreKnown ({ metadata: { tiltas_agency: { home, keys } } }: AgencyStatement, root: NationRoot): Verdict {
  const roles = new Map(root.nodes.map(({ node, role }) => [node, role]))
  if (!roles.has(home) || roles.get(home) === 'site') return refuse('chain-broken', home)
  const stray = keys.find(({ node }) => !roles.has(node))
  return stray === undefined ? undefined : refuse('chain-broken', stray.node)
}

/** Whoever breaks into a camera cabinet gets no key that speaks abroad. */
export function siteKeysSignOnlySiteKinds ({ metadata: { tiltas_agency: { keys } } }: AgencyStatement, root: NationRoot): Verdict {
  const sites = new Set(root.nodes.filter(({ role }) => role === 'site').map(({ node }) => node))
  const broad = keys.find(key => key.use === 'sig' && sites.has(key.node) && !(key.kinds?.every(kind => SITE_KINDS.includes(kind)) ?? false))
  return broad === undefined ? undefined : refuse('beyond-powers', broad.node)
}

export function isSignedByOneOf ({ signatures }: ReadAgencyStatement | ReadRevocationList, keys: NationRoot['federationKeys']): Verdict {
  const key = keys.find(each => each.kid === signatures[0]!.kid)
  if (key === undefined) return refuse('unknown-key', signatures[0]!.kid)
  return isSignedWith(signatures[0]!, key.jwk.x) ? undefined : refuse('wrong-signature', key.kid)
}

/** `root` is that in force when the statement was made. */
export const agencyStatementStands = (statement: ReadAgencyStatement, root: NationRoot): Verdict => firstBroken(
  () => nationSpeaksForItself(statement.body, root),
  () => statementLivesNoLongerThanAllowed(statement.body),
  () => agencyKidsFitTheirKeys(statement.body),
  () => nodesAreKnown(statement.body, root),
  () => siteKeysSignOnlySiteKinds(statement.body, root),
  () => isSignedByOneOf(statement, root.federationKeys)
)

// ── RevocationList ───────────────────────────────────────────────────────────────────────────────────────────────

/** `root` is the newest: a nation that loses its revocation key replaces it there, and what a thief revokes is void. */
export const revocationListStands = (list: ReadRevocationList, root: NationRoot): Verdict => firstBroken(
  () => list.body.nation === root.nation ? undefined : refuse('wrong-issuer', list.body.nation),
  () => list.body.next > list.body.iat ? undefined : refuse('malformed', 'next'),
  () => isSignedByOneOf(list, root.revocationKeys)
)


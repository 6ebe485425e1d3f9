/**
 * Who is trusted, for what and when: a fold over signed statements and the pins of this node. Invariants:
 *  1. the same set of statements gives the same answer in any order of arrival; no clock and no secret enters;
 *  2. what does not stand becomes a finding and changes nothing; nothing throws;
 *  3. authority is never merged: where a root exists twice, its chain stops before it;
 *  4. this node's pins win over everything.
 */
import { nationOf, type AgencyId, type Digest, type Kid, type NationId } from '../protocol/identifiers.ts'
import { fromUnixSeconds, type Instant } from '../protocol/instant.ts'
import { refuse, type Refusal } from '../protocol/refusals.ts'
import { digestOfBytes } from './compact.ts'
import { isRefusal, readStatement, type ReadAgencyStatement, type ReadFedRoot, type ReadNationRoot, type ReadRevocationList, type ReadStatement } from './read-statements.ts'
import { agencyStatementStands, fedRootStands, nationRootStands, revocationListStands } from './trust-list-rules.ts'
import { TrustView } from './trust-view.ts'

export interface TrustPins {
  /** Payload hash of the federation root that we start from; without it the pinned nations are the members. */
  readonly federation?: Digest
  /** Payload hash of the nation root that we start from; wins over what the federation says. */
  readonly nations: ReadonlyMap<NationId, Digest>
  /** Nations, agencies, nodes and keys that this node does not trust, whatever others say. */
  readonly deny?: ReadonlySet<string>
  /** Nations that stay members here, whatever the federation says. */
  readonly allow?: ReadonlySet<NationId>
}

/** A statement that does not stand, and why. */
export interface Finding { readonly digest: Digest, readonly refusal: Refusal }
export interface RevokedKey { readonly from: Instant, readonly compromised: boolean }
export interface NationHistory {
  readonly nation: NationId
  /** Oldest first; the newest is the last. */
  readonly roots: readonly ReadNationRoot[]
  readonly revoked: ReadonlyMap<Kid, RevokedKey>
  /** Lists that count, oldest first. */
  readonly revocations: readonly ReadRevocationList[]
  /** When the next revocation list is due; undefined while there is none. */
  readonly nextRevocations: Instant | undefined
}
export interface FoldedTrust {
  readonly pins: TrustPins
  readonly federation: readonly ReadFedRoot[]
  readonly nations: ReadonlyMap<NationId, NationHistory>
  /** Oldest first, by the time of the statement. */
  readonly agencies: ReadonlyMap<AgencyId, readonly ReadAgencyStatement[]>
  readonly findings: readonly Finding[]
  /** Files (SHA-256 of their bytes) that this answer stands on. */
  readonly standing: ReadonlySet<Digest>
}

const EXISTS_TWICE = 'exists twice'
/** Both versions were rightly signed: such a statement is kept, so that everybody sees the fork. */
export const isForkProof = ({ code, evidence }: Refusal): boolean => code === 'chain-broken' && evidence?.endsWith(EXISTS_TWICE) === true

/** Versions of one root from the anchor on: a root that is renewed each week gets there in ten years. */
export const CHAIN_LENGTH_MAX = 500

interface Filed<Statement> { readonly statement: Statement, readonly digests: readonly Digest[] }

export function foldTrust (history: readonly Uint8Array[], pins: TrustPins): TrustView {
  const findings: Finding[] = []
  const report = (digests: readonly Digest[], refusal: Refusal): void => { for (const digest of digests) findings.push({ digest, refusal }) }
  const filed = readAll(history, report)
  const nationRoots = gatherCopies(ofKind<ReadNationRoot>(filed, 'nation-root'))
  const fedRoots = gatherCopies(ofKind<ReadFedRoot>(filed, 'fed-root'))

  const chains = new Map<Digest, readonly Filed<ReadNationRoot>[]>()
  const chainFrom = (nation: NationId, anchor: Digest | undefined): readonly ReadNationRoot[] => {
    if (anchor === undefined) return []
    let chain = chains.get(anchor)
    if (chain === undefined) chains.set(anchor, chain = walk(nationRoots, anchor, nationRootStands, report))
    return chain[0]?.statement.body.nation === nation ? chain.map(({ statement }) => statement) : []
  }
  const federation = pins.federation === undefined ? [] : walk(fedRoots, pins.federation, (next, before) => {
    const admitted = new Map(next.body.members.map(({ nation, nationRoot }) => [nation, nationRoot.hash]))
    // A nation that was pinned anew after a disaster still signed, with its old keys, what the federation did before.
    return fedRootStands(next, before, nation => [...chainFrom(nation, admitted.get(nation)), ...chainFrom(nation, pins.nations.get(nation))])
  }, report)
  const fedChain = federation.map(({ statement }) => statement)
  const members = fedChain.at(-1)?.body.members ?? []
  const anchors = new Map([...members.map(({ nation, nationRoot }) => [nation, nationRoot.hash] as const), ...pins.nations])

  const lists = ofKind<ReadRevocationList>(filed, 'revocation-list')
  const nations = new Map<NationId, NationHistory>()
  for (const [nation, anchor] of [...anchors].sort(byFirst)) {
    const roots = chainFrom(nation, anchor)
    if (roots.length > 0) nations.set(nation, { nation, roots, ...foldRevocations(lists, roots, report) })
  }
  for (const { statement, digests } of lists) if (!nations.has(statement.body.nation)) report(digests, refuse('nation-unknown', statement.body.nation))
  reportUnused(nationRoots, ({ body }) => nations.get(body.nation)?.roots, report)
  reportUnused(fedRoots, () => fedChain, report)
  const agencies = foldAgencies(ofKind<ReadAgencyStatement>(filed, 'agency-statement'), nations, report)
  const used = new Set<ReadStatement>([...federation.map(({ statement }) => statement), ...[...nations.values()].flatMap(({ roots, revocations }) => [...roots, ...revocations]), ...[...agencies.values()].flat()])
  const standing = new Set([...filed, ...nationRoots.values(), ...fedRoots.values()].flatMap(({ statement, digests }) => used.has(statement) ? digests : []))
  return new TrustView({ pins, federation: fedChain, nations, agencies, findings: sorted(findings), standing })
}

type Report = (digests: readonly Digest[], refusal: Refusal) => void

export interface ReadFile { readonly digest: Digest, readonly statement: ReadStatement | Refusal }
/** Kept as long as somebody holds the bytes, which must never be changed in place: each new statement means a new fold. */
const readFiles = new WeakMap<Uint8Array, ReadFile>()

export function readOnce (bytes: Uint8Array): ReadFile {
  let known = readFiles.get(bytes)
  if (known === undefined) readFiles.set(bytes, known = { digest: digestOfBytes(bytes), statement: readStatement(bytes) })
  return known
}

/** Each statement once, in the order of digests, which no sender of statements can steer usefully. */
function readAll (history: readonly Uint8Array[], report: Report): Filed<ReadStatement>[] {
  const unique = new Map(history.map(bytes => { const file = readOnce(bytes); return [file.digest, file.statement] as const }))
  const filed: Filed<ReadStatement>[] = []
  for (const [digest, statement] of [...unique].sort(byFirst)) {
    if (isRefusal(statement)) report([digest], statement)
    else filed.push({ statement, digests: [digest] })
  }
  return filed
}

const ofKind = <Kind extends ReadStatement>(filed: readonly Filed<ReadStatement>[], kind: Kind['kind']): Filed<Kind>[] =>
  filed.filter(({ statement }) => statement.kind === kind) as unknown as Filed<Kind>[]

/** Copies of one root that were signed apart count together. */
function gatherCopies<Root extends ReadFedRoot | ReadNationRoot> (copies: readonly Filed<Root>[]): Map<Digest, Filed<Root>> {
  const roots = new Map<Digest, Filed<Root>>()
  for (const copy of copies) {
    const first = roots.get(copy.statement.hash)
    roots.set(copy.statement.hash, first === undefined ? copy : {
      statement: { ...first.statement, signatures: [...first.statement.signatures, ...copy.statement.signatures] },
      digests: [...first.digests, ...copy.digests]
    })
  }
  return roots
}

/** From the anchor, one verified version after the other. Two versions that both stand are a fork: the chain stops before them. */
function walk<Root extends ReadFedRoot | ReadNationRoot> (roots: ReadonlyMap<Digest, Filed<Root>>, anchor: Digest, stands: (next: Root, before: Root | undefined) => Refusal | undefined, report: Report): Filed<Root>[] {
  const chain: Filed<Root>[] = []
  const successors = new Map<Digest, Filed<Root>[]>()
  for (const root of roots.values()) if (root.statement.body.prev !== undefined) successors.set(root.statement.body.prev, [...successors.get(root.statement.body.prev) ?? [], root])
  const first = roots.get(anchor)
  let candidates = first === undefined ? [] : [first]
  while (candidates.length > 0) {
    const before = chain.at(-1)?.statement
    const standing = candidates.filter(({ statement, digests }) => {
      const verdict = stands(statement, before)
      if (verdict !== undefined) report(digests, verdict)
      return verdict === undefined
    })
    if (standing.length !== 1) {
      for (const { digests, statement } of standing) report(digests, refuse('chain-broken', `version ${statement.body.version} ${EXISTS_TWICE}`))
      break
    }
    chain.push(standing[0]!)
    candidates = successors.get(standing[0]!.statement.hash) ?? []
    if (chain.length < CHAIN_LENGTH_MAX) continue
    for (const { digests } of candidates) report(digests, refuse('too-large', 'CHAIN_LENGTH_MAX'))
    break
  }
  return chain
}

/** Once revoked, a key stays so; of several times the earliest counts. */
function foldRevocations (lists: readonly Filed<ReadRevocationList>[], roots: readonly ReadNationRoot[], report: Report): Pick<NationHistory, 'revoked' | 'revocations' | 'nextRevocations'> {
  const newest = roots.at(-1)!.body
  const revoked = new Map<Kid, RevokedKey>()
  const revocations: ReadRevocationList[] = []
  let nextRevocations: Instant | undefined
  for (const { statement, digests } of lists) {
    if (statement.body.nation !== newest.nation) continue
    const verdict = revocationListStands(statement, newest)
    if (verdict !== undefined) { report(digests, verdict); continue }
    revocations.push(statement)
    nextRevocations = Math.max(nextRevocations ?? 0, fromUnixSeconds(statement.body.next))
    for (const { kid, revokedAt, compromisedFrom, reason } of statement.body.revoked) {
      const from = fromUnixSeconds(Math.min(revokedAt, compromisedFrom ?? revokedAt))
      const known = revoked.get(kid)
      revoked.set(kid, { from: Math.min(from, known?.from ?? from), compromised: (known?.compromised ?? false) || reason === 'compromised' || compromisedFrom !== undefined })
    }
  }
  revocations.sort((a, b) => a.body.iat - b.body.iat || a.body.seq - b.body.seq || (a.hash < b.hash ? -1 : 1))
  return { revoked, revocations, nextRevocations }
}

function foldAgencies (statements: readonly Filed<ReadAgencyStatement>[], nations: ReadonlyMap<NationId, NationHistory>, report: Report): Map<AgencyId, ReadAgencyStatement[]> {
  const agencies = new Map<AgencyId, ReadAgencyStatement[]>()
  for (const { statement, digests } of statements) {
    const { agency } = statement.body.metadata.tiltas_agency
    const root = nations.get(nationOf(agency))?.roots.findLast(({ body }) => body.iat <= statement.body.iat)
    const verdict = root === undefined ? refuse('chain-broken', `no root of ${nationOf(agency)} at that time`) : agencyStatementStands(statement, root.body)
    if (verdict !== undefined) report(digests, verdict)
    else if (agencies.has(agency)) agencies.get(agency)!.push(statement)
    else agencies.set(agency, [statement])
  }
  for (const history of agencies.values()) history.sort((a, b) => a.body.iat - b.body.iat || (a.hash < b.hash ? -1 : 1))
  return agencies
}

/** Roots that no chain reached. Those from before a pin are history, not findings. */
function reportUnused<Root extends ReadFedRoot | ReadNationRoot> (roots: ReadonlyMap<Digest, Filed<Root>>, chainOf: (root: Root) => readonly Root[] | undefined, report: Report): void {
  for (const { statement, digests } of roots.values()) {
    const chain = chainOf(statement)
    if (chain === undefined) report(digests, refuse('nation-unknown'))
    else if (statement.body.version > (chain[0]?.body.version ?? 0) && !chain.some(({ hash }) => hash === statement.hash)) report(digests, refuse('chain-broken', `version ${statement.body.version}`))
  }
}

const byFirst = <Key extends string>([a]: readonly [Key, unknown], [b]: readonly [Key, unknown]): number => a < b ? -1 : a > b ? 1 : 0

/** One finding for each statement: the first reason in the order of rules. */
function sorted (findings: readonly Finding[]): Finding[] {
  const byDigest = new Map<Digest, Finding>()
  for (const finding of findings) if (!byDigest.has(finding.digest)) byDigest.set(finding.digest, finding)
  return [...byDigest].sort(byFirst).map(([, finding]) => finding)
}

/**
 * A root's way from draft to every node: `inspect`, `countersign`, `merge`, `publish`, and `new-key` for who is to sign from
 * now on. The state of a ceremony is its file: every step may be interrupted and done again. Signing needs no network, no
 * config and no node.
 */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mergeCeremonies, finishCeremony, signCeremony } from '../../../keys/ceremony.ts'
import { rootKeyOf } from '../../../keys/make-statements.ts'
import { privateKeyFromSeed, type KeySecret } from '../../../keys/private-key.ts'
import { isRefusal, readStatement } from '../../../keys/read-statements.ts'
import { counted, fedRootChanges, nationRootChanges, shortKid } from '../../../keys/root-changes.ts'
import { foldTrust, readOnce } from '../../../keys/trust-list.ts'
import { toBase64url } from '../../../protocol/bytes.ts'
import { dayOf, fromUnixSeconds } from '../../../protocol/instant.ts'
import { addStatements, replaceFileSync, trustFolderOf } from '../../trust-files.ts'
import { EXIT, defineCommand, usageError, type CommandOption, type Context } from '../command.ts'
import { safe } from '../print.ts'
import { failed, fingerprintFacts, fingerprintLines, isConfirmed, readCeremonyFile, readHandedOver, readOwnTrust, refusedStatement, reportLines, reportOf, rootPairIn, sound, writeCeremony, type HandedOver, type OwnTrust } from '../trust-support.ts'

export const OUT: CommandOption = { type: 'string', value: 'FILE', help: 'where to write it' }

// ── inspect ──────────────────────────────────────────────────────────────────────────────────────────────────────

const inspect = defineCommand({
  name: 'trust inspect',
  summary: 'what a file of statements or of a ceremony says, who signed it, and what is missing',
  positionals: ['FILE'],
  notes: ['Changes nothing and needs no node. Compare the fingerprint with the other side by telephone.'],
  async run (context) {
    const handed = readHandedOver(context.positionals[0]!)
    const { facts, lines, hash } = handed.what === 'ceremony' ? aboutCeremony(handed) : aboutStatement(handed)
    context.answer({ ...facts, ...fingerprintFacts(hash) }, () => [...lines.map(line => safe`${line}`), ...fingerprintLines(hash, context)])
    return EXIT.ok
  }
})

function aboutCeremony ({ ceremony }: Extract<HandedOver, { what: 'ceremony' }>) {
  const report = reportOf(ceremony)
  return { hash: report.hash, facts: { what: 'ceremony', ...report }, lines: ['A root that is being signed.', ...reportLines(report)] }
}

function aboutStatement ({ statement }: Extract<HandedOver, { what: 'statement' }>) {
  const lines = ((): string[] => {
    switch (statement.kind) {
      case 'nation-root': return nationRootChanges(statement.body, undefined)
      case 'fed-root': return fedRootChanges(statement.body, undefined)
      case 'agency-statement': {
        const { agency, name, home, keys } = statement.body.metadata.tiltas_agency
        return [`${name.en} (${agency}) is at home on ${home}, with ${counted(keys.length, 'key')}, until ${dayOf(fromUnixSeconds(statement.body.exp))}.`]
      }
      case 'revocation-list': return [`${statement.body.nation} has revoked ${counted(statement.body.revoked.length, 'key')}; the next list is promised before ${dayOf(fromUnixSeconds(statement.body.next))}.`]
    }
  })()
  const signers = [...new Set(statement.signatures.map(({ kid }) => kid))]
  return { hash: statement.hash, facts: { what: statement.kind, body: statement.body, signers }, lines: [...lines, `It carries signatures that name ${counted(signers.length, 'key')}: ${signers.map(shortKid).join(', ')}. Whether they count is decided where it is published.`] }
}

// ── countersign ──────────────────────────────────────────────────────────────────────────────────────────────────

const countersign = defineCommand({
  name: 'trust countersign',
  summary: 'sign a root with a key that you keep; on a machine without a network',
  positionals: ['FILE'],
  options: {
    key: { type: 'string', value: 'FILE', help: 'your root key, like root-1-of-3.json' },
    yes: { type: 'string', value: 'FINGERPRINT', help: 'the whole fingerprint, for scripts; without it a part is asked for' },
    out: { ...OUT, help: 'where to write it with your signature (else into FILE itself)' }
  },
  notes: ['Shows first what the root will change. Nothing is signed before its fingerprint was named.'],
  async run (context) {
    const file = context.positionals[0]!
    const ceremony = readCeremonyFile(file)
    const report = reportOf(ceremony)
    const { signer } = rootPairIn(context.required('key'))
    const show = (): string[] => [...reportLines(report).map(line => safe`${line}`), ...fingerprintLines(report.hash, context)]
    if (context.text('yes') === undefined && context.io.ask !== undefined) context.io.out(show().join('\n') + '\n')
    if (!await isConfirmed(context, report.hash, 'yes', safe`This will sign it with your key ${shortKid(signer.kid)}.`)) {
      context.answer({ signed: false, ...report, ...fingerprintFacts(report.hash) }, () => [...show(), 'Nothing was signed: give the fingerprint with --yes.'])
      return EXIT.ok
    }
    const signed = sound(await signCeremony(ceremony, signer))
    const out = context.text('out') ?? file
    writeCeremony(out, signed)
    const after = reportOf(signed)
    context.answer({ signed: true, file: out, ...after }, () => [safe`Signed with ${shortKid(signer.kid)}, in ${out}.`, ...after.demands.map(({ sentence }) => safe`${sentence}`), after.complete ? 'It is complete: publish it.' : 'Hand it on.'])
    return EXIT.ok
  }
})

// ── merge ────────────────────────────────────────────────────────────────────────────────────────────────────────

const merge = defineCommand({
  name: 'trust merge',
  summary: 'put the signatures of several files of one ceremony together',
  positionals: ['FILE', 'FILE...'],
  options: { out: { ...OUT, help: 'where to write all signatures (else into the first FILE)' } },
  async run (context) {
    const merged = sound(mergeCeremonies(context.positionals.map(readCeremonyFile)))
    const out = context.text('out') ?? context.positionals[0]!
    writeCeremony(out, merged)
    const report = reportOf(merged)
    context.answer({ file: out, ...report }, () => [safe`All signatures are in ${out}.`, ...report.demands.map(({ sentence }) => safe`${sentence}`), report.complete ? 'It is complete: publish it.' : 'It is not complete yet.'])
    return EXIT.ok
  }
})

// ── publish ──────────────────────────────────────────────────────────────────────────────────────────────────────

const publish = defineCommand({
  name: 'trust publish',
  summary: 'give a complete ceremony, or a statement, to this node; a running node takes it at once and tells its peers',
  positionals: ['FILE'],
  notes: ['Refuses what this node would not believe.'],
  async run (context) {
    const own = readOwnTrust(context)
    const handed = readHandedOver(context.positionals[0]!)
    const bytes = handed.what === 'statement' ? handed.bytes : sound(finishCeremony(handed.ceremony))
    const written = publishStatements(own, [bytes], handed.what === 'ceremony' ? handed.ceremony.context : [])
    const statement = readStatement(bytes)
    const unpinned = !isRefusal(statement) && statement.kind === 'fed-root' && own.view.history.pins.federation === undefined
    context.answer({ files: written }, () => [
      ...written.length === 0 ? ['This node has it already.'] : written.map(file => safe`wrote ${file}`),
      ...unpinned ? [safe`Nobody believes a federation before its first root is pinned: tiltas trust pin ${context.positionals[0]!} --fingerprint '…'`] : []
    ])
    return EXIT.ok
  }
})

/**
 * Writes what the fold over everything stands on: the statement itself, and of its context what is new here.
 * @throws CliError with the refusal when this node would not believe it
 */
export function publishStatements (own: OwnTrust, wanted: readonly Uint8Array[], context: readonly Uint8Array[] = []): string[] {
  const trial = foldTrust([...own.statements, ...wanted, ...context], own.pins)
  for (const bytes of wanted) {
    const { digest, statement } = readOnce(bytes)
    if (!isRefusal(statement)) ensureNotBehind(own, statement)
    const refusal = isRefusal(statement) ? statement : trial.findings.find(finding => finding.digest === digest)?.refusal
    if (refusal !== undefined) throw refusedStatement(refusal)
  }
  const useful = context.filter(bytes => trial.history.standing.has(readOnce(bytes).digest))
  return addStatements(trustFolderOf(own.paths), [...useful, ...wanted])
}

/** A second root on the same predecessor would end the chain for everybody. */
function ensureNotBehind ({ view }: OwnTrust, statement: Exclude<ReturnType<typeof readStatement>, { code: string }>): void {
  if (statement.kind !== 'nation-root' && statement.kind !== 'fed-root') return
  const chain = statement.kind === 'nation-root' ? view.history.nations.get(statement.body.nation)?.roots ?? [] : view.history.federation
  if (chain.some(({ hash }) => hash === statement.hash)) return
  const newest = chain.at(-1)
  if (newest !== undefined && statement.body.version <= newest.body.version) throw failed('outdated', `Version ${newest.body.version} is in force already: this is version ${statement.body.version}.`, 'Draw it up again on the newest version.')
}

// ── new-key ──────────────────────────────────────────────────────────────────────────────────────────────────────

const newKey = defineCommand({
  name: 'trust new-key',
  summary: 'make a root key for a person: a secret file to keep, and a public one to hand to the ceremony',
  options: { out: { ...OUT, help: 'the secret file, like root-4.json; the public one lies beside it, root-4.public.json' } },
  notes: ['Make it on a machine without a network, and keep the secret file there or on paper.'],
  async run (context) {
    const out = context.required('out')
    const publicFile = out.replace(/(?:\.json)?$/, '.public.json')
    for (const file of [out, publicFile]) if (existsSync(file)) throw usageError(`${file} is there already and is not overwritten.`)
    const secrets: KeySecret[] = (['Ed25519', 'ML-DSA-44'] as const).map(algorithm => ({ algorithm, purpose: 'root', seed: new Uint8Array(randomBytes(32)) }))
    const [ed25519, mldsa44] = secrets.map(privateKeyFromSeed)
    const named = rootKeyOf(ed25519!, mldsa44!)
    replaceFileSync(out, JSON.stringify(secrets.map(({ algorithm, purpose, seed }) => ({ algorithm, purpose, seed: toBase64url(seed) })), null, 2) + '\n', 0o600)
    replaceFileSync(publicFile, JSON.stringify({ type: 'tiltas-root-key/1', ...named }, null, 2) + '\n')
    context.answer({ kid: named.kid, secret: out, public: publicFile }, () => [safe`wrote ${out}: keep it, nobody else may see it`, safe`wrote ${publicFile}: hand it to \`tiltas trust rotate nation --with ${publicFile}\``, safe`key ${shortKid(named.kid)}`])
    return EXIT.ok
  }
})

export const trustCeremony = [inspect, countersign, merge, publish, newKey]
export const drafted = (context: Context, file: string, ceremony: Parameters<typeof reportOf>[0]): void => {
  const report = reportOf(ceremony)
  writeCeremony(file, ceremony)
  context.answer({ file, ...report, ...fingerprintFacts(report.hash) }, () => [
    safe`Drawn up in ${file}. It will do this:`, ...reportLines(report).map(line => safe`  ${line}`), ...fingerprintLines(report.hash, context),
    safe`next: each signer runs tiltas trust countersign ${file} --key KEYFILE, where the key is kept`,
    safe`next: tiltas trust publish ${file}`
  ])
}

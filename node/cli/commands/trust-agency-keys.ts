/**
 * What the nation's registry decides without a ceremony: an agency's next key, a key that counts no more, and that
 * nothing ends unnoticed. It is done where the registry's keys are: at the national node, or with the file that people keep.
 */
import { makeAgencyStatement, makeRevocationList, type AgencyKeyGrant, type StatementSigner } from '../../../keys/make-statements.ts'
import { privateKeyFromSeed } from '../../../keys/private-key.ts'
import { REVOCATIONS_DUE_OFFLINE, REVOCATIONS_DUE_ONLINE, nextBody, nextRevocations, planRenewal } from '../../../keys/renewal.ts'
import { encodeKeyRequest, readKeyRequest, type KeyRequest } from '../../../keys/key-request.ts'
import { kidOf } from '../../../keys/identity.ts'
import { counted, isNamed, shortKid } from '../../../keys/root-changes.ts'
import { REVOCATION_REASONS, SITE_KINDS } from '../../../keys/statements.ts'
import type { NationHistory } from '../../../keys/trust-list.ts'
import { AGENCY_ID, nationOf, parseAgencyId, type AgencyId, type Kid } from '../../../protocol/identifiers.ts'
import { MINUTE, toUnixSeconds } from '../../../protocol/instant.ts'
import { signPlan, type RegistryKeys } from '../../registry.ts'
import { replaceFileSync } from '../../trust-files.ts'
import { EXIT, defineCommand, usageError, type CommandOption, type Context } from '../command.ts'
import { readTextFile } from '../files.ts'
import { printTime, safe } from '../print.ts'
import { newSecret, openRingFile } from '../trust-ring.ts'
import { failed, ownRoot, readOwnTrust, registryKeysIn, type OwnTrust } from '../trust-support.ts'
import { publishStatements } from './trust-ceremony.ts'

const KEY: CommandOption = { type: 'string', value: 'FILE', help: 'the registry keys that people keep, like registry.json (else those of this node)' }
const REQUEST_BYTES_MAX = 8192
/** A key that was not stolen ends a little later, so that its node leaves it before everybody else does. */
const REVOCATION_NOTICE = 5 * MINUTE

/** Keys of the registry: from the file that was named, else from this node's ring. */
async function registryOf (context: Context, option: string): Promise<{ keys: RegistryKeys, isOffline: boolean }> {
  const file = context.text(option)
  return file === undefined ? { keys: await openRingFile(context), isOffline: false } : { keys: registryKeysIn(file), isOffline: true }
}

const historyOf = (trust: OwnTrust, context: Context): NationHistory => trust.view.history.nations.get(ownRoot(trust, context).body.nation)!
const signerWith = (keys: RegistryKeys, kid: Kid): StatementSigner => ({ kid, sign: async bytes => (await keys.sign([{ kid, bytes }]))[0]! })

function usableKid (named: readonly { readonly kid: Kid }[], keys: RegistryKeys, { revoked }: NationHistory): Kid | undefined {
  return named.findLast(({ kid }) => keys.has(kid) && !revoked.has(kid))?.kid
}

const noRegistryKey = (): Error => failed('no-registry-key', 'The registry keys of the nation are not here.', 'Run it at the national node, or name the file that people keep.')

function published (context: Context, trust: OwnTrust, statements: readonly Uint8Array[], said: readonly string[]): typeof EXIT.ok {
  const files = publishStatements(trust, statements)
  context.answer({ files }, () => [...said.map(line => safe`${line}`), ...files.map(file => safe`wrote ${file}`), 'A running node takes it at once and tells its peers.'])
  return EXIT.ok
}

// ── an agency's next key ─────────────────────────────────────────────────────────────────────────────────────────

/** A new key in this node's ring; stated at once where the registry is, else asked for in a file. */
export async function announceAgencyKey (context: Context, purpose: 'signing' | 'sealing'): Promise<typeof EXIT.ok> {
  const trust = readOwnTrust(context)
  const agency = agencyIn(context, trust)
  const secret = newSecret(purpose === 'signing' ? 'Ed25519' : 'X25519', purpose, agency)
  const { kid, publicText } = privateKeyFromSeed(secret)
  const ring = await openRingFile(context)
  // The old key proves who asks; the new one is durable before anybody hears of it.
  const request = await makeRequest(context, trust, ring, { agency, purpose, publicKey: publicText })
  await ring.add([secret])
  const registry = context.text('registry') === undefined ? ring : registryKeysIn(context.text('registry')!)
  if (usableKid(ownRoot(trust, context).body.federationKeys, registry, historyOf(trust, context)) !== undefined) return stateKey(context, trust, registry, readKeyRequest(request, trust.view) as KeyRequest)
  const file = context.text('out') ?? `${agency.replace(':', '-')}-${purpose}-${shortKid(kid)}.request`
  replaceFileSync(file, request)
  context.answer({ file, kid }, () => [safe`wrote ${file}`, safe`next: at the national node, tiltas trust register ${file}`, 'The old key is used until the nation has stated the new one.'])
  return EXIT.ok
}

function agencyIn (context: Context, trust: OwnTrust): AgencyId {
  const said = context.text('agency')
  const here = trust.view.agencies().filter(({ nodes }) => nodes.includes(context.config().node)).map(({ agency }) => agency)
  if (said === undefined && here.length === 1) return here[0]!
  if (said === undefined || !AGENCY_ID.test(said)) throw usageError('--agency is written like lv:state-police.', `With keys at this node: ${here.join(', ')}`)
  if (!here.includes(parseAgencyId(said))) throw failed('not-here', `${said} has no keys at this node.`, `It has at: ${trust.view.agencies().find(({ agency }) => agency === said)?.nodes.join(', ') ?? 'none that is known'}`)
  return parseAgencyId(said)
}

async function makeRequest (context: Context, trust: OwnTrust, ring: RegistryKeys & { list (): readonly { kid: Kid, purpose: string, agency?: AgencyId }[] }, wanted: Pick<KeyRequest, 'agency' | 'purpose' | 'publicKey'>): Promise<Uint8Array> {
  const { node } = context.config()
  const own = ring.list().filter(key => key.purpose === 'signing' && key.agency === wanted.agency).map(({ kid }) => kid)
  const prover = trust.view.keyToSignWith(wanted.agency, own, 'receipt', context.io.now()) ?? own[0]
  if (prover === undefined) throw failed('no-key', `This node holds no signing key of ${wanted.agency}.`, 'Restore its key ring from a backup.')
  return encodeKeyRequest({ ...wanted, node, iat: toUnixSeconds(context.io.now()) }, signerWith(ring, prover))
}

async function stateKey (context: Context, trust: OwnTrust, registry: RegistryKeys, { agency, node, purpose, publicKey, kid }: KeyRequest): Promise<typeof EXIT.ok> {
  const history = historyOf(trust, context)
  const root = ownRoot(trust, context)
  const signer = usableKid(root.body.federationKeys, registry, history)
  if (signer === undefined) throw noRegistryKey()
  const newest = trust.view.history.agencies.get(agency)?.findLast(({ body }) => body.iat <= toUnixSeconds(context.io.now()))
  if (newest === undefined) throw failed('unknown-agency', `The nation states nothing of ${agency}.`, 'See `tiltas trust show`.')
  const kept = newest.body.metadata.tiltas_agency.keys.filter(key => !history.revoked.has(key.kid))
  if (kept.some(key => key.kid === kid)) { context.answer({ files: [], kid }, () => 'The nation states this key already.'); return EXIT.ok }
  const isSite = root.body.nodes.some(each => each.node === node && each.role === 'site')
  const grant: AgencyKeyGrant = purpose === 'signing'
    ? { kid, use: 'sig', node, suite: 'EdDSA', publicText: publicKey, ...(isSite && { kinds: [...SITE_KINDS] }) }
    : { kid, use: 'enc', node, suite: 'x25519-a256kw-a256gcm', publicText: publicKey }
  const statement = await makeAgencyStatement(root.body.entity, nextBody(newest, kept, context.io.now(), [grant]), signerWith(registry, signer))
  return published(context, trust, [statement], [`${agency} has a new ${purpose} key at ${node}: ${shortKid(kid)}. The old one counts beside it, and is dropped a month from now.`])
}

const register = defineCommand({
  name: 'trust register',
  summary: 'state the key that an agency asks for from another node of the nation',
  positionals: ['REQUEST'],
  options: { key: KEY },
  notes: ['REQUEST is what `tiltas trust rotate agency-signing` wrote at a site. It is signed with the key that the site has now.'],
  async run (context) {
    const trust = readOwnTrust(context)
    const request = readKeyRequest(new TextEncoder().encode(readTextFile(context.positionals[0]!, 'The request', REQUEST_BYTES_MAX)), trust.view)
    if ('code' in request) throw failed(request.code, `The request is refused: ${request.code}.`, 'Make it again at that node; after a theft state a new key by hand.')
    if (nationOf(request.agency) !== context.config().homeNation) throw failed('wrong-issuer', `${request.agency} is of another nation.`)
    return stateKey(context, trust, (await registryOf(context, 'key')).keys, request)
  }
})

// ── revoke ───────────────────────────────────────────────────────────────────────────────────────────────────────

const revoke = defineCommand({
  name: 'trust revoke',
  summary: 'take back a key of an agency or of the registry, from now on or from the day that it was stolen',
  positionals: ['KEY'],
  options: {
    reason: { type: 'string', value: 'REASON', help: REVOCATION_REASONS.join(', ') },
    'compromised-from': { type: 'string', value: 'DATE', help: 'since when it may have been in wrong hands, like 2026-11-22 or 2026-11-22T10:00:00Z' },
    key: KEY,
    anyway: { type: 'boolean', help: 'also when it is the only key of an agency at its node, which then cannot speak until it has another' }
  },
  notes: ['KEY is its name or the first 8 characters of it: see `tiltas trust history`. A stolen key: make a new one first (`tiltas trust rotate`), then revoke the old one.', 'It cannot be taken back.'],
  async run (context) {
    const trust = readOwnTrust(context)
    const history = historyOf(trust, context)
    const kid = kidIn(context.positionals[0]!, trust, history)
    const reason = REVOCATION_REASONS.find(word => word === context.required('reason'))
    if (reason === undefined) throw usageError(`--reason is one of ${REVOCATION_REASONS.join(', ')}.`)
    const from = context.text('compromised-from')
    if (from !== undefined && reason !== 'compromised') throw usageError('--compromised-from goes with --reason compromised.')
    const { keys, isOffline } = await registryOf(context, 'key')
    const signer = usableKid(history.roots.at(-1)!.body.revocationKeys, keys, history)
    if (signer === undefined) throw noRegistryKey()
    const now = context.io.now()
    ensureNotTheOnlyKey(trust, kid, context)
    const entry = { kid, revokedAt: toUnixSeconds(reason === 'compromised' ? now : now + REVOCATION_NOTICE), reason, ...(from !== undefined && { compromisedFrom: instantIn(from, now) }) }
    const list = await makeRevocationList(nextRevocations(history, [entry], now, isOffline ? REVOCATIONS_DUE_OFFLINE : REVOCATIONS_DUE_ONLINE), signerWith(keys, signer))
    return published(context, trust, [list], [from === undefined ? `The key ${shortKid(kid)} counts no more from ${printTime(entry.revokedAt * 1000)} on.` : `The key ${shortKid(kid)} counts no more since ${printTime(entry.compromisedFrom! * 1000)}.`])
  }
})

/** Keys that the registry may take back: of agencies, its own, and those that its nodes had before. A root key goes with the next root. */
function kidIn (said: string, trust: OwnTrust, { nation, roots }: NationHistory): Kid {
  const agencies = [...trust.view.history.agencies].filter(([agency]) => nationOf(agency) === nation).flatMap(([, statements]) => statements)
  const known = new Set([...agencies.flatMap(({ body }) => body.jwks.keys.map(({ kid }) => kid)), ...roots.flatMap(({ body }) => [...[...body.federationKeys, ...body.revocationKeys].map(({ kid }) => kid), ...body.nodes.flatMap(({ transportKey, log }) => [transportKey, log.ed25519].map(key => kidOf('Ed25519', key)))])])
  const found = [...known].filter(kid => isNamed(kid, said))
  if (found.length !== 1) throw failed('unknown-key', 'No key of the nation has this name, or several begin with it.', 'See `tiltas trust history`. Root keys are dropped with `tiltas trust rotate nation --without KEY`.')
  return found[0]!
}

/** A node that has no key to sign with stops: its successor comes first. */
function ensureNotTheOnlyKey (trust: OwnTrust, kid: Kid, context: Context): void {
  if (context.flag('anyway')) return
  for (const [agency, statements] of trust.view.history.agencies) {
    const keys = statements.at(-1)!.body.metadata.tiltas_agency.keys
    const lost = keys.find(key => key.kid === kid)
    const kind = lost?.use === 'sig' ? 'signing' : 'sealing'
    if (lost !== undefined && !keys.some(key => key.kid !== kid && key.use === lost.use && key.node === lost.node)) throw failed('only-key', `${agency} has no other ${kind} key at ${lost.node}.`, `Make one first: tiltas trust rotate agency-${kind} at that node; or say --anyway.`)
  }
}

/** Whole seconds since 1970. @throws CliError for anything but a date of the past */
export function instantIn (text: string, now: number): number {
  const at = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}:\d{2}Z)?$/.test(text) ? Date.parse(text.length === 10 ? `${text}T00:00:00Z` : text) : NaN
  if (Number.isNaN(at)) throw usageError('A date is written like 2026-11-22 or 2026-11-22T10:00:00Z.')
  if (at > now) throw usageError('The date lies ahead.')
  return toUnixSeconds(at)
}

// ── renew ────────────────────────────────────────────────────────────────────────────────────────────────────────

const OBSTACLES = {
  'no-root': ['This node knows no root of its own nation.', 'Put it where `trust` in the config points.'],
  'root-ended': ['The root of the nation has ended: nothing that is stated under it would count.', 'Draw up the next one: tiltas trust rotate nation'],
  'clock-before-root': ['The clock stands before the root of the nation.', 'Set the clock.'],
  'no-registry-key': ['The registry keys of the nation are not here.', 'Run it at the national node, or name the file that people keep with --key.']
} as const

const renew = defineCommand({
  name: 'trust renew',
  summary: 'sign anew what the nation states of its agencies and revoked keys, before it ends',
  options: { key: KEY, all: { type: 'boolean', help: 'everything, not only what is half over' } },
  notes: ['A national node that holds registry keys does this by itself. Where they are kept offline, do it by hand each fortnight.'],
  async run (context) {
    const trust = readOwnTrust(context)
    const { keys, isOffline } = await registryOf(context, 'key')
    const plan = planRenewal(trust.view.history, {
      nation: context.config().homeNation, holds: kid => keys.has(kid), now: context.io.now(), revocationsDue: isOffline ? REVOCATIONS_DUE_OFFLINE : REVOCATIONS_DUE_ONLINE, all: context.flag('all')
    })
    if (plan.obstacle !== undefined) throw failed(plan.obstacle, OBSTACLES[plan.obstacle][0], OBSTACLES[plan.obstacle][1])
    const statements = await signPlan(plan, keys)
    if (statements.length === 0) { context.answer({ files: [] }, () => 'Nothing is due yet.'); return EXIT.ok }
    return published(context, trust, statements, [`Renewed ${counted(plan.statements.length, 'agency statement')}${plan.revocations === undefined ? '' : ' and the list of revoked keys'}.`])
  }
})

export const trustAgencyKeys = [register, revoke, renew]

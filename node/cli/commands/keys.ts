/** `tiltas keys`: which private keys a node has, where they lie and how long they count; new ones; and a look at the module. */
import { readFileSync } from 'node:fs'
import { KEY_PURPOSES, kidOf, type KeyPurpose } from '../../../keys/identity.ts'
import { isRefusal } from '../../../keys/read-statements.ts'
import type { TrustView } from '../../../keys/trust-view.ts'
import { toBase64url } from '../../../protocol/bytes.ts'
import { AGENCY_ID, nationOf, parseAgencyId, type AgencyId } from '../../../protocol/identifiers.ts'
import { fromUnixSeconds } from '../../../protocol/instant.ts'
import type { NodeConfig } from '../../config.ts'
import { readTrust } from '../../trust-files.ts'
import { CliError, EXIT, defineCommand, usageError, type Context } from '../command.ts'
import { printTable, printTime, safe } from '../print.ts'

// Adapters are loaded when a command needs them: their types are named the same way.
type NodeKeyRing = import('../../adapters/pkcs11-joined-ring.ts').NodeKeyRing
type HeldKey = ReturnType<NodeKeyRing['list']>[number]
type ModuleConfig = import('../../adapters/pkcs11-open.ts').ModuleConfig
type Token = import('../../adapters/pkcs11-token.ts').Token

interface ListedKey extends HeldKey {
  /** What the trust list says of it now. */
  readonly state: string
  readonly until?: number
}

const list = defineCommand({
  name: 'keys list',
  summary: 'the private keys of this node: for what, where they lie, until when they count',
  notes: ['Opens the key file and, where there is one, the module; shows no secret. `until` is when the statement that names the key ends: it is renewed before.'],
  async run (context) {
    const ring = await openRing(context)
    try {
      const keys = ring.list().map(key => ({ ...key, ...standingOf(key, context.config(), trustOf(context), context.io.now()) }))
      context.answer(keys, () => printKeys(keys))
      return EXIT.ok
    } finally { await ring.close() }
  }
})

const printKeys = (keys: readonly ListedKey[]): string => printTable(['key', 'purpose', 'agency', 'algorithm', 'lies in', 'state', 'until'], keys.map(key => [
  key.kid, key.purpose, key.agency ?? '', key.algorithm, key.where === 'file' ? 'file' : key.isInsideOnly ? 'module, never outside' : 'module, NOT made there', key.state, key.until === undefined ? '' : printTime(key.until)
]))

function trustOf (context: Context): TrustView | undefined {
  try { return readTrust(context.config().trust) } catch { return undefined }
}

function standingOf (key: HeldKey, { node }: NodeConfig, trust: TrustView | undefined, now: number): { state: string, until?: number } {
  if (trust === undefined) return { state: 'unknown: the statements cannot be read' }
  const known = trust.node(node)
  const named = (publicKey: Uint8Array | undefined): boolean => publicKey !== undefined && key.algorithm !== 'P-256' && kidOf(key.algorithm, toBase64url(publicKey)) === key.kid
  const root = trust.history.nations.get(nationOf(node))?.roots.at(-1)?.body
  const asNode = (isNamed: boolean): { state: string, until?: number } => isNamed ? { state: 'in use', ...(root !== undefined && { until: fromUnixSeconds(root.exp) }) } : { state: 'not named by the nation' }
  switch (key.purpose) {
    case 'transport': return asNode(named(known?.transportKey))
    case 'log': return asNode(named(known?.log.ed25519) || named(known?.log.mldsa44))
    case 'signing': case 'sealing': return asAgency(key, node, trust, now)
    case 'federation': return asNode(root?.federationKeys.some(({ kid }) => kid === key.kid) === true)
    case 'revocation': return asNode(root?.revocationKeys.some(({ kid }) => kid === key.kid) === true)
    default: return { state: 'held' }
  }
}

function asAgency (key: HeldKey, node: NodeConfig['node'], trust: TrustView, now: number): { state: string, until?: number } {
  const agency = key.agency
  if (agency === undefined) return { state: 'of no agency' }
  const found = key.purpose === 'signing' ? trust.signingKey(agency, key.kid, 'receipt', now) : trust.sealingKey(agency, node, now)
  if (isRefusal(found)) return { state: found.code === 'unknown-key' ? 'not named by the nation' : found.code }
  if (found.kid !== key.kid) return { state: 'not named by the nation' }
  const until = trust.agency(agency, now)?.until
  return { state: 'in use', ...(until !== undefined && { until }) }
}

async function openRing (context: Context): Promise<NodeKeyRing> {
  const { keyRing } = context.config()
  const { openKeyRing } = await import('../../adapters/pkcs11-open.ts')
  const { systemClock } = await import('../../adapters/system-clock.ts')
  return openKeyRing({ file: keyRing.file, passphrase: passphraseOf(context), module: keyRing.pkcs11, env: context.io.env, clock: systemClock }).catch(asCliError)
}

function passphraseOf (context: Context): string {
  const { passphraseFile, passphraseEnv } = context.config().keyRing
  const passphrase = passphraseFile !== undefined ? readFileSync(passphraseFile, 'utf8').trimEnd() : context.io.env[passphraseEnv!]
  if (passphrase === undefined || passphrase === '') throw new CliError(EXIT.failed, 'no-passphrase', 'There is no passphrase of the key file here.', { todo: 'Set the environment variable that `keyRing.passphraseEnv` names, or mend `passphraseFile`.' })
  return passphrase
}

function asCliError (error: unknown): never {
  const { code, message, todo } = error as { code?: unknown, message: string, todo?: unknown }
  throw new CliError(EXIT.failed, typeof code === 'string' ? code : 'failed', message, { todo: typeof todo === 'string' ? todo : 'Run `tiltas doctor`.', cause: error })
}

// ── a module ─────────────────────────────────────────────────────────────────────────────────────────────────────

const create = defineCommand({
  name: 'keys new',
  summary: 'make a key where this node keeps its keys: in the hardware module when it has one',
  options: {
    purpose: { type: 'string', value: 'PURPOSE', help: 'signing, sealing or log' },
    agency: { type: 'string', value: 'AGENCY', help: 'whose key, for signing and sealing' },
    algorithm: { type: 'string', value: 'NAME', help: 'Ed25519 (signing, log), X25519 (sealing); P-256 (signing) in a module' }
  },
  notes: [
    'The key counts once the nation names it: hand the public key that is printed to whoever signs its statements.',
    'A key in a module can never be read out, so none is moved there: what lay in a file could have been copied. Make a new one, have it named, let the old one end.',
    'Transport and ML-DSA-44 keys stay in the encrypted file: libp2p holds the one itself, modules do not know the other.'
  ],
  async run (context) {
    const plan = readPlan(context)
    if (plan.algorithm === 'P-256') moduleOf(context)
    const ring = await openRing(context)
    try {
      const { jwkOf } = await import('../../adapters/pkcs11-curves.ts')
      const { kid, publicKey, where } = await ring.make(plan).catch(asCliError)
      const jwk = jwkOf(plan.algorithm, publicKey)
      context.answer({ kid, ...plan, where, jwk }, () => [
        safe`made ${plan.algorithm} key ${kid} in the ${where}`, safe`public key: ${JSON.stringify(jwk)}`, 'next: have it named in a statement of the nation, then look with `tiltas keys list`'
      ])
      return EXIT.ok
    } finally { await ring.close() }
  }
})

const ALGORITHMS_FOR = { signing: ['Ed25519', 'P-256'], log: ['Ed25519'], sealing: ['X25519'] } as const

function readPlan (context: Context): { algorithm: 'Ed25519' | 'X25519' | 'P-256', purpose: KeyPurpose, agency?: AgencyId } {
  const purpose = KEY_PURPOSES.find(name => name === context.required('purpose'))
  if (purpose !== 'signing' && purpose !== 'sealing' && purpose !== 'log') throw usageError('--purpose is signing, sealing or log.')
  const algorithm = ALGORITHMS_FOR[purpose].find(name => name === (context.text('algorithm') ?? ALGORITHMS_FOR[purpose][0]))
  if (algorithm === undefined) throw usageError(`--algorithm for ${purpose} is ${ALGORITHMS_FOR[purpose].join(' or ')}.`)
  if (purpose === 'log') return { algorithm, purpose }
  const agency = context.required('agency')
  if (!AGENCY_ID.test(agency)) throw usageError('--agency is written like lv:state-police.')
  return { algorithm, purpose, agency: parseAgencyId(agency) }
}

function moduleOf (context: Context): ModuleConfig {
  const { pkcs11 } = context.config().keyRing
  if (pkcs11 === undefined) throw new CliError(EXIT.failed, 'no-module-configured', 'This node has no hardware module: all its keys lie in the encrypted file.', { todo: 'Name one under `keyRing.pkcs11` in tiltas.yaml.' })
  return pkcs11
}

async function openToken (context: Context, deliberately: boolean): Promise<Token> {
  const module = moduleOf(context)
  const { readPin } = await import('../../adapters/pkcs11-pin.ts')
  const { Token } = await import('../../adapters/pkcs11-token.ts')
  return readPin(module, context.io.env).then(pin => Token.open(module, pin, { deliberately })).catch(asCliError)
}

const doctor = defineCommand({
  name: 'keys doctor',
  summary: 'look at the hardware module: driver, tokens, PIN, keys',
  options: { 'try-pin': { type: 'boolean', help: 'log in although a wrong PIN was given before: once, and only when you are sure' } },
  notes: ['Lists the tokens that are plugged in, then opens the one that is configured. A wrong PIN is never tried twice by itself: modules lock after a few.'],
  async run (context) {
    const { openModule } = await import('../../adapters/pkcs11-module.ts')
    const module = moduleOf(context)
    const found = await Promise.resolve().then(() => openModule(module)).catch(asCliError)
    const tokens = found.slots.map(({ info }) => ({ label: info.label, serial: info.serialNumber, model: info.model.trim() }))
    found.close()
    // Shown also when the PIN does not open the one that is meant.
    if (!context.json) context.io.out(tokens.map(({ label, serial, model }) => safe`token ${JSON.stringify(label)}, serial ${serial}, ${model}\n`).join(''))
    const token = await openToken(context, context.flag('try-pin'))
    try {
      const { CK } = await import('../../adapters/pkcs11-driver.ts')
      const knows = (mechanism: number): boolean => token.mechanisms.includes(mechanism)
      const facts = { token: token.info.label, serial: token.info.serialNumber, ed25519: knows(CK.EDDSA), p256: knows(CK.ECDSA), x25519: knows(CK.ECDH1_DERIVE), keys: token.keys.length }
      context.answer({ tokens, ...facts }, () => [
        safe`opened token ${JSON.stringify(facts.token)} with the PIN; ${facts.keys} keys of ours`,
        `signs with Ed25519: ${facts.ed25519 ? 'yes' : 'no'}; with P-256: ${facts.p256 ? 'yes' : 'no'}; agrees on keys: ${facts.x25519 ? 'yes' : 'no'}`
      ])
      return EXIT.ok
    } finally { await token.close() }
  }
})

export const keys = [list, create, doctor]

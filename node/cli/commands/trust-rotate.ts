/**
 * New keys for old ones, of every kind, while messages flow. Agency keys are announced by the registry at once, and used
 * when everybody knows them; what the nation's root names needs its next version, which people sign.
 */
import { existsSync, rmSync } from 'node:fs'
import { z } from 'zod'
import { beginCeremony, type Ceremony } from '../../../keys/ceremony.ts'
import { draftNationRoot, thresholdFor, type NationChanges } from '../../../keys/draft-roots.ts'
import { kidOf } from '../../../keys/identity.ts'
import { namedJwkOf } from '../../../keys/make-statements.ts'
import { privateKeyFromSeed, type KeySecret, type PrivateKey } from '../../../keys/private-key.ts'
import type { ReadNationRoot } from '../../../keys/read-statements.ts'
import { isNamed } from '../../../keys/root-changes.ts'
import type { NationRoot } from '../../../keys/statements.ts'
import { DIGEST, type Kid } from '../../../protocol/identifiers.ts'
import { EXIT, defineCommand, usageError, type Context } from '../command.ts'
import { readTextFile } from '../files.ts'
import { newSecret, openRingFile } from '../trust-ring.ts'
import { CEREMONY_SUFFIX, bytesOf, failed, ownRoot, readCeremonyFile, readOwnTrust, reportOf } from '../trust-support.ts'
import { announceAgencyKey } from './trust-agency-keys.ts'
import { OUT, drafted } from './trust-ceremony.ts'
import { renewFederation } from './trust-members.ts'

const publicRootKey = z.strictObject({ type: z.literal('tiltas-root-key/1'), kid: z.string().regex(DIGEST), ed25519: z.string(), mldsa44: z.string() })

const WHAT: { readonly [what: string]: (context: Context) => Promise<typeof EXIT.ok> } = {
  'agency-signing': context => announceAgencyKey(context, 'signing'),
  'agency-sealing': context => announceAgencyKey(context, 'sealing'),
  'transport': context => draftNation(context, async node => ({ transportKeys: new Map([[node, (await makeKeys(context, [['Ed25519', 'transport']]))[0]!.publicText]]) })),
  'log': context => draftNation(context, async node => {
    const [ed25519, mldsa44] = await makeKeys(context, [['Ed25519', 'log'], ['ML-DSA-44', 'log']])
    return { logKeys: new Map([[node, { ed25519: ed25519!.publicText, mldsa44: mldsa44!.publicText }]]) }
  }),
  'registry': context => draftNation(context, async () => {
    const [federation, revocation] = await makeKeys(context, [['Ed25519', 'federation'], ['Ed25519', 'revocation']])
    return { federationKeys: [namedJwkOf(federation!)], revocationKeys: [namedJwkOf(revocation!)] }
  }),
  'nation': context => draftNation(context, async () => ({ rootKeys: context.texts('with').map(readPublicRootKey) })),
  'federation': async context => renewFederation(context)
}

export const rotate = defineCommand({
  name: 'trust rotate',
  summary: `new keys, or another year: ${Object.keys(WHAT).join(', ')}`,
  positionals: ['WHAT'],
  options: {
    agency: { type: 'string', value: 'AGENCY', help: 'agency-signing, agency-sealing: whose key' },
    registry: { type: 'string', value: 'FILE', help: 'agency-signing, agency-sealing: the registry keys that people keep, where the node has none' },
    with: { type: 'string', value: 'FILE', multiple: true, help: 'nation: a public root key that is added, from `tiltas trust new-key`; may be repeated' },
    without: { type: 'string', value: 'KEY', multiple: true, help: 'a root or registry key that counts no more (its first 8 characters do); may be repeated' },
    threshold: { type: 'string', value: 'NUMBER', help: 'nation: how many root keys must sign from now on' },
    onto: { type: 'string', value: 'FILE', help: 'add the change to this ceremony, which nobody has signed yet' },
    out: OUT
  },
  notes: [
    'agency-signing, agency-sealing: done at once where the registry keys are; elsewhere a request is written for `tiltas trust register`.',
    'transport, log, registry, nation: a ceremony is drawn up for the root keys of the nation. `nation` alone renews it for another year.',
    'Old and new keys count side by side until everybody knows the new ones: nothing is lost or refused.'
  ],
  async run (context) {
    const what = WHAT[context.positionals[0]!]
    if (what === undefined) throw usageError(`\`tiltas trust rotate\` takes one of ${Object.keys(WHAT).join(', ')}.`)
    return what(context)
  }
})

/** The secret is in the ring before anybody hears of the public key. */
async function makeKeys (context: Context, kinds: readonly (readonly [KeySecret['algorithm'], KeySecret['purpose']])[]): Promise<PrivateKey[]> {
  const secrets = kinds.map(([algorithm, purpose]) => newSecret(algorithm, purpose))
  const ring = await openRingFile(context)
  await ring.add(secrets)
  return secrets.map(privateKeyFromSeed)
}

async function draftNation (context: Context, changesFor: (node: NationRoot['nodes'][number]['node']) => Promise<NationChanges>): Promise<typeof EXIT.ok> {
  const trust = readOwnTrust(context)
  const before = ownRoot(trust, context)
  const onto = unsignedDraft(context, before)
  const file = context.text('out') ?? context.text('onto') ?? `${before.body.nation.toLowerCase()}-root-${before.body.version + 1}${CEREMONY_SUFFIX}`
  if (onto === undefined && existsSync(file)) throw failed('exists', `${file} is there already.`, 'Add the change to it with --onto, or name another file with --out.')
  const { node } = context.config()
  const changes = { ...await changesFor(node), ...sharedChanges(context, onto ?? before.body) }
  const body = withRest(draftNationRoot(before, changes, context.io.now()), changes, onto)
  // A draft that nobody signed is replaced by the one with more changes.
  const ceremony = beginCeremony(body, [bytesOf(trust, before.hash)])
  reportOf(ceremony)
  if (onto !== undefined && file === context.text('onto')) rmSync(file)
  drafted(context, file, ceremony)
  return EXIT.ok
}

function sharedChanges (context: Context, body: NationRoot): Pick<NationChanges, 'without' | 'threshold'> {
  const keys = [...body.rootKeys, ...body.federationKeys, ...body.revocationKeys].map(({ kid }) => kid)
  const without = context.texts('without').map(said => {
    const found = keys.filter(kid => isNamed(kid, said))
    if (found.length !== 1) throw usageError('--without names a root or registry key of the nation by its first characters.', 'See `tiltas trust history`.')
    return found[0]!
  })
  const threshold = context.text('threshold')
  if (threshold !== undefined && !/^[2-9]$/.test(threshold)) throw usageError('--threshold is a number from 2 to 9.')
  return { ...(without.length > 0 && { without }), ...(threshold !== undefined && { threshold: Number(threshold) }) }
}

function unsignedDraft (context: Context, before: ReadNationRoot): NationRoot | undefined {
  const onto = context.text('onto')
  if (onto === undefined) return undefined
  const ceremony: Ceremony = readCeremonyFile(onto)
  if (ceremony.root.kind !== 'nation-root' || ceremony.root.body.prev !== before.hash) throw failed('other-ceremony', 'This ceremony does not follow the root that is in force.', 'Draw it up again.')
  if (ceremony.signatures.length > 0) throw failed('already-signed', 'Somebody has signed this ceremony: it cannot change any more.', 'Publish it first, or draw it up again.')
  return ceremony.root.body
}

/** What an unsigned draft changed already stays changed. */
function withRest (next: NationRoot, changes: NationChanges, onto: NationRoot | undefined): NationRoot {
  if (onto === undefined) return next
  const gone = new Set<Kid>(changes.without ?? [])
  const joined = <Key extends { readonly kid: Kid }>(earlier: readonly Key[], added: readonly Key[] = []): Key[] => [...earlier, ...added].filter(({ kid }, i, all) => !gone.has(kid) && all.findIndex(key => key.kid === kid) === i)
  return {
    ...next,
    threshold: changes.threshold ?? thresholdFor(joined(onto.rootKeys, changes.rootKeys).length, onto.threshold),
    rootKeys: joined(onto.rootKeys, changes.rootKeys), federationKeys: joined(onto.federationKeys, changes.federationKeys), revocationKeys: joined(onto.revocationKeys, changes.revocationKeys),
    nodes: onto.nodes.map(node => {
      const logKey = changes.logKeys?.get(node.node)
      return { ...node, transportKey: changes.transportKeys?.get(node.node) ?? node.transportKey, log: logKey === undefined ? node.log : { origin: node.log.origin, ...logKey } }
    })
  }
}

function readPublicRootKey (file: string): NationRoot['rootKeys'][number] {
  const text = readTextFile(file, 'The public key', 8192)
  const parsed = publicRootKey.safeParse(parsedOrNothing(text))
  if (!parsed.success || kidOf('Ed25519', parsed.data.ed25519) !== parsed.data.kid) throw failed('key-broken', `This is no public root key: ${file}`, 'Name the .public.json that `tiltas trust new-key` wrote.')
  const { kid, ed25519, mldsa44 } = parsed.data
  return { kid: kid as Kid, ed25519, mldsa44 }
}

function parsedOrNothing (text: string): unknown { try { return JSON.parse(text) } catch { return undefined } }

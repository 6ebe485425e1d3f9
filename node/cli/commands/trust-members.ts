/**
 * Who belongs together: found a federation, admit a nation, suspend or expel one; and what this node decides alone, its pins.
 * A draft is a file; it counts when the nations that are named in it have signed.
 */
import { existsSync } from 'node:fs'
import { beginCeremony } from '../../../keys/ceremony.ts'
import { draftAdmission, draftFederation, draftFederationRenewal, draftSuspension } from '../../../keys/draft-roots.ts'
import type { ReadFedRoot, ReadNationRoot } from '../../../keys/read-statements.ts'
import type { FedRoot } from '../../../keys/statements.ts'
import { NATION_ID, parseNationId, type NationId } from '../../../protocol/identifiers.ts'
import { changePins, type PinsFile } from '../../trust-files.ts'
import { EXIT, defineCommand, usageError, type CliCommand, type Context } from '../command.ts'
import { safe } from '../print.ts'
import { CEREMONY_SUFFIX, bytesOf, failed, fingerprintFacts, fingerprintLines, isConfirmed, ownRoot, readNationRoot, readOwnTrust, readRoot, type OwnTrust } from '../trust-support.ts'
import { OUT, drafted, publishStatements } from './trust-ceremony.ts'

export function nationIn (text: string | undefined): NationId {
  if (text === undefined || !NATION_ID.test(text)) throw usageError('A nation is written like LV.')
  return parseNationId(text)
}

const chainOf = (trust: OwnTrust, nation: NationId): readonly ReadNationRoot[] => trust.view.history.nations.get(nation)?.roots ?? []

function federationOf (trust: OwnTrust): ReadFedRoot {
  const root = trust.view.federation()
  if (root === undefined) throw failed('no-federation', 'This node believes no federation: its members are the nations that it has pinned.', 'Found one with `tiltas trust create-federation`, or deny a nation here with `tiltas trust deny`.')
  return root
}

/** The root before, and the roots of all members: what the signers' machines need to see the change. */
function contextOf (trust: OwnTrust, before: ReadFedRoot | undefined, next: FedRoot): Uint8Array[] {
  const members = next.members.flatMap(({ nation }) => chainOf(trust, nation).map(({ hash }) => bytesOf(trust, hash)))
  return [...(before === undefined ? [] : [bytesOf(trust, before.hash)]), ...members]
}

function draft (context: Context, trust: OwnTrust, before: ReadFedRoot | undefined, next: FedRoot, more: readonly Uint8Array[] = []): typeof EXIT.ok {
  const file = context.text('out') ?? `federation-${next.version}${CEREMONY_SUFFIX}`
  if (existsSync(file)) throw failed('exists', `${file} is there already.`, 'Go on with it, or name another file with --out.')
  drafted(context, file, beginCeremony(next, [...contextOf(trust, before, next), ...more]))
  return EXIT.ok
}

const createFederation = defineCommand({
  name: 'trust create-federation',
  summary: 'draw up the first root of a federation, of this nation and those whose offers are given',
  positionals: ['NAME', 'OFFER...'],
  options: { out: OUT },
  notes: ['NAME is written like lv-lt.tiltas.example; OFFER is a file that `tiltas trust offer` made, compared by telephone before.'],
  async run (context) {
    const [name, ...files] = context.positionals
    if (!/^[a-z0-9][a-z0-9.-]{0,99}$/.test(name!)) throw usageError('The name of a federation is written like lv-lt.tiltas.example.')
    const trust = readOwnTrust(context)
    const offers = files.map(readNationRoot)
    const founders = [ownRoot(trust, context), ...offers.map(({ root }) => root)]
    if (new Set(founders.map(({ body }) => body.nation)).size !== founders.length) throw usageError('Each nation is named once; your own comes by itself.')
    return draft(context, trust, undefined, draftFederation(name!, founders, context.io.now()), [bytesOf(trust, founders[0]!.hash), ...offers.map(({ bytes }) => bytes)])
  }
})

const admit = defineCommand({
  name: 'trust admit',
  summary: 'draw up the admission of a nation to the federation, or its return',
  positionals: ['OFFER'],
  options: { out: OUT },
  notes: ['OFFER is a file that `tiltas trust offer` made, compared by telephone before; the newcomer signs too.'],
  async run (context) {
    const trust = readOwnTrust(context)
    const before = federationOf(trust)
    const { root, bytes } = readNationRoot(context.positionals[0]!)
    return draft(context, trust, before, draftAdmission(before, root, context.io.now()), [bytes])
  }
})

const excluding = (name: 'suspend' | 'expel', status: 'suspended' | 'left', summary: string): CliCommand => defineCommand({
  name: `trust ${name}`,
  summary,
  positionals: ['NATION'],
  options: { out: OUT },
  notes: ['More than half of the other members must sign; the key of the nation itself does not count. With two nations only `tiltas trust deny` helps.'],
  async run (context) {
    const trust = readOwnTrust(context)
    const before = federationOf(trust)
    const subject = nationIn(context.positionals[0])
    const others = before.body.members.filter(({ nation, status: now }) => now === 'active' && nation !== subject)
    if (others.length < 2) throw failed('too-few-nations', 'With two nations nobody is in the majority: the federation cannot decide this.', `Decide it for this node alone: tiltas trust deny ${subject}`)
    return draft(context, trust, before, draftSuspension(before, subject, status, context.io.now()))
  }
})

/** Another year for the federation, each member with the root keys that it has now. */
export function renewFederation (context: Context): typeof EXIT.ok {
  const trust = readOwnTrust(context)
  const before = federationOf(trust)
  return draft(context, trust, before, draftFederationRenewal(before, nation => chainOf(trust, nation).at(-1), context.io.now()))
}

// ── pins ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const pin = defineCommand({
  name: 'trust pin',
  summary: 'trust the root in a file from now on, of a nation or of a federation; pins win over everything',
  positionals: ['FILE'],
  options: { fingerprint: { type: 'string', value: 'TEXT', help: 'what the other side read out: groups, words or the text of the QR code; without it nothing is changed' } },
  async run (context) {
    const { root, bytes, context: members } = readRoot(context.positionals[0]!)
    const show = (): string[] => fingerprintLines(root.hash, context)
    if (context.text('fingerprint') === undefined && context.io.ask !== undefined) context.io.out(show().join('\n') + '\n')
    const who = root.kind === 'fed-root' ? `the federation ${root.body.federation}` : root.body.nation
    if (!await isConfirmed(context, root.hash, 'fingerprint', safe`This node will trust ${who} by this root.`)) {
      context.answer({ pinned: false, ...fingerprintFacts(root.hash) }, () => [...show(), 'Nothing was changed. Compare by telephone, then give what was read out with --fingerprint.'])
      return EXIT.ok
    }
    const own = readOwnTrust(context)
    const { federation, nations } = own.pins
    const known = root.kind === 'fed-root' ? federation : nations.get(root.body.nation)
    if (known !== undefined && known !== root.hash) throw failed('exists', `Another root of ${who} is pinned.`, `If you mean to replace it: tiltas trust unpin ${root.kind === 'fed-root' ? 'federation' : who}`)
    const pins = root.kind === 'fed-root' ? { ...own.pins, federation: root.hash } : { ...own.pins, nations: new Map([...nations, [root.body.nation, root.hash]]) }
    const files = publishStatements({ ...own, pins }, [bytes], members)
    changePins(own.paths, pinned => root.kind === 'fed-root' ? { ...pinned, federation: root.hash } : { ...pinned, nations: { ...pinned.nations, [root.body.nation]: root.hash } })
    context.answer({ pinned: true, files, ...fingerprintFacts(root.hash) }, () => [...files.map(file => safe`wrote ${file}`), safe`This node trusts ${who} from now on.`])
    return EXIT.ok
  }
})

const change = (context: Context, to: (pins: PinsFile) => PinsFile, said: string): typeof EXIT.ok => {
  const file = changePins(context.config().trust, to)
  context.answer({ file }, () => [safe`wrote ${file}`, safe`${said}`])
  return EXIT.ok
}

const unpin = defineCommand({
  name: 'trust unpin',
  summary: 'take back a pin: of a nation, or of the federation',
  positionals: ['NATION|federation'],
  async run (context) {
    const what = context.positionals[0]!
    const { pins } = readOwnTrust(context)
    if (what === 'federation' ? pins.federation === undefined : !pins.nations.has(nationIn(what))) throw failed('not-pinned', `${what} is not pinned here.`, 'See `tiltas trust show`.')
    if (what === context.config().homeNation && pins.federation === undefined) throw failed('own-nation', 'Without the pin of its own nation this node could not start.')
    return change(context, ({ federation, ...rest }) => what === 'federation'
      ? rest
      : { ...rest, ...(federation !== undefined && { federation }), nations: Object.fromEntries(Object.entries(rest.nations).filter(([nation]) => nation !== what)) },
    `This node no longer trusts ${what} by a pin of its own.`)
  }
})

const deny = defineCommand({
  name: 'trust deny',
  summary: 'trust a nation, an agency, a node or a key no more on this node, whatever others say',
  positionals: ['ID'],
  options: { lift: { type: 'boolean', help: 'take it back' } },
  async run (context) {
    const id = context.positionals[0]!
    if (id.length > 100 || !/^[A-Za-z0-9:/_-]+$/.test(id)) throw usageError('Name a nation (LV), an agency (lv:state-police), a node (lv/national) or a key.')
    const lift = context.flag('lift')
    if (!lift && (id === context.config().homeNation || id === context.config().node)) throw failed('own-nation', 'A node that does not trust itself could not start.')
    return change(context, pins => ({ ...pins, deny: lift ? pins.deny.filter(each => each !== id) : [...new Set([...pins.deny, id])] }), lift ? `${id} is judged again as everybody is.` : `This node does not trust ${id} any more. A running node hangs up at once.`)
  }
})

export const trustMembers = [
  createFederation, admit, excluding('suspend', 'suspended', 'draw up the suspension of a nation'), excluding('expel', 'left', 'draw up the end of a membership'), pin, unpin, deny
]

/** A home node on the machine alone, with two admins: for tests of how policies change. Its facts are what it wrote. */
import type { Actor, Command, CommandResult, Role } from '../../../protocol/commands.ts'
import { EMPTY_DIRECTORY } from '../../../protocol/directory.ts'
import type { Effect, PutEffect, Report } from '../../../protocol/effects.ts'
import type { NodeEvent } from '../../../protocol/events.ts'
import { parseAgencyId, parseNodeId, parsePersonId, type AgencyId, type Digest } from '../../../protocol/identifiers.ts'
import { SECOND, type Instant } from '../../../protocol/instant.ts'
import { parseLeaf, type Leaf } from '../../../protocol/log/leaf.ts'
import { step } from '../../../protocol/machine.ts'
import type { Json } from '../../../protocol/messages/encoding.ts'
import { newState, type NodeState } from '../../../protocol/state.ts'

export const HOME = parseNodeId('lt/national')
export const OURS = parseAgencyId('lt:utena-police')
export const PARTNER = parseAgencyId('lv:state-police')
export const BEGIN: Instant = 1_795_305_600_000
export const WHY = { reason: 'the partner asked for it', reference: 'P-1' }

/** As people write it; in force from a minute before BEGIN for a day. */
export const wanted = (changes: object = {}): { readonly [name: string]: unknown } => ({
  id: 'g-1', version: 1, agency: OURS, direction: 'egress', partner: { nation: 'LV' }, kinds: ['hit'], categories: 'all', siteGroups: 'all', precision: 'road', purpose: 'investigation',
  legalBasis: 'eu-2023-977/art-7', retentionDays: 30, handling: 'H1', thirdCountry: 'prohibited', furtherHits: true, unverified: 'confirm', from: BEGIN / SECOND - 60, until: BEGIN / SECOND + 86_400, ...changes
})

export class Desk {
  now = BEGIN
  readonly state: NodeState
  readonly records = new Map<string, Json | Uint8Array>()
  readonly reports: Report[] = []
  readonly leaves: Leaf[] = []
  effects: readonly Effect[] = []
  #drawn = 0

  constructor (state?: NodeState) {
    this.state = state ?? { ...newState(HOME, 'tiltas.example/lt/national/log'), directory: { ...EMPTY_DIRECTORY(HOME), hosted: [OURS], homes: { [OURS]: HOME, [PARTNER]: parseNodeId('lv/national') } } }
  }

  get seconds (): number { return this.now / SECOND }
  entropy (): Uint8Array { return new Uint8Array(32).fill(++this.#drawn & 255) }

  happen (event: NodeEvent): readonly Effect[] {
    this.effects = step(this.state, event, this.now, key => this.records.get(key)).effects
    for (const effect of this.effects) {
      if (effect.type === 'put') this.#put(effect)
      if (effect.type === 'delete') this.records.delete(effect.key)
      if (effect.type === 'report') this.reports.push(effect.report)
    }
    return this.effects
  }

  #put ({ key, value }: PutEffect): void {
    this.records.set(key, value instanceof Uint8Array ? value : JSON.parse(JSON.stringify(value)) as Json)
    if (key.startsWith('log/leaf/')) this.leaves.push(parseLeaf(value as Uint8Array)!)
  }

  give (person: string, command: Command, role: Role = 'NATIONAL_ADMIN'): CommandResult {
    const actor: Actor = { personId: parsePersonId(person), role, agency: OURS }
    const effects = this.happen({ type: 'command-given', commandId: 'c-1', actor, command, entropy: this.entropy() })
    return (effects.find(effect => effect.type === 'answer') as { readonly result: CommandResult }).result
  }

  draft (person: string, put: readonly object[], end: readonly string[] = [], agency: AgencyId = OURS): CommandResult & { readonly draft: string, readonly hash: Digest } {
    const result = this.give(person, { do: 'policy.draft', agency, put: [...put] as never, end: [...end], ...WHY })
    return { ...result, draft: '', hash: '' as Digest, ...(result.ok && result.made) as object } as never
  }

  approve (person: string, { draft, hash }: { readonly draft: string, readonly hash: Digest }): CommandResult {
    return this.give(person, { do: 'policy.approve', agency: OURS, draft, hash })
  }

  enact (...put: readonly object[]): CommandResult { return this.approve('approver', this.draft('author', put)) }

  inForce (): string[] { return this.state.policies.inForce(OURS, this.seconds).map(({ id, version }) => `${id}@${version}`) }
  said (what: Report['what']): Report[] { return this.reports.filter(report => report.what === what) }
  /** ms until it wants to be woken for policies; undefined when it does not. */
  wakesIn (): number | undefined { return this.effects.flatMap(effect => effect.type === 'wake' && effect.name === 'policy' ? [effect.after] : []).at(-1) }
}

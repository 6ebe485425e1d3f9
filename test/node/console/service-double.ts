/** A node that answers from memory: the port of the faces, so that they can be tested without one. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Actor, Command, CommandResult, Role } from '../../../protocol/commands.ts'
import { parseAgencyId, parseMessageId, parseNodeId, parsePersonId } from '../../../protocol/identifiers.ts'
import { hit, type HitMessage } from '../../../protocol/messages/message.ts'
import { StreamRefused } from '../../../node/console/answers.ts'
import type { HitView, NodeService, SentHitView } from '../../../node/console/service.ts'
import { newPersonKey, type KnownPerson, type PersonKey } from '../../../node/people.ts'
import type { Clock } from '../../../node/runtime/ports.ts'
import { createPoliciesDouble } from './policies-double.ts'

export const NODE = parseNodeId('lt/national')
export const POLICE = parseAgencyId('lt:utena-police')
export const NOW = 1_795_000_000_000
const DIGEST = 'A'.repeat(43)

/** A hit of the exact schema, so that what is shown is what can arrive. */
export function sampleHit (changes: Partial<HitMessage> = {}): HitMessage {
  const seconds = NOW / 1000
  return hit.parse({
    type: 'hit/1', id: 'A'.repeat(22), iss: 'lv:daugavpils', aud: 'lt:utena-police', iat: seconds, exp: seconds + 86_400,
    hitId: 'B'.repeat(21) + 'A', revision: 1, entryRef: 'UT-2026/17', plate: { text: 'ABC123', country: 'LT', countryConfidence: 950 },
    match: 'exact', verification: 'person', confidence: 871, observedAt: seconds - 12, clock: 'good',
    area: { precision: 'road', nation: 'LV', nuts3: 'LV005', road: 'LV:A13' }, siteRef: 'x7', direction: 'inbound', ordinal: 1,
    action: 'specific-check', evaluation: 'B2', handling: { code: 'H1' }, purpose: 'investigation', legalBasis: 'lv-lt-2006/art-1',
    thirdCountry: 'prohibited', retainUntil: seconds + 864_000, evidence: 'none', policy: { grant: 'g-stolen-to-utena@3', hash: DIGEST }, ...changes
  }) as HitMessage
}
export const sampleView = (changes: Partial<HitMessage> = {}, state: HitView['state'] = 'active'): HitView =>
  ({ hit: sampleHit(changes), receivedAt: NOW - 11_000, state, leafIndex: 41, ...(state === 'withdrawn' && { withdrawnBecause: 'misread' }) })
const sentView: SentHitView = { hit: sampleHit(), candidate: sampleHit().id, sentTo: POLICE, state: 'receipted', leafIndex: 7, receiptIndex: 99 }

export interface ServiceDouble extends NodeService {
  readonly given: { actor: Actor, command: Command }[]
  /** What the next commands are answered with; `ok` when nothing is left. */
  readonly answers: CommandResult[]
  readonly asked: string[]
  show (view: HitView): void
  endStream (): void
  readonly followers: () => number
  readonly taken: () => number
}

export function createServiceDouble (): ServiceDouble {
  const shown: HitView[] = []
  const given: ServiceDouble['given'] = []
  const answers: CommandResult[] = []
  const asked: string[] = []
  const waiting = new Set<() => void>()
  const wake = (): void => { for (const run of waiting) run(); waiting.clear() }
  let ended = false; let followers = 0; let taken = 0
  const wantOfficer = (actor: Actor): CommandResult | undefined => actor.role === 'NODE_OPERATOR' ? { ok: false, code: 'role-lacking' } : undefined
  const note = (what: string, actor: Actor, agency: string, because: object): void => { asked.push(`${what} ${actor.personId} ${agency} ${JSON.stringify(because)}`) }
  return {
    given, answers, asked,
    show (view) { shown.push(view); wake() },
    endStream () { ended = true; wake() },
    followers: () => followers,
    taken: () => taken,
    status: async () => ({
      node: NODE, version: '0.1.0', startedAt: NOW - 60_000, agencies: [POLICE],
      peers: [{ node: parseNodeId('lv/national'), reachable: true, queued: 0, unreceipted: 2, lastHeardAt: NOW - 4000 }],
      log: { origin: 'lt.example/log', size: 42, root: DIGEST, witnessed: 0, witnesses: [] }, waitingCandidates: 3, entries: 5, openDrafts: 2, overrides: [{ agency: POLICE, grant: 'g-alone@1', until: NOW / 1000 + 3600 }], addresses: ['/ip4/127.0.0.1/tcp/4001']
    }),
    policies: createPoliciesDouble(),
    evidence: {
      list: async () => ({ evidence: [], room: { sets: 0, pinned: 0, bytes: 0, bytesMax: 0, displaced: 0, unkept: 0 } }),
      export: async () => ({ ok: false, code: 'unknown-evidence' })
    },
    command: async (actor, command) => { given.push({ actor, command }); return answers.shift() ?? { ok: true } },
    grants: async () => [],
    hits: async (actor, agency, because, page) => { note(`hits ${page.limit}`, actor, agency, because); return wantOfficer(actor) ?? { hits: [sampleView()], next: 'page2' } },
    async * followHits (actor, _agency, signal) {
      if (actor.role === 'NODE_OPERATOR') throw new StreamRefused('role-lacking')
      followers++
      signal.addEventListener('abort', () => wake())
      try {
        while (!signal.aborted && !ended) {
          const next = shown.shift()
          if (next === undefined) { await new Promise<void>(resolve => waiting.add(resolve)); continue }
          taken++
          yield next
        }
      } finally { followers-- }
    },
    sentHits: async (actor, agency, because) => { note('sent', actor, agency, because); return wantOfficer(actor) ?? { hits: [sentView] } },
    candidates: async (actor, agency, because) => {
      note('candidates', actor, agency, because)
      return wantOfficer(actor) ?? { candidates: [{ id: parseMessageId('C'.repeat(21) + 'A'), agency, state: 'waiting', plate: 'XYZ987', match: 'look-alike', confidence: 702, observedAt: NOW / 1000 - 30, entryOwner: POLICE, entryRef: sampleHit().entryRef }] }
    },
    entries: async (actor, agency, because) => { note('entries', actor, agency, because); return wantOfficer(actor) ?? { entries: [] } },
    verifyLog: async () => ({ ok: true, size: 42, root: DIGEST, checkpointSize: 42, checked: { leaves: 42, checkpoint: true, commitmentsOpened: 9, receiptsCompared: 4 }, findings: [] }),
    checkpoint: async () => 'lt.example/log\n42\nroot\n',
    witnessedCheckpoint: async () => '',
    logKeys: async () => ['lt.example/log+00000000+AQ=='],
    trust: async () => ['LV is a member since 2026-01-01.']
  }
}

/** Real time, but it can be set; timers run when the test says so. */
export function createTestClock (): Clock & { at: number, fire (): void } {
  const timers = new Set<() => void>()
  return {
    at: NOW,
    now () { return this.at },
    after (_wait, run) { timers.add(run); return () => timers.delete(run) },
    fire () { for (const run of [...timers]) { timers.delete(run); run() } }
  }
}

export function makePerson (personId: string, role: Role, agency: string = POLICE): { key: PersonKey, person: KnownPerson, file: string } {
  const actor: Actor = { personId: parsePersonId(personId), role, agency: parseAgencyId(agency) }
  const { key, file } = newPersonKey(actor)
  return { key, person: { ...actor, publicKey: key.publicKey }, file }
}

/** Short, since the path of a socket is; removed with `using`. */
export function temporaryFolder (): { readonly path: string, [Symbol.dispose] (): void } {
  const path = mkdtempSync(join(tmpdir(), 'tiltas-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

export const nonce = (): string => randomBytes(16).toString('base64url')

/** Resolves when `holds` does; a test that waits for ever is ended by the runner. */
export async function until (holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(resolve => setTimeout(resolve, 5))
}

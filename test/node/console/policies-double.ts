/** Policies that answer from memory, for tests of the faces: one change, one version, one dry run of two steps. */
import { parseMessageId, parsePersonId, type AgencyId, type Digest } from '../../../protocol/identifiers.ts'
import type { Grant } from '../../../protocol/policies/grant.ts'
import type { ActView, AnsweredVersion, ChangeView, DryRunView, PolicyService } from '../../../node/console/policy-service.ts'

const HASH = 'H'.repeat(43) as Digest
const AGENCY = 'lt:utena-police' as AgencyId
const PARTNER = 'lv:state-police' as AgencyId
const AT = 1_795_000_000
const act = (by: string, leaf: number): ActView => ({ by: parsePersonId(by), agency: AGENCY, at: AT, leaf })

export const sampleChange: ChangeView = {
  draft: 'd-3', kind: 'draft', state: 'open', hash: HASH, reason: 'more \u001b[2J is needed', reference: 'P-7', drafted: act('admin-1', 12), lapses: AT + 86_400, put: ['g-hits@2'], end: ['g-old@1'], made: []
}
const version: AnsweredVersion = {
  ref: 'g-hits@2', hash: HASH, sentence: 'They may send hits.', cedar: 'permit (\n  principal);', grant: {} as Grant, since: AT, leaf: 14, change: 'd-3', drafted: act('admin-1', 12), approved: act('admin-2', 13)
}
export const sampleDryRun: DryRunView = {
  agency: AGENCY, days: 30, comparedAt: AT, total: { 'same': 90, 'newly-shared': 4, 'more-detail': 3, 'less': 2 }, aspects: { 'place': 3, 'retention': 0, 'handling': 0, 'third-country': 0, 'confirmation': 0, 'purpose': 0 },
  rows: [{ what: 'hit-sent', partner: PARTNER, category: 'stolen-vehicle', 'same': 90, 'newly-shared': 4, 'more-detail': 3, 'less': 2 }],
  samples: [{ id: 'A'.repeat(22), partner: PARTNER, category: 'stolen-vehicle', class: 'more-detail', before: 'nuts3', after: 'road' }],
  window: { askedFrom: AT - 30 * 86_400, from: AT - 10 * 86_400, to: AT, first: AT - 9 * 86_400, last: AT - 60, complete: false }, replayed: { candidates: 99, hits: 0, entries: 0 }, left: { erased: 5, withoutEntry: 1, beyondLimit: 0 }
}

/** `asked`: what each method was given, without the actor. */
export function createPoliciesDouble (): PolicyService & { readonly asked: unknown[] } {
  const asked: unknown[] = []
  let polls = 0
  return {
    asked,
    changes: async (_actor, agency, page) => { asked.push({ agency, ...page }); return { changes: [sampleChange], next: 'd-3' } },
    change: async (_actor, agency, draft, language) => {
      asked.push({ agency, draft, language })
      return draft === 'd-3' ? { ...sampleChange, text: '{}', findings: [{ code: 'third-country-open', severity: 'warning', text: 'It may be passed on.', field: 'g-hits.thirdCountry' }], grants: [{ before: { ...version, ref: 'g-hits@1' }, after: version }, { before: { ...version, ref: 'g-old@1' } }] } : { ok: false, code: 'unknown-draft' }
    },
    whoGets: async (_actor, question) => { asked.push(question); return { at: AT, recipients: [{ agency: PARTNER, gets: 'after-confirmation', code: 'awaits-confirmation', grants: [{ ref: 'g-hits@2', hash: HASH }] }, { agency: 'ee:police' as AgencyId, gets: 'no', code: 'no-grant', grants: [] }] } },
    inForceAt: async (_actor, agency, at, partner, language) => { asked.push({ agency, at, partner, language }); return { versions: [version] } },
    explain: async (_actor, agency, id, because) => {
      asked.push({ agency, id, because })
      if (id !== parseMessageId('A'.repeat(22))) return { ok: false, code: 'unknown-candidate' }
      return { direction: 'egress', agency, partner: PARTNER, state: 'sent', because: 'g-hits@2', policy: { grant: 'g-hits@2', hash: HASH }, at: AT, leaf: 40, seen: { kind: 'hit', category: 'stolen-vehicle', siteGroup: 'border', match: 'exact', verification: 'person' }, replay: { code: 'permitted', text: 'The grants that are named permit it.', grants: [version], agrees: false } }
    },
    startDryRun: async (_actor, wanted, because) => { asked.push({ ...wanted, because }); polls = 0; return { job: 'r-7' } },
    dryRun: (_actor, job) => job !== 'r-7' ? undefined : { job, done: 50 * ++polls, ...(polls > 1 && { result: sampleDryRun }) },
    register: async (_actor, agency, span, because) => { asked.push({ agency, because }); return { agency, ...span, leaves: 77, partners: [{ partner: PARTNER, disclosed: 5, accepted: 2, receipts: 4, refused: 0, withheld: 1, kept: 3, first: AT, last: AT, grants: [{ grant: 'g-hits@2', disclosed: 5, accepted: 2 }] }] } }
  }
}

/** The content of the vectors: one message of each type, and texts that are, or are not, canonical JSON. All of it is invented. */
import { digestOf, toBase64url, utf8ToBytes } from '../../protocol/bytes.ts'
import type { EntryRef, MessageId, NodeId } from '../../protocol/identifiers.ts'
import type { HitMessage, Message, PolicyRef } from '../../protocol/messages/message.ts'
import { CHECKED_AT, LT_NATIONAL, LT_POLICE, LV_NATIONAL, LV_SITE, LV_TOWN, publicSeed } from './vector-world.ts'

/** `node`: where the key lies that signs it. */
export interface Example { readonly message: Message, readonly node: NodeId }

const id = (name: string): MessageId => toBase64url(publicSeed(name).subarray(0, 16)) as MessageId
const digest = (name: string) => digestOf(utf8ToBytes(`tiltas vector: ${name}`))
const DAY_SECONDS = 86_400
const IAT = CHECKED_AT - 2
const policy: PolicyRef = { grant: 'g-hits-utena@3', hash: digest('grant') }
const plate = { text: 'JKL234', country: 'LT', countryConfidence: 970 } as const
const vehicle = { class: 'car', colour: 'grey' } as const
const entryRef = 'UPK-2027/17' as EntryRef
const entry = { owner: LT_POLICE, ref: entryRef }

function hit (): HitMessage {
  return {
    type: 'hit/1', id: id('hit message 1'), iss: LV_TOWN, aud: LT_POLICE, iat: IAT, exp: IAT + DAY_SECONDS,
    hitId: id('hit'), revision: 1, entryRef, plate, match: 'exact', verification: 'none', confidence: 940,
    observedAt: IAT - 1, clock: 'good', area: { precision: 'road', nation: 'LV', nuts3: 'LV005', municipality: 'LV-047', road: 'LV:A6' },
    siteRef: 'kr-7', direction: 'inbound', vehicle, ordinal: 1, action: 'seize', evaluation: 'X4', handling: { code: 'H1' },
    purpose: 'investigation', legalBasis: 'eu-2023-977/art-7', thirdCountry: 'prohibited', retainUntil: IAT + 30 * DAY_SECONDS,
    evidence: digest('body of the camera'), policy
  } as HitMessage
}

export function exampleMessages (): Example[] {
  const claims = (name: string) => ({ id: id(name), iat: IAT, exp: IAT + DAY_SECONDS })
  const first = hit()
  const owner = { iss: LT_POLICE, aud: LV_TOWN }
  const shared = { ...entry, plate: plate.text, country: plate.country, category: 'stolen-vehicle', action: 'seize', furtherHits: true, until: IAT + 90 * DAY_SECONDS, confirmedAt: IAT }
  const share = { ...owner, policy: { grant: 'g-entries-kraslava@1', hash: digest('another grant') } }
  const at = (node: NodeId) => (message: object): Example => ({ message: message as Message, node })
  const lv = at(LV_NATIONAL); const lt = at(LT_NATIONAL)
  return [
    lv(first),
    lv({ ...first, type: 'hit.update/1', ...claims('hit message 2'), revision: 2, verification: 'person', evaluation: 'B1', handling: { code: 'H3', text: 'Tikai Utenas policijai — ne tālāk', lang: 'lv' } }),
    lv({ type: 'hit.withdraw/1', ...claims('hit message 3'), iss: LV_TOWN, aud: LT_POLICE, hitId: first.hitId, revision: 3, reason: 'misread', policy }),
    lt({ type: 'hotlist.share/1', ...claims('share'), ...share, entries: [shared] }),
    lt({ type: 'hotlist.withdraw/1', ...claims('withdraw'), ...owner, entries: [entry], reason: 'found' }),
    at(LV_SITE)({
      type: 'candidate/1', ...claims('candidate'), iss: LV_TOWN, aud: LV_TOWN, readId: id('read'), entry, plate, match: 'exact', confidence: 940, observedAt: IAT - 1, receivedAt: IAT,
      clock: 'good', siteRef: 'kr-7', siteGroup: 'border', place: { nuts3: 'LV005', municipality: 'LV-047', road: 'LV:A6' }, direction: 'inbound', vehicle, evidence: 'none'
    }),
    at(LV_SITE)({ type: 'candidate.withdraw/1', ...claims('candidate withdrawal'), iss: LV_TOWN, aud: LV_TOWN, candidate: id('candidate'), entry, reason: 'misread' }),
    lt({
      type: 'receipt/1', ...claims('receipt'), ...owner, log: 'tiltas.example/lt/national/log',
      accepted: [{ id: first.id, digest: digest('jws'), index: 7, c: digest('commitment') }], refused: [{ digest: digest('another jws'), code: 'not-permitted', evidence: 'no-grant-fits' }]
    }),
    lv({ type: 'tombstone/1', ...claims('tombstone'), iss: LV_TOWN, aud: LT_POLICE, of: digest('jws'), reason: 'erased' })
  ]
}

/** RFC 8785 as far as our schemas need it. */
export const CANONICAL_VALID: readonly string[] = [
  '{}', '[]', 'null', 'true', '0', '-1', '9007199254740991', '-9007199254740991', '""', '"ā—ž"', '"\\u0000\\b\\t\\n\\f\\r\\u001f\\"\\\\/"', '"\u007f\u2028"', '"😀"', '"\\\\ud800"',
  '{"A":1,"a":2,"ā":3}', '{"😀":1,"\ufb33":2}', '{"a":{"b":[1,{"c":null}]}}', '['.repeat(16) + ']'.repeat(16)
]
export const CANONICAL_INVALID: readonly { readonly why: string, readonly text: string }[] = [
  { why: 'nothing', text: '' }, { why: 'no JSON', text: '{a:1}' }, { why: 'a space', text: '{"a": 1}' }, { why: 'a line end behind', text: '{}\n' }, { why: 'a byte order mark', text: '\ufeff{}' },
  { why: 'members in another order', text: '{"b":1,"a":2}' }, { why: 'ordered by code points instead of UTF-16 code units', text: '{"\ufb33":2,"😀":1}' }, { why: 'a member twice', text: '{"a":1,"a":1}' },
  { why: 'a member that is named like a number', text: '{"0":1}' }, { why: 'members that are named like numbers, in order', text: '{"1":1,"10":2,"2":3}' },
  { why: 'a fraction', text: '1.5' }, { why: 'a fraction of zero', text: '1.0' }, { why: 'an exponent', text: '1e3' }, { why: 'minus zero', text: '-0' }, { why: 'beyond the safe integers', text: '9007199254740992' },
  { why: 'an escape that is not needed', text: '"\\u0061"' }, { why: 'an escaped slash', text: '"\\/"' }, { why: 'an escape in upper case', text: '"\\u001F"' }, { why: 'half of a surrogate pair', text: '"\\ud800"' },
  { why: 'nested 17 deep', text: '['.repeat(17) + ']'.repeat(17) }
]

/** Bodies of hello (1), welcome (2) and acknowledgement (4) that are not what they must be. */
export const FRAME_BODIES_INVALID: readonly { readonly why: string, readonly kind: number, readonly body: string }[] = [
  { why: 'a hello with a space in its JSON', kind: 1, body: '{"at":null,"node":"lv/national","v":1, "versions":[]}' },
  { why: 'a hello with its members in another order', kind: 1, body: '{"node":"lv/national","at":null,"v":1,"versions":[]}' },
  { why: 'a hello with an unknown field', kind: 1, body: '{"at":null,"node":"lv/national","v":1,"versions":[],"x":1}' },
  { why: 'a hello of another version', kind: 1, body: '{"at":null,"node":"lv/national","v":2,"versions":[]}' },
  { why: 'a hello of a node that is not written so', kind: 1, body: '{"at":null,"node":"LV/national","v":1,"versions":[]}' },
  { why: 'a hello with a letter beyond ASCII', kind: 1, body: '{"at":null,"node":"lv/national","v":1,"versions":["ž"]}' },
  { why: 'a welcome that has the body of a hello', kind: 2, body: '{"at":null,"node":"lv/national","v":1,"versions":[]}' },
  { why: 'a welcome without holds', kind: 2, body: '{"v":1,"versions":[]}' },
  { why: 'an acknowledgement of nothing', kind: 4, body: 'null' },
  { why: 'an acknowledgement at a negative position', kind: 4, body: `{"hash":"","incarnation":"${'A'.repeat(22)}","seq":-1}` },
  { why: 'an acknowledgement whose incarnation is too short', kind: 4, body: `{"hash":"","incarnation":"${'A'.repeat(21)}","seq":1}` }
]

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { CEREMONY_BYTES_MAX, CEREMONY_REFUSALS, beginCeremony, encodeCeremony, finishCeremony, inspectCeremony, isRefused, mergeCeremonies, readCeremony, signCeremony, type Ceremony } from '../../keys/ceremony.ts'
import { draftAdmission, draftFederation, draftFederationRenewal, draftNationRoot, draftSuspension } from '../../keys/draft-roots.ts'
import { rootKeyOf, rootSignerOf, type RootSigner } from '../../keys/make-statements.ts'
import { isRefusal, readStatement, type ReadFedRoot, type ReadNationRoot } from '../../keys/read-statements.ts'
import { foldTrust } from '../../keys/trust-list.ts'
import type { NationId } from '../../protocol/identifiers.ts'
import { seeded } from './seeded.ts'
import { T0, key, makeWorld, nationKeys, nationRootOf } from './trust-world.ts'

const test = suite('keys/ceremony')
const LATER = (T0 + 1000) * 1000
const LV = 'LV' as NationId; const EE = 'EE' as NationId
const world = await makeWorld(['LV', 'LT', 'EE'])
const read = <Root>(bytes: Uint8Array): Root => readStatement(bytes) as Root
const lvRoot = read<ReadNationRoot>(world.roots[0]!)
const fedRoot = read<ReadFedRoot>(world.fed)
const signers = nationKeys('LV').signers
const ok = <Value extends object>(value: Value): Exclude<Value, { readonly code: string }> => { assert.not.ok(isRefused(value), JSON.stringify(value)); return value as never }
const codeOf = (value: object): string => isRefused(value) ? value.code : 'sound'
const renewal = (): Ceremony => beginCeremony(draftNationRoot(lvRoot, {}, LATER), [world.roots[0]!])
const signAll = async (ceremony: Ceremony, by: readonly RootSigner[]): Promise<Ceremony> => {
  let signed = ceremony
  for (const signer of by) signed = ok(await signCeremony(signed, signer))
  return signed
}

test('signatures are collected in any order and any files, and the result is what every node takes', async () => {
  await fc.assert(fc.asyncProperty(fc.shuffledSubarray(signers.slice(), { minLength: 2 }), fc.boolean(), async (order, apart) => {
    const begun = renewal()
    const signed = apart ? ok(mergeCeremonies(await Promise.all(order.map(signer => signAll(begun, [signer]))))) : await signAll(begun, order)
    const again = ok(readCeremony(encodeCeremony(signed)))
    assert.equal(encodeCeremony(again), encodeCeremony(signed))
    const finished = finishCeremony(again)
    assert.instance(finished, Uint8Array)
    assert.is(foldTrust([...world.history, finished as Uint8Array], world.pins).nation(LV)?.version, 2)
  }), seeded({ numRuns: 12 }))
})

test('nothing is finished before every node would take it', async () => {
  assert.is(codeOf(finishCeremony(renewal())), 'not-complete')
  const one = await signAll(renewal(), signers.slice(0, 1))
  assert.is(codeOf(finishCeremony(one)), 'not-complete')
  const report = ok(inspectCeremony(one))
  assert.match(report.demands[0]!.sentence, /^2 of the 3 root keys of LV must sign; signed: key 1 of 3 .*Still to ask: key 2 of 3 .*key 3 of 3/)
})

test('every refusal has its case', async () => {
  const begun = renewal()
  const signed = await signAll(begun, signers.slice(0, 1))
  const other = beginCeremony(draftNationRoot(lvRoot, {}, LATER + 1000), [world.roots[0]!])
  const text = Buffer.from(encodeCeremony(signed)).toString()
  const bytes = (content: string): Uint8Array => new Uint8Array(Buffer.from(content))
  const swapped = JSON.parse(text) as { signatures: { protected: string, signature: string }[] }
  const [first, second] = swapped.signatures
  swapped.signatures = [{ ...first!, signature: Buffer.alloc(64, 1).toString('base64url') }, second!]
  const cases: [keyof typeof CEREMONY_REFUSALS, object][] = [
    ['not-a-ceremony', readCeremony(bytes('{}'))],
    ['not-a-ceremony', readCeremony(bytes(text.replace('tiltas-ceremony/1', 'tiltas-ceremony/2')))],
    ['not-a-ceremony', readCeremony(bytes(text.replace('{', '{ ')))],
    ['too-large', readCeremony(new Uint8Array(CEREMONY_BYTES_MAX + 1))],
    ['other-ceremony', mergeCeremonies([begun, other])],
    ['context-missing', inspectCeremony({ ...begun, context: [] })],
    ['not-sound', inspectCeremony(beginCeremony({ ...draftNationRoot(lvRoot, {}, LATER), threshold: 3, rootKeys: lvRoot.body.rootKeys.slice(0, 2) }, [world.roots[0]!]))],
    ['wrong-signature', inspectCeremony(ok(readCeremony(bytes(JSON.stringify(swapped)))))],
    ['not-asked', await signCeremony(begun, nationKeys('LT').signers[0]!)],
    ['already-signed', await signCeremony(signed, signers[0]!)],
    ['not-complete', finishCeremony(signed)]
  ]
  for (const [code, value] of cases) assert.is(codeOf(value), code)
  assert.equal([...new Set(cases.map(([code]) => code))].sort(), Object.keys(CEREMONY_REFUSALS).sort())
})

test('foreign bytes are refused and never throw', async () => {
  const good = encodeCeremony(await signAll(renewal(), signers.slice(0, 1)))
  fc.assert(fc.property(fc.nat(), fc.integer({ min: 0, max: 255 }), (at, byte) => {
    const changed = good.slice()
    changed[at % changed.length] = byte
    const ceremony = readCeremony(changed)
    if (!isRefused(ceremony)) inspectCeremony(ceremony)
  }), seeded({ numRuns: 200 }))
})

test('root keys change hands: the old threshold allows it, the new one proves that it is held', async () => {
  const fresh = { ed25519: key('LV root 4', 'Ed25519', 'root'), mldsa44: key('LV root 4', 'ML-DSA-44', 'root') }
  const draft = draftNationRoot(lvRoot, { rootKeys: [rootKeyOf(fresh.ed25519, fresh.mldsa44)], without: [signers[0]!.kid, signers[1]!.kid], threshold: 2 }, LATER)
  const begun = beginCeremony(draft, [world.roots[0]!])
  assert.is(ok(inspectCeremony(begun)).demands.length, 2)
  assert.is(codeOf(finishCeremony(await signAll(begun, [signers[0]!, signers[1]!]))), 'not-complete', 'the new ones have not signed')
  assert.is(codeOf(finishCeremony(await signAll(begun, [signers[2]!, rootSignerOf(fresh.ed25519, fresh.mldsa44)]))), 'not-complete', 'the old ones have not')
  assert.instance(finishCeremony(await signAll(begun, [signers[0]!, signers[2]!, rootSignerOf(fresh.ed25519, fresh.mldsa44)])), Uint8Array)
})

test('a federation is founded, grows, suspends and renews by what its members sign', async () => {
  const voice = (nation: string): RootSigner => nationKeys(nation).signers[1]!
  const roots = world.roots.map(bytes => read<ReadNationRoot>(bytes))
  const founded = finishCeremony(await signAll(beginCeremony(draftFederation('new.example', roots.slice(0, 2), LATER), world.roots), [voice('LV'), voice('LT')])) as Uint8Array
  const first = read<ReadFedRoot>(founded)
  assert.is(first.body.threshold, 2)
  const admitting = beginCeremony(draftAdmission(first, roots[2]!, LATER + 1000), [founded, ...world.roots])
  assert.is(codeOf(finishCeremony(await signAll(admitting, [voice('LV'), voice('LT')]))), 'not-complete')
  const admitted = finishCeremony(await signAll(admitting, [voice('LV'), voice('LT'), voice('EE')])) as Uint8Array
  const suspending = beginCeremony(draftSuspension(read<ReadFedRoot>(admitted), EE, 'suspended', LATER + 2000), [admitted, ...world.roots])
  assert.is(codeOf(await signCeremony(suspending, voice('EE'))), 'not-asked')
  const suspended = finishCeremony(await signAll(suspending, [voice('LV'), voice('LT')])) as Uint8Array
  const renewed = finishCeremony(await signAll(beginCeremony(draftFederationRenewal(read<ReadFedRoot>(suspended), nation => roots.find(root => root.body.nation === nation), LATER + 3000), [suspended, ...world.roots]), [voice('LV'), voice('LT')])) as Uint8Array
  const trust = foldTrust([...world.roots, founded, admitted, suspended, renewed], { federation: first.hash, nations: new Map() })
  assert.equal(trust.findings, [])
  assert.is(trust.federation()?.body.version, 4)
  assert.ok(trust.isMember(EE, LATER + 1500) && !trust.isMember(EE, LATER + 2500) && trust.isMember(LV, LATER + 3500))
})

test('drafts refuse what makes no sense', async () => {
  assert.throws(() => draftAdmission(fedRoot, lvRoot, LATER), /is a member already/)
  assert.throws(() => draftSuspension(fedRoot, 'PL' as NationId, 'left', LATER), /is no member/)
  assert.throws(() => draftNationRoot(lvRoot, {}, (T0 - 10) * 1000), /clock here stands before/)
  const outsider = await nationRootOf('PL')
  assert.is(codeOf(inspectCeremony(beginCeremony(draftAdmission(fedRoot, read(outsider), LATER), [world.fed, ...world.roots]))), 'not-sound', 'without its root nobody sees whose keys these are')
  assert.not.ok(isRefusal(readStatement(outsider)))
})

test('refusals stand on the page of the keys word for word', () => {
  const page = readFileSync(join(import.meta.dirname, '../../keys/README.md'), 'utf8')
  for (const [code, text] of Object.entries(CEREMONY_REFUSALS)) assert.ok(page.includes(`| \`${code}\` | ${text} |`), code)
})

test.run()

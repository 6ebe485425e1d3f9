/** The demo world is consistent: what a node would be told holds together, and the policies say what their header promises. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { actorSchema, command } from '../../../protocol/commands.ts'
import { nationOf, type AgencyId } from '../../../protocol/identifiers.ts'
import { PolicyEngine, type PolicyQuestion } from '../../../protocol/policies/decide.ts'
import { grantSchema } from '../../../protocol/policies/grant.ts'
import { isApprovable, lintGrant } from '../../../protocol/policies/lint.ts'
import { sourceSchema, tokenHashOf } from '../../../node/ingest/source.ts'
import { AUTHORITIES, MUNICIPALITIES, PARTICIPANTS } from '../../../simulations/demo/participants.ts'
import { CAMERAS } from '../../../simulations/demo/cameras.ts'
import { RETICENT } from '../../../simulations/demo/grants.ts'
import { ROADS, TOWNS, distanceKm, roadOf } from '../../../simulations/demo/places.ts'
import { makeWorld, sourceOf, type World } from '../../../simulations/demo/world.ts'

const NOW = 1_795_000_000
const small = makeWorld('world-test', { full: false, now: NOW })
const full = makeWorld('world-test', { full: true, now: NOW })
const nodesOf = (world: World) => world.nations.flatMap(({ nodes }) => nodes)
const isUnique = (values: readonly unknown[]): boolean => new Set(values).size === values.length
const world = suite('demo world')

world('has the four authorities and 32 municipalities, each with a name in three languages', () => {
  assert.is(AUTHORITIES.length, 4)
  assert.is(MUNICIPALITIES.length, 32)
  assert.is(MUNICIPALITIES.filter(({ nation }) => nation === 'LV').length, 21)
  assert.ok(isUnique(PARTICIPANTS.map(({ agency }) => agency)))
  for (const { names } of PARTICIPANTS) for (const name of Object.values(names)) assert.ok(name.length > 2 && name.length <= 120)
  for (const language of ['lv', 'lt', 'en'] as const) assert.ok(isUnique(PARTICIPANTS.map(({ names }) => names[language])), language)
  for (const { agency, nation, iso, nuts3 } of MUNICIPALITIES) {
    assert.is(nationOf(agency), nation)
    assert.ok(iso.startsWith(`${nation}-`) && nuts3.startsWith(nation))
  }
})

world('runs two national and two site nodes by default, and 36 site nodes in full', () => {
  assert.equal(nodesOf(small).map(({ node, role }) => `${node} ${role}`), ['lv/national national', 'lv/site-latgale site', 'lt/national national', 'lt/site-aukstaitija site'])
  assert.is(nodesOf(full).filter(({ role }) => role === 'site').length, 36)
  assert.is(nodesOf(full).filter(({ role }) => role === 'national').length, 2)
  assert.ok(isUnique(nodesOf(full).map(({ node }) => node)))
  assert.is(small.cameras.length, 24)
})

world('gives every municipality and authority a camera in full', () => {
  const controllers = new Set(full.cameras.map(({ controller }) => controller))
  for (const { agency } of PARTICIPANTS) assert.ok(controllers.has(agency), agency)
})

world('tells each node only of its own nation, in a form that it accepts', () => {
  for (const one of [small, full]) {
    for (const { node, operator, agencies, sources } of nodesOf(one)) {
      for (const agency of [operator, ...agencies]) assert.is(nationOf(agency), nationOf(node))
      for (const { token, cameras, ...source } of sources) {
        const places = cameras.map(({ nuts3, municipality, road, ...camera }) => ({ ...camera, place: { nuts3, municipality, road } }))
        sourceSchema.parse({ ...source, tokenHash: tokenHashOf(token), cameras: places })
        assert.ok(agencies.includes(source.controller))
      }
    }
    const tokens = nodesOf(one).flatMap(({ sources }) => sources.map(({ token }) => token))
    assert.ok(isUnique(tokens))
    for (const camera of one.cameras.filter(({ dialect }) => dialect !== 'pictures')) assert.ok(sourceOf(one, camera).source.cameras.some(({ id }) => id === camera.id))
    const shown = nodesOf(one).flatMap(node => node.pictureCameras.map(camera => ({ node, camera })))
    assert.equal(shown.map(({ camera }) => camera.id).sort(), one.cameras.filter(({ dialect }) => dialect === 'pictures').map(({ id }) => id).sort())
    for (const { node, camera } of shown) assert.ok(node.role === 'site' && node.agencies.includes(camera.controller) && node.sources.every(({ cameras }) => cameras.every(({ id }) => id !== camera.id)))
  }
})

world('places every camera on its road, in its nation, under a road number of that nation', () => {
  assert.ok(isUnique(CAMERAS.map(({ id }) => id)) && isUnique(CAMERAS.map(({ siteRef }) => siteRef)))
  for (const { id, siteRef, road, km, nation, roadNumber, municipality, nuts3, controller, direction } of CAMERAS) {
    const { stops, crosses } = roadOf(road)
    const after = stops.findIndex(stop => stop.km >= km)
    assert.ok(km >= 0 && after >= 0, id)
    assert.ok([stops[after]!, stops[Math.max(0, after - 1)]!].some(({ town }) => TOWNS[town].nation === nation), id)
    if (roadNumber !== undefined) assert.ok(roadNumber.startsWith(`${nation}:`) && stops.some(({ number }) => number === roadNumber), id)
    assert.ok(municipality.startsWith(`${nation}-`) && nuts3 !== undefined, id)
    assert.is(nationOf(controller), nation)
    assert.ok(direction === 'along' || crosses, id)
    assert.not(siteRef.toLowerCase().includes(id.slice(0, 4)), 'an opaque name tells nothing')
  }
})

world('knows distances of the borderland', () => {
  const km = distanceKm('zarasai', 'daugavpils')
  assert.ok(km > 20 && km < 30, String(km))
  assert.is(ROADS.filter(({ crosses }) => crosses).length, 6)
})

world('gives commands and people that the nodes understand', () => {
  for (const { nation, agencies, people, grants, entries, shares } of full.nations) {
    const own = new Set<AgencyId>(agencies.map(({ agency }) => agency))
    for (const person of people) actorSchema.parse(person)
    assert.ok(isUnique(people.map(({ personId }) => personId)))
    for (const role of ['OFFICER', 'LIST_OWNER', 'NATIONAL_ADMIN', 'LEGAL_OFFICER']) {
      for (const { agency } of AUTHORITIES.filter(one => one.nation === nation)) assert.ok(people.some(person => person.agency === agency && person.role === role))
    }
    for (const grant of grants) command.parse({ do: 'policy.draft', agency: grant.agency, put: [grant], end: [], reason: 'the test', reference: 'T-1' })
    for (const { agency } of AUTHORITIES.filter(one => one.nation === nation)) assert.is(people.filter(person => person.agency === agency && person.role === 'NATIONAL_ADMIN').length, 2, 'one drafts, one approves')
    for (const { agency, entry } of entries) command.parse({ do: 'entry.put', agency, entry })
    for (const share of shares) command.parse({ do: 'entry.share', ...share, refs: [...share.refs] })
    for (const agency of [...grants.map(grant => grant.agency), ...entries.map(entry => entry.agency), ...shares.map(share => share.agency)]) assert.ok(own.has(agency))
    assert.is(entries.length, 12)
    for (const share of shares) for (const ref of share.refs) assert.ok(entries.some(({ agency, entry }) => agency === share.agency && entry.ref === ref))
  }
})

world('has grants that are exact, in force, and found fit for approval', () => {
  for (const { grants } of full.nations) {
    assert.ok(isUnique(grants.map(({ agency, id }) => `${agency} ${id}`)))
    for (const grant of grants) {
      assert.equal(grantSchema.parse(grant), grant)
      assert.ok(grant.from <= NOW && NOW < grant.until)
      const findings = lintGrant(grant, grants.filter(({ agency }) => agency === grant.agency))
      assert.ok(isApprovable(findings), `${grant.agency} ${grant.id}: ${findings.map(({ code }) => code).join()}`)
    }
  }
})

const engine = new PolicyEngine()
for (const { grants } of full.nations) for (const grant of grants) engine.put(grant)
const ask = (question: Pick<PolicyQuestion, 'agency' | 'partner'> & Partial<PolicyQuestion>) =>
  engine.decide({ direction: 'egress', kind: 'hit', category: 'stolen-vehicle', siteGroup: 'border', match: 'exact', verification: 'none', exercise: false, ...question }, NOW)
const agency = (id: string) => PARTICIPANTS.find(participant => participant.agency === id)!.agency

world('tells police at once and with the road, from town cameras after a confirmation', () => {
  for (const [owner, police] of [['lt:rokiskis', 'lv:state-police'], ['lv:ilukste', 'lt:utena-police']] as const) {
    const border = ask({ agency: agency(owner), partner: agency(police) })
    assert.is(border.reason.code, 'permitted')
    assert.is(border.obligations!.precision, 'road')
    const town = ask({ agency: agency(owner), partner: agency(police), siteGroup: 'town' })
    assert.ok(town.awaitsConfirmation)
    assert.is(town.obligations!.precision, 'municipality')
    assert.ok(ask({ direction: 'ingress', agency: agency(police), partner: agency(owner) }).allowed)
  }
})

world('tells border guards the region after a confirmation, of border cameras only, and never of surveillance', () => {
  const pair = { agency: agency('lt:rokiskis'), partner: agency('lv:state-border-guard') }
  assert.ok(ask(pair).awaitsConfirmation)
  const confirmed = ask({ ...pair, verification: 'person' })
  assert.is(confirmed.reason.code, 'permitted')
  assert.is(confirmed.obligations!.precision, 'nuts3')
  assert.is(confirmed.obligations!.furtherHits, false)
  assert.not(ask({ ...pair, siteGroup: 'town' }).allowed)
  assert.not(ask({ ...pair, category: 'surveillance', verification: 'person' }).allowed)
})

world('refuses surveillance entries where police would take them in, and lets everything reach its own nation', () => {
  const share = { kind: 'hotlist.share', category: 'surveillance' } as const
  assert.ok(ask({ ...share, agency: agency('lv:state-police'), partner: agency('lt:utena-police') }).allowed)
  assert.not(ask({ ...share, direction: 'ingress', agency: agency('lt:utena-police'), partner: agency('lv:state-police') }).allowed)
  assert.ok(ask({ ...share, direction: 'ingress', agency: agency('lt:ignalina-frontier'), partner: agency('lv:state-border-guard') }).allowed)
  for (const { agency: owner, nation } of PARTICIPANTS) {
    const police = AUTHORITIES.find(one => one.nation === nation && one.kind === 'police')!.agency
    if (owner === police) continue
    assert.ok(ask({ agency: owner, partner: police, siteGroup: 'town' }).allowed, owner)
    assert.ok(ask({ ...share, agency: police, partner: owner }).allowed)
    assert.ok(ask({ ...share, direction: 'ingress', agency: owner, partner: police }).allowed)
  }
})

world('lets two municipalities tell nothing abroad', () => {
  for (const owner of RETICENT) {
    for (const { agency: partner, nation } of AUTHORITIES) assert.is(ask({ agency: owner, partner, verification: 'person' }).allowed, nation === nationOf(owner))
  }
})

world('is the same for the same seed, and another for another', () => {
  assert.equal(makeWorld('world-test', { full: true, now: NOW }), full)
  const other = makeWorld('another', { full: true, now: NOW })
  assert.not.equal(other.vehicles, full.vehicles)
  assert.not.equal(other.listed.map(({ plate }) => plate), full.listed.map(({ plate }) => plate))
  assert.not.equal(nodesOf(other).flatMap(({ sources }) => sources.map(({ token }) => token)), nodesOf(full).flatMap(({ sources }) => sources.map(({ token }) => token)))
})

world.run()

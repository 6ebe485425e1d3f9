/** Routes about policies: who is asked to sign, what is refused by its form, and what passes on. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { buildApi } from '../../../node/console/api.ts'
import { createPeople, signRequest, type PersonKey } from '../../../node/people.ts'
import { createPoliciesDouble } from './policies-double.ts'
import { NODE, NOW, POLICE, createServiceDouble, createTestClock, makePerson } from './service-double.ts'

const routes = suite('policy routes')
const admin = makePerson('admin-1', 'NATIONAL_ADMIN')
const OF = `agency=${encodeURIComponent(POLICE)}`
const ID = 'A'.repeat(22)

function build () {
  const policies = createPoliciesDouble()
  const clock = createTestClock()
  const options = { service: { ...createServiceDouble(), policies }, clock, actors: createPeople({ node: NODE, people: [admin.person], clock }) }
  const ask = async (method: 'GET' | 'POST', path: string, key?: PersonKey, body?: object) => {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const authorization = key && signRequest(key, NODE, { method, path, body: Buffer.from(text ?? '') }, NOW)
    const reply = await buildApi(options).inject({ method, url: path, headers: { ...(authorization && { authorization }), ...(text !== undefined && { 'content-type': 'application/json' }) }, payload: text })
    return { status: reply.statusCode, body: reply.json() as { [name: string]: any } }
  }
  return { ask, policies }
}

const GOOD: readonly (readonly ['GET' | 'POST', string, object?])[] = [
  ['GET', `/v1/policy/changes?${OF}`], ['GET', `/v1/policy/change?${OF}&draft=d-3`], ['GET', `/v1/policy/who?${OF}&category=evidence&siteGroup=border`], ['GET', `/v1/policy/at?${OF}&at=1795000000`],
  ['GET', `/v1/policy/decision?${OF}&id=${ID}&reason=supervision`], ['GET', `/v1/policy/register?${OF}&from=0&until=9&reason=supervision`],
  ['POST', '/v1/policy/dry-run', { agency: POLICE, days: 7, draft: 'd-3', reason: 'policy-review' }], ['POST', '/v1/policy/dry-run', { agency: POLICE, days: 7, put: [], end: ['g-a'], reason: 'policy-review' }], ['GET', '/v1/policy/dry-run?job=r-7']
]

routes('each answers whoever is known, and nobody else', async () => {
  for (const [method, path, body] of GOOD) {
    const { ask, policies } = build()
    assert.is((await ask(method, path, undefined, body)).status, 401, path)
    assert.equal(policies.asked, [], path)
    assert.is((await ask(method, path, admin.key, body)).status, 200, path)
  }
})

routes('what has not the prescribed form is refused before it is asked', async () => {
  const bad: readonly (readonly ['GET' | 'POST', string, object?])[] = [
    ['GET', '/v1/policy/changes'], ['GET', `/v1/policy/changes?${OF}&limit=201`], ['GET', `/v1/policy/changes?${OF}&extra=1`], ['GET', `/v1/policy/change?${OF}&draft=3`], ['GET', `/v1/policy/change?${OF}&draft=d-3&language=de`],
    ['GET', `/v1/policy/who?${OF}&category=everything&siteGroup=border`], ['GET', `/v1/policy/at?${OF}&at=-1`], ['GET', `/v1/policy/at?${OF}&at=1.5`], ['GET', `/v1/policy/decision?${OF}&id=${ID}`], ['GET', `/v1/policy/decision?${OF}&id=x&reason=supervision`],
    ['GET', `/v1/policy/register?${OF}&from=0&reason=supervision`], ['POST', '/v1/policy/dry-run', { agency: POLICE, days: 91, draft: 'd-3', reason: 'policy-review' }],
    ['POST', '/v1/policy/dry-run', { agency: POLICE, days: 7, draft: 'd-3', put: [], end: [], reason: 'policy-review' }], ['POST', '/v1/policy/dry-run', { agency: POLICE, days: 7, draft: 'd-3' }], ['GET', '/v1/policy/dry-run?job=7']
  ]
  for (const [method, path, body] of bad) {
    const { ask, policies } = build()
    const { status, body: answer } = await ask(method, path, admin.key, body)
    assert.equal([status, answer['code']], [400, 'bad-request'], `${path} ${JSON.stringify(body)}`)
    assert.equal(policies.asked, [], path)
  }
})

routes('refusals of the service come with what to do; a job that is not there is one', async () => {
  const { ask } = build()
  const unknown = await ask('GET', `/v1/policy/change?${OF}&draft=d-9`, admin.key)
  assert.equal([unknown.status, unknown.body['code']], [404, 'unknown-draft'])
  assert.match(unknown.body['todo'], 'tiltas policy list')
  assert.is((await ask('GET', '/v1/policy/dry-run?job=r-8', admin.key)).status, 400)
})

routes('a dry run is asked how far it is until it is ready', async () => {
  const { ask } = build()
  const { body } = await ask('POST', '/v1/policy/dry-run', admin.key, { agency: POLICE, days: 7, draft: 'd-3', reason: 'policy-review' })
  const first = await ask('GET', `/v1/policy/dry-run?job=${body['job']}`, admin.key)
  assert.equal([first.body['done'], first.body['result']], [50, undefined])
  assert.is((await ask('GET', `/v1/policy/dry-run?job=${body['job']}`, admin.key)).body['result'].total['more-detail'], 3)
})

routes.run()

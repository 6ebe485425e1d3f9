import { createHash, sign } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MINUTE, SECOND } from '../../protocol/instant.ts'
import { encodeJson, type Json } from '../../protocol/messages/encoding.ts'
import { parseNodeId } from '../../protocol/identifiers.ts'
import { ACTOR_REFUSALS, createPeople, newPersonKey, parsePersonKey, signRequest, type ActorPort, type PersonKey } from '../../node/people.ts'
import { NODE, NOW, createTestClock, makePerson, nonce } from './console/service-double.ts'

const people = suite('people')
const REQUEST = { method: 'GET', path: '/v1/hits?agency=lt:utena-police', body: new Uint8Array() }
const officer = makePerson('k.ozola', 'OFFICER')
const stranger = makePerson('nobody', 'OFFICER')

function open () {
  const clock = createTestClock()
  return { clock, port: createPeople({ node: NODE, people: [officer.person], clock }) }
}
const verdict = async (port: ActorPort, authorization: string | undefined, request = REQUEST): Promise<string> => {
  const answer = await port.authenticate({ ...request, authorization })
  return 'refused' in answer ? answer.refused : answer.actor.personId
}
const encode = (text: string): string => Buffer.from(text).toString('base64url')
/** What somebody with the key could send, well formed or not. */
function forge (key: PersonKey, changes: { [claim: string]: Json | undefined } = {}, header = '{"alg":"EdDSA","typ":"tiltas-request+jws"}'): string {
  const claims = { ...key.actor, node: NODE, method: 'GET', path: REQUEST.path, bodySha256: createHash('sha256').digest('base64url'), iat: NOW / 1000, nonce: nonce(), ...changes }
  const input = `${encode(header)}.${encode(encodeJson(claims))}`
  return `Tiltas ${input}.${sign(null, Buffer.from(input), key.privateKey).toString('base64url')}`
}

people('a signed request has its actor', async () => {
  const { port } = open()
  const answer = await port.authenticate({ ...REQUEST, authorization: signRequest(officer.key, NODE, REQUEST, NOW) })
  assert.equal(answer, { actor: { personId: 'k.ozola', role: 'OFFICER', agency: 'lt:utena-police' } })
})

people('an unsigned one has none', async () => {
  const { port } = open()
  assert.is(await verdict(port, undefined), 'missing')
  for (const header of ['', 'Tiltas', 'Tiltas ', 'Bearer abc', 'Tiltas a.b.c', 'Tiltas ' + 'a'.repeat(100_000)]) assert.is(await verdict(port, header), 'malformed', header.slice(0, 20))
})

people('whoever is not in the config is unknown, whatever they sign', async () => {
  assert.is(await verdict(open().port, signRequest(stranger.key, NODE, REQUEST, NOW)), 'unknown-person')
})

people('another key cannot speak for a person', async () => {
  assert.is(await verdict(open().port, forge(stranger.key, { personId: 'k.ozola' })), 'wrong-signature')
})

people('a person cannot take another role or agency', async () => {
  assert.is(await verdict(open().port, forge(officer.key, { role: 'NATIONAL_ADMIN' })), 'wrong-role')
  assert.is(await verdict(open().port, forge(officer.key, { agency: 'lt:ignalina-frontier' })), 'wrong-role')
})

people('a signature is for one node, method, path and body', async () => {
  const signed = signRequest(officer.key, NODE, REQUEST, NOW)
  const { port } = open()
  assert.is(await verdict(port, signed, { ...REQUEST, method: 'POST' }), 'other-request')
  assert.is(await verdict(port, signed, { ...REQUEST, path: REQUEST.path + '&limit=500' }), 'other-request')
  assert.is(await verdict(port, signed, { ...REQUEST, body: new Uint8Array([1]) }), 'other-request')
  assert.is(await verdict(port, signRequest(officer.key, parseNodeId('lt/other'), REQUEST, NOW)), 'other-request')
  assert.is(await verdict(port, signed), 'k.ozola')
})

people('a request counts once', async () => {
  const { port, clock } = open()
  const signed = signRequest(officer.key, NODE, REQUEST, NOW)
  assert.is(await verdict(port, signed), 'k.ozola')
  assert.is(await verdict(port, signed), 'replayed')
  clock.at += MINUTE
  assert.is(await verdict(port, signed), 'replayed')
  clock.at += SECOND
  assert.is(await verdict(port, signed), 'stale')
})

people('a request from ahead is remembered as long as it is good', async () => {
  const { port, clock } = open()
  const signed = signRequest(officer.key, NODE, REQUEST, NOW + MINUTE)
  assert.is(await verdict(port, signed), 'k.ozola')
  clock.at = NOW + 2 * MINUTE
  assert.is(await verdict(port, signRequest(officer.key, NODE, REQUEST, clock.at)), 'k.ozola')
  assert.is(await verdict(port, signed), 'replayed')
})

people('a time too far off is stale, either way, and so is what was signed before the node began', async () => {
  const { port, clock } = open()
  assert.is(await verdict(port, signRequest(officer.key, NODE, REQUEST, NOW + 61 * SECOND)), 'stale')
  assert.is(await verdict(port, signRequest(officer.key, NODE, REQUEST, NOW - SECOND)), 'stale')
  clock.at += 2 * MINUTE
  assert.is(await verdict(port, signRequest(officer.key, NODE, REQUEST, clock.at - 61 * SECOND)), 'stale')
  assert.is(await verdict(port, signRequest(officer.key, NODE, REQUEST, clock.at - 60 * SECOND)), 'k.ozola')
})

people('memory for requests is bounded, and frees itself', async () => {
  const clock = createTestClock()
  const port = createPeople({ node: NODE, people: [officer.person], clock, rememberedMax: 50 })
  for (let i = 0; i < 50; i++) assert.is(await verdict(port, signRequest(officer.key, NODE, REQUEST, NOW)), 'k.ozola')
  assert.is(await verdict(port, signRequest(officer.key, NODE, REQUEST, NOW)), 'busy')
  clock.at += 2 * MINUTE + 2 * SECOND
  assert.is(await verdict(port, signRequest(officer.key, NODE, REQUEST, clock.at)), 'k.ozola')
})

people('only the one header and the exact claims are taken', async () => {
  const { port } = open()
  for (const header of ['{"alg":"none","typ":"tiltas-request+jws"}', '{"alg":"HS256","typ":"tiltas-request+jws"}', '{"typ":"tiltas-request+jws","alg":"EdDSA"}', '{"alg":"EdDSA"}']) assert.is(await verdict(port, forge(officer.key, {}, header)), 'malformed', header)
  for (const changes of [{ extra: 1 }, { nonce: 'short' }, { nonce: undefined }, { iat: -1 }, { personId: '__proto__' }, { bodySha256: '' }]) assert.is(await verdict(port, forge(officer.key, changes)), 'malformed', JSON.stringify(changes))
  const good = forge(officer.key)
  assert.is(await verdict(port, good + '='), 'malformed')
  assert.is(await verdict(port, good + '.e30'), 'malformed')
  assert.is(await verdict(port, good.slice(0, -2)), 'malformed')
})

people('every refusal says what to do', () => {
  for (const [code, todo] of Object.entries(ACTOR_REFUSALS)) assert.ok(todo.length > 20, code)
})

people('a key file opens again, and a broken one does not', () => {
  const { key, file } = newPersonKey(officer.key.actor)
  const opened = parsePersonKey(file)!
  assert.equal(opened.actor, key.actor)
  assert.is(opened.publicKey, key.publicKey)
  const other = newPersonKey(officer.key.actor).key.publicKey
  for (const broken of ['', '{}', 'null', file.replace(key.publicKey, other), file.replace('OFFICER', 'KING'), file.slice(0, -5)]) assert.is(parsePersonKey(broken), undefined)
})

people.run()

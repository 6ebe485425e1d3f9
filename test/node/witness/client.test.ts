/** A log and its witnesses over real HTTP: cosignatures are gathered to the quorum, and whoever holds another history is heard. */
import { randomBytes } from 'node:crypto'
import fastify, { type FastifyInstance } from 'fastify'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { noteVerifier } from '../../../keys/checkpoints.ts'
import { createMemoryKeyRing } from '../../../keys/memory-key-ring.ts'
import { privateKeyFromSeed } from '../../../keys/private-key.ts'
import { openCheckpoint } from '../../../protocol/log/checkpoint.ts'
import { SIGNATURE_TYPES } from '../../../protocol/log/note.ts'
import { MemoryStore } from '../../../node/runtime/memory-store.ts'
import { WitnessClient, type WitnessPeer } from '../../../node/witness/client.ts'
import { witnessRoutes } from '../../../node/witness/routes.ts'
import { openWitness } from '../../../node/witness/witness.ts'
import { ORIGIN, SomeLog } from './some-log.ts'

const clients = suite('node/witness/client')
const apps: FastifyInstance[] = []
clients.after(async () => { for (const app of apps) await app.close() })

let now = 1_795_000_200_000
const clock = { now: () => now, after: () => () => {} }

async function startWitness (name: string, log: SomeLog): Promise<WitnessPeer> {
  const secret = privateKeyFromSeed({ algorithm: 'Ed25519', purpose: 'witness', seed: randomBytes(32) })
  const key = { name, type: SIGNATURE_TYPES.cosignature, publicKey: secret.publicKey, kid: secret.kid }
  const witness = await openWitness({ keys: [key], logs: [{ origin: ORIGIN, keys: log.verifiers }], store: new MemoryStore(), keyRing: createMemoryKeyRing([secret]), clock }, 'w', true)
  const app = fastify({ forceCloseConnections: true })
  apps.push(app)
  await app.register(witnessRoutes(witness))
  return { url: await app.listen({ host: '127.0.0.1', port: 0 }), keys: [noteVerifier(key)!] }
}

function clientOf (log: SomeLog, witnesses: readonly WitnessPeer[], quorum: number) {
  const alarms: string[] = []
  const client = new WitnessClient({
    origin: ORIGIN, logKeys: log.verifiers, witnesses, quorum, clock,
    published: async () => log.entries.length === 0 ? undefined : log.checkpoint(), prove: async (from, to) => log.prove(from, to), alarmed: (name, why) => { alarms.push(`${name} ${why}`) }
  })
  return { client, alarms }
}

clients('gathers the quorum, goes on with the next size, and keeps working when one is away', async () => {
  const log = new SomeLog()
  const [a, b, c] = [await startWitness('a.example', log), await startWitness('b.example', log), await startWitness('c.example', log)]
  const { client, alarms } = clientOf(log, [a, b, c], 2)
  await client.round()
  assert.is(client.witnessed(), undefined)
  log.grow(3)
  await client.round()
  assert.is(client.witnessed()!.size, 3)
  await apps[apps.length - 1]!.close()
  log.grow(700)
  await client.round()
  const { size, note } = client.witnessed()!
  assert.is(size, 700)
  const opened = openCheckpoint(note, ORIGIN, log.verifiers, [a, b, c].flatMap(({ keys }) => keys))
  assert.equal(opened.ok && opened.cosignatures.map(({ name }) => name), ['a.example', 'b.example'])
  assert.equal(client.states().map(({ size, failed }) => [size, failed]), [[700, undefined], [700, undefined], [3, 'unreachable']])
  assert.equal(alarms, [])
})

clients('begins where the witness stands after its own restart', async () => {
  const log = new SomeLog().grow(40)
  const witness = await startWitness('a.example', log)
  await clientOf(log, [witness], 1).client.round()
  log.grow(90)
  const again = clientOf(log, [witness], 1)
  await again.client.round()
  assert.is(again.client.witnessed()!.size, 90)
  assert.equal(again.alarms, [])
})

clients('hears that a witness holds another history: after a rewrite, and after a restore', async () => {
  const log = new SomeLog().grow(40)
  const witness = await startWitness('a.example', log)
  await clientOf(log, [witness], 1).client.round()
  const honest = [...log.entries]
  log.entries = honest.slice(0, 30)
  const restored = clientOf(log, [witness], 1)
  await restored.client.round()
  assert.equal(restored.alarms, ['a.example ahead'])
  log.grow(60, 'rewritten')
  const rewriting = clientOf(log, [witness], 1)
  await rewriting.client.round()
  await rewriting.client.round()
  assert.equal(rewriting.alarms, ['a.example not-proven'])
  assert.is(rewriting.client.witnessed(), undefined)
})

clients('takes no cosignature that does not fit, and no endless answer', async () => {
  const log = new SomeLog().grow(5)
  const real = await startWitness('a.example', log)
  const stranger = await startWitness('a.example', log)
  const wrong = clientOf(log, [{ url: real.url, keys: stranger.keys }], 1)
  await wrong.client.round()
  assert.is(wrong.client.states()[0]!.failed, 'wrong-cosignature')
  const app = fastify({ forceCloseConnections: true })
  apps.push(app)
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))
  app.post('/add-checkpoint', async () => 'x'.repeat(1_000_000))
  const flood = clientOf(log, [{ url: await app.listen({ host: '127.0.0.1', port: 0 }), keys: real.keys }], 1)
  await flood.client.round()
  assert.is(flood.client.states()[0]!.failed, 'unreachable')
})

clients.run()

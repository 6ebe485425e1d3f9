/**
 * A witness over HTTP as the specification tells it (C2SP tlog-witness): every status, what is remembered before an answer,
 * and what is kept against a log that lies. Keys and signatures are real.
 */
import { randomBytes } from 'node:crypto'
import fastify from 'fastify'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { noteVerifier, type WitnessKey } from '../../../keys/checkpoints.ts'
import { createMemoryKeyRing } from '../../../keys/memory-key-ring.ts'
import { privateKeyFromSeed } from '../../../keys/private-key.ts'
import type { Kid } from '../../../protocol/identifiers.ts'
import { openCheckpoint } from '../../../protocol/log/checkpoint.ts'
import { SIGNATURE_TYPES, formatNote, parseNote, parseSignatures } from '../../../protocol/log/note.ts'
import { formatAddCheckpoint, originHash, type AddCheckpoint } from '../../../protocol/log/witnessing.ts'
import { MemoryStore } from '../../../node/runtime/memory-store.ts'
import { StoreError, type Store } from '../../../node/runtime/ports.ts'
import { witnessRoutes } from '../../../node/witness/routes.ts'
import { openWitness, Witness, WitnessError, type WitnessedLog } from '../../../node/witness/witness.ts'
import { ORIGIN, SomeLog } from './some-log.ts'

const witnessing = suite('node/witness')
const NAME = 'witness.example'
const secrets = (['Ed25519', 'ML-DSA-44'] as const).map(algorithm => privateKeyFromSeed({ algorithm, purpose: 'witness', seed: randomBytes(32) }))
const keys: (WitnessKey & { kid: Kid })[] = secrets.map(({ algorithm, publicKey, kid }) => ({ name: NAME, type: algorithm === 'Ed25519' ? SIGNATURE_TYPES.cosignature : SIGNATURE_TYPES.mlDsa44, publicKey, kid }))
const verifiers = keys.map(key => noteVerifier(key)!)
const keyRing = createMemoryKeyRing(secrets)
/** Writes nothing any more. */
class FullDisk extends MemoryStore { override async commit (): Promise<void> { throw new StoreError('full', 'no space') } }
const clock = { now: () => 1_795_000_100_000 }

async function serve (logs: readonly WitnessedLog[], store: Store = new MemoryStore()) {
  const witness = await openWitness({ keys, logs, store, keyRing, clock }, 'w', true)
  const app = fastify()
  await app.register(witnessRoutes(witness))
  const post = async (body: AddCheckpoint | string) => {
    const answer = await app.inject({ method: 'POST', url: '/add-checkpoint', payload: typeof body === 'string' ? body : formatAddCheckpoint(body) })
    return { status: answer.statusCode, type: answer.headers['content-type'], body: answer.body }
  }
  const get = async (hash: string) => app.inject({ url: `/${hash}/checkpoint` })
  return { witness, post, get, store }
}
const watched = (log: SomeLog): WitnessedLog => ({ origin: log.keys[0]!.name, keys: log.verifiers })

witnessing('cosigns a first checkpoint and one that adds to it; outsiders read both signatures', async () => {
  const log = new SomeLog().grow(5)
  const { post, get } = await serve([watched(log)])
  const first = await post({ old: 0, proof: [], note: log.checkpoint().note })
  assert.is(first.status, 200)
  log.grow(900)
  const { note } = log.checkpoint()
  const second = await post({ old: 5, proof: log.prove(5), note })
  assert.is(second.status, 200)
  const merged = formatNote({ text: parseNote(note)!.text, signatures: [...parseNote(note)!.signatures, ...parseSignatures(second.body)!] })
  const opened = openCheckpoint(merged, ORIGIN, log.verifiers, verifiers)
  assert.ok(opened.ok && opened.cosignatures.length === 2)
  const monitored = await get(originHash(ORIGIN))
  assert.is(monitored.body, merged)
  assert.is((await get(originHash('other.example/log'))).statusCode, 404)
})

witnessing('answers each fault with its status', async () => {
  const log = new SomeLog().grow(8)
  const { post } = await serve([watched(log)])
  const { note } = log.checkpoint()
  for (const body of ['', 'old 0\n', 'old -1\n\n' + note, 'old 01\n\n' + note, 'old 0\nAAAA\n\n' + note, `old 0\n${'A'.repeat(43)}=\n`.repeat(1) + '\nno note', 'old 9007199254740993\n\n' + note]) assert.is((await post(body)).status, 400, JSON.stringify(body.slice(0, 40)))
  assert.is((await post({ old: 9, proof: [], note })).status, 400)
  assert.is((await post({ old: 0, proof: [], note: new SomeLog('nobody.example/log').grow(1).checkpoint().note })).status, 404)
  assert.is((await post({ old: 0, proof: [], note: new SomeLog().grow(8).checkpoint().note })).status, 403)
  const [ed25519] = parseNote(note)!.signatures
  assert.is((await post({ old: 0, proof: [], note: formatNote({ text: parseNote(note)!.text, signatures: [ed25519!] }) })).status, 403)
  assert.is((await post({ old: 0, proof: [new Uint8Array(32)], note })).status, 422)
  assert.is((await post({ old: 0, proof: [], note })).status, 200)
  log.grow(20)
  const conflict = await post({ old: 5, proof: log.prove(5), note: log.checkpoint().note })
  assert.equal([conflict.status, conflict.type, conflict.body], [409, 'text/x.tlog.size', '8\n'])
  assert.is((await post({ old: 8, proof: log.prove(7, 20), note: log.checkpoint().note })).status, 422)
  assert.is((await post({ old: 8, proof: log.prove(8), note: log.checkpoint().note })).status, 200)
})

witnessing('never cosigns a fork or a rewritten log, and keeps the proof of it', async () => {
  const log = new SomeLog().grow(10)
  const { witness, post } = await serve([watched(log)])
  assert.is((await post({ old: 0, proof: [], note: log.checkpoint().note })).status, 200)
  const honest = [...log.entries]
  log.entries[3] = new Uint8Array(Buffer.from('rewritten'))
  assert.is((await post({ old: 10, proof: [], note: log.checkpoint().note })).status, 409)
  log.grow(30)
  assert.is((await post({ old: 10, proof: log.prove(10), note: log.checkpoint().note })).status, 422)
  log.entries = honest
  assert.is((await post({ old: 10, proof: log.grow(30).prove(10), note: log.checkpoint().note })).status, 200)
  const evidence = await witness.evidence(ORIGIN)
  assert.equal(evidence.map(({ why }) => why), ['forked', 'not-proven'])
  assert.ok(evidence.every(({ body, cosigned }) => body.includes(ORIGIN) && openCheckpoint(cosigned, ORIGIN, log.verifiers, verifiers).ok))
  assert.equal((await witness.heads()).map(({ size, evidence }) => [size, evidence]), [[30, 2]])
})

witnessing('answers many at once one by one: of two forks at the same size one is cosigned', async () => {
  const log = new SomeLog().grow(4)
  const { post } = await serve([watched(log)])
  const notes = ['a', 'b', 'c', 'd'].map(word => { log.entries.length = 4; return log.grow(9, word).checkpoint().note })
  const statuses = (await Promise.all(notes.map(note => post({ old: 0, proof: [], note })))).map(({ status }) => status)
  assert.equal(statuses.sort(), [200, 409, 409, 409])
})

witnessing('answers nothing when it could not remember', async () => {
  const log = new SomeLog().grow(3)
  const store = new MemoryStore()
  const { witness } = await serve([watched(log)], store)
  const failing = new Witness({ keys, logs: [watched(log)], keyRing, clock, store: new FullDisk() })
  let failed = false
  await failing.addCheckpoint(formatAddCheckpoint({ old: 0, proof: [], note: log.checkpoint().note })).catch(() => { failed = true })
  assert.ok(failed)
  assert.equal((await witness.heads())[0]!.size, 0)
})

witnessing('is not started again when its database is gone', async () => {
  const parts = { keys, logs: [], keyRing, clock }
  const store = new MemoryStore()
  await openWitness({ ...parts, store }, 'w', true)
  await openWitness({ ...parts, store }, 'w', false)
  for (const [other, identity] of [[new MemoryStore(), 'w'], [store, 'another']] as const) {
    const error = await openWitness({ ...parts, store: other }, identity, false).then(() => undefined, (error: unknown) => error)
    assert.ok(error instanceof WitnessError && error.code === 'database-lost')
  }
})

witnessing.run()

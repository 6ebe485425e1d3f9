/**
 * A node that may be killed at any moment: production store, keys on disk, transport and, at a site, the ingest door, in a
 * process of its own. Only the key ring is in memory, so that it is back soon. Its parent tells it what it is, then asks.
 */
import { flushCompileCache } from 'node:module'
import { join } from 'node:path'
import fastify from 'fastify'
import { openFileRecordKeys } from '../../../node/adapters/file-record-keys.ts'
import { openLevelStore } from '../../../node/adapters/level-store.ts'
import { systemClock } from '../../../node/adapters/system-clock.ts'
import { systemEntropy } from '../../../node/adapters/system-entropy.ts'
import { Intake } from '../../../node/ingest/intake.ts'
import { ReadStore } from '../../../node/ingest/read-store.ts'
import { ingestRoutes } from '../../../node/ingest/routes.ts'
import type { Source } from '../../../node/ingest/source.ts'
import { DAY } from '../../../protocol/instant.ts'
import type { Actor, Command } from '../../../protocol/commands.ts'
import { startRealNode, type RealNode, type RealNodeSpec } from '../../support/real-node.ts'

export type KilledNodeSpec = Omit<RealNodeSpec, 'report'> & { readonly ingest?: { readonly port: number, readonly sources: readonly Source[] } }
export type Asked =
  | { readonly what: 'command', readonly actor: Actor, readonly command: Command }
  | { readonly what: 'hits', readonly actor: Actor, readonly after?: string }
  | { readonly what: 'status' | 'verify' | 'entries' | 'stop' }

process.once('message', (spec: KilledNodeSpec) => { void run(spec) })
process.on('disconnect', () => process.exit(0))

async function run (spec: KilledNodeSpec): Promise<void> {
  const real = await startRealNode(spec)
  if (spec.ingest !== undefined) await openDoor(real, spec.folder, spec.ingest)
  process.on('message', ({ id, asked }: { id: number, asked: Asked }) => {
    answer(real, asked).then(result => process.send!({ id, result }), error => process.send!({ id, error: String(error) }))
  })
  process.send!({ id: 0 })
  flushCompileCache() // a killed process would not write it at its end
}

async function openDoor ({ node, hotlist }: RealNode, folder: string, { port, sources }: NonNullable<KilledNodeSpec['ingest']>): Promise<void> {
  const reads = new ReadStore({ store: await openLevelStore(join(folder, 'reads')), recordKeys: await openFileRecordKeys(join(folder, 'read-keys')), entropy: systemEntropy, retention: DAY })
  const intake = new Intake({ driver: node.driver, reads, hotlist, clock: systemClock, entropy: systemEntropy, counted: () => {} })
  const app = fastify({ forceCloseConnections: true })
  await app.register(ingestRoutes({ sources, clock: systemClock, idKey: await reads.idKey(), accept: intake.accept }))
  await app.listen({ host: '127.0.0.1', port })
}

async function answer ({ service, hotlist, stop }: RealNode, asked: Asked): Promise<unknown> {
  switch (asked.what) {
    case 'command': return service.command(asked.actor, asked.command)
    case 'hits': return service.hits(asked.actor, asked.actor.agency, { code: 'system-check' }, { limit: 500, ...(asked.after !== undefined && { after: asked.after }) })
    case 'status': return service.status()
    case 'verify': return service.verifyLog()
    case 'entries': return hotlist.size
    case 'stop': return stop()
  }
}

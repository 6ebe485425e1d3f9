/** Chooses every adapter and joins them into a running node: the only file that knows them all. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import fastify from 'fastify'
import { pino } from 'pino'
import { privateKeyFromSeed } from '../keys/private-key.ts'
import { cipherSuite } from '../keys/suite.ts'
import { HOUR, MINUTE } from '../protocol/instant.ts'
import { openFileKeyRing } from './adapters/file-key-ring.ts'
import { openFileRecordKeys } from './adapters/file-record-keys.ts'
import { openLevelStore } from './adapters/level-store.ts'
import { createLibp2pTransport } from './adapters/libp2p-transport.ts'
import { systemClock } from './adapters/system-clock.ts'
import { systemEntropy } from './adapters/system-entropy.ts'
import { pathsOf, type NodeConfig } from './config.ts'
import { startApi } from './console/api.ts'
import type { NodeService } from './console/service.ts'
import { Hotlist } from './hotlist/hotlist.ts'
import { Intake } from './ingest/intake.ts'
import { ReadStore } from './ingest/read-store.ts'
import { ingestRoutes } from './ingest/routes.ts'
import { createPeople } from './people.ts'
import { createReports } from './reports.ts'
import { Node } from './runtime/node.ts'
import { sweep } from './runtime/sweep.ts'
import { createService, logVerifiersOf } from './service.ts'
import { readTrust } from './trust-files.ts'
import { VERSION } from './version.ts'

export interface RunningNode {
  readonly service: NodeService
  readonly node: Node
  readonly addresses: readonly string[]
  /** Where reads are posted to, when this node takes any. */
  readonly ingestUrl: string | undefined
  readonly opsUrl: string | undefined
  stop (): Promise<void>
}

export interface ComposeOptions { readonly logLevel?: string, failed (error: unknown): void }

export function readPassphrase ({ passphraseFile, passphraseEnv }: NodeConfig['keyRing']): string {
  const text = passphraseFile !== undefined ? readFileSync(passphraseFile, 'utf8') : process.env[passphraseEnv ?? '']
  if (text === undefined || text.trim() === '') throw new Error(passphraseFile !== undefined ? `${passphraseFile} is empty` : `the environment variable ${passphraseEnv} is not set`)
  return text.trimEnd()
}

/** Starts everything that the config asks for; what was started is stopped again when a later part fails. */
export async function composeNode (config: NodeConfig, options: ComposeOptions): Promise<RunningNode> {
  const undo: (() => Promise<unknown>)[] = []
  const stop = async (): Promise<void> => { for (const close of undo.splice(0).reverse()) await close() }
  try {
    return await compose(config, options, undo, stop)
  } catch (error) {
    await stop().catch(() => {})
    throw error
  }
}

async function compose (config: NodeConfig, options: ComposeOptions, undo: (() => Promise<unknown>)[], stop: () => Promise<void>): Promise<RunningNode> {
  const log = pino({ level: options.logLevel ?? 'info', base: { node: config.node } })
  const reports = createReports(log)
  const clock = systemClock; const entropy = systemEntropy
  const paths = pathsOf(config.data)

  const keyRing = await openFileKeyRing(config.keyRing.file, readPassphrase(config.keyRing))
  const trust = readTrust(config.trust)
  for (const { digest, refusal } of trust.findings) log.warn({ statement: digest, code: refusal.code, evidence: refusal.evidence }, 'statement refused')
  const known = trust.node(config.node)
  if (known === undefined) throw new Error(`the trust list does not name ${config.node}: see \`tiltas trust show\``)
  if (known.role !== config.role) throw new Error(`the trust list says that ${config.node} is a ${known.role} node, ${config.file} says ${config.role}`)
  for (const agency of config.agencies) if (trust.homeOf(agency) !== config.node) throw new Error(`by the trust list ${agency} is not at home at ${config.node}`)
  const logKeys = logKeysOf(keyRing.list(), known.log)

  const store = await openLevelStore(paths.store)
  const recordKeys = await openFileRecordKeys(paths.recordKeys)
  const transport = await createLibp2pTransport({ self: config.node, transportSeed: keyRing.transportSeed(), listen: config.listen, log })
  const hotlist = new Hotlist()
  const sources = config.ingest?.sources ?? []
  const peers = new Map(config.peers.map(peer => [peer.node, peer.addresses]))
  const node = await Node.start({
    self: config.node, store, recordKeys, clock, entropy, transport, keyRing, suite: cipherSuite, trust, logKeys, hotlist,
    matchesHere: sources.length > 0, addressesOf: peer => peers.get(peer) ?? [],
    report: report => reports.report(report), refused: what => reports.refused(what), failed: error => options.failed(error)
  }).catch(async error => { await store.close(); throw error })
  undo.push(() => node.stop())
  const sweeping = async (): Promise<void> => {
    const swept = await sweep(node, store, recordKeys, clock.now())
    if (swept.erased || swept.positions > 0) log.info(swept, 'swept')
  }
  await sweeping()
  const hourly = setInterval(() => { sweeping().catch(error => options.failed(error)) }, HOUR)
  undo.push(async () => { clearInterval(hourly) })

  const service = createService({
    node, store, clock, version: VERSION, addresses: () => transport.addresses(), placedEntries: () => hotlist.size,
    logVerifiers: logVerifiersOf(known.log.origin, known.log.ed25519, known.log.mldsa44), subscribe: hear => reports.subscribe(hear)
  })
  const api = await startApi({ service, actors: createPeople({ node: config.node, people: config.people, clock }), clock, socketPath: paths.socket, onFailure: error => log.error({ err: error }, 'a request failed') })
  undo.push(() => api.close())

  const ingestUrl = config.ingest === undefined ? undefined : await startIngest(config, config.ingest, node, hotlist, reports, undo)
  const opsUrl = config.ops === undefined ? undefined : await startOps(config.ops, node, reports, undo)
  log.info({ addresses: transport.addresses(), ingest: ingestUrl, ops: opsUrl, leaves: node.driver.state.log.edge.size }, 'started')
  return { service, node, addresses: transport.addresses(), ingestUrl, opsUrl, stop: async () => { log.info('stopping'); await stop() } }
}

type LogKeys = Parameters<typeof Node.start>[0]['logKeys']

/** The log's keys are those that the nation's root names for this node. */
function logKeysOf (held: readonly { kid: LogKeys['ed25519']['kid'], purpose: string, algorithm: string }[], log: { origin: string, ed25519: Uint8Array, mldsa44?: Uint8Array }): LogKeys {
  const find = (algorithm: string): LogKeys['ed25519']['kid'] | undefined => held.find(key => key.purpose === 'log' && key.algorithm === algorithm)?.kid
  const ed25519 = find('Ed25519'); const mldsa44 = find('ML-DSA-44')
  if (ed25519 === undefined) throw new Error('the key ring holds no key of the log')
  return { ed25519: { kid: ed25519, publicKey: log.ed25519 }, ...(mldsa44 !== undefined && log.mldsa44 !== undefined && { mldsa44: { kid: mldsa44, publicKey: log.mldsa44 } }) }
}

async function startIngest (config: NodeConfig, ingest: NonNullable<NodeConfig['ingest']>, node: Node, hotlist: Hotlist, reports: ReturnType<typeof createReports>, undo: (() => Promise<unknown>)[]): Promise<string> {
  const paths = pathsOf(config.data)
  const reads = new ReadStore({ store: await openLevelStore(paths.reads), recordKeys: await openFileRecordKeys(paths.readKeys), entropy: systemEntropy, retention: config.readRetentionHours * HOUR })
  undo.push(() => reads.close())
  const intake = new Intake({ driver: node.driver, reads, hotlist, clock: systemClock, entropy: systemEntropy, counted: (count, matches) => reports.counted(count, matches) })
  const sweep = setInterval(() => { reads.forget(systemClock.now()).catch(() => {}) }, 10 * MINUTE)
  await reads.forget(systemClock.now())
  const tls = ingest.tls === undefined ? {} : { https: { cert: readFileSync(ingest.tls.cert), key: readFileSync(ingest.tls.key) } }
  const app = fastify({ logger: false, forceCloseConnections: true, ...tls })
  await app.register(ingestRoutes({ sources: ingest.sources, clock: systemClock, idKey: await reads.idKey(), accept: intake.accept }))
  undo.push(async () => { clearInterval(sweep); await app.close(); intake.flush(); await node.driver.idle() })
  return app.listen({ host: ingest.host, port: ingest.port })
}

/** `/metrics` for Prometheus, `/health` for whoever restarts us; on this machine only. */
async function startOps (ops: NonNullable<NodeConfig['ops']>, node: Node, reports: ReturnType<typeof createReports>, undo: (() => Promise<unknown>)[]): Promise<string> {
  const server = createServer((request, response) => {
    const answer = request.url === '/metrics' ? reports.metrics(node.driver.state) : request.url === '/health' ? Promise.resolve(health(node)) : undefined
    if (answer === undefined) return response.writeHead(404).end()
    void answer.then(body => response.writeHead(200, { 'content-type': request.url === '/metrics' ? 'text/plain; version=0.0.4' : 'application/json' }).end(body), () => response.writeHead(500).end())
  })
  await new Promise<void>((resolve, reject) => { server.once('error', reject); server.listen(ops.port, ops.host, resolve) })
  undo.push(() => new Promise(resolve => { server.closeAllConnections(); server.close(resolve) }))
  const address = server.address()
  return `http://${ops.host}:${typeof address === 'object' && address !== null ? address.port : ops.port}`
}

function health (node: Node): string {
  const { outStreams, directory, log } = node.driver.state
  const reachable = directory.peers.filter(peer => [...outStreams.values()].some(stream => stream.peer === peer && stream.live))
  return JSON.stringify({ status: 'serving', leaves: log.edge.size, peers: directory.peers.length, reachable: reachable.length })
}

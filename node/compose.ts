/** Chooses every adapter and joins them into a running node: the only file that knows them all. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import fastify from 'fastify'
import { pino, type Logger } from 'pino'
import { noteVerifier } from '../keys/checkpoints.ts'
import { cipherSuite } from '../keys/suite.ts'
import { HOUR, MINUTE } from '../protocol/instant.ts'
import { parseVerifierKey, type VerifierKey } from '../protocol/log/note.ts'
import { candidateIdOf } from '../protocol/hits/candidate-withdrawals.ts'
import { keyOf, type CandidateRecord } from '../protocol/records.ts'
import { openFileRecordKeys } from './adapters/file-record-keys.ts'
import { openLevelStore } from './adapters/level-store.ts'
import { createLibp2pTransport } from './adapters/libp2p-transport.ts'
import { openKeyRing } from './adapters/pkcs11-open.ts'
import { systemClock } from './adapters/system-clock.ts'
import { systemEntropy } from './adapters/system-entropy.ts'
import { encodePairs } from './backup/snapshot.ts'
import { pathsOf, type NodeConfig } from './config.ts'
import { startApi } from './console/api.ts'
import type { NodeService } from './console/service.ts'
import { Hotlist } from './hotlist/hotlist.ts'
import { Intake } from './ingest/intake.ts'
import { ReadStore } from './ingest/read-store.ts'
import { ingestRoutes } from './ingest/routes.ts'
import { uploadRoute } from './ingest/upload.ts'
import { createPeople } from './people.ts'
import type { Recognition } from './compose-cameras.ts'
import type { EvidenceRing } from './recognition/evidence-ring.ts'
import { createReports, type Reports } from './reports.ts'
import { proveConsistency } from './runtime/log-reader.ts'
import { Node } from './runtime/node.ts'
import { sweep } from './runtime/sweep.ts'
import { createService, logVerifiersOf, publicKeysOfLog } from './service.ts'
import { neighboursOf } from '../keys/directory.ts'
import { logKeysOf, logsOf, transportKidOf, type LogKeys } from './own-keys.ts'
import { RenewableTransport } from './runtime/renewable-transport.ts'
import type { MatchedRead } from '../protocol/events.ts'
import { nationOf, type Kid, type MessageId, type NodeId } from '../protocol/identifiers.ts'
import { InformedTransport } from './runtime/informed-transport.ts'
import type { PeerAddress } from './runtime/ports.ts'
import { TrustExchange } from './runtime/trust-exchange.ts'
import { TrustKeeper } from './trust-keeper.ts'
import { VERSION } from './version.ts'
import { WitnessClient } from './witness/client.ts'

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

  // What the module was asked for did not happen: the node stops before anything is said of it, and starts again from its disk.
  const lost = (error: Error & { todo: string }): void => options.failed(Object.assign(new Error(`${error.message} ${error.todo}`), { cause: error }))
  const keyRing = await openKeyRing({ file: config.keyRing.file, passphrase: readPassphrase(config.keyRing), module: config.keyRing.pkcs11, env: process.env, clock, lost })
  undo.push(() => keyRing.close())
  const keeper = new TrustKeeper({ self: config.node, paths: config.trust, keyRing, clock, log })
  await keeper.renew().catch(error => log.warn({ err: error }, 'statements could not be renewed'))
  const trust = keeper.view
  for (const { digest, refusal } of trust.findings) log.warn({ statement: digest, code: refusal.code, evidence: refusal.evidence }, 'statement refused')
  const known = trust.node(config.node)
  if (known === undefined) throw new Error(`the trust list does not name ${config.node}: see \`tiltas trust show\``)
  if (known.role !== config.role) throw new Error(`the trust list says that ${config.node} is a ${known.role} node, ${config.file} says ${config.role}`)
  for (const agency of config.agencies) if (trust.homeOf(agency) !== config.node) throw new Error(`by the trust list ${agency} is not at home at ${config.node}`)
  const holds = (kid: Kid): boolean => keyRing.has(kid)
  let logKeys = logKeysOf(trust, config.node, holds)

  const store = await openLevelStore(paths.store)
  const recordKeys = await openFileRecordKeys(paths.recordKeys)
  const identity = (everybodyKnows: boolean): Kid => transportKidOf(keeper.view, config.node, holds, clock.now(), everybodyKnows)
  const libp2p = await RenewableTransport.create(identity(false), kid => createLibp2pTransport({ self: config.node, transportSeed: keyRing.transportSeed(kid as Kid), listen: config.listen, log }))
  const hotlist = new Hotlist()
  const sources = config.ingest?.sources ?? []
  const peers = new Map(config.peers.map(peer => [peer.node, peer.addresses]))
  const neighbours = (): readonly PeerAddress[] => neighboursOf(keeper.view, config.node).map(({ node, transportKey }) => ({ node, transportKey, formerKeys: keeper.view.formerTransportKeys(node, clock.now()), addresses: peers.get(node) ?? [] }))
  const exchange = new TrustExchange({
    channel: libp2p.trust, trust: keeper, clock, peers: () => neighbours().map(({ node }) => node),
    exchanged: (peer, taken, given) => {
      if (taken + given > 0) log.info({ peer, taken, given }, 'statements exchanged')
      renewIdentity()
    },
    malformed: () => reports.refused('malformed-frame')
  })
  const renewIdentity = (): void => {
    const wanted = identity(neighbours().every(({ node }) => exchange.isInformed(node)))
    if (wanted === libp2p.identity) return
    log.info({ key: wanted }, 'transport key changed')
    libp2p.renew(wanted).catch(error => options.failed(error))
  }
  const isStale = (peer: NodeId): boolean => nationOf(peer) !== config.homeNation && keeper.view.isStale(nationOf(peer), clock.now())
  const transport = new InformedTransport({ transport: libp2p, alsoKnown: neighbours, exchange: peer => exchange.with(peer), isStale })
  const node = await Node.start({
    self: config.node, store, recordKeys, clock, entropy, transport, keyRing, suite: cipherSuite, trust, hotlist,
    logKeys: { get ed25519 () { return logKeys.ed25519 }, get mldsa44 () { return logKeys.mldsa44 } } as LogKeys, formerLogKeys: logsOf(trust, config.node).map(each => each.ed25519),
    matchesHere: sources.length > 0 || config.cameras.length > 0, addressesOf: peer => peers.get(peer) ?? [],
    report: report => reports.report(report), refused: what => reports.refused(what), failed: error => options.failed(error)
  }).catch(async error => { await store.close(); throw error })
  undo.push(() => node.stop())
  keeper.onChange(view => node.changeTrust(view))
  keeper.onChange(view => { logKeys = logKeysOf(view, config.node, holds) })
  keeper.onChange(() => { exchange.spread(); renewIdentity() })
  undo.push(async () => exchange.stop())
  await keeper.start()
  undo.push(() => keeper.stop())
  reports.watchTrust(() => keeper.view.expiries(), clock)
  const sweeping = async (): Promise<void> => {
    const swept = await sweep(node, store, recordKeys, clock.now())
    if (swept.erased || swept.positions > 0) log.info(swept, 'swept')
  }
  await sweeping()
  const hourly = setInterval(() => { sweeping().catch(error => options.failed(error)) }, HOUR)
  undo.push(async () => { clearInterval(hourly) })

  const logs = (): VerifierKey[][] => logsOf(keeper.view, config.node).map(publicKeysOfLog)
  const inUse = (): VerifierKey[] => publicKeysOfLog({ origin: known.log.origin, ed25519: logKeys.ed25519.publicKey, ...(logKeys.mldsa44 !== undefined && { mldsa44: logKeys.mldsa44.publicKey }) })
  const witnessing = new WitnessClient({
    origin: known.log.origin, get logKeys () { return logVerifiersOf(inUse()) }, clock, quorum: config.witnessQuorum ?? Math.floor(config.witnesses.length / 2) + 1,
    witnesses: config.witnesses.map(({ url, keys }) => ({ url, keys: keys.flatMap(key => noteVerifier(parseVerifierKey(key)!) ?? []) })),
    published: () => node.records.get(keyOf.logCheckpoint), prove: (from, to) => proveConsistency(store, from, to, node.driver.state.log.edge),
    alarmed: (witness, why) => log.error({ witness, why }, 'a witness holds another history of this log')
  })
  if (config.witnesses.length > 0) { witnessing.start(); undo.push(() => witnessing.stop()) }

  let collecting: Collecting | undefined
  const service = createService({
    node, store, clock, version: VERSION, addresses: () => transport.addresses(), placedEntries: () => hotlist.size,
    get logKeys () { return inUse() }, get formerLogKeys () { return logs() }, witnessing, subscribe: hear => reports.subscribe(hear), footage: () => collecting?.ring, cameras: () => collecting?.recognition?.cameras()
  })
  const api = await startApi({ service, actors: createPeople({ node: config.node, people: config.people, clock }), clock, socketPath: paths.socket, snapshot: () => encodePairs(store.snapshot()), onFailure: error => log.error({ err: error }, 'a request failed') })
  undo.push(() => api.close())

  if (config.ingest !== undefined || config.cameras.length > 0) collecting = await startCollecting(config, { node, hotlist, reports, log, failed: options.failed }, undo)
  const ingestUrl = config.ingest === undefined ? undefined : await startIngest(config.ingest, collecting!, undo)
  const opsUrl = config.ops === undefined ? undefined : await startOps(config.ops, node, reports, undo)
  log.info({ addresses: transport.addresses(), ingest: ingestUrl, ops: opsUrl, leaves: node.driver.state.log.edge.size }, 'started')
  return { service, node, addresses: transport.addresses(), ingestUrl, opsUrl, stop: async () => { log.info('stopping'); await stop() } }
}

/** Where reads come together, whether others send them or our own cameras make them. */
interface Collecting { readonly intake: Intake, readonly idKey: string, readonly ring: EvidenceRing | undefined, readonly recognition: Recognition | undefined }
interface CollectingParts { readonly node: Node, readonly hotlist: Hotlist, readonly reports: Reports, readonly log: Logger, failed (error: unknown): void }

async function startCollecting (config: NodeConfig, { node, hotlist, reports, log, failed }: CollectingParts, undo: (() => Promise<unknown>)[]): Promise<Collecting> {
  const paths = pathsOf(config.data)
  const clock = systemClock; const entropy = systemEntropy
  const store = await openLevelStore(paths.reads); const recordKeys = await openFileRecordKeys(paths.readKeys)
  const reads = new ReadStore({ store, recordKeys, entropy, retention: config.readRetentionHours * HOUR })
  undo.push(() => reads.close())
  const looks = config.cameras.length > 0 || config.ingest?.pictures === true ? await import('./compose-cameras.ts') : undefined
  const ring = looks && await looks.openFootage(config, store, recordKeys, entropy)
  const pin = async (matches: readonly MatchedRead[]): Promise<void> => { for (const match of matches) await ring?.pin(match.readId, [candidateIdOf(match)], clock.now()) }
  const intake = new Intake({ driver: node.driver, reads, hotlist, clock, entropy, matched: pin, counted: (count, matches) => reports.counted(count, matches) })
  undo.push(async () => { intake.flush(); await node.driver.idle() })
  const isTakenBack = async (candidate: MessageId): Promise<boolean> => (await node.records.get<CandidateRecord>(keyOf.candidate(candidate)))?.state === 'rejected'
  const forget = async (): Promise<void> => {
    await reads.forget(clock.now())
    await ring?.sweep(clock.now(), isTakenBack)
  }
  await forget()
  const forgetting = setInterval(() => { forget().catch(error => log.warn({ err: error }, 'what had its time could not be forgotten')) }, 10 * MINUTE)
  undo.push(async () => { clearInterval(forgetting) })
  const idKey = await reads.idKey()
  const recognition = looks && await looks.startRecognition({ config, ring: ring!, intake, idKey, clock, entropy, log, failed })
  if (recognition !== undefined) {
    reports.watchCameras(() => recognition.cameras(), () => ring!.totals())
    undo.push(() => recognition.stop())
  }
  return { intake, idKey, ring, recognition }
}

async function startIngest (ingest: NonNullable<NodeConfig['ingest']>, { intake, idKey, recognition }: Collecting, undo: (() => Promise<unknown>)[]): Promise<string> {
  const tls = ingest.tls === undefined ? {} : { https: { cert: readFileSync(ingest.tls.cert), key: readFileSync(ingest.tls.key) } }
  const app = fastify({ logger: false, forceCloseConnections: true, ...tls })
  await app.register(ingestRoutes({ sources: ingest.sources, clock: systemClock, idKey, accept: intake.accept }))
  if (ingest.pictures && recognition !== undefined) await app.register(uploadRoute({ sources: ingest.sources, clock: systemClock, look: recognition.lookAtUpload }))
  undo.push(() => app.close())
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

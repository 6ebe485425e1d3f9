/** A node of production parts (LevelDB, files, TCP) in this process, without config file, API or cameras: for benches and kills. */
import { createMemoryKeyRing } from '../../keys/memory-key-ring.ts'
import { privateKeyFromSeed, type KeySecret } from '../../keys/private-key.ts'
import { cipherSuite } from '../../keys/suite.ts'
import { foldTrust } from '../../keys/trust-list.ts'
import { openFileRecordKeys } from '../../node/adapters/file-record-keys.ts'
import { openLevelStore } from '../../node/adapters/level-store.ts'
import { createLibp2pTransport } from '../../node/adapters/libp2p-transport.ts'
import { systemClock } from '../../node/adapters/system-clock.ts'
import { systemEntropy } from '../../node/adapters/system-entropy.ts'
import { Hotlist } from '../../node/hotlist/hotlist.ts'
import { Node } from '../../node/runtime/node.ts'
import type { RecordKeys, Store } from '../../node/runtime/ports.ts'
import { createService, publicKeysOfLog } from '../../node/service.ts'
import type { NodeService } from '../../node/console/service.ts'
import type { Report } from '../../protocol/effects.ts'
import type { Digest, NationId, NodeId } from '../../protocol/identifiers.ts'
import { join } from 'node:path'

export interface RealNodeSpec {
  readonly self: NodeId
  readonly folder: string
  readonly secrets: readonly KeySecret[]
  readonly statements: readonly Uint8Array[]
  readonly pins: { readonly federation: string, readonly nations: { readonly [nation: string]: string } }
  readonly listen: string
  readonly addresses: { readonly [node: string]: readonly string[] }
  report? (report: Report): void
}
export interface RealNode { readonly node: Node, readonly service: NodeService, readonly store: Store, readonly recordKeys: RecordKeys, readonly hotlist: Hotlist, readonly addresses: readonly string[], subscribe (hear: (report: Report) => void): () => void, stop (): Promise<void> }

export async function startRealNode (spec: RealNodeSpec): Promise<RealNode> {
  const { self, folder, secrets } = spec
  const trust = foldTrust(spec.statements, { federation: spec.pins.federation as Digest, nations: new Map(Object.entries(spec.pins.nations) as [NationId, Digest][]) })
  const known = trust.node(self)!
  const keys = secrets.map(privateKeyFromSeed)
  const log = (algorithm: string) => keys.find(key => key.purpose === 'log' && key.algorithm === algorithm)!
  const hearers = new Set<(report: Report) => void>(spec.report === undefined ? [] : [spec.report])
  const store = await openLevelStore(join(folder, 'store'))
  const recordKeys = await openFileRecordKeys(join(folder, 'record-keys'))
  const transport = await createLibp2pTransport({ self, transportSeed: secrets.find(({ purpose }) => purpose === 'transport')!.seed, listen: [spec.listen] })
  const hotlist = new Hotlist()
  const subscribe = (hear: (report: Report) => void): () => void => { hearers.add(hear); return () => hearers.delete(hear) }
  const node = await Node.start({
    self, store, recordKeys, clock: systemClock, entropy: systemEntropy, transport, keyRing: createMemoryKeyRing(keys), suite: cipherSuite, trust, hotlist, matchesHere: false,
    addressesOf: peer => spec.addresses[peer] ?? [],
    logKeys: { ed25519: { kid: log('Ed25519').kid, publicKey: known.log.ed25519 }, mldsa44: { kid: log('ML-DSA-44').kid, publicKey: known.log.mldsa44! } },
    report: report => { for (const hear of hearers) hear(report) }, refused: () => {}, failed: error => { console.error(error); process.exit(1) }
  })
  const service = createService({ node, store, clock: systemClock, version: 'test', logKeys: publicKeysOfLog(known.log), addresses: () => transport.addresses(), placedEntries: () => hotlist.size, subscribe })
  return { node, service, store, recordKeys, hotlist, addresses: transport.addresses(), subscribe, stop: () => node.stop() }
}

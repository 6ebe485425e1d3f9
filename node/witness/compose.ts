/** Makes a witness's folder, and joins real parts into a running witness: the only file here that knows adapters. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import fastify from 'fastify'
import { stringify } from 'yaml'
import { noteVerifier, type WitnessKey } from '../../keys/checkpoints.ts'
import { kidOf, type KeyAlgorithm } from '../../keys/identity.ts'
import { privateKeyFromSeed } from '../../keys/private-key.ts'
import type { Kid } from '../../protocol/identifiers.ts'
import { toBase64url } from '../../protocol/bytes.ts'
import { SIGNATURE_TYPES, encodeVerifierKey, parseVerifierKey } from '../../protocol/log/note.ts'
import { createFileKeyRing, openFileKeyRing, type FileKeyRing } from '../adapters/file-key-ring.ts'
import { openLevelStore } from '../adapters/level-store.ts'
import { systemClock } from '../adapters/system-clock.ts'
import { systemEntropy } from '../adapters/system-entropy.ts'
import { loadWitnessConfig, logsOf, WITNESS_FILE, type WitnessConfig } from './config.ts'
import { openWitness, type Witness } from './witness.ts'
import { witnessRoutes } from './routes.ts'

/** Written when the keys were made, and taken away once the database exists: both are new together, or the database was lost. */
const FRESH_MARK = 'fresh'
/** The public keys, one vkey a line. */
const PUBLIC_FILE = 'public'

export interface WitnessFolder { readonly files: readonly string[], readonly keys: readonly string[] }

/** Answers the files made and the vkeys that logs are to know. Nothing is overwritten. */
export async function makeWitnessFolder (folder: string, name: string, port: number): Promise<WitnessFolder> {
  const config = join(folder, WITNESS_FILE)
  if (existsSync(config)) throw new Error(`${config} is there already: choose another folder`)
  mkdirSync(join(folder, 'keys'), { recursive: true, mode: 0o700 })
  const passphrase = toBase64url(systemEntropy.bytes(24))
  const secrets = (['Ed25519', 'ML-DSA-44'] as const).map(algorithm => ({ algorithm, purpose: 'witness' as const, seed: systemEntropy.bytes(32) }))
  writeFileSync(join(folder, 'keys', 'passphrase'), passphrase + '\n', { mode: 0o600, flag: 'wx' })
  await createFileKeyRing(join(folder, 'keys', 'ring.json'), passphrase, secrets)
  writeFileSync(join(folder, 'keys', FRESH_MARK), '', { mode: 0o600 })
  const keys = secrets.map(privateKeyFromSeed).map(({ algorithm, publicKey }) => encodeVerifierKey({ name, type: typeOf(algorithm), publicKey }))
  writeFileSync(join(folder, 'keys', PUBLIC_FILE), keys.map(key => `${key}\n`).join(''), { mode: 0o600 })
  writeFileSync(config, stringify({ name, data: 'data', keyRing: { file: 'keys/ring.json', passphraseFile: 'keys/passphrase' }, port, logs: [] }), { mode: 0o600, flag: 'wx' })
  return { files: [config, join(folder, 'keys')], keys }
}

const typeOf = (algorithm: KeyAlgorithm): number => algorithm === 'ML-DSA-44' ? SIGNATURE_TYPES.mlDsa44 : SIGNATURE_TYPES.cosignature
const algorithmOf = (type: number): KeyAlgorithm => type === SIGNATURE_TYPES.mlDsa44 ? 'ML-DSA-44' : 'Ed25519'

/** Of the public keys in the file, those that the ring can sign with. */
function keysOf (ring: FileKeyRing, config: WitnessConfig): (WitnessKey & { readonly kid: Kid })[] {
  const lines = readFileSync(join(dirname(config.keyRing.file), PUBLIC_FILE), 'utf8').trimEnd().split('\n')
  return lines.flatMap(line => parseVerifierKey(line) ?? []).filter(({ name }) => name === config.name)
    .map(key => ({ ...key, kid: kidOf(algorithmOf(key.type), toBase64url(key.publicKey)) })).filter(({ kid }) => ring.has(kid))
}

export interface RunningWitness { readonly witness: Witness, readonly url: string, readonly keys: readonly string[], stop (): Promise<void> }

/** Opens the database without serving, for `tiltas witness show`. */
export async function openWitnessOf (config: WitnessConfig): Promise<{ witness: Witness, keys: readonly string[], close: () => Promise<void> }> {
  const ring = await openFileKeyRing(config.keyRing.file, readFileSync(config.keyRing.passphraseFile, 'utf8').trimEnd())
  const keys = keysOf(ring, config)
  if (keys.length === 0) throw new Error(`the key ring of ${config.name} holds none of its keys`)
  const logs = [...logsOf(config.logs)].map(([origin, of]) => ({ origin, keys: of.map(key => noteVerifier(key)).flatMap(key => key ?? []) }))
  const mark = join(dirname(config.keyRing.file), FRESH_MARK)
  const store = await openLevelStore(config.data)
  try {
    const witness = await openWitness({ keys, logs, store, keyRing: ring, clock: systemClock }, keys[0]!.kid, existsSync(mark))
    rmSync(mark, { force: true })
    return { witness, keys: keys.map(encodeVerifierKey), close: () => store.close() }
  } catch (error) {
    await store.close()
    throw error
  }
}

/** @throws ConfigError, WitnessError, KeyFileError, StoreError */
export async function startWitness (configPath: string): Promise<RunningWitness> {
  const config = loadWitnessConfig(configPath)
  const { witness, keys, close } = await openWitnessOf(config)
  const tls = config.tls === undefined ? {} : { https: { cert: readFileSync(config.tls.cert), key: readFileSync(config.tls.key) } }
  const app = fastify({ logger: false, forceCloseConnections: true, ...tls })
  await app.register(witnessRoutes(witness))
  const url = await app.listen({ host: config.host, port: config.port }).catch(async error => { await close(); throw error })
  return { witness, url, keys, stop: async () => { await app.close(); await close() } }
}

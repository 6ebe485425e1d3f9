/**
 * A node with a hardware module has two key rings: the module, and the encrypted file for what a module cannot do (ML-DSA-44)
 * or what another library holds itself (the transport identity). This joins them; each key answers from where it lies, and
 * a new one is made in the module where that can hold it.
 */
import { randomBytes } from 'node:crypto'
import type { KeyAlgorithm, KeyPurpose } from '../../keys/identity.ts'
import { SEED_BYTES, privateKeyFromSeed } from '../../keys/private-key.ts'
import type { AgencyId, Kid } from '../../protocol/identifiers.ts'
import type { KeyRing } from '../runtime/ports.ts'
import type { FileKeyRing } from './file-key-ring.ts'
import type { ModuleAlgorithm } from './pkcs11-curves.ts'
import type { ModuleKeyRing } from './pkcs11-key-ring.ts'

export interface HeldKey {
  readonly kid: Kid
  readonly algorithm: KeyAlgorithm | 'P-256'
  readonly purpose: string
  readonly agency?: AgencyId
  readonly where: 'file' | 'module'
  /** Made where it is, and never to be read out. */
  readonly isInsideOnly: boolean
}
export interface NewKey { readonly algorithm: KeyAlgorithm | 'P-256', readonly purpose: KeyPurpose, readonly agency?: AgencyId }
/** `publicKey`: 32 bytes; 65 for P-256, 1312 for ML-DSA-44. */
export interface MadeKey { readonly kid: Kid, readonly publicKey: Uint8Array, readonly where: HeldKey['where'] }

export interface NodeKeyRing extends KeyRing {
  list (): readonly HeldKey[]
  /** Durable when it resolves. @throws KeyFileError, ModuleError; RangeError for P-256 without a module */
  make (key: NewKey): Promise<MadeKey>
  /** libp2p holds the transport identity itself. */
  transportSeed (kid?: Kid): Uint8Array
  /** Takes keys that another process made. */
  refresh (): Promise<void>
  close (): Promise<void>
}

/** What a module makes for us; everything else stays in the file. */
const MODULE_PURPOSES: readonly KeyPurpose[] = ['signing', 'sealing', 'log']
const isForModule = (key: NewKey): key is NewKey & { readonly algorithm: ModuleAlgorithm } => key.algorithm !== 'ML-DSA-44' && MODULE_PURPOSES.includes(key.purpose)

/** Without a module, the file answers for all. */
export function joinKeyRings (file: FileKeyRing, module?: ModuleKeyRing): NodeKeyRing {
  const inFile = (): HeldKey[] => file.list().map(key => ({ ...key, where: 'file', isInsideOnly: false }))
  if (module === undefined) return { ...file, list: inFile, make: key => makeInFile(file, key), close: async () => {} }
  const ringOf = (kid: Kid): KeyRing => module.has(kid) ? module : file
  return {
    has: kid => module.has(kid) || file.has(kid),
    list: () => [...module.list().map(({ publicKey, ...key }): HeldKey => ({ ...key, where: 'module' })), ...inFile()],
    sign: requests => signWithBoth(file, module, requests),
    agree: (kid, publicKey) => ringOf(kid).agree(kid, publicKey),
    signPostQuantum: (kid, bytes) => ringOf(kid).signPostQuantum(kid, bytes),
    make: async key => isForModule(key) ? { ...await module.generate(key), where: 'module' } : makeInFile(file, key),
    transportSeed: kid => file.transportSeed(kid),
    refresh: async () => { await file.refresh(); await module.refresh() },
    close: () => module.close()
  }
}

async function signWithBoth (file: FileKeyRing, module: ModuleKeyRing, requests: Parameters<KeyRing['sign']>[0]): Promise<Uint8Array[]> {
  const inside = requests.filter(({ kid }) => module.has(kid))
  const outside = requests.filter(({ kid }) => !module.has(kid))
  // The file answers at once, and refuses what nobody knows before the module is asked.
  const fromFile = file.sign(outside)
  const fromModule = await module.sign(inside)
  return requests.map(request => module.has(request.kid) ? fromModule[inside.indexOf(request)]! : fromFile[outside.indexOf(request)]!)
}

async function makeInFile (file: FileKeyRing, { algorithm, ...rest }: NewKey): Promise<MadeKey> {
  if (algorithm === 'P-256') throw new RangeError('the key file holds no P-256 keys: they need a hardware module')
  const secret = { ...rest, algorithm, seed: new Uint8Array(randomBytes(SEED_BYTES)) }
  await file.add([secret])
  const { kid, publicKey } = privateKeyFromSeed(secret)
  return { kid, publicKey, where: 'file' }
}

/**
 * Opens the key ring that a config describes: the encrypted file, and the hardware module where there is one.
 * Invariant: a node whose config names a module never runs without it.
 */
import type { Clock } from '../runtime/ports.ts'
import { openFileKeyRing } from './file-key-ring.ts'
import type { ModuleError } from './pkcs11-errors.ts'
import { joinKeyRings, type NodeKeyRing } from './pkcs11-joined-ring.ts'
import { openModuleKeyRing } from './pkcs11-key-ring.ts'
import type { TokenAddress } from './pkcs11-module.ts'
import { readPin, type PinSource } from './pkcs11-pin.ts'

export type ModuleConfig = TokenAddress & PinSource

export interface KeyRingOptions {
  readonly file: string
  readonly passphrase: string
  readonly module?: ModuleConfig | undefined
  readonly env: { readonly [name: string]: string | undefined }
  readonly clock: Clock
  readonly lost?: (error: ModuleError) => void
}

/** @throws KeyFileError, ModuleError */
export async function openKeyRing ({ file, passphrase, module, env, clock, lost }: KeyRingOptions): Promise<NodeKeyRing> {
  const inFile = await openFileKeyRing(file, passphrase)
  if (module === undefined) return joinKeyRings(inFile)
  return joinKeyRings(inFile, await openModuleKeyRing({ address: module, pin: await readPin(module, env), clock, ...(lost !== undefined && { lost }) }))
}

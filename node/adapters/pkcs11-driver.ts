/**
 * Finds the driver that speaks PKCS#11 (npm package pkcs11js). It is compiled when it is installed, so it is no dependency
 * of ours: it is loaded when somebody installed it, and a node without a module never misses it.
 */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { ModuleError } from './pkcs11-errors.ts'

/** A handle of the module, or of one of its objects. */
export type Handle = Buffer
export type Attribute = { readonly type: number, readonly value?: Buffer | string | number | boolean }
export interface Mechanism { readonly mechanism: number, readonly parameter: null | { readonly type: number, readonly kdf: number, readonly publicData: Buffer } }
export interface TokenInfo { readonly label: string, readonly serialNumber: string, readonly model: string, readonly flags: number }

/** The part of pkcs11js that is used; names and meanings are those of PKCS#11 v2.40. */
export interface Driver {
  load (path: string): void
  close (): void
  C_Initialize (options: { readonly flags: number }): void
  C_Finalize (): void
  C_GetSlotList (tokenPresent: boolean): Handle[]
  C_GetTokenInfo (slot: Handle): TokenInfo
  C_GetMechanismList (slot: Handle): number[]
  C_OpenSession (slot: Handle, flags: number): Handle
  C_CloseSession (session: Handle): void
  C_Login (session: Handle, userType: number, pin: string): void
  C_FindObjectsInit (session: Handle, template: readonly Attribute[]): void
  C_FindObjects (session: Handle, count: number): Handle[]
  C_FindObjectsFinal (session: Handle): void
  C_GetAttributeValue (session: Handle, object: Handle, template: readonly Attribute[]): { readonly value: Buffer }[]
  C_GenerateKeyPairAsync (session: Handle, mechanism: Mechanism, publicKey: readonly Attribute[], privateKey: readonly Attribute[]): Promise<{ readonly publicKey: Handle, readonly privateKey: Handle }>
  C_DestroyObject (session: Handle, object: Handle): void
  C_SignInit (session: Handle, mechanism: Mechanism, key: Handle): void
  C_SignAsync (session: Handle, data: Buffer, signature: Buffer): Promise<Buffer>
  C_DeriveKeyAsync (session: Handle, mechanism: Mechanism, key: Handle, template: readonly Attribute[]): Promise<Handle>
}

/** Where `.ci/install-pkcs11` puts it. */
const INSTALLED = resolve(import.meta.dirname, '../../.cache/pkcs11/pkcs11js')

/** `folder`: that of pkcs11js, when it lies elsewhere. @throws ModuleError `no-driver` */
export function loadDriver (folder?: string): Driver {
  const require = createRequire(import.meta.url)
  const places = folder !== undefined ? [folder] : ['pkcs11js', INSTALLED]
  let cause: unknown
  for (const place of places) {
    if (place !== 'pkcs11js' && !existsSync(join(place, 'package.json'))) continue
    try {
      const { PKCS11 } = require(place) as { PKCS11: new () => Driver }
      return new PKCS11()
    } catch (error) { cause = error }
  }
  throw new ModuleError('no-driver', { cause })
}

/** Numbers of PKCS#11 v2.40 (pkcs11t.h), and of v3.0 for Edwards and Montgomery curves. */
export const CK = {
  OS_LOCKING_OK: 2, RW_SESSION: 2, SERIAL_SESSION: 4, USER: 1,
  PIN_COUNT_LOW: 0x10000, PIN_FINAL_TRY: 0x20000, PIN_LOCKED: 0x40000, PIN_INITIALIZED: 0x8, TOKEN_INITIALIZED: 0x400,
  PUBLIC_KEY: 2, PRIVATE_KEY: 3, SECRET_KEY: 4,
  KEY_EC: 3, KEY_GENERIC_SECRET: 0x10, KEY_EC_EDWARDS: 0x40, KEY_EC_MONTGOMERY: 0x41,
  CLASS: 0, TOKEN: 1, PRIVATE: 2, LABEL: 3, VALUE: 0x11, KEY_TYPE: 0x100, ID: 0x102, SENSITIVE: 0x103, SIGN: 0x108, VERIFY: 0x10a, DERIVE: 0x10c,
  VALUE_LEN: 0x161, EXTRACTABLE: 0x162, NEVER_EXTRACTABLE: 0x164, EC_PARAMS: 0x180, EC_POINT: 0x181,
  GEN_EC: 0x1040, ECDSA: 0x1041, ECDH1_DERIVE: 0x1050, GEN_EDWARDS: 0x1055, GEN_MONTGOMERY: 0x1056, EDDSA: 0x1057,
  KDF_NULL: 1,
  /** A number of pkcs11js, not of the standard. */
  PARAMS_EC_DH: 6
} as const

/** The node's key ring for commands that make keys: the encrypted file, opened with the passphrase that the config names. */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { KeyAlgorithm, KeyPurpose } from '../../keys/identity.ts'
import type { KeySecret } from '../../keys/private-key.ts'
import type { AgencyId, Kid } from '../../protocol/identifiers.ts'
import type { RegistryKeys } from '../registry.ts'
import type { Context } from './command.ts'
import { failed } from './trust-support.ts'

/** Keys of the encrypted file; `add` resolves when they would survive a power cut. */
export interface RingFile extends RegistryKeys {
  add (keys: readonly KeySecret[]): Promise<void>
  list (): readonly { readonly kid: Kid, readonly purpose: string, readonly agency?: AgencyId }[]
}

export async function openRingFile (context: Context): Promise<RingFile> {
  const { file, passphraseFile, passphraseEnv } = context.config().keyRing
  const passphrase = passphraseFile !== undefined ? readFileSync(passphraseFile, 'utf8').trimEnd() : context.io.env[passphraseEnv!]
  if (passphrase === undefined || passphrase === '') throw failed('no-passphrase', 'There is no passphrase of the key file here.', 'Set the environment variable that `keyRing.passphraseEnv` names, or mend `passphraseFile`.')
  const { openFileKeyRing } = await import('../adapters/file-key-ring.ts')
  return openFileKeyRing(file, passphrase)
}

export const newSecret = (algorithm: KeyAlgorithm, purpose: KeyPurpose, agency?: AgencyId): KeySecret =>
  ({ algorithm, purpose, ...(agency !== undefined && { agency }), seed: new Uint8Array(randomBytes(32)) })

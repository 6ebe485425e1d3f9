/**
 * The nation's registry at work: signs what a renewal plan asks for, with whatever holds the registry's keys: the node's
 * key ring, or a file that a person brought. Invariant: it signs plans and nothing else.
 */
import { makeAgencyStatement, makeRevocationList, type StatementSigner } from '../keys/make-statements.ts'
import type { PlannedRevocations, PlannedStatement } from '../keys/renewal.ts'
import type { Kid } from '../protocol/identifiers.ts'
import type { KeyRing } from './runtime/ports.ts'

/** `refresh`: takes keys that were added since. */
export type RegistryKeys = Pick<KeyRing, 'sign' | 'has'> & { refresh? (): Promise<void> }

const signerOf = (keys: RegistryKeys, kid: Kid): StatementSigner => ({ kid, sign: async bytes => (await keys.sign([{ kid, bytes }]))[0]! })

export async function signPlan (plan: { readonly statements: readonly PlannedStatement[], readonly revocations: PlannedRevocations | undefined }, keys: RegistryKeys): Promise<Uint8Array[]> {
  const statements = await Promise.all(plan.statements.map(({ entity, body, signer }) => makeAgencyStatement(entity, body, signerOf(keys, signer))))
  if (plan.revocations === undefined) return statements
  return [...statements, await makeRevocationList(plan.revocations.body, signerOf(keys, plan.revocations.signer))]
}

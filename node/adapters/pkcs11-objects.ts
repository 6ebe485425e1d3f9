/**
 * How our keys lie on a token: found by their label, `tiltas/1 ALGORITHM PURPOSE [AGENCY]`, the two halves joined by their id.
 * Invariant: a private key is made in the token, marked as never to be read, and can do the one thing that it is for.
 */
import { randomBytes } from 'node:crypto'
import { KEY_PURPOSES, type KeyPurpose } from '../../keys/identity.ts'
import { AGENCY_ID, type AgencyId, type Kid } from '../../protocol/identifiers.ts'
import { EC_PARAMS, MODULE_ALGORITHMS, type ModuleAlgorithm } from './pkcs11-curves.ts'
import { CK, type Attribute } from './pkcs11-driver.ts'

export interface ModuleKey {
  readonly kid: Kid
  readonly algorithm: ModuleAlgorithm
  readonly purpose: KeyPurpose
  readonly agency?: AgencyId
  /** 32 bytes; 65 for P-256. */
  readonly publicKey: Uint8Array
  /** As the token says: it was made there and can never be read. */
  readonly isInsideOnly: boolean
}
export type KeyPlan = Pick<ModuleKey, 'algorithm' | 'purpose' | 'agency'>

const labelOf = ({ algorithm, purpose, agency }: KeyPlan): string => ['tiltas/1', algorithm, purpose, ...(agency === undefined ? [] : [agency])].join(' ')

/** Undefined for what somebody else put on the token. */
export function parseLabel (label: string): KeyPlan | undefined {
  const [mark, first, second, agency, ...more] = label.split(' ')
  const algorithm = MODULE_ALGORITHMS.find(name => name === first)
  const purpose = KEY_PURPOSES.find(name => name === second)
  if (mark !== 'tiltas/1' || algorithm === undefined || purpose === undefined || more.length > 0) return undefined
  if (agency !== undefined && !AGENCY_ID.test(agency)) return undefined
  return { algorithm, purpose, ...(agency !== undefined && { agency: agency as AgencyId }) }
}

/** Of the public and of the private key. */
export function templatesOf (plan: KeyPlan, keyType: number): [Attribute[], Attribute[]] {
  const both: Attribute[] = [{ type: CK.KEY_TYPE, value: keyType }, { type: CK.TOKEN, value: true }, { type: CK.LABEL, value: labelOf(plan) }, { type: CK.ID, value: randomBytes(16) }]
  const agrees = plan.algorithm === 'X25519'
  return [
    [{ type: CK.CLASS, value: CK.PUBLIC_KEY }, ...both, { type: CK.EC_PARAMS, value: EC_PARAMS[plan.algorithm] }, ...(agrees ? [] : [{ type: CK.VERIFY, value: true }])],
    [
      { type: CK.CLASS, value: CK.PRIVATE_KEY }, ...both, { type: CK.PRIVATE, value: true }, { type: CK.SENSITIVE, value: true }, { type: CK.EXTRACTABLE, value: false },
      { type: agrees ? CK.DERIVE : CK.SIGN, value: true }
    ]
  ]
}

/** The shared secret is ours to read: it goes into the key derivation of the parcel. */
export const SECRET_TEMPLATE: readonly Attribute[] = [
  { type: CK.CLASS, value: CK.SECRET_KEY }, { type: CK.KEY_TYPE, value: CK.KEY_GENERIC_SECRET }, { type: CK.TOKEN, value: false },
  { type: CK.SENSITIVE, value: false }, { type: CK.EXTRACTABLE, value: true }, { type: CK.VALUE_LEN, value: 32 }
]

/** What holds when an agency tells itself something (its entry at its own camera): no grant, the mildest obligations. */
import { digestOf, utf8ToBytes } from '../bytes.ts'
import type { PolicyRef } from '../messages/message.ts'
import type { Obligations } from './obligations.ts'

export const OWN_POLICY: { readonly policy: PolicyRef, readonly obligations: Obligations } = {
  policy: { grant: 'g-own@1', hash: digestOf(utf8ToBytes('tiltas/own-policy/1')) },
  obligations: { precision: 'road', retentionDays: 366, handling: 'H0', thirdCountry: 'prohibited', furtherHits: true, purpose: 'investigation', legalBasis: 'led/art-4' }
}

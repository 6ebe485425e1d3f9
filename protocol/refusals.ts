/**
 * Why something is not accepted: a closed set of codes, each with what was wrong and what to do about it.
 * They travel in receipts, so a code is never renamed. `protocol/README.md` lists them; a test keeps both equal.
 */
export const REFUSALS = {
  'too-large': 'It is larger than the named limit. Send less at once.',
  'malformed': 'It is not what its version prescribes: wrong structure, unknown field, bad encoding. Mend the sender.',
  'not-understood': 'The type or its version is not known here. It is parked and tried again after an upgrade.',
  'wrong-algorithm': 'The signature or sealing algorithm is not on the list for this kind of object.',
  'unknown-key': 'No key with this identifier speaks for this agency. Renew the trust list.',
  'wrong-signature': 'The signature does not fit the bytes and the key.',
  'not-sealed-for-us': 'It cannot be opened with any key of the agency that it names.',
  'wrong-audience': 'It is addressed to an agency that is not at home here.',
  'envelope-differs': 'The outer header says something else than the signed body.',
  'wrong-issuer': 'The agency that signed it may not say this: it does not own what it speaks of.',
  'nation-unknown': 'The nation is not a member of the federation, or is suspended.',
  'chain-broken': 'The chain from federation over nation to agency does not verify.',
  'statement-expired': 'The agency statement or the root above it has expired. Renew it.',
  'revoked': 'The key or the agency was revoked before this was signed.',
  'beyond-powers': 'The key may sign, but not this type of message.',
  'expired': 'It arrived after its own end.',
  'from-the-future': 'Its time lies further ahead than clocks may differ. Check the clock of the sender.',
  'replayed': 'A message with this identifier was accepted before with other content, or at another place.',
  'out-of-order': 'It does not follow the position that the stream stands at.',
  'not-permitted': 'No grant in force here accepts it.',
  'legal-basis-invalid': 'The legal basis that it names is not in force.',
  'unknown-subject': 'It refers to a hit or an entry that was never received here.',
  'superseded': 'A later version of the same hit or entry was accepted before.',
  'over-quota': 'The sender has too much waiting here. It is to slow down.',
  'not-a-peer': 'The transport identity is not on the trust list.'
} as const

export type RefusalCode = keyof typeof REFUSALS

/** `evidence` names where to look (a field, a limit, a digest), never personal data. */
export interface Refusal { readonly code: RefusalCode, readonly evidence?: string }

export const refuse = (code: RefusalCode, evidence?: string): Refusal => evidence === undefined ? { code } : { code, evidence }

/**
 * Names of nations, agencies, nodes, messages. Every identifier is branded, so that a string cannot stand in for one
 * by accident, and is parsed where foreign bytes enter.
 */
declare const brand: unique symbol
type Branded<Name extends string> = string & { readonly [brand]: Name }

/** ISO 3166-1 alpha-2, upper case: `LV`. */
export type NationId = Branded<'NationId'>
/** `lv:state-police`: the nation in lower case, a colon, a short name. Messages run from agency to agency. */
export type AgencyId = Branded<'AgencyId'>
/** `lv/national`: the nation in lower case, a slash, a short name. */
export type NodeId = Branded<'NodeId'>
/** 16 bytes as 22 characters of base64url. */
export type MessageId = Branded<'MessageId'>
/** The owner's own reference of a hotlist entry, 1–40 characters of `A-Z a-z 0-9 . _ / -`; never a plate. */
export type EntryRef = Branded<'EntryRef'>
/** SHA-256 as 43 characters of base64url. */
export type Digest = Branded<'Digest'>
/** A person at an agency, opaque: 1–64 characters of `a-z 0-9 . _ -`. */
export type PersonId = Branded<'PersonId'>
/** RFC 7638 SHA-256 thumbprint of a public JWK, base64url. */
export type Kid = Branded<'Kid'>
/** A grant's name within its agency's policy: `g-` and up to 40 characters. */
export type GrantId = Branded<'GrantId'>

export const NATION_ID = /^[A-Z]{2}$/
export const AGENCY_ID = /^[a-z]{2}:[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?$/
export const NODE_ID = /^[a-z]{2}\/[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?$/
export const MESSAGE_ID = /^[A-Za-z0-9_-]{22}$/
export const ENTRY_REF = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,39}$/
export const DIGEST = /^[A-Za-z0-9_-]{43}$/
export const PERSON_ID = /^[a-z0-9][a-z0-9._-]{0,63}$/
export const GRANT_ID = /^g-[a-z0-9-]{1,40}$/

const parser = <Id extends string>(name: string, pattern: RegExp) => (text: string): Id => {
  if (!pattern.test(text)) throw new TypeError(`not a ${name}: must match ${pattern.source}`)
  return text as Id
}
export const parseNationId = parser<NationId>('NationId', NATION_ID)
export const parseAgencyId = parser<AgencyId>('AgencyId', AGENCY_ID)
export const parseNodeId = parser<NodeId>('NodeId', NODE_ID)
export const parseMessageId = parser<MessageId>('MessageId', MESSAGE_ID)
export const parseEntryRef = parser<EntryRef>('EntryRef', ENTRY_REF)
export const parsePersonId = parser<PersonId>('PersonId', PERSON_ID)

/** The nation that an agency or a node belongs to: the letters before `:` or `/`. */
export const nationOf = (id: AgencyId | NodeId): NationId => id.slice(0, 2).toUpperCase() as NationId

/**
 * The only door to the Cedar engine (WebAssembly). It keeps parsed policy sets in named slots that it can replace but
 * never free, so sets share a bounded pool of slots, keyed by their content.
 * Invariant: anything but a clean answer is a failure, and a failure is never a permit. After a trap the instance is in an
 * unknown state for good: from then on everything fails, until the process is started anew.
 */
import { preparsePolicySet, preparseSchema, statefulIsAuthorized, validate } from '@cedar-policy/cedar-wasm/nodejs'
import type { Digest } from '../identifiers.ts'
import { isNestedTooDeep } from '../messages/encoding.ts'
import { CEDAR_SCHEMA } from './schema.ts'

/** Parsed policy sets held at once; about 0.2 MB each with 20 grants. */
export const CEDAR_SLOTS_MAX = 128

export interface CedarEntity { readonly type: string, readonly id: string }
/** Cedar text by the name that an answer calls it. */
export type CedarPolicies = { readonly [name: string]: string }
export interface CedarSet { readonly hash: Digest, readonly policies: CedarPolicies }
export interface CedarRequest {
  readonly principal: CedarEntity
  /** The entity that the principal belongs to. */
  readonly memberOf: CedarEntity
  readonly action: string
  readonly resource: CedarEntity
  readonly context: { readonly [name: string]: string | { readonly __entity: CedarEntity } }
}
/** Names of the policies that permit, sorted; or why there is no answer. An empty list means denied. */
export type CedarAnswer = { readonly ok: true, readonly permittedBy: readonly string[] } | { readonly ok: false, readonly why: 'erred' | 'trapped' }

const SCHEMA_NAME = 'tiltas'
/** How WebAssembly says that it broke: a trap, or its stack ran out. */
const TRAPS: readonly string[] = ['RuntimeError', 'RangeError']
let trapped = false
let schemaReady = false
/** Content hash → slot name, least recently used first. */
const slots = new Map<Digest, string>()

const failure = (): CedarAnswer => ({ ok: false, why: trapped ? 'trapped' : 'erred' })

/** Whether the instance is lost; a health check that sees it restarts the process. */
export const isCedarLost = (): boolean => trapped

function guarded<Answer> (call: () => Answer): Answer | undefined {
  if (trapped) return undefined
  try { return call() } catch (error) {
    if (error instanceof Error && TRAPS.includes(error.name)) trapped = true
    return undefined
  }
}

/** Deep nesting traps the engine, so it is counted before the engine sees the text. */
const nestsTooDeep = (text: string): boolean => isNestedTooDeep(text.replaceAll('(', '[').replaceAll(')', ']'))

/** What is wrong with these policies, in Cedar's words; undefined when they could not be checked. Brackets may nest 16 deep. */
export function validationErrors (policies: CedarPolicies): readonly string[] | undefined {
  if (Object.values(policies).some(nestsTooDeep)) return ['brackets nest too deep']
  const answer = guarded(() => validate({ schema: CEDAR_SCHEMA, policies: { staticPolicies: policies } }))
  if (answer === undefined) return undefined
  if (answer.type === 'failure') return answer.errors.map(error => error.message)
  return [...answer.validationErrors, ...answer.validationWarnings].map(found => found.error.message)
}

const SUCCESS = 'success'
function loadSchema (): boolean {
  schemaReady ||= preparseSchema(SCHEMA_NAME, CEDAR_SCHEMA).type === SUCCESS
  return schemaReady
}

/** The slot that holds the set, loading it into the least recently used one when need be. */
function slotOf (set: CedarSet): string | undefined {
  let slot = slots.get(set.hash)
  if (slot === undefined) {
    const [oldest] = slots.keys()
    slot = slots.size < CEDAR_SLOTS_MAX || oldest === undefined ? `slot-${slots.size}` : slots.get(oldest)!
    if (!loadSchema() || preparsePolicySet(slot, { staticPolicies: { ...set.policies } }).type !== SUCCESS) return undefined
    if (slots.size >= CEDAR_SLOTS_MAX) slots.delete(oldest!)
  }
  slots.delete(set.hash)
  slots.set(set.hash, slot)
  return slot
}

function ask (set: CedarSet, request: CedarRequest): CedarAnswer {
  const slot = slotOf(set)
  if (slot === undefined) return failure()
  const answer = statefulIsAuthorized({
    principal: request.principal, action: { type: 'Action', id: request.action }, resource: request.resource,
    context: { ...request.context }, entities: [{ uid: request.principal, attrs: {}, parents: [request.memberOf] }],
    preparsedSchemaName: SCHEMA_NAME, preparsedPolicySetId: slot, validateRequest: true
  })
  if (answer.type !== SUCCESS || answer.response.diagnostics.errors.length > 0) return failure()
  const { decision, diagnostics } = answer.response
  return { ok: true, permittedBy: decision === 'allow' ? [...diagnostics.reason].sort() : [] }
}

/** Asks a set. An error of any policy in it is a failure of the whole: an erring forbid would else be skipped. */
export const askCedar = (set: CedarSet, request: CedarRequest): CedarAnswer => guarded(() => ask(set, request)) ?? failure()

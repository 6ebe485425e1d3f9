/**
 * Who may deliver reads: a source is one vendor system or camera group of one controller, with its own token and its
 * own cameras. A source can only speak for cameras that its configuration names; where they stand is configuration,
 * never what a delivery says.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { agencyId, candidate } from '../../protocol/messages/message.ts'
import { DIRECTIONS } from '../../protocol/messages/vocabulary.ts'

const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)
const camera = z.strictObject({
  /** As the vendor's messages call it. */
  id: z.string().min(1).max(64),
  siteRef: candidate.shape.siteRef,
  siteGroup: candidate.shape.siteGroup,
  place: candidate.shape.place,
  direction: z.enum(DIRECTIONS)
})
export type Camera = z.infer<typeof camera>

export const sourceSchema = z.strictObject({
  id: name,
  controller: agencyId,
  processor: z.string().min(1).max(120).optional(),
  cameras: z.array(camera).min(1).max(10_000),
  /** Under which law the reads are collected (LED article 9, GDPR article 2). */
  regime: z.enum(['LED', 'GDPR']),
  /** SHA-256 of the bearer token, hex; the token itself is never kept. */
  tokenHash: z.string().regex(/^[0-9a-f]{64}$/)
})
export type Source = z.infer<typeof sourceSchema>

const hashOf = (token: string): Buffer => createHash('sha256').update(token, 'utf8').digest()
export const tokenHashOf = (token: string): string => hashOf(token).toString('hex')

/** Compares with every source, so that time does not tell how far a guess came. */
export function sourceOfToken (sources: readonly Source[], token: string): Source | undefined {
  const hash = hashOf(token)
  let found: Source | undefined
  for (const source of sources) if (timingSafeEqual(hash, Buffer.from(source.tokenHash, 'hex'))) found = source
  return found
}

const BEARER = /^Bearer ([\x21-\x7E]{1,512})$/i
const BASIC = /^Basic ([A-Za-z0-9+/]{1,1024}={0,2})$/i

/**
 * The source that an authorization header speaks for. `Bearer` (RFC 6750) everywhere; `Basic` (RFC 7617) with the
 * source's id as user and the token as password only where a vendor's product cannot set headers.
 */
export function authenticate (sources: readonly Source[], header: string | undefined, basicAllowed: boolean): Source | undefined {
  const bearer = BEARER.exec(header ?? '')?.[1]
  if (bearer !== undefined) return sourceOfToken(sources, bearer)
  const basic = basicAllowed ? BASIC.exec(header ?? '')?.[1] : undefined
  if (basic === undefined) return undefined
  const [, user, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(basic, 'base64').toString('utf8')) ?? []
  const source = sourceOfToken(sources, password ?? '')
  return source?.id === user ? source : undefined
}

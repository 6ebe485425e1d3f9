/**
 * Digest access authentication (RFC 7616), as far as network cameras ask for it: MD5 and SHA-256, `qop=auth` or none.
 * Invariant: the password itself never goes over the wire, and a challenge that we do not understand gets no answer.
 */
import { createHash } from 'node:crypto'

export interface Credentials { readonly user: string, readonly password: string }
interface Challenge { readonly realm: string, readonly nonce: string, readonly opaque?: string, readonly algorithm: 'MD5' | 'SHA-256', readonly hasQop: boolean }

const CHALLENGE_LENGTH_MAX = 2048
const HASHES = { 'MD5': 'md5', 'SHA-256': 'sha256' } as const

/** Undefined when it is no Digest challenge that can be answered. Foreign text is first touched here. */
export function parseChallenge (header: string): Challenge | undefined {
  const found = /(?:^|,\s*)Digest\s+(.*)$/is.exec(header.slice(0, CHALLENGE_LENGTH_MAX))?.[1]
  if (found === undefined) return undefined
  const fields = new Map([...found.matchAll(/(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g)].map(([, name, quoted, bare]) => [name!.toLowerCase(), quoted ?? bare ?? '']))
  const realm = fields.get('realm'); const nonce = fields.get('nonce')
  const algorithm = (fields.get('algorithm') ?? 'MD5').toUpperCase()
  const qop = fields.get('qop')?.split(',').map(part => part.trim().toLowerCase())
  if (realm === undefined || nonce === undefined || (algorithm !== 'MD5' && algorithm !== 'SHA-256') || (qop !== undefined && !qop.includes('auth'))) return undefined
  const opaque = fields.get('opaque')
  return { realm, nonce, ...(opaque !== undefined && { opaque }), algorithm, hasQop: qop !== undefined }
}

/** The `authorization` header that answers a challenge; `uri` is path and query, `cnonce` 16 random hex digits or more. */
export function answerChallenge (challenge: Challenge, { user, password }: Credentials, method: string, uri: string, cnonce: string): string {
  const { realm, nonce, opaque, algorithm, hasQop } = challenge
  const hash = (text: string): string => createHash(HASHES[algorithm]).update(text, 'utf8').digest('hex')
  const who = hash(`${user}:${realm}:${password}`)
  const what = hash(`${method}:${uri}`)
  const response = hasQop ? hash(`${who}:${nonce}:00000001:${cnonce}:auth:${what}`) : hash(`${who}:${nonce}:${what}`)
  // What the camera said goes back as it stood between its quotes.
  const quoted = (name: string, value: string): string => `${name}="${value}"`
  return `Digest ${[
    quoted('username', user.replace(/["\\]/g, '\\$&')), quoted('realm', realm), quoted('nonce', nonce), quoted('uri', uri), `algorithm=${algorithm}`, quoted('response', response),
    ...(hasQop ? ['qop=auth', 'nc=00000001', quoted('cnonce', cnonce)] : []), ...(opaque === undefined ? [] : [quoted('opaque', opaque)])
  ].join(', ')}`
}

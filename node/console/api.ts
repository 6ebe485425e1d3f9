/**
 * The local API: what NodeService offers, over HTTP on the Unix socket, for the command line and for faces to come.
 * Every route but status and checkpoint needs a person's signature; a route cannot forget to ask, since `guarded` does.
 * Answers are JSON; a refusal is {code, message, todo, detail?}. Nothing that is said here is written to a log.
 */
import { Readable } from 'node:stream'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { z } from 'zod'
import { command, justification, type Actor } from '../../protocol/commands.ts'
import { SECOND, type Duration } from '../../protocol/instant.ts'
import { MESSAGE_BYTES_MAX } from '../../protocol/limits.ts'
import { isNestedTooDeep } from '../../protocol/messages/encoding.ts'
import { agencyId } from '../../protocol/messages/message.ts'
import type { ActorPort } from '../people.ts'
import type { Clock } from '../runtime/ports.ts'
import { accepted, actorError, apiError, errorAnswer } from './answers.ts'
import { followLines } from './follow.ts'
import { addBackupRoute } from './backup-routes.ts'
import { addEvidenceRoutes } from './evidence-routes.ts'
import { addPolicyRoutes } from './policy-routes.ts'
import type { NodeService } from './service.ts'
import { makePrivate, prepareSocket } from './socket.ts'

export const REQUEST_BYTES_MAX = MESSAGE_BYTES_MAX
/** Hits on one page. */
export const PAGE_MAX = 500
/** Sessions that follow hits at the same time. */
export const FOLLOWERS_MAX = 64
export const HEARTBEAT_INTERVAL: Duration = 15 * SECOND

export interface ApiOptions {
  readonly service: NodeService
  readonly actors: ActorPort
  readonly clock: Clock
  readonly heartbeatEvery?: Duration
  /** The store as it is now, for backups. */
  readonly snapshot?: () => AsyncIterable<Uint8Array>
  /** Told of what a route threw and did not foresee: a bug. */
  readonly onFailure?: (error: unknown) => void
}

const ofAgency = z.strictObject({ agency: agencyId })
const read = z.strictObject({ agency: agencyId, reason: justification.shape.code, case: justification.shape.case })
const page = z.strictObject({ ...read.shape, after: z.string().regex(/^[\x21-\x7e]{1,200}$/).optional(), limit: z.coerce.number().int().min(1).max(PAGE_MAX).default(50) })
const nothing = z.strictObject({})

/** Names the fields that are wrong, never what they held. */
function ask<Schema extends z.ZodType> (schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw apiError('bad-request', parsed.error.issues.map(issue => issue.path.join('.') || issue.code).slice(0, 8).join(', '))
}

type Handler = (actor: Actor, request: FastifyRequest, reply: FastifyReply) => unknown
type Guarded = (method: 'GET' | 'POST', path: string, handle: Handler) => void

/** Not listening yet. */
export function buildApi (options: ApiOptions): FastifyInstance {
  const { service, actors } = options
  const api = fastify({ logger: false, bodyLimit: REQUEST_BYTES_MAX, exposeHeadRoutes: false, forceCloseConnections: true })
  const bodies = readExactBodies(api)
  api.setNotFoundHandler(() => { throw apiError('unknown-route') })
  api.setErrorHandler((thrown, _request, reply) => {
    const answer = errorAnswer(thrown)
    if (answer.status >= 500) options.onFailure?.(thrown)
    return reply.code(answer.status).send(answer.body)
  })
  const guarded: Guarded = (method, url, handle) => api.route({
    method,
    url,
    handler: async (request, reply) => {
      const answer = await actors.authenticate({ method, path: request.raw.url ?? '', body: bodies.get(request) ?? new Uint8Array(), authorization: request.headers.authorization })
      if ('refused' in answer) throw actorError(answer.refused)
      return handle(answer.actor, request, reply)
    }
  })
  api.get('/v1/status', () => service.status())
  api.get('/v1/checkpoint', async () => ({ checkpoint: await service.checkpoint(), witnessed: await service.witnessedCheckpoint(), keys: await service.logKeys() }))
  addRoutes(guarded, service)
  addPolicyRoutes({ guarded, ask }, service.policies)
  addEvidenceRoutes({ guarded, ask }, service.evidence)
  addFollowRoute(guarded, options)
  if (options.snapshot !== undefined) addBackupRoute(guarded, options.snapshot)
  return api
}

function addRoutes (guarded: Guarded, service: NodeService): void {
  guarded('POST', '/v1/commands', async (actor, { body }) => accepted(await service.command(actor, ask(command, body))))
  guarded('GET', '/v1/grants', async (_actor, { query }) => ({ grants: await service.grants(ask(ofAgency, query).agency) }))
  guarded('GET', '/v1/hits', async (actor, { query }) => {
    const { agency, reason, case: number, ...where } = ask(page, query)
    return accepted(await service.hits(actor, agency, { code: reason, case: number }, where))
  })
  guarded('GET', '/v1/hits/sent', async (actor, { query }) => {
    const { agency, reason, case: number, ...where } = ask(page, query)
    return accepted(await service.sentHits(actor, agency, { code: reason, case: number }, where))
  })
  guarded('GET', '/v1/candidates', async (actor, { query }) => {
    const { agency, reason, case: number } = ask(read, query)
    return accepted(await service.candidates(actor, agency, { code: reason, case: number }))
  })
  guarded('GET', '/v1/entries', async (actor, { query }) => {
    const { agency, reason, case: number } = ask(read, query)
    return accepted(await service.entries(actor, agency, { code: reason, case: number }))
  })
  guarded('GET', '/v1/log/verify', (_actor, { query }) => { ask(nothing, query); return service.verifyLog() })
  guarded('GET', '/v1/trust', async (_actor, { query }) => { ask(nothing, query); return { trust: await service.trust() } })
}

function addFollowRoute (guarded: Guarded, { service, clock, heartbeatEvery = HEARTBEAT_INTERVAL }: ApiOptions): void {
  let followers = 0
  guarded('GET', '/v1/hits/follow', (actor, request, reply) => {
    const { agency } = ask(ofAgency, request.query)
    if (followers >= FOLLOWERS_MAX) throw apiError('busy', 'followers')
    const leaving = new AbortController()
    const lines = followLines(service.followHits(actor, agency, leaving.signal), clock, heartbeatEvery, leaving.signal)
    followers++
    request.raw.socket.once('close', () => leaving.abort())
    const stream = Readable.from(lines, { objectMode: true, highWaterMark: 1 })
    stream.once('close', () => { followers--; leaving.abort() })
    return reply.type('application/x-ndjson').send(stream)
  })
}

/** JSON bodies only; the exact bytes are kept, because the person's signature covers them. */
function readExactBodies (api: FastifyInstance): WeakMap<FastifyRequest, Uint8Array> {
  const bodies = new WeakMap<FastifyRequest, Uint8Array>()
  const parse = api.getDefaultJsonParser('error', 'error')
  api.removeAllContentTypeParsers()
  api.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    bodies.set(request, body)
    const text = body.toString('utf8')
    if (isNestedTooDeep(text)) return done(apiError('bad-request', 'depth'))
    return parse(request, text, done)
  })
  return bodies
}

/** Serves on the Unix socket until closed. Throws SocketError. */
export async function startApi (options: ApiOptions & { readonly socketPath: string }): Promise<{ close (): Promise<void> }> {
  await prepareSocket(options.socketPath)
  const api = buildApi(options)
  await api.listen({ path: options.socketPath })
  makePrivate(options.socketPath)
  return { close: () => api.close() }
}

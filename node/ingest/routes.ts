/**
 * The door for cameras and vendors. A delivery is authenticated from its header before its body is read, bounded,
 * hashed as it came, turned into reads, and answered only after `accept` says that they are durable: what was answered
 * with "accepted" is not lost. One verdict a read, in the order in which they were sent:
 *   200 every read accepted · 207 some refused · 4xx nothing taken · 503 could not be kept, send again later
 * It knows nothing of hotlists, and no answer or log line repeats a plate.
 */
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { digestOf } from '../../protocol/bytes.ts'
import type { Clock } from '../runtime/ports.ts'
import { DELIVERY_BYTES_MAX, parseGeneric, type ParsedDelivery } from './generic.ts'
import { readOf, type Delivery, type Read } from './read.ts'
import { explain, INGEST_REFUSALS, isRefusal, refuseDelivery, type IngestRefusal } from './refusals.ts'
import { authenticate, type Source } from './source.ts'
import { parsePlateRecognizer, PLATE_RECOGNIZER_BYTES_MAX } from './vendors/plate-recognizer.ts'

export interface IngestOptions {
  readonly sources: readonly Source[]
  readonly clock: Pick<Clock, 'now'>
  /** Secret and lasting: a delivery that is repeated after a restart still gives the same reads. */
  readonly idKey: string
  /** Resolves when the reads are durable; nothing is answered before. */
  accept (reads: Read[]): Promise<void>
}

interface Endpoint {
  readonly url: string, readonly vendor: string, readonly bodyLimit: number
  /** Products that can only put credentials into a URL send them as Basic. */
  readonly basicAllowed: boolean
  parse (body: Uint8Array, contentType: string): Promise<ParsedDelivery | IngestRefusal> | ParsedDelivery | IngestRefusal
}
const ENDPOINTS: readonly Endpoint[] = [
  { url: '/ingest/reads', vendor: 'generic', bodyLimit: DELIVERY_BYTES_MAX, basicAllowed: false, parse: parseGeneric },
  { url: '/ingest/plate-recognizer', vendor: 'plate-recognizer', bodyLimit: PLATE_RECOGNIZER_BYTES_MAX, basicAllowed: true, parse: parsePlateRecognizer }
]

type Verdict = { readonly status: 'accepted', readonly readId: string, readonly clock: Read['clock'] } | { readonly status: 'refused' } & ReturnType<typeof explain>
const verdictOf = (outcome: Read | IngestRefusal): Verdict =>
  isRefusal(outcome) ? { status: 'refused', ...explain(outcome) } : { status: 'accepted', readId: outcome.readId, clock: outcome.clock }

/** A Fastify plugin. Register it without a global body parser of your own: it reads bodies as bytes, for their digest. */
export function ingestRoutes (options: IngestOptions): (app: FastifyInstance) => Promise<void> {
  return async app => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser(['application/json', 'application/x-www-form-urlencoded', 'multipart/form-data'], { parseAs: 'buffer' },
      (_request, body, done) => { done(null, body) })
    app.setErrorHandler(answerError)
    for (const endpoint of ENDPOINTS) addEndpoint(app, endpoint, options)
  }
}

function addEndpoint (app: FastifyInstance, endpoint: Endpoint, options: IngestOptions): void {
  const senders = new WeakMap<FastifyRequest, Source>()
  app.post(endpoint.url, {
    bodyLimit: endpoint.bodyLimit,
    onRequest: async (request, reply) => {
      const source = authenticate(options.sources, request.headers.authorization, endpoint.basicAllowed)
      if (source === undefined) return await refuse(reply.header('www-authenticate', 'Bearer'), refuseDelivery('not-authenticated'))
      senders.set(request, source)
    }
  }, async (request, reply) => {
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
    const delivery = { source: senders.get(request)!, vendor: endpoint.vendor, receivedAt: options.clock.now(), evidence: digestOf(body), idKey: options.idKey }
    const parsed = await endpoint.parse(body, request.headers['content-type'] ?? '')
    return isRefusal(parsed) ? await refuse(reply, parsed) : await take(reply, parsed, delivery, options)
  })
}

async function take (reply: FastifyReply, { single, reports }: ParsedDelivery, delivery: Delivery, { accept }: IngestOptions): Promise<FastifyReply> {
  const outcomes = reports.map(report => isRefusal(report) ? report : readOf(report, delivery))
  const reads = outcomes.filter((outcome): outcome is Read => !isRefusal(outcome))
  const first = outcomes[0]
  if (single && first !== undefined && isRefusal(first)) return await refuse(reply, first)
  if (reads.length > 0) await accept(reads)
  return await reply.code(reads.length === outcomes.length ? 200 : 207).send({ accepted: reads.length, verdicts: outcomes.map(verdictOf) })
}

const refuse = (reply: FastifyReply, refusal: IngestRefusal): FastifyReply =>
  reply.code(INGEST_REFUSALS[refusal.code].status).send(explain(refusal))

/** Fastify's own refusals in our words; anything else is ours, and the sender is to try again. */
async function answerError (error: FastifyError, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  if (error.statusCode === 413) return await refuse(reply, refuseDelivery('too-large'))
  if (error.statusCode !== undefined && error.statusCode < 500) return await refuse(reply, refuseDelivery('malformed'))
  request.log.warn({ cause: error.name }, 'reads could not be kept')
  return await reply.code(503).header('retry-after', '5').send({ code: 'not-kept', message: 'The reads could not be kept.', whatToDo: 'Send them again later.' })
}

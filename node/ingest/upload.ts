/**
 * The door for pictures: `POST /ingest/pictures?camera=ID`, one JPEG, PNG or WebP as the body, with the same token as reads.
 * The source is authenticated before a byte of the body is read; the answer comes when the reads that were found are
 * durable. It says what was found, or why nothing was, and repeats no plate.
 *   200 looked at, with reads or without · 4xx not looked at · 503 could not be looked at or kept, send again later
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Clock } from '../runtime/ports.ts'
import type { Read } from './read.ts'
import { explain, INGEST_REFUSALS, isRefusal, refuseDelivery, type IngestRefusal } from './refusals.ts'
import { authenticate, type Camera, type Source } from './source.ts'

/** Bytes of one picture. */
export const UPLOAD_BYTES_MAX = 16 * 1024 * 1024
/** Pictures that wait for the recogniser at one time; the next sender is told to come back. */
export const UPLOADS_WAITING_MAX = 16

export const PICTURE_TYPES = ['image/jpeg', 'image/png', 'image/webp'] as const

/** One picture of a camera of a source, as it came. `deviceTime` is empty when the sender told none. */
export interface UploadedPicture { readonly source: Source, readonly camera: Camera, readonly bytes: Uint8Array, readonly receivedAt: number, readonly deviceTime: string }
export interface UploadedLook {
  /** Durable. */
  readonly reads: readonly Pick<Read, 'readId' | 'confidence' | 'clock'>[]
  /** Seen and not believed, by reason. */
  readonly rejected: { readonly [reason: string]: number }
}
export interface UploadOptions {
  readonly sources: readonly Source[]
  readonly clock: Pick<Clock, 'now'>
  /** Looks at a picture and keeps what was read; a string is why it could not be looked at. */
  look (picture: UploadedPicture): Promise<UploadedLook | 'not-a-picture' | 'busy'>
}

const query = z.strictObject({ camera: z.string().min(1).max(64) })
const deviceTime = z.string().regex(/^[\x20-\x7E]{0,40}$/)

/** A Fastify plugin of its own, so that its body parser is not that of reads. */
export function uploadRoute (options: UploadOptions): (app: FastifyInstance) => Promise<void> {
  return async app => {
    let waiting = 0
    const senders = new WeakMap<FastifyRequest, Source>()
    app.removeAllContentTypeParsers()
    app.addContentTypeParser([...PICTURE_TYPES], { parseAs: 'buffer', bodyLimit: UPLOAD_BYTES_MAX }, (_request, body, done) => { done(null, body) })
    app.setErrorHandler(async (error: { statusCode?: number }, _request, reply) => {
      if (error.statusCode === 413) return refuse(reply, refuseDelivery('too-large'))
      return error.statusCode !== undefined && error.statusCode < 500 ? refuse(reply, refuseDelivery('not-a-picture')) : comeBack(reply)
    })
    app.post('/ingest/pictures', {
      bodyLimit: UPLOAD_BYTES_MAX,
      onRequest: async (request, reply) => {
        const source = authenticate(options.sources, request.headers.authorization, false)
        if (source === undefined) return refuse(reply.header('www-authenticate', 'Bearer'), refuseDelivery('not-authenticated'))
        if (waiting >= UPLOADS_WAITING_MAX) return comeBack(reply)
        senders.set(request, source)
      }
    }, async (request, reply) => {
      const picture = pictureOf(request, senders.get(request)!, options.clock.now())
      if (isRefusal(picture)) return refuse(reply, picture)
      waiting++
      try { return answer(reply, await options.look(picture)) } finally { waiting-- }
    })
  }
}

function pictureOf (request: FastifyRequest, source: Source, receivedAt: number): UploadedPicture | IngestRefusal {
  const asked = query.safeParse(request.query)
  if (!asked.success) return refuseDelivery('malformed', 'camera')
  const time = deviceTime.safeParse(request.headers['device-time'] ?? '')
  if (!time.success) return refuseDelivery('malformed', 'device-time')
  const camera = source.cameras.find(({ id }) => id === asked.data.camera)
  if (camera === undefined) return refuseDelivery('unknown-camera')
  const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
  return bytes.length === 0 ? refuseDelivery('not-a-picture') : { source, camera, bytes, receivedAt, deviceTime: time.data }
}

function answer (reply: FastifyReply, look: UploadedLook | 'not-a-picture' | 'busy'): FastifyReply {
  if (look === 'busy') return comeBack(reply)
  if (look === 'not-a-picture') return refuse(reply, refuseDelivery('not-a-picture'))
  const reads = look.reads.map(({ readId, confidence, clock }) => ({ readId, confidence, clock }))
  return reply.code(200).send({ accepted: reads.length, reads, rejected: Object.fromEntries(Object.entries(look.rejected).filter(([, count]) => count > 0)) })
}

const refuse = (reply: FastifyReply, refusal: IngestRefusal): FastifyReply => reply.code(INGEST_REFUSALS[refusal.code].status).send(explain(refusal))
const comeBack = (reply: FastifyReply): FastifyReply =>
  reply.code(503).header('retry-after', '5').send({ code: 'not-kept', message: 'The picture could not be looked at.', whatToDo: 'Send it again later.' })

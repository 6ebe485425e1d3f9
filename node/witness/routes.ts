/**
 * The witness over HTTP (C2SP tlog-witness v1.0.0): `POST /add-checkpoint`, and for monitors
 * `GET /HEX-SHA-256-OF-ORIGIN/checkpoint`. Anybody may ask; only what a known log signed is ever answered with a cosignature.
 */
import type { FastifyInstance } from 'fastify'
import { ADD_CHECKPOINT_LENGTH_MAX } from '../../protocol/log/witnessing.ts'
import type { Witness } from './witness.ts'

export const CONTENT_TYPES = { text: 'text/plain; charset=utf-8', size: 'text/x.tlog.size' } as const
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function textOf (body: unknown): string | undefined {
  try { return body instanceof Uint8Array ? utf8.decode(body) : undefined } catch { return undefined }
}

export function witnessRoutes (witness: Pick<Witness, 'addCheckpoint' | 'cosigned'>): (app: FastifyInstance) => Promise<void> {
  return async app => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => { done(null, body) })
    app.post('/add-checkpoint', { bodyLimit: ADD_CHECKPOINT_LENGTH_MAX }, async (request, reply) => {
      const text = textOf(request.body)
      const { status, body, isSize } = text === undefined ? { status: 400, body: 'malformed\n', isSize: false } : await witness.addCheckpoint(text)
      return reply.code(status).type(isSize === true ? CONTENT_TYPES.size : CONTENT_TYPES.text).send(body)
    })
    app.get<{ Params: { hash: string } }>('/:hash/checkpoint', async (request, reply) => {
      const note = await witness.cosigned(request.params.hash)
      return note === undefined ? reply.code(404).type(CONTENT_TYPES.text).send('unknown-log\n') : reply.type(CONTENT_TYPES.text).send(note)
    })
  }
}

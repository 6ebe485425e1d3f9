/**
 * The store as it is at one instant, for whoever takes a backup. Personal values in it are sealed under record keys that are
 * not in it, so this is no way around the one door; and it is for operators only.
 */
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Actor } from '../../protocol/commands.ts'
import { apiError, commandError } from './answers.ts'

type Guarded = (method: 'GET' | 'POST', path: string, handle: (actor: Actor, request: FastifyRequest, reply: FastifyReply) => unknown) => void

/** Each holds on to old data of the store until it is through. */
const SNAPSHOTS_MAX = 2

export function addBackupRoute (guarded: Guarded, snapshot: () => AsyncIterable<Uint8Array>): void {
  let open = 0
  guarded('GET', '/v1/backup/store', (actor, _request, reply) => {
    if (actor.role !== 'NODE_OPERATOR') throw commandError('role-lacking')
    if (open >= SNAPSHOTS_MAX) throw apiError('busy', 'backups')
    open++
    const stream = Readable.from(snapshot(), { objectMode: false, highWaterMark: 1024 * 1024 })
    stream.once('close', () => { open-- })
    return reply.type('application/octet-stream').send(stream)
  })
}

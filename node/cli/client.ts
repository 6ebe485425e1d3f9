/**
 * Asks a running node over its Unix socket, each request signed by the person who asks.
 * Errors become the exit codes that the help documents: not running, not authenticated, refused.
 */
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { signRequest, type PersonKey } from '../people.ts'
import type { NodeId } from '../../protocol/identifiers.ts'
import { MINUTE, SECOND } from '../../protocol/instant.ts'
import { CliError, EXIT } from './command.ts'
import type { HitView } from '../console/service.ts'

const ANSWER_BYTES_MAX = 64 * 1024 * 1024
const LINE_LENGTH_MAX = 256 * 1024
/** Verifying a long log takes its time. */
const ANSWER_WAIT_MAX = 10 * MINUTE
/** Two heartbeats of the node missed. */
const SILENCE_MAX = 35 * SECOND

export type FollowLine = { readonly hit: HitView } | { readonly heartbeat: number }

export interface Client {
  /** `key` undefined for what everybody may ask. */
  get<Answer> (path: string, key: PersonKey | undefined, query?: { readonly [name: string]: string | number | undefined }): Promise<Answer>
  post<Answer> (path: string, key: PersonKey, body: unknown): Promise<Answer>
  /** The bytes of an answer, however many. */
  download (path: string, key: PersonKey): AsyncGenerator<Uint8Array>
  /** Until `signal` ends it. Throws when the node ends it, or is silent for too long. */
  follow (path: string, key: PersonKey, query: { readonly [name: string]: string }, signal: AbortSignal): AsyncGenerator<FollowLine>
}

interface Call { readonly method: 'GET' | 'POST', readonly path: string, readonly key: PersonKey | undefined, readonly body?: string, readonly signal?: AbortSignal, readonly silenceMax: number }

export function createClient (options: { socketPath: string, node: NodeId, now: () => number }): Client {
  const call = ({ method, path, key, body, signal, silenceMax }: Call): Promise<IncomingMessage> => new Promise((resolve, reject) => {
    const bytes = Buffer.from(body ?? '')
    const authorization = key === undefined ? {} : { authorization: signRequest(key, options.node, { method, path, body: bytes }, options.now()) }
    const content = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': bytes.length }
    const request = httpRequest({ socketPath: options.socketPath, method, path, signal, agent: false, headers: { host: 'tiltas', ...authorization, ...content } })
    request.setTimeout(silenceMax, () => request.destroy(new CliError(EXIT.notRunning, 'silent', 'The node does not answer.', { todo: 'Run `tiltas doctor`.' })))
    request.once('error', cause => reject(connectionError(cause)))
    request.once('response', resolve)
    request.end(bytes)
  })
  return {
    async get (path, key, query = {}) { return readAnswer(await call({ method: 'GET', path: withQuery(path, query), key, silenceMax: ANSWER_WAIT_MAX })) },
    async post (path, key, body) { return readAnswer(await call({ method: 'POST', path, key, body: JSON.stringify(body), silenceMax: ANSWER_WAIT_MAX })) },
    async * download (path, key) {
      const response = await call({ method: 'GET', path, key, silenceMax: ANSWER_WAIT_MAX })
      if (response.statusCode !== 200) await readAnswer(response)
      try { for await (const chunk of response as AsyncIterable<Buffer>) yield chunk } finally { response.destroy() }
    },
    async * follow (path, key, query, signal) {
      const response = await call({ method: 'GET', path: withQuery(path, query), key, signal, silenceMax: SILENCE_MAX }).catch(error => { if (!signal.aborted) throw error })
      if (response === undefined) return
      if (response.statusCode !== 200) await readAnswer(response)
      yield * readLines(response, signal)
    }
  }
}

function withQuery (path: string, query: { readonly [name: string]: string | number | undefined }): string {
  const given = Object.entries(query).flatMap(([name, value]) => value === undefined ? [] : `${name}=${encodeURIComponent(value)}`)
  return given.length === 0 ? path : `${path}?${given.join('&')}`
}

function connectionError (cause: Error): CliError {
  if (cause instanceof CliError) return cause
  const { code } = cause as NodeJS.ErrnoException
  if (code === 'EACCES') return new CliError(EXIT.notAuthenticated, 'not-owner', 'The socket of the node belongs to another user of this machine.', { todo: 'Run as the user that the node runs as.', cause })
  return new CliError(EXIT.notRunning, 'not-running', 'The node is not running.', { todo: 'Start it with `tiltas run`.', cause })
}

async function readAnswer<Answer> (response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      if ((length += chunk.length) > ANSWER_BYTES_MAX) throw new CliError(EXIT.failed, 'too-large', 'The answer of the node is too large.', { todo: 'Ask for less with --limit.' })
      chunks.push(chunk)
    }
  } catch (cause) { throw connectionError(cause as Error) }
  const answer = parse(Buffer.concat(chunks).toString('utf8'))
  if (response.statusCode === 200) return answer as Answer
  throw refusal(response.statusCode ?? 0, answer)
}

function parse (text: string): unknown {
  try { return JSON.parse(text) } catch { return undefined }
}

function refusal (status: number, body: unknown): CliError {
  const { code, message, todo, detail } = (body ?? {}) as { [name: string]: unknown }
  const exit = status === 401 ? EXIT.notAuthenticated : EXIT.failed
  const text = typeof message === 'string' ? message : `The node answered with status ${status}.`
  return new CliError(exit, typeof code === 'string' ? code : 'failed', typeof detail === 'string' ? `${text} (${detail})` : text, { todo: typeof todo === 'string' ? todo : undefined })
}

async function * readLines (response: IncomingMessage, signal: AbortSignal): AsyncGenerator<FollowLine> {
  try {
    let rest = ''
    for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop()!
      if (rest.length > LINE_LENGTH_MAX) throw new CliError(EXIT.failed, 'malformed', 'The node sent a line without end.')
      for (const text of lines) yield parseLine(text)
    }
  } catch (cause) {
    if (cause instanceof CliError) throw cause
    if (!signal.aborted) throw streamEnded(cause)
  } finally { response.destroy() }
  if (!signal.aborted) throw streamEnded()
}

function parseLine (text: string): FollowLine {
  const line = parse(text) as FollowLine | { readonly error: unknown } | null | undefined
  if (typeof line !== 'object' || line === null) throw new CliError(EXIT.failed, 'malformed', 'The node sent a broken line.')
  if ('error' in line) throw refusal(0, line.error)
  return line
}

const streamEnded = (cause?: unknown): CliError =>
  new CliError(EXIT.notRunning, 'stream-ended', 'NOT RECEIVING: the stream from the node ended. Hits may have come since.', { todo: 'See `tiltas hits`, then follow again.', cause })

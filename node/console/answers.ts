/** How the local API says no: a closed set of codes, each with what happened and what to do. Never personal data. */
import { COMMAND_ERRORS, type CommandErrorCode, type CommandResult } from '../../protocol/commands.ts'
import { ACTOR_REFUSALS, type ActorRefusalCode } from '../people.ts'

export interface ErrorBody { readonly code: string, readonly message: string, readonly todo: string, readonly detail?: string }

const API_ERRORS = {
  'not-authenticated': { status: 401, message: 'The node does not know who asks.', todo: 'Sign the request with a key of `people` in the config.' },
  'bad-request': { status: 400, message: 'The request does not have the prescribed form.', todo: 'See `detail` for the field.' },
  'unknown-route': { status: 404, message: 'There is nothing at this path.', todo: 'Update the side that asks: it and the node are of different versions.' },
  'too-large': { status: 413, message: 'The request is larger than the named limit.', todo: 'Send less at once.' },
  'busy': { status: 503, message: 'The node has too much to do for this person or screen.', todo: 'Wait a little; end sessions that nobody looks at.' },
  'failed': { status: 500, message: 'The node could not do it.', todo: 'Run `tiltas doctor`, and look at the log of the node.' }
} as const
export type ApiErrorCode = keyof typeof API_ERRORS

const COMMAND_ANSWERS: { readonly [Code in CommandErrorCode]: { readonly status: number, readonly todo: string } } = {
  'role-lacking': { status: 403, todo: 'Ask a person with the right role; `tiltas people list` names them.' },
  'not-at-home': { status: 404, todo: 'Ask the home node of that agency.' },
  'malformed': { status: 400, todo: 'See `detail` for the field.' },
  'unknown-entry': { status: 404, todo: 'See `tiltas hotlist list` for the references in force.' },
  'unknown-candidate': { status: 404, todo: 'See `tiltas candidates list` for what waits.' },
  'unknown-evidence': { status: 404, todo: 'See `tiltas evidence list` at the node that has the camera.' },
  'unknown-grant': { status: 404, todo: 'See `tiltas grants list` for the grants in force.' },
  'unknown-draft': { status: 404, todo: 'See `tiltas policy list` for the drafts that wait.' },
  'own-draft': { status: 403, todo: 'Ask another national admin to read and approve it.' },
  'other-hash': { status: 409, todo: 'Read it again with `tiltas policy diff DRAFT`, and name the hash that stands there.' },
  'outdated': { status: 409, todo: 'Draft the change anew.' },
  'not-lawful': { status: 422, todo: 'Mend what the linter names; `tiltas grants check FILE` says it in words.' },
  'not-permitted': { status: 403, todo: 'Two national admins can add a grant; `tiltas grants explain` shows those in force.' },
  'no-route': { status: 409, todo: 'See `tiltas trust show` for who is trusted, and `join` who is missing.' },
  'limit-reached': { status: 409, todo: 'End what is not needed any more, then try again.' },
  'ended': { status: 409, todo: 'Make a new one with a later end.' }
}

/** Thrown inside a route, answered to the caller. */
export class ApiError extends Error {
  readonly status: number
  readonly body: ErrorBody
  constructor (status: number, body: ErrorBody) {
    super(body.code)
    this.name = 'ApiError'
    this.status = status
    this.body = body
  }
}

/** What a service throws to refuse a stream, where it has no answer to give. */
export class StreamRefused extends Error {
  readonly code: CommandErrorCode
  constructor (code: CommandErrorCode) {
    super(code)
    this.name = 'StreamRefused'
    this.code = code
  }
}

const withDetail = (body: ErrorBody, detail: string | undefined): ErrorBody => detail === undefined ? body : { ...body, detail }

export function apiError (code: ApiErrorCode, detail?: string): ApiError {
  const { status, message, todo } = API_ERRORS[code]
  return new ApiError(status, withDetail({ code, message, todo }, detail))
}

export function actorError (refused: ActorRefusalCode): ApiError {
  if (refused === 'busy') return apiError('busy', 'requests')
  const { status, message } = API_ERRORS['not-authenticated']
  return new ApiError(status, { code: 'not-authenticated', message, todo: ACTOR_REFUSALS[refused], detail: refused })
}

export function commandError (code: CommandErrorCode, detail?: string): ApiError {
  const { status, todo } = COMMAND_ANSWERS[code]
  return new ApiError(status, withDetail({ code, message: COMMAND_ERRORS[code], todo }, detail))
}

/** Passes a good answer on; throws the refusal otherwise. */
export function accepted<Answer extends object> (answer: Answer | CommandResult): Answer | CommandResult & { ok: true } {
  if (!('ok' in answer) || (answer as CommandResult).ok) return answer as Answer | CommandResult & { ok: true }
  const { code, detail } = answer as CommandResult & { ok: false }
  throw commandError(code, detail)
}

const FASTIFY_CODES: { readonly [code: string]: ApiErrorCode } = { FST_ERR_CTP_BODY_TOO_LARGE: 'too-large', FST_ERR_CTP_INVALID_MEDIA_TYPE: 'bad-request' }

/** Whatever was thrown, as an answer; what was not foreseen becomes `failed` and says nothing of its cause. */
export function errorAnswer (thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown
  if (thrown instanceof StreamRefused) return commandError(thrown.code)
  const { code, statusCode } = thrown as { code?: unknown, statusCode?: unknown }
  if (typeof code === 'string' && Object.hasOwn(FASTIFY_CODES, code)) return apiError(FASTIFY_CODES[code]!)
  return apiError(typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500 ? 'bad-request' : 'failed')
}

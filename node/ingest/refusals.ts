/** Why a delivery, or one read of it, is not taken: a closed set, each with what is wrong and what to do. Never a plate. */
export const INGEST_REFUSALS = {
  'not-authenticated': { status: 401, message: 'No camera source has this token.', whatToDo: 'Send the token of the source in the authorization header.' },
  'malformed': { status: 400, message: 'It does not have the prescribed form.', whatToDo: 'Compare it with the description of this endpoint; `field` names the first place.' },
  'too-large': { status: 413, message: 'The body is larger than the limit of this endpoint.', whatToDo: 'Send fewer reads at once, and no pictures that are not needed.' },
  'too-many-reads': { status: 413, message: 'There are more reads in one delivery than allowed.', whatToDo: 'Send at most 200 at once.' },
  'not-a-picture': { status: 415, message: 'It is no picture that can be read.', whatToDo: 'Send one whole JPEG, PNG or WebP, with its content type.' },
  'unknown-camera': { status: 422, message: 'The source has no camera of this name.', whatToDo: 'Add the camera to the source, or correct the name that the camera sends.' },
  'no-plate': { status: 422, message: 'There is no plate in it.', whatToDo: 'Send reads only when a plate was recognised.' },
  'bad-plate': { status: 422, message: 'The plate holds characters that no plate has, or too many.', whatToDo: 'Check the text recognition or the character set of the camera.' }
} as const
export type IngestRefusalCode = keyof typeof INGEST_REFUSALS

/** `field` is where in the sender's JSON, by name and position, never what stood there. */
export interface IngestRefusal { readonly code: IngestRefusalCode, readonly field?: string }

export const refuseDelivery = (code: IngestRefusalCode, field?: string): IngestRefusal => field === undefined ? { code } : { code, field }

/** The body of an answer. */
export function explain ({ code, field }: IngestRefusal): { code: IngestRefusalCode, message: string, whatToDo: string, field?: string } {
  const { message, whatToDo } = INGEST_REFUSALS[code]
  return { code, message, whatToDo, ...(field === undefined ? {} : { field }) }
}

export const isRefusal = (value: object): value is IngestRefusal => 'code' in value

/**
 * Everything that can go wrong with one picture, as a closed list. A code says what to do about it and nothing about
 * what the picture shows; each costs one picture and never the process.
 */

export const RECOGNITION_ERRORS = {
  'picture-empty': 'the picture has no bytes',
  'picture-too-large': 'the picture has more bytes or pixels than allowed',
  'picture-too-small': 'the picture is too small to hold a plate',
  'picture-format': 'the picture is neither JPEG nor PNG nor WebP',
  'picture-broken': 'the picture is cut off or damaged',
  'picture-too-slow': 'the picture took too long to decode',
  'model-missing': 'a file of the models is missing',
  'model-changed': 'a file of the models is not the one that models.json names by its SHA-256',
  'model-broken': 'a model does not load, or answers with something else than the shapes and numbers it should',
  'recogniser-failed': 'the recogniser failed or hung on this picture and was replaced',
  'recogniser-stopped': 'the recogniser has been stopped',
  'frame-dropped': 'a newer frame of the same camera came before this one could be looked at'
} as const
export type RecognitionErrorCode = keyof typeof RECOGNITION_ERRORS

export class RecognitionError extends Error {
  readonly code: RecognitionErrorCode
  constructor (code: RecognitionErrorCode, options: { cause?: unknown } = {}) {
    super(RECOGNITION_ERRORS[code], options)
    this.name = 'RecognitionError'
    this.code = code
  }
}

export const isRecognitionErrorCode = (code: unknown): code is RecognitionErrorCode =>
  typeof code === 'string' && Object.hasOwn(RECOGNITION_ERRORS, code)

/**
 * What can go wrong between us and a hardware module, in words of ours: a closed list of codes, each with what to do. What a
 * module itself says is kept as the cause. Invariant: no PIN and no key is in any of them.
 */

/** Each with what it means, and what to do about it. */
export const MODULE_ERRORS = {
  'no-driver': ['The driver for PKCS#11 modules (npm package pkcs11js) is not installed, or not built for this Node.', 'Run `.ci/install-pkcs11`, or name the folder of pkcs11js as `driver`.'],
  'no-module': ['The PKCS#11 module cannot be loaded.', 'Check the path in `keyRing.pkcs11.module`: it is the .so file that came with the device.'],
  'no-token': ['The module has no token of this name.', 'Plug the device in, or correct `token`; `tiltas keys doctor` lists the tokens that are there.'],
  'two-tokens': ['The module has several tokens of this name.', 'Say which one with `serial`; `tiltas keys doctor` lists them.'],
  'not-ready': ['The token has no user PIN yet.', 'Let its security officer initialise it.'],
  'no-pin': ['There is no PIN.', 'Name its file (`pinFile`), its systemd credential (`pinCredential`), or run on a terminal with `pinPrompt`.'],
  'pin-readable-by-others': ['Others than the owner can read the file of the PIN.', 'Run `chmod 600` on it, and change the PIN if it was open for long.'],
  'pin-wrong': ['The PIN is wrong. It is not tried again by itself, since a module locks after a few tries.', 'Correct it, then run `tiltas keys doctor --try-pin` once.'],
  'pin-tries-used': ['A wrong PIN was given to the token before, so it is not tried by itself.', 'Make sure that the PIN is right, then run `tiltas keys doctor --try-pin` once.'],
  'pin-expired': ['The PIN of the token has expired.', 'Change it with the tool of the device.'],
  'token-locked': ['The token is locked: too many wrong PINs.', 'Its security officer unlocks it with the tool of the device. Nothing is lost.'],
  'module-away': ['The module does not answer: unplugged, or its session has ended. It is opened again as soon as it is back.', 'Plug it in, or restore the way to it; nothing was answered that is not signed.'],
  'key-missing': ['The token that came back lacks keys that were on it before.', 'Is it another device of the same name? Name the right one with `serial`.'],
  'module-unfit': ['The module made a key that does not do what it should, and the key was removed.', 'Use a module that knows the algorithm, or keep this key in the key file.'],
  'module-refused': ['The module refused the operation.', 'See the code that it gave; `tiltas keys doctor` lists what it knows.']
} as const satisfies { readonly [code: string]: readonly [string, string] }
export type ModuleErrorCode = keyof typeof MODULE_ERRORS

/** `detail`: the module's own code, or a path; never a secret. */
export class ModuleError extends Error {
  readonly code: ModuleErrorCode
  readonly todo: string
  constructor (code: ModuleErrorCode, options: { readonly detail?: string, readonly cause?: unknown } = {}) {
    super(MODULE_ERRORS[code][0] + (options.detail === undefined ? '' : ` (${options.detail})`), { cause: options.cause })
    this.name = 'ModuleError'
    this.code = code
    this.todo = MODULE_ERRORS[code][1]
  }
}

/** PKCS#11 v2.40 section 3.6 (base specification), the return values that mean one of ours. */
const CODES: { readonly [name: string]: ModuleErrorCode } = {
  CKR_PIN_INCORRECT: 'pin-wrong', CKR_PIN_INVALID: 'pin-wrong', CKR_PIN_LEN_RANGE: 'pin-wrong', CKR_PIN_EXPIRED: 'pin-expired', CKR_PIN_LOCKED: 'token-locked',
  CKR_USER_PIN_NOT_INITIALIZED: 'not-ready'
}
/** After these it is not known what the session is worth, so everything is opened anew. */
const AWAY = new Set([
  'CKR_HOST_MEMORY', 'CKR_SLOT_ID_INVALID', 'CKR_GENERAL_ERROR', 'CKR_FUNCTION_FAILED', 'CKR_DEVICE_ERROR', 'CKR_DEVICE_MEMORY', 'CKR_DEVICE_REMOVED', 'CKR_KEY_HANDLE_INVALID',
  'CKR_OBJECT_HANDLE_INVALID', 'CKR_OPERATION_ACTIVE', 'CKR_SESSION_CLOSED', 'CKR_SESSION_COUNT', 'CKR_SESSION_HANDLE_INVALID', 'CKR_TOKEN_NOT_PRESENT',
  'CKR_TOKEN_NOT_RECOGNIZED', 'CKR_USER_NOT_LOGGED_IN', 'CKR_CRYPTOKI_NOT_INITIALIZED'
])

/** What the driver threw, as one of ours. */
export function moduleErrorOf (error: unknown): ModuleError {
  if (error instanceof ModuleError) return error
  const message = String((error as { message?: unknown }).message)
  const detail = /^CKR_[A-Z_]+/.exec(message)?.[0]
  const code = detail === undefined ? undefined : AWAY.has(detail) ? 'module-away' : CODES[detail]
  return new ModuleError(code ?? 'module-refused', { ...(detail !== undefined && { detail }), cause: error })
}

/** The driver's code for what happened, when it gave one. */
export const returnValueOf = (error: unknown): string | undefined => /^CKR_[A-Z_]+/.exec(String((error as { message?: unknown }).message))?.[0]

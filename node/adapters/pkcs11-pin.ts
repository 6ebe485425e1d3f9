/**
 * Where the PIN of a token comes from: a systemd credential, a file of its owner alone, or a person at the terminal. Never
 * from the command line or the environment, which other processes of the machine may read.
 */
import { openSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ReadStream } from 'node:tty'
import { ModuleError } from './pkcs11-errors.ts'

export interface PinSource {
  /** Path of a file with mode 0600 or narrower. */
  readonly pinFile?: string | undefined
  /** Name below $CREDENTIALS_DIRECTORY: `LoadCredentialEncrypted=` of the unit. */
  readonly pinCredential?: string | undefined
  readonly pinPrompt?: boolean | undefined
}

const PIN_BYTES_MAX = 255
const CREDENTIAL_NAME = /^[A-Za-z0-9._-]{1,64}$/

/** @throws ModuleError `no-pin`, `pin-readable-by-others` */
export async function readPin ({ pinFile, pinCredential }: PinSource, env: { readonly [name: string]: string | undefined }): Promise<string> {
  if (pinFile !== undefined) return readPinFile(pinFile, true)
  if (pinCredential === undefined) return promptPin()
  const folder = env['CREDENTIALS_DIRECTORY']
  if (folder === undefined || !CREDENTIAL_NAME.test(pinCredential) || /^\.+$/.test(pinCredential)) throw new ModuleError('no-pin', { detail: 'no such credential' })
  // systemd gives the folder to this service alone, whatever the mode of the file says.
  return readPinFile(join(folder, pinCredential), false)
}

function readPinFile (path: string, mustBePrivate: boolean): string {
  try {
    const { mode, size } = statSync(path)
    if (mustBePrivate && (mode & 0o077) !== 0) throw new ModuleError('pin-readable-by-others')
    const pin = size > PIN_BYTES_MAX + 2 ? '' : readFileSync(path, 'utf8').replace(/\r?\n$/, '')
    if (pin === '') throw new ModuleError('no-pin', { detail: `${path} is empty or no PIN` })
    return pin
  } catch (cause) {
    if (cause instanceof ModuleError) throw cause
    throw new ModuleError('no-pin', { detail: `${path} cannot be read`, cause })
  }
}

/** From the controlling terminal, without showing it. */
async function promptPin (): Promise<string> {
  let descriptor: number
  try { descriptor = openSync('/dev/tty', 'r+') } catch (cause) { throw new ModuleError('no-pin', { detail: 'no terminal', cause }) }
  const terminal = new ReadStream(descriptor)
  process.stderr.write('PIN: ')
  terminal.setRawMode(true)
  try {
    return await readHidden(terminal)
  } finally {
    terminal.setRawMode(false)
    terminal.destroy()
    process.stderr.write('\n')
  }
}

function readHidden (terminal: ReadStream): Promise<string> {
  return new Promise((resolve, reject) => {
    let pin = ''
    terminal.setEncoding('utf8').on('data', (typed: string) => {
      for (const character of typed) {
        if (character === '\r' || character === '\n') return pin === '' ? reject(new ModuleError('no-pin')) : resolve(pin)
        if (character === '\x03' || character === '\x04') return reject(new ModuleError('no-pin', { detail: 'given up' }))
        pin = character === '\x7f' || character === '\b' ? pin.slice(0, -1) : (pin + character).slice(0, PIN_BYTES_MAX)
      }
    })
    terminal.once('error', cause => reject(new ModuleError('no-pin', { cause })))
  })
}

/** Files that a person hands to a command: bounded, and a private key only when nobody else can read it. */
import { readFileSync, statSync } from 'node:fs'
import { parsePersonKey, type PersonKey } from '../people.ts'
import { CliError, EXIT, usageError } from './command.ts'

/** Throws CliError; `what` names the file in it. */
export function readTextFile (path: string, what: string, bytesMax: number): string {
  try {
    if (statSync(path).size > bytesMax) throw usageError(`${what} is larger than ${bytesMax} bytes.`)
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path))
  } catch (cause) {
    if (cause instanceof CliError) throw cause
    const { code } = cause as NodeJS.ErrnoException
    throw new CliError(EXIT.usage, 'unreadable', code === 'ENOENT' ? `${what} does not exist: ${path}` : `${what} cannot be read as text: ${path}`, { cause })
  }
}

const KEY_FILE_BYTES_MAX = 4096

export const isPrivateFile = (path: string): boolean => (statSync(path).mode & 0o077) === 0

/** The key of --as. Throws CliError with exit 4: without it nobody knows who asks. */
export function readPersonKey (path: string | undefined): PersonKey {
  const unknown = (code: string, message: string, todo: string): CliError => new CliError(EXIT.notAuthenticated, code, message, { todo })
  if (path === undefined) throw unknown('no-key', 'Say who asks.', 'Name your key file with --as or TILTAS_AS; `tiltas people new` makes one.')
  const text = readKeyFile(path)
  if (!isPrivateFile(path)) throw unknown('key-not-private', 'Others can read your key file.', `Run \`chmod 600\` on it; if it was open for long, make a new one.`)
  const key = parsePersonKey(text)
  if (key === undefined) throw unknown('key-broken', 'This is not the key file of a person.', 'Name the file that `tiltas people new` wrote.')
  return key
}

function readKeyFile (path: string): string {
  try {
    return readTextFile(path, 'The key file', KEY_FILE_BYTES_MAX)
  } catch (cause) { throw new CliError(EXIT.notAuthenticated, 'no-key', (cause as Error).message, { cause }) }
}

/**
 * The Unix socket in the data folder: whoever may open the file may knock, so it belongs to its owner alone (0600).
 * A socket that a killed process left behind is removed; a live one, or a file that is no socket, never.
 */
import { chmodSync, existsSync, lstatSync, mkdirSync, unlinkSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname } from 'node:path'

/** `sun_path` of Linux holds 108 bytes with its end. */
export const SOCKET_PATH_BYTES_MAX = 107

export type SocketErrorCode = 'path-too-long' | 'already-running' | 'not-a-socket' | 'not-private'
const MESSAGES: { readonly [Code in SocketErrorCode]: string } = {
  'path-too-long': `The path of the socket is longer than ${SOCKET_PATH_BYTES_MAX} bytes. Choose a shorter data folder.`,
  'already-running': 'Another node runs with this data folder. Stop it first.',
  'not-a-socket': 'A file that is no socket stands where the socket belongs. Move it away.',
  'not-private': 'Others may write to the data folder. Run `chmod 700` on it.'
}
export class SocketError extends Error {
  readonly code: SocketErrorCode
  constructor (code: SocketErrorCode) {
    super(MESSAGES[code])
    this.name = 'SocketError'
    this.code = code
  }
}

/** Makes the way free for listening at `path`. Throws SocketError. */
export async function prepareSocket (path: string): Promise<void> {
  if (Buffer.byteLength(path) > SOCKET_PATH_BYTES_MAX) throw new SocketError('path-too-long')
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  if ((lstatSync(dirname(path)).mode & 0o022) !== 0) throw new SocketError('not-private')
  if (!existsSync(path)) return
  if (!lstatSync(path).isSocket()) throw new SocketError('not-a-socket')
  if (await isAnswered(path)) throw new SocketError('already-running')
  unlinkSync(path)
}

/** Right after listening; until then only the umask of the process kept others out, and the folder. */
export const makePrivate = (path: string): void => chmodSync(path, 0o600)

/** Whether a process listens there. Anything but a plain refusal counts as yes, so that no live socket is removed. */
export const isAnswered = (path: string): Promise<boolean> => new Promise(resolve => {
  const socket = connect({ path })
  socket.once('connect', () => { socket.destroy(); resolve(true) })
  socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'))
})

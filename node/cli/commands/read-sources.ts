/**
 * What `tiltas read` is pointed at: picture files, folders of them, pictures on the web, and video. Names and addresses
 * come from the person at the terminal; bytes come from anywhere and are bounded here before they are decoded.
 */
import { createReadStream } from 'node:fs'
import { readFile, readdir, stat } from 'node:fs/promises'
import { extname, join, resolve } from 'node:path'
import { CliError, EXIT } from '../command.ts'

export const PICTURE_BYTES_MAX = 32 * 1024 * 1024
/** Milliseconds for one picture from the web, from asking to its last byte. */
const FETCH_WAIT = 30_000
const PICTURES = ['.jpg', '.jpeg', '.png', '.webp']
const VIDEOS = ['.mp4', '.m4v', '.mkv', '.mov', '.avi', '.ts', '.mts', '.webm', '.mpg', '.mpeg', '.h264', '.264', '.hevc', '.m3u8', '.mjpeg', '.gif']

export type Source =
  | { readonly kind: 'picture', readonly name: string, readonly open: () => Promise<Uint8Array> }
  | { readonly kind: 'video', readonly name: string, readonly input: string }

/** In the order given; a folder stands for its pictures by name. Throws CliError for what does not exist or holds no picture. */
export async function sourcesOf (names: readonly string[]): Promise<Source[]> {
  const sources: Source[] = []
  for (const name of names) sources.push(...await sourcesOfOne(name))
  return sources
}

async function sourcesOfOne (name: string): Promise<Source[]> {
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(name)) return [sourceOfUrl(name)]
  const found = await stat(name).catch((cause: unknown) => { throw failed('unreadable', `There is no such file: ${name}`, cause) })
  if (!found.isDirectory()) return [await isVideo(name) ? { kind: 'video', name, input: resolve(name) } : pictureFile(name)]
  const pictures = (await readdir(name)).filter(file => PICTURES.includes(extname(file).toLowerCase())).sort()
  if (pictures.length === 0) throw failed('no-pictures', `The folder holds no picture: ${name}`)
  return pictures.map(file => pictureFile(join(name, file)))
}

const failed = (code: string, message: string, cause?: unknown): CliError => new CliError(EXIT.usage, code, message, { cause, todo: 'Name pictures (JPEG, PNG, WebP), folders of them, http(s) addresses, or video.' })

const pictureFile = (name: string): Source => ({
  kind: 'picture',
  name,
  async open () {
    if ((await stat(name)).size > PICTURE_BYTES_MAX) throw new CliError(EXIT.failed, 'picture-too-large', 'the picture has more bytes or pixels than allowed')
    return await readFile(name)
  }
})

function sourceOfUrl (name: string): Source {
  if (!URL.canParse(name)) throw failed('bad-address', 'This is no address.')
  const { protocol, pathname } = new URL(name)
  if (protocol === 'rtsp:' || protocol === 'rtsps:') return { kind: 'video', name, input: name }
  if (protocol !== 'http:' && protocol !== 'https:') throw failed('bad-address', `Addresses begin with http, https, rtsp or rtsps, not ${protocol.slice(0, -1)}.`)
  return VIDEOS.includes(extname(pathname).toLowerCase()) ? { kind: 'video', name, input: name } : { kind: 'picture', name, open: () => download(name) }
}

/** A file with a picture's first bytes is one whatever it is called; another is video when it is called so. */
async function isVideo (name: string): Promise<boolean> {
  if (!VIDEOS.includes(extname(name).toLowerCase())) return false
  for await (const chunk of createReadStream(name, { end: 2 })) {
    const start = chunk as Buffer
    return !(start[0] === 0xff && start[1] === 0xd8) && start[0] !== 0x89
  }
  return true
}

async function download (url: string): Promise<Uint8Array> {
  const fail = (code: string, message: string, cause?: unknown): CliError => new CliError(EXIT.failed, code, message, { cause })
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(FETCH_WAIT), headers: { accept: 'image/jpeg, image/png, image/webp' } })
    if (!response.ok) throw fail('bad-answer', `the server answers ${response.status}`)
    const chunks: Uint8Array[] = []
    let bytes = 0
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length
      if (bytes > PICTURE_BYTES_MAX) throw fail('picture-too-large', 'the picture has more bytes or pixels than allowed')
      chunks.push(chunk)
    }
    return Buffer.concat(chunks)
  } catch (cause) {
    if (cause instanceof CliError) throw cause
    throw (cause as Error).name === 'TimeoutError' ? fail('timed-out', 'the server does not answer in time', cause) : fail('unreachable', 'nothing answers at the address', cause)
  }
}

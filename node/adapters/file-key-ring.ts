/**
 * Private keys in one encrypted file: scrypt of a passphrase (RFC 7914), then AES-256-GCM. The file holds 32-byte seeds;
 * opened, it answers at once from memory. Invariants: only its owner may read the file; a change is a new file that
 * replaces the old one in one step, so that a crash leaves the one or the other; keys and passphrase are in no message.
 *
 *   {"ciphertext":…,"digest":…,"iv":…,"kdf":{"n":131072,"name":"scrypt","p":1,"r":8,"salt":…},"type":"tiltas-key-ring/1"}
 *
 * `digest` is SHA-256 of the same without `digest`: it tells a damaged file from a wrong passphrase.
 */
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto'
import { link, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { KEY_ALGORITHMS, KEY_PURPOSES } from '../../keys/identity.ts'
import { createMemoryKeyRing, type MemoryKeyRing } from '../../keys/memory-key-ring.ts'
import { privateKeyFromSeed, type KeySecret } from '../../keys/private-key.ts'
import type { Kid } from '../../protocol/identifiers.ts'
import { digestOf, fromBase64url, toBase64url, utf8ToBytes } from '../../protocol/bytes.ts'
import { encodeJson, parseJson, type Json } from '../../protocol/messages/encoding.ts'
import { agencyId } from '../../protocol/messages/message.ts'
import type { KeyRing } from '../runtime/ports.ts'

/** `readable-by-others`: group or others may open the file. `damaged`: it is not what was written. */
export type KeyFileErrorCode = 'missing' | 'exists' | 'readable-by-others' | 'wrong-passphrase' | 'damaged' | 'weak-passphrase' | 'failed'
export class KeyFileError extends Error {
  readonly code: KeyFileErrorCode
  constructor (code: KeyFileErrorCode, message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'KeyFileError'
    this.code = code
  }
}

export interface FileKeyRing extends KeyRing {
  sign: MemoryKeyRing['sign']
  agree: MemoryKeyRing['agree']
  list: MemoryKeyRing['list']
  /** Resolves when the new keys would survive a power cut; only then do they sign. */
  add (keys: readonly KeySecret[]): Promise<void>
  /** Takes keys that another process added to the file. @throws KeyFileError `damaged` when it is another file by now */
  refresh (): Promise<void>
  /** The one secret that leaves the ring: libp2p holds the transport identity itself. Of several, the one of this kid. @throws KeyFileError `missing` */
  transportSeed (kid?: Kid): Uint8Array
}

export const PASSPHRASE_LENGTH_MIN = 8
const FILE_BYTES_MAX = 4 * 1024 * 1024
const COST = { n: 2 ** 17, r: 8, p: 1 } as const
const TAG_BYTES = 16

const bytes = (length: number) => z.string().refine(text => fromBase64url(text)?.length === length)
const fileSchema = z.strictObject({
  type: z.literal('tiltas-key-ring/1'),
  kdf: z.strictObject({ name: z.literal('scrypt'), n: z.literal(COST.n), r: z.literal(COST.r), p: z.literal(COST.p), salt: bytes(32) }),
  iv: bytes(12),
  ciphertext: z.string(),
  digest: bytes(32)
})
type KeyFile = z.infer<typeof fileSchema>
const secretsSchema = z.array(z.strictObject({ algorithm: z.enum(KEY_ALGORITHMS), purpose: z.enum(KEY_PURPOSES), agency: agencyId.optional(), seed: bytes(32) }))

/** @throws KeyFileError `exists` (nothing is ever overwritten), `weak-passphrase`, `failed` */
export async function createFileKeyRing (path: string, passphrase: string, keys: readonly KeySecret[]): Promise<FileKeyRing> {
  if (passphrase.length < PASSPHRASE_LENGTH_MIN) throw new KeyFileError('weak-passphrase', `a passphrase has at least ${PASSPHRASE_LENGTH_MIN} characters`)
  const salt = randomBytes(32)
  const fileKey = await deriveFileKey(passphrase, salt)
  await writeWhole(path, encodeFile(fileKey, salt, keys), 'create')
  return ringOf(path, fileKey, salt, keys)
}

/** @throws KeyFileError `missing`, `readable-by-others`, `damaged`, `wrong-passphrase`, `failed` */
export async function openFileKeyRing (path: string, passphrase: string): Promise<FileKeyRing> {
  const file = parseFile(await readWhole(path), path)
  const salt = fromBase64url(file.kdf.salt)!
  const fileKey = await deriveFileKey(passphrase, salt)
  return ringOf(path, fileKey, salt, decrypt(file, fileKey, path))
}

function ringOf (path: string, fileKey: Uint8Array, salt: Uint8Array, first: readonly KeySecret[]): FileKeyRing {
  const secrets = [...first]
  const { hold, ...ring } = createMemoryKeyRing(secrets.map(privateKeyFromSeed))
  let writing: Promise<void> = Promise.resolve()
  const write = async (keys: readonly KeySecret[]): Promise<void> => {
    const added = keys.map(key => ({ key, opened: privateKeyFromSeed(key) })).filter(({ opened }) => !ring.has(opened.kid))
    await writeWhole(path, encodeFile(fileKey, salt, [...secrets, ...added.map(({ key }) => key)]), 'replace')
    secrets.push(...added.map(({ key }) => key))
    hold(added.map(({ opened }) => opened))
  }
  const reread = async (): Promise<void> => {
    const file = parseFile(await readWhole(path), path)
    if (file.kdf.salt !== toBase64url(salt)) throw new KeyFileError('damaged', `${path} was made anew while it was in use: restart what uses it`)
    const added = decrypt(file, fileKey, path).map(key => ({ key, opened: privateKeyFromSeed(key) })).filter(({ opened }) => !ring.has(opened.kid))
    secrets.push(...added.map(({ key }) => key))
    hold(added.map(({ opened }) => opened))
  }
  const inTurn = (work: () => Promise<void>): Promise<void> => (writing = writing.catch(() => {}).then(work))
  const transportSeed = (kid?: Kid): Uint8Array => {
    const found = secrets.find(secret => secret.purpose === 'transport' && (kid === undefined || privateKeyFromSeed(secret).kid === kid))
    if (found === undefined) throw new KeyFileError('missing', `${path} holds no transport key`)
    return found.seed
  }
  return { ...ring, transportSeed, add: keys => inTurn(() => write(keys)), refresh: () => inTurn(reread) }
}

// ── The bytes of the file ────────────────────────────────────────────────────────────────────────────────────────

const deriveFileKey = (passphrase: string, salt: Uint8Array): Promise<Uint8Array> => new Promise((resolve, reject) => {
  const options = { N: COST.n, r: COST.r, p: COST.p, maxmem: 2 * 128 * COST.n * COST.r }
  scrypt(passphrase.normalize('NFKC'), salt, 32, options, (error, key) => error === null ? resolve(key) : reject(error))
})

/** What the ciphertext is bound to: everything in the file that is not secret. */
const additionalOf = ({ type, kdf, iv }: Pick<KeyFile, 'type' | 'kdf' | 'iv'>): Uint8Array => utf8ToBytes(encodeJson({ type, kdf, iv }))

function encodeFile (fileKey: Uint8Array, salt: Uint8Array, secrets: readonly KeySecret[]): string {
  const iv = randomBytes(12)
  const head: Pick<KeyFile, 'type' | 'kdf' | 'iv'> = { type: 'tiltas-key-ring/1', kdf: { name: 'scrypt', ...COST, salt: toBase64url(salt) }, iv: toBase64url(iv) }
  const cipher = createCipheriv('aes-256-gcm', fileKey, iv)
  cipher.setAAD(additionalOf(head))
  const plaintext = utf8ToBytes(encodeJson(secrets.map(({ algorithm, purpose, agency, seed }) => ({ algorithm, purpose, agency, seed: toBase64url(seed) }))))
  const ciphertext = toBase64url(Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]))
  plaintext.fill(0)
  const body = { ...head, ciphertext }
  return encodeJson({ ...body, digest: digestOf(utf8ToBytes(encodeJson(body))) })
}

function parseFile (text: string, path: string): KeyFile {
  const file = fileSchema.safeParse(parseJson(text.trimEnd()))
  if (!file.success) throw new KeyFileError('damaged', `${path} is not a key file, or is damaged: restore it from a backup`)
  const { digest, ...body } = file.data
  if (digestOf(utf8ToBytes(encodeJson(body as Json))) !== digest) throw new KeyFileError('damaged', `${path} is damaged: restore it from a backup`)
  return file.data
}

function decrypt (file: KeyFile, fileKey: Uint8Array, path: string): KeySecret[] {
  const plaintext = decryptBytes(file, fileKey)
  if (plaintext === undefined) throw new KeyFileError('wrong-passphrase', `the passphrase does not open ${path}`)
  const secrets = secretsSchema.safeParse(parseJson(plaintext.toString('utf8')))
  plaintext.fill(0)
  if (!secrets.success) throw new KeyFileError('damaged', `${path} holds something else than keys`)
  return secrets.data.map(secret => ({ ...secret, seed: fromBase64url(secret.seed)! }))
}

function decryptBytes (file: KeyFile, fileKey: Uint8Array): Buffer | undefined {
  const sealed = fromBase64url(file.ciphertext)
  if (sealed === undefined || sealed.length < TAG_BYTES) return undefined
  const decipher = createDecipheriv('aes-256-gcm', fileKey, fromBase64url(file.iv)!, { authTagLength: TAG_BYTES })
  decipher.setAAD(additionalOf(file))
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
  try {
    return Buffer.concat([decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()])
  } catch { return undefined }
}

// ── The file system ──────────────────────────────────────────────────────────────────────────────────────────────

/** Rights are asked of the open file, so that what is checked is what is read. */
async function readWhole (path: string): Promise<string> {
  const file = await open(path, 'r').catch(error => { throw asKeyFileError(error, path) })
  try {
    const { mode, size } = await file.stat()
    if ((mode & 0o077) !== 0) throw new KeyFileError('readable-by-others', `${path} can be opened by others than its owner: chmod 600 it, and think about who may have read it`)
    if (size > FILE_BYTES_MAX) throw new KeyFileError('damaged', `${path} is larger than any key file`)
    return await file.readFile('utf8')
  } finally { await file.close() }
}

/** A new file beside the old one, durable, then put in its place; `create` puts it only where there is none. */
async function writeWhole (path: string, text: string, how: 'create' | 'replace'): Promise<void> {
  const beside = `${path}.new`
  try {
    await rm(beside, { force: true })
    const file = await open(beside, 'wx', 0o600)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally { await file.close() }
    if (how === 'replace') await rename(beside, path)
    else await link(beside, path).finally(() => rm(beside, { force: true }))
    await syncFolder(dirname(path))
  } catch (error) { throw asKeyFileError(error, path) }
}

async function syncFolder (path: string): Promise<void> {
  const folder = await open(path, 'r')
  try { await folder.sync() } finally { await folder.close() }
}

function asKeyFileError (error: unknown, path: string): KeyFileError {
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'ENOENT') return new KeyFileError('missing', `there is no key file or folder at ${path}`, error)
  if (code === 'EEXIST') return new KeyFileError('exists', `${path} exists already and is not overwritten`, error)
  return new KeyFileError('failed', `${path} could not be read or written`, error)
}

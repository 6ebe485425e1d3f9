/**
 * The first two lines of a backup, readable by everybody: which node, taken when, to be deleted by when, and how the key of
 * the rest is found. Invariant: the key comes out of the header's own bytes, so a header that was changed opens nothing.
 */
import { createHash, hkdfSync, randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { agreeOnce, agreeWith, privateKeyFromSeed } from '../../keys/private-key.ts'
import { fromBase64url, toBase64url } from '../../protocol/bytes.ts'
import { NODE_ID, type NodeId } from '../../protocol/identifiers.ts'
import { encodeJson, parseJson, type Json } from '../../protocol/messages/encoding.ts'
import { seconds } from '../../protocol/messages/message.ts'
import { BackupError } from './errors.ts'

export const BACKUP_TYPE = 'tiltas-backup/1'
export const HEADER_BYTES_MAX = 4096
export const PASSPHRASE_LENGTH_MIN = 12
const COST = { n: 2 ** 17, r: 8, p: 1 } as const

/** What seals a backup: a passphrase, or the public key (X25519, 32 bytes) of whoever may open it. */
export type SealWith = { readonly passphrase: string } | { readonly to: Uint8Array }
/** What opens it: the passphrase, or the recipient's seed (32 bytes). */
export type OpenWith = { readonly passphrase: string } | { readonly seed: Uint8Array }

const bytes = (length: number) => z.string().refine(text => fromBase64url(text)?.length === length)
const keySchema = z.discriminatedUnion('kdf', [
  z.strictObject({ kdf: z.literal('scrypt'), n: z.literal(COST.n), r: z.literal(COST.r), p: z.literal(COST.p), salt: bytes(32) }),
  z.strictObject({ kdf: z.literal('x25519'), to: bytes(32), ephemeral: bytes(32) })
])
const headerSchema = z.strictObject({
  type: z.literal(BACKUP_TYPE),
  node: z.string().regex(NODE_ID).transform(node => node as NodeId),
  /** Of the software. */
  version: z.string().max(40),
  takenAt: seconds,
  /** From then on it may hold what had to be erased. */
  deleteBy: seconds,
  key: keySchema,
  check: bytes(16),
  digest: bytes(32)
})
export type BackupHeader = z.output<typeof headerSchema>
export type BackupFacts = Pick<BackupHeader, 'node' | 'version' | 'takenAt' | 'deleteBy'>

/** The bytes that begin the file, and the key of the rest. @throws BackupError `weak-passphrase` */
export async function makeHeader (facts: BackupFacts, sealWith: SealWith): Promise<{ bytes: Uint8Array, contentKey: Uint8Array }> {
  const { key, secret } = await newSecret(sealWith)
  const body = { type: BACKUP_TYPE, ...facts, key } as const
  const { contentKey, check } = keysOf(secret, body)
  const checked = { ...body, check: toBase64url(check) }
  const header = encodeJson({ ...checked, digest: digestOf(checked) } as Json)
  return { bytes: Buffer.from(`${BACKUP_TYPE}\n${header}\n`), contentKey }
}

async function newSecret (sealWith: SealWith): Promise<{ key: BackupHeader['key'], secret: Uint8Array }> {
  if ('to' in sealWith) {
    const { ephemeralKey, sharedSecret } = agreeOnce(randomBytes(32), sealWith.to)
    return { key: { kdf: 'x25519', to: toBase64url(sealWith.to), ephemeral: toBase64url(ephemeralKey) }, secret: sharedSecret }
  }
  if (sealWith.passphrase.length < PASSPHRASE_LENGTH_MIN) throw new BackupError('weak-passphrase')
  const salt = randomBytes(32)
  return { key: { kdf: 'scrypt', ...COST, salt: toBase64url(salt) }, secret: await stretch(sealWith.passphrase, salt) }
}

const stretch = (passphrase: string, salt: Uint8Array): Promise<Uint8Array> => new Promise((resolve, reject) => {
  scrypt(passphrase.normalize('NFKC'), salt, 32, { N: COST.n, r: COST.r, p: COST.p, maxmem: 2 * 128 * COST.n * COST.r }, (error, key) => error === null ? resolve(key) : reject(error))
})

type Unchecked = Omit<BackupHeader, 'check' | 'digest'>
const digestOf = (header: object): string => createHash('sha256').update(encodeJson(header as Json)).digest('base64url')

function keysOf (secret: Uint8Array, body: Unchecked): { contentKey: Uint8Array, check: Uint8Array } {
  const salt = Buffer.from(digestOf(body), 'base64url')
  const derive = (use: string, length: number): Uint8Array => new Uint8Array(hkdfSync('sha256', secret, salt, `tiltas/backup/1/${use}`, length))
  return { contentKey: derive('content', 32), check: derive('check', 16) }
}

/** Hostile input is first touched here: the two lines without their ends. @throws BackupError `not-a-backup`, `newer`, `damaged` */
export function parseHeader (mark: string, line: string): BackupHeader {
  if (mark !== BACKUP_TYPE) throw new BackupError(/^tiltas-backup\/\d+$/.test(mark) ? 'newer' : 'not-a-backup')
  const header = headerSchema.safeParse(parseJson(line))
  if (!header.success) throw new BackupError('damaged', { detail: 'header' })
  const { digest, ...rest } = header.data
  if (digestOf(rest) !== digest) throw new BackupError('damaged', { detail: 'header' })
  return header.data
}

/** @throws BackupError `wrong-key` */
export async function contentKeyOf (header: BackupHeader, openWith: OpenWith): Promise<Uint8Array> {
  const { check, digest, ...body } = header
  const keys = keysOf(await secretOf(header.key, openWith), body)
  if (!timingSafeEqual(keys.check, fromBase64url(check)!)) throw new BackupError('wrong-key')
  return keys.contentKey
}

async function secretOf (key: BackupHeader['key'], openWith: OpenWith): Promise<Uint8Array> {
  if (key.kdf === 'scrypt') {
    if (!('passphrase' in openWith)) throw new BackupError('wrong-key', { detail: 'it was sealed with a passphrase' })
    return stretch(openWith.passphrase, fromBase64url(key.salt)!)
  }
  if (!('seed' in openWith)) throw new BackupError('wrong-key', { detail: 'it was sealed to a key' })
  const mine = privateKeyFromSeed({ algorithm: 'X25519', purpose: 'sealing', seed: openWith.seed })
  if (mine.publicText !== key.to) throw new BackupError('wrong-key', { detail: 'it was sealed to another key' })
  try { return agreeWith(mine, fromBase64url(key.ephemeral)!) } catch (cause) { throw new BackupError('damaged', { detail: 'header', cause }) }
}

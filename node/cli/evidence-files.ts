/**
 * The folder in which frames are handed over. Written at the home of the footage, read by anybody: what is in it is
 * foreign when it is read. Frames whose files are taken out of it are not disclosed; the others still prove themselves.
 *
 *   manifest.txt    the manifest, byte for byte (node/recognition/evidence.ts)
 *   evidence.json   what belongs to which line of it: file, type and salt of each frame
 *   frame-1.jpg …   the frames as they were kept
 */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { fromBase64url } from '../../protocol/bytes.ts'
import { messageId, digest } from '../../protocol/messages/message.ts'
import type { EvidenceExport } from '../console/evidence-service.ts'
import { EVIDENCE_FRAMES_MAX, EVIDENCE_SALT_BYTES, type EvidenceFrame } from '../recognition/evidence.ts'
import { CliError, EXIT } from './command.ts'
import { readTextFile } from './files.ts'

export const MANIFEST_FILE = 'manifest.txt'
export const EXPORT_FILE = 'evidence.json'
const TEXT_BYTES_MAX = 16 * 1024
const FRAME_FILE_BYTES_MAX = 64 * 1024 * 1024

const frame = z.strictObject({
  file: z.string().regex(/^frame-[1-9]\.(?:jpg|png|webp)$/), mediaType: z.enum(['image/jpeg', 'image/png', 'image/webp']),
  salt: z.string().refine(text => fromBase64url(text)?.length === EVIDENCE_SALT_BYTES)
})
const exported = z.strictObject({
  type: z.literal('tiltas-evidence/1'), readId: messageId, siteRef: z.string().max(32), commitment: digest, frames: z.array(frame).min(1).max(EVIDENCE_FRAMES_MAX)
})

const ENDINGS: { readonly [mediaType: string]: string } = { 'image/jpeg': 'jpg', 'image/png': 'png', 'image/webp': 'webp' }
export const frameFileOf = (index: number, mediaType: string): string => `frame-${index + 1}.${ENDINGS[mediaType] ?? 'jpg'}`

export function formatExport ({ evidence: { readId, siteRef, commitment }, frames }: EvidenceExport): string {
  const files = frames.map(({ mediaType, salt }, i) => ({ file: frameFileOf(i, mediaType), mediaType, salt }))
  return JSON.stringify({ type: 'tiltas-evidence/1', readId, siteRef, commitment, frames: files }, undefined, 2) + '\n'
}

export interface HandedOver { readonly manifest: string, readonly files: readonly string[], readonly frames: readonly (Pick<EvidenceFrame, 'bytes' | 'salt'> | undefined)[] }

/** Throws CliError when the folder is not one of these. */
export function readExport (folder: string): HandedOver {
  const text = readTextFile(join(folder, EXPORT_FILE), `${EXPORT_FILE} of the folder`, TEXT_BYTES_MAX)
  const manifest = readTextFile(join(folder, MANIFEST_FILE), `${MANIFEST_FILE} of the folder`, TEXT_BYTES_MAX)
  const parsed = exported.safeParse(parse(text))
  if (!parsed.success) throw new CliError(EXIT.failed, 'not-an-export', `${EXPORT_FILE} is not what \`tiltas evidence export\` writes.`, { todo: 'Ask for the folder again, whole.' })
  return { manifest, files: parsed.data.frames.map(({ file }) => file), frames: parsed.data.frames.map(({ file, salt }) => readFrame(join(folder, file), fromBase64url(salt)!)) }
}

function readFrame (path: string, salt: Uint8Array): Pick<EvidenceFrame, 'bytes' | 'salt'> | undefined {
  if (!existsSync(path)) return undefined
  if (statSync(path).size > FRAME_FILE_BYTES_MAX) throw new CliError(EXIT.failed, 'too-large', 'A frame is larger than any that is kept.')
  return { bytes: readFileSync(path), salt }
}

const parse = (text: string): unknown => { try { return JSON.parse(text) } catch { return undefined } }

/**
 * Training samples on disk, made once and read many times by the trainer in Python. A shard:
 *
 *     one line of JSON  {"kind", "count", "seed", …}, padded with spaces to HEADER_BYTES, the last byte a line feed
 *     count × picture   width × height bytes of gray
 *     count × label     labelBytes bytes, what they mean is the kind's own
 *
 * Invariant: a shard is whole or absent; it is written beside its name and then renamed.
 */
import { createHash } from 'node:crypto'
import { renameSync, writeFileSync } from 'node:fs'

export const HEADER_BYTES = 512

export interface ShardHeader {
  readonly kind: string
  readonly seed: string
  readonly count: number
  readonly width: number
  readonly height: number
  readonly labelBytes: number
}

/** @throws RangeError when pictures or labels are not as large as the header says, or the header is too long */
export function encodeShard (header: ShardHeader, pictures: readonly Uint8Array[], labels: readonly Uint8Array[]): Uint8Array {
  const text = JSON.stringify(header)
  if (text.length >= HEADER_BYTES) throw new RangeError('header too long')
  if (pictures.length !== header.count || labels.length !== header.count) throw new RangeError('not as many samples as the header says')
  const [pictureBytes, { labelBytes }] = [header.width * header.height, header]
  const shard = new Uint8Array(HEADER_BYTES + header.count * (pictureBytes + labelBytes))
  shard.set(new TextEncoder().encode(text.padEnd(HEADER_BYTES - 1) + '\n'))
  pictures.forEach((picture, at) => {
    if (picture.length !== pictureBytes || labels[at]!.length !== labelBytes) throw new RangeError('a sample of another size')
    shard.set(picture, HEADER_BYTES + at * pictureBytes)
    shard.set(labels[at]!, HEADER_BYTES + header.count * pictureBytes + at * labelBytes)
  })
  return shard
}

export function writeShard (path: string, shard: Uint8Array): void {
  writeFileSync(`${path}.part`, shard)
  renameSync(`${path}.part`, path)
}

/** Hex SHA-256: the same seed gives the same. */
export const digestOf = (shard: Uint8Array): string => createHash('sha256').update(shard).digest('hex')

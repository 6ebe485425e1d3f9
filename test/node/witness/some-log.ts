/** A log with real keys and any history that a test likes, also a false one. */
import { randomBytes } from 'node:crypto'
import { assembleCheckpoint, checkpointRequests, noteVerifier, type LogKey } from '../../../keys/checkpoints.ts'
import { privateKeyFromSeed, signWith } from '../../../keys/private-key.ts'
import { consistencyProof, tilesForConsistency } from '../../../protocol/log/consistency.ts'
import { SIGNATURE_TYPES, type NoteVerifier } from '../../../protocol/log/note.ts'
import { HASH_BYTES, edgeTiles, tileName } from '../../../protocol/log/tile.ts'
import { appendLeaves, emptyEdge, rootOf } from '../../../protocol/log/tree.ts'

export const ORIGIN = 'lv.example/national/log'

export class SomeLog {
  readonly keys: readonly LogKey[]
  readonly verifiers: readonly NoteVerifier[]
  entries: Uint8Array[] = []
  readonly #secrets = (['Ed25519', 'ML-DSA-44'] as const).map(algorithm => privateKeyFromSeed({ algorithm, purpose: 'log', seed: randomBytes(32) }))

  constructor (origin = ORIGIN) {
    this.keys = this.#secrets.map(({ algorithm, publicKey }) => ({ name: origin, type: algorithm === 'Ed25519' ? SIGNATURE_TYPES.ed25519 : SIGNATURE_TYPES.mlDsa44, publicKey }))
    this.verifiers = this.keys.map(key => noteVerifier(key)!)
  }

  /** Leaves `word 0`, `word 1`, … from where the log stands up to `size`. */
  grow (size: number, word = 'leaf'): this {
    while (this.entries.length < size) this.entries.push(new Uint8Array(Buffer.from(`${word} ${this.entries.length}`)))
    return this
  }

  checkpoint (size = this.entries.length): { size: number, note: string } {
    const checkpoint = { origin: this.keys[0]!.name, size, root: rootOf(appendLeaves(emptyEdge(), this.entries.slice(0, size)).edge) }
    const requests = checkpointRequests(checkpoint, this.keys, 1_795_000_000)
    return { size, note: assembleCheckpoint(checkpoint, this.keys, 1_795_000_000, requests.map((bytes, i) => signWith(this.#secrets[i]!, bytes))) }
  }

  prove (from: number, to = this.entries.length): Uint8Array[] {
    const { edge, tiles } = appendLeaves(emptyEdge(), this.entries.slice(0, to))
    const all = new Map([...edgeTiles(to).map(tile => [tileName(tile), edge.tiles[tile.level]!] as const), ...tiles.map(tile => [tileName(tile), tile.bytes] as const)])
    return consistencyProof(from, to, new Map(tilesForConsistency(from, to).map(tile => [tileName(tile), all.get(tileName(tile))!.slice(0, tile.width * HASH_BYTES)] as const)))
  }
}

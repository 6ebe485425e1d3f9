/**
 * The last frames of one camera that showed plates, as picture files, for as long as a vehicle may still be in view:
 * when a read comes of them they become its evidence. What was delivered as a file is kept byte for byte.
 */
import type { Instant } from '../../protocol/instant.ts'
import type { GrayImage } from './image.ts'
import { pictureTypeOf, type PictureType } from './sources.ts'

/** Of one camera, in memory. */
export const HELD_FRAMES_MAX = 24
export const HELD_BYTES_MAX = 48 * 1024 * 1024

export interface HeldFrame { readonly at: Instant, readonly deviceAt?: Instant, readonly bytes: Uint8Array, readonly mediaType: PictureType }

export class HeldFrames {
  readonly #frames = new Map<number, HeldFrame>()
  readonly #encode: (image: GrayImage) => Promise<Uint8Array>
  #bytes = 0

  constructor (encode: (image: GrayImage) => Promise<Uint8Array>) { this.#encode = encode }

  async hold (number: number, picture: GrayImage | Uint8Array, at: Instant, deviceAt?: Instant): Promise<void> {
    const bytes = picture instanceof Uint8Array ? picture : await this.#encode(picture)
    const mediaType = pictureTypeOf(bytes)
    if (mediaType === undefined) return
    this.#frames.set(number, { at, bytes, mediaType, ...(deviceAt !== undefined && { deviceAt }) })
    this.#bytes += bytes.length
    while (this.#frames.size > 1 && (this.#frames.size > HELD_FRAMES_MAX || this.#bytes > HELD_BYTES_MAX)) this.#dropOldest()
  }

  get (number: number): HeldFrame | undefined { return this.#frames.get(number) }

  /** Those of them that are still here, in the order asked for. */
  take (numbers: readonly number[]): HeldFrame[] { return numbers.flatMap(number => this.#frames.get(number) ?? []) }

  #dropOldest (): void {
    const [number, { bytes }] = this.#frames.entries().next().value!
    this.#frames.delete(number)
    this.#bytes -= bytes.length
  }
}

/**
 * Where frames come from, and how they wait: a source goes on by itself through every fault of its camera until it is
 * told to stop, and says what is wrong in codes that hold no address and no password. Invariant: frames of a live camera
 * never queue: when the loop is busy the newest frame takes the place of the one that waits, and the loss is counted.
 */
import type { Instant } from '../../protocol/instant.ts'
import type { GrayImage } from './image.ts'

/** `picture` is gray pixels, or the bytes of a picture file exactly as they came. */
export interface Frame {
  readonly picture: GrayImage | Uint8Array
  /** By our clock. */
  readonly receivedAt: Instant
  /** By the camera's clock, when it tells one. */
  readonly deviceAt?: Instant
}

/** What is wrong with a source at this moment; each is answered by trying again. */
export const SOURCE_FAULTS = {
  'no-ffmpeg': 'ffmpeg is not installed, or not on the path of the node',
  'unreachable': 'nothing answers at the address',
  'not-authorised': 'the camera does not take the user and password',
  'not-found': 'the camera answers, but there is nothing at this address',
  'bad-answer': 'the camera answers with an error',
  'redirected': 'the camera sends us to another host, or round in circles',
  'timed-out': 'the camera does not answer in time, or too slowly',
  'hung': 'the stream stopped without ending',
  'garbage': 'what comes is no video',
  'ended': 'the stream ended',
  'empty': 'the picture has no bytes',
  'too-large': 'the picture is larger than allowed',
  'not-a-picture': 'what comes is neither JPEG nor PNG nor WebP',
  'frozen': 'the camera has been sending the same picture for an hour',
  'no-folder': 'the folder does not exist or cannot be read',
  'no-credentials': 'the file with user and password cannot be read'
} as const
export type SourceFault = keyof typeof SOURCE_FAULTS

/** What a source tells its camera's health; `recovered` after a fault, at the next good frame. */
export interface SourceNotes {
  fault (fault: SourceFault): void
  recovered (): void
  /** So many frames were overtaken by newer ones, or thrown away broken. */
  dropped (count: number): void
}

export interface FrameSource {
  /** Frames until the signal ends it; then everything that it started is gone when the iteration returns. */
  frames (signal: AbortSignal, notes: SourceNotes): AsyncIterable<Frame>
}

/** One place for one frame between whoever brings them and the loop that looks at them. */
export class NewestFrame {
  readonly #dropped: (count: number) => void
  #waiting: Frame | undefined
  #wake: (() => void) | undefined
  #ended = false

  constructor (dropped: (count: number) => void) { this.#dropped = dropped }

  put (frame: Frame): void {
    if (this.#ended) return
    if (this.#waiting !== undefined) this.#dropped(1)
    this.#waiting = frame
    this.#wake?.()
  }

  end (): void {
    this.#ended = true
    this.#wake?.()
  }

  /** For one reader. What waits when the end comes is still handed out. */
  async * [Symbol.asyncIterator] (): AsyncGenerator<Frame> {
    for (;;) {
      const frame = this.#waiting
      this.#waiting = undefined
      if (frame !== undefined) yield frame
      else if (this.#ended) return
      else await new Promise<void>(resolve => { this.#wake = resolve })
    }
  }
}

const STARTS: readonly (readonly [type: string, start: readonly (number | undefined)[]])[] = [
  ['image/jpeg', [0xff, 0xd8, 0xff]],
  ['image/png', [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
  ['image/webp', [0x52, 0x49, 0x46, 0x46, undefined, undefined, undefined, undefined, 0x57, 0x45, 0x42, 0x50]]
]
export type PictureType = 'image/jpeg' | 'image/png' | 'image/webp'
/** By the first bytes: what a camera or a name says of a picture is not believed. */
export const pictureTypeOf = (bytes: Uint8Array): PictureType | undefined =>
  STARTS.find(([, start]) => start.every((byte, at) => byte === undefined || bytes[at] === byte))?.[0] as PictureType | undefined

/** Bytes of one picture file that a source takes. */
export const FRAME_BYTES_MAX = 32 * 1024 * 1024

/**
 * Pictures from and to files, by sharp. Here bytes that anyone may have sent are first touched: their kind is taken from
 * their first bytes, and nothing but JPEG, PNG and WebP reaches a decoder; size is known and bounded before a pixel is
 * decoded. Metadata is used for rotation only and never kept.
 */
import sharp, { type Metadata, type Sharp } from 'sharp'
import { RecognitionError } from '../recognition/errors.ts'
import { createImage, type GrayImage } from '../recognition/image.ts'

export const PICTURE_BYTES_MAX = 32 * 1024 * 1024
export const PICTURE_PIXELS_MAX = 50_000_000
/** A larger picture is halved while it is decoded until it fits; a plate of 80 pixels in it still has 40. */
export const PIXELS_KEPT_MAX = 16_000_000
export const PICTURE_SIDE_MIN = 8
const DECODE_SECONDS_MAX = 20
const JPEG_QUALITY = 88

// One picture is decoded by one thread, and none is kept: a camera never shows the same one twice.
sharp.cache(false)
sharp.concurrency(1)

/** `width` and `height` are those of the picture as it was given, after its rotation; `image` may be smaller. */
export interface DecodedPicture { readonly image: GrayImage, readonly width: number, readonly height: number }

/** The first page of a picture, turned as its metadata say, as gray. Throws a RecognitionError. */
export async function decodePicture (bytes: Uint8Array): Promise<DecodedPicture> {
  if (bytes.length === 0) throw new RecognitionError('picture-empty')
  if (bytes.length > PICTURE_BYTES_MAX) throw new RecognitionError('picture-too-large')
  if (!isKnownFormat(bytes)) throw new RecognitionError('picture-format')
  try {
    const { width, height } = await sizeOf(bytes)
    const halved = Math.max(Math.ceil(Math.log2(width * height / PIXELS_KEPT_MAX) / 2), 0)
    const open = openPicture(bytes).autoOrient()
    const sized = halved === 0 ? open : open.resize(Math.ceil(width / 2 ** halved), Math.ceil(height / 2 ** halved), { fit: 'fill' })
    const { data, info } = await sized.flatten({ background: 'white' }).toColourspace('srgb').raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true })
    return { image: toGray(data, info), width, height }
  } catch (error) { throw asRecognitionError(error) }
}

const openPicture = (bytes: Uint8Array): Sharp =>
  sharp(bytes, { failOn: 'truncated', limitInputPixels: PICTURE_PIXELS_MAX, pages: 1, sequentialRead: true }).timeout({ seconds: DECODE_SECONDS_MAX })

const STARTS: readonly (readonly (number | undefined)[])[] = [
  [0xff, 0xd8, 0xff],
  [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
  [0x52, 0x49, 0x46, 0x46, undefined, undefined, undefined, undefined, 0x57, 0x45, 0x42, 0x50]
]
const isKnownFormat = (bytes: Uint8Array): boolean =>
  STARTS.some(start => start.every((byte, at) => byte === undefined || bytes[at] === byte))

async function sizeOf (bytes: Uint8Array): Promise<{ width: number, height: number }> {
  const { autoOrient: { width, height } }: Metadata = await sharp(bytes, { failOn: 'truncated', limitInputPixels: false, pages: 1 }).metadata()
  if (width * height > PICTURE_PIXELS_MAX) throw new RecognitionError('picture-too-large')
  if (width < PICTURE_SIDE_MIN || height < PICTURE_SIDE_MIN) throw new RecognitionError('picture-too-small')
  return { width, height }
}

/** Luma as video carries it (ITU-R BT.601), so that a still and a frame of the same scene look the same. */
function toGray (data: Uint8Array, { width, height, channels }: { width: number, height: number, channels: number }): GrayImage {
  if (channels === 1) return { width, height, data: Uint8Array.from(data) }
  const image = createImage(width, height)
  const gray = image.data
  for (let at = 0, from = 0; at < gray.length; at++, from += channels) gray[at] = (data[from]! * 77 + data[from + 1]! * 150 + data[from + 2]! * 29 + 128) >> 8
  return image
}

/** libvips has no codes, only sentences; whatever it cannot decode is broken. */
function asRecognitionError (error: unknown): RecognitionError {
  if (error instanceof RecognitionError) return error
  const message = error instanceof Error ? error.message : ''
  if (/pixel limit/i.test(message)) return new RecognitionError('picture-too-large', { cause: error })
  if (/timeout/i.test(message)) return new RecognitionError('picture-too-slow', { cause: error })
  return new RecognitionError('picture-broken', { cause: error })
}

const rawOf = ({ width, height, data }: GrayImage): Sharp => sharp(data, { raw: { width, height, channels: 1 } })

/** `quality` from 1 to 100. */
export const encodeJpeg = async (image: GrayImage, quality = JPEG_QUALITY): Promise<Uint8Array> =>
  await rawOf(image).toColourspace('b-w').jpeg({ quality }).toBuffer()

export const encodePng = async (image: GrayImage): Promise<Uint8Array> =>
  await rawOf(image).toColourspace('b-w').png().toBuffer()

/** A PNG of the picture under a drawing of the same size: SVG without text, for fonts differ from machine to machine. */
export const drawOver = async (image: GrayImage, svg: string): Promise<Uint8Array> =>
  await rawOf(image).toColourspace('srgb').composite([{ input: Buffer.from(svg) }]).png().toBuffer()

/** A small gray view of a picture file, for motion and health: JPEG is made smaller while it is decoded, so it costs little. */
import sharp from 'sharp'
import type { GrayImage } from '../recognition/image.ts'
import { PICTURE_PIXELS_MAX } from './sharp-pictures.ts'

const THUMBNAIL_WIDTH = 640
const DECODE_SECONDS_MAX = 5

/** Undefined when it is no picture that can be decoded: whoever looks at the whole of it says what is wrong. */
export async function thumbnailOf (bytes: Uint8Array): Promise<GrayImage | undefined> {
  try {
    const { data, info } = await sharp(bytes, { failOn: 'truncated', limitInputPixels: PICTURE_PIXELS_MAX, pages: 1 }).timeout({ seconds: DECODE_SECONDS_MAX })
      .resize({ width: THUMBNAIL_WIDTH, withoutEnlargement: true }).grayscale().raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true })
    if (info.channels === 1) return { width: info.width, height: info.height, data }
    return { width: info.width, height: info.height, data: data.filter((_, at) => at % info.channels === 0) }
  } catch { return undefined }
}

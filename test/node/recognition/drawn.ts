/** Pictures that tests draw by arithmetic: small, and the same everywhere. */
import { createImage, type GrayImage } from '../../../node/recognition/image.ts'

export function checkerboard (width: number, height: number, side: number): GrayImage {
  const image = createImage(width, height)
  for (let at = 0; at < image.data.length; at++) image.data[at] = (Math.floor(at % width / side) + Math.floor(Math.floor(at / width) / side)) % 2 * 255
  return image
}

/** No two neighbours alike, and smooth. */
export function ramp (width: number, height: number): GrayImage {
  const image = createImage(width, height)
  for (let at = 0; at < image.data.length; at++) image.data[at] = Math.round(at % width / width * 150 + Math.floor(at / width) / height * 100)
  return image
}

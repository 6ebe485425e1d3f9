import { crc32, deflateSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import sharp from 'sharp'
import { PICTURE_BYTES_MAX, PIXELS_KEPT_MAX, decodePicture, drawOver, encodeJpeg, encodePng } from '../../../node/adapters/sharp-pictures.ts'
import { RecognitionError, type RecognitionErrorCode } from '../../../node/recognition/errors.ts'
import { checkerboard, ramp } from '../recognition/drawn.ts'

const x = suite('sharp-pictures')

async function refuses (bytes: Uint8Array, code: RecognitionErrorCode, what: string): Promise<void> {
  try {
    await decodePicture(bytes)
  } catch (error) {
    assert.instance(error, RecognitionError, what)
    assert.is((error as RecognitionError).code, code, what)
    return
  }
  assert.unreachable(`${what} was taken`)
}

const drawn = ramp(160, 90)
const rgb = sharp(drawn.data, { raw: { width: 160, height: 90, channels: 1 } }).toColourspace('srgb')
const files = { jpeg: await rgb.clone().jpeg({ quality: 95 }).toBuffer(), png: await rgb.clone().png().toBuffer(), webp: await rgb.clone().webp({ lossless: true }).toBuffer() }

x('JPEG, PNG and WebP become the same gray', async () => {
  for (const [kind, bytes] of Object.entries(files)) {
    const { image, width, height } = await decodePicture(bytes)
    assert.equal([image.width, image.height, width, height], [160, 90, 160, 90])
    const off = Math.max(...image.data.map((value, at) => Math.abs(value - drawn.data[at]!)))
    assert.ok(off <= (kind === 'jpeg' ? 6 : 0), `${kind} is off by ${off}`)
  }
})

x('gray is the luma of video, and what is transparent lies on white', async () => {
  const colour = async (r: number, g: number, b: number, alpha?: number): Promise<number> => {
    const channels = alpha === undefined ? 3 : 4
    const bytes = await sharp({ create: { width: 16, height: 16, channels, background: { r, g, b, ...(alpha === undefined ? {} : { alpha }) } } }).png().toBuffer()
    return (await decodePicture(bytes)).image.data[100]!
  }
  assert.equal([await colour(255, 0, 0), await colour(0, 255, 0), await colour(0, 0, 255), await colour(255, 255, 255)], [77, 149, 29, 255])
  assert.is(await colour(0, 0, 0, 0), 255)
})

x('a picture is turned as its metadata say, and its size is told after that', async () => {
  const turned = await rgb.clone().jpeg({ quality: 95 }).withMetadata({ orientation: 6 }).toBuffer()
  const { image, width, height } = await decodePicture(turned)
  assert.equal([width, height, image.width, image.height], [90, 160, 90, 160])
  // Orientation 6: the file's left edge is the picture's top.
  assert.ok(Math.abs(image.data[89]! - drawn.data[0]!) < 8)
  assert.ok(Math.abs(image.data[0]! - drawn.data[89 * 160]!) < 8)
})

x('sixteen bits, palettes, gray, progressive and four inks are read', async () => {
  const raw = sharp(drawn.data, { raw: { width: 160, height: 90, channels: 1 } })
  const many = {
    deep: await raw.clone().toColourspace('rgb16').png().toBuffer(), palette: await rgb.clone().png({ palette: true }).toBuffer(), gray: await raw.clone().toColourspace('b-w').png().toBuffer(),
    grayJpeg: await raw.clone().toColourspace('b-w').jpeg().toBuffer(), progressive: await rgb.clone().jpeg({ progressive: true }).toBuffer(), inks: await rgb.clone().toColourspace('cmyk').jpeg({ quality: 95 }).toBuffer()
  }
  assert.is((await sharp(many.inks).metadata()).space, 'cmyk')
  for (const [what, bytes] of Object.entries(many)) {
    const { image } = await decodePicture(bytes)
    const off = image.data.reduce((sum, value, at) => sum + Math.abs(value - drawn.data[at]!), 0) / image.data.length
    assert.ok(off < 20, `${what} is off by ${off}`)
  }
})

x('of an animated picture only the first page is seen; an animated GIF is none of ours', async () => {
  const pages = await Promise.all([40, 200].map(async gray => await sharp({ create: { width: 32, height: 32, channels: 3, background: { r: gray, g: gray, b: gray } } }).png().toBuffer()))
  const animated = sharp(pages, { join: { animated: true } })
  const webp = await animated.clone().webp({ lossless: true }).toBuffer()
  assert.is((await sharp(webp).metadata()).pages, 2)
  const { image } = await decodePicture(webp)
  assert.equal([image.width, image.height, image.data[0]], [32, 32, 40])
  await refuses(await animated.clone().gif().toBuffer(), 'picture-format', 'an animated GIF')
})

x('no bytes, too many bytes, and what is no picture', async () => {
  await refuses(new Uint8Array(0), 'picture-empty', 'nothing')
  await refuses(new Uint8Array(PICTURE_BYTES_MAX + 1), 'picture-too-large', 'a huge file')
  await refuses(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="100" height="100"/>'), 'picture-format', 'SVG')
  await refuses(Buffer.from('%PDF-1.4'), 'picture-format', 'PDF')
  await refuses(await rgb.clone().tiff().toBuffer(), 'picture-format', 'TIFF')
  await refuses(await sharp({ create: { width: 4, height: 4, channels: 3, background: 'white' } }).png().toBuffer(), 'picture-too-small', 'four pixels')
})

x('every cut of a file is refused or read, never fatal, and half a file is never read', async () => {
  for (const [kind, bytes] of Object.entries(files)) {
    await refuses(bytes.subarray(0, Math.floor(bytes.length / 2)), 'picture-broken', `half a ${kind}`)
    for (let length = 12; length < bytes.length; length += Math.ceil(bytes.length / 40)) await decodePicture(bytes.subarray(0, length)).catch((error: unknown) => assert.instance(error, RecognitionError))
  }
})

x('poisoned bytes anywhere in a file end in a picture or a code', async () => {
  for (const bytes of Object.values(files)) {
    for (let at = 12; at < bytes.length; at += Math.ceil(bytes.length / 60)) {
      const poisoned = Buffer.from(bytes)
      poisoned.fill(0xff, at, Math.min(at + 8, bytes.length))
      await decodePicture(poisoned).catch((error: unknown) => assert.instance(error, RecognitionError))
    }
  }
})

/** One bit a pixel, all black: 50 MB of nothing, packed. */
function bombOf (side: number): Buffer {
  const chunk = (name: string, data: Buffer): Buffer => {
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
    const named = Buffer.concat([Buffer.from(name, 'latin1'), data])
    length.writeUInt32BE(data.length)
    sum.writeUInt32BE(crc32(named))
    return Buffer.concat([length, named, sum])
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(side, 0)
  header.writeUInt32BE(side, 4)
  header[8] = 1
  const lines = deflateSync(Buffer.alloc(side * (1 + side / 8)), { level: 6 })
  return Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), chunk('IHDR', header), chunk('IDAT', lines), chunk('IEND', Buffer.alloc(0))])
}

x('a bomb of 20,000 by 20,000 pixels in a small file is refused before it is decoded', async () => {
  const bomb = bombOf(20_000)
  assert.ok(bomb.length < 100_000)
  assert.equal([(await decodePicture(bombOf(64))).image.width, (await decodePicture(bombOf(64))).image.data[0]], [64, 0])
  const before = process.memoryUsage.rss()
  await refuses(bomb, 'picture-too-large', 'a bomb')
  assert.ok(process.memoryUsage.rss() - before < 200 * 2 ** 20, 'it was decoded')
})

x('a picture larger than is kept is halved, and its true size told', async () => {
  const bytes = await sharp({ create: { width: 6000, height: 4000, channels: 3, background: 'gray' } }).jpeg({ quality: 50 }).toBuffer()
  const { image, width, height } = await decodePicture(bytes)
  assert.equal([width, height, image.width, image.height], [6000, 4000, 3000, 2000])
  assert.ok(image.width * image.height <= PIXELS_KEPT_MAX)
})

x('what is encoded is decoded again, and a drawing lies over its picture', async () => {
  const board = checkerboard(64, 32, 8)
  assert.equal((await decodePicture(await encodePng(board))).image, board)
  const jpeg = (await decodePicture(await encodeJpeg(board))).image
  assert.ok(Math.max(...jpeg.data.map((value, at) => Math.abs(value - board.data[at]!))) < 60)
  const over = await drawOver(board, '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="32"><rect width="64" height="32" fill="#f00"/></svg>')
  assert.is((await decodePicture(over)).image.data[0], 77)
})

x.run()

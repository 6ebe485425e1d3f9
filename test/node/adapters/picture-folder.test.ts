/** Pictures in a folder: each once, in order, whole, also across restarts. */
import { existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { PictureFolder, type FolderOptions } from '../../../node/adapters/picture-folder.ts'
import type { Frame } from '../../../node/recognition/sources.ts'
import { NotesTaken, fastClock, temporary } from './camera-bench.ts'

const x = suite('picture folder')
const START = 1_700_000_000
const jpeg = (n: number, bytes = 50): Buffer => Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0, n]), Buffer.alloc(bytes)])

function put (folder: string, name: string, bytes: Uint8Array | string, at = START): void {
  writeFileSync(join(folder, name), bytes)
  utimesSync(join(folder, name), at, at)
}
const numberOf = ({ picture }: Frame): number => (picture as Uint8Array)[4]!

/** Reads until there are so many, and a few rounds of the folder more. */
async function watch (folder: string, count: number, options: Partial<FolderOptions> = {}, meanwhile: (frame: Frame, n: number) => void = () => {}): Promise<{ numbers: number[], frames: Frame[], notes: NotesTaken }> {
  const ending = new AbortController()
  const notes = new NotesTaken()
  const frames: Frame[] = []
  const source = new PictureFolder({ folder, progressFile: join(folder, '..', 'progress', 'cam.read'), interval: 500, ...options }, fastClock)
  let idle = setTimeout(() => ending.abort(), 20_000)
  for await (const frame of source.frames(ending.signal, notes)) {
    frames.push(frame)
    meanwhile(frame, frames.length)
    if (frames.length < count) continue
    clearTimeout(idle)
    idle = setTimeout(() => ending.abort(), 100)
  }
  clearTimeout(idle)
  return { numbers: frames.map(numberOf), frames, notes }
}

function inFolder (run: (folder: string) => Promise<void>): () => Promise<void> {
  return async () => {
    using root = temporary()
    const folder = join(root.path, 'pictures')
    const { mkdirSync } = await import('node:fs')
    mkdirSync(folder)
    await run(folder)
  }
}

x('oldest first, then by name, dated by the file, and nothing but pictures', inFolder(async folder => {
  put(folder, 'b.jpg', jpeg(2), START + 2)
  put(folder, 'a.jpg', jpeg(3), START + 3)
  put(folder, 'd.JPEG', jpeg(1), START + 1)
  put(folder, 'c.jpg', jpeg(4), START + 3)
  put(folder, 'note.txt', 'x')
  put(folder, '.e.jpg', jpeg(9))
  put(folder, 'f.jpg.part', jpeg(9))
  const { numbers, frames } = await watch(folder, 4)
  assert.equal(numbers, [1, 2, 3, 4])
  assert.equal(frames.map(({ receivedAt }) => receivedAt), [1, 2, 3, 3].map(n => (START + n) * 1000))
}))

x('a restart reads none again; a file that is replaced is another one', inFolder(async folder => {
  put(folder, 'a.jpg', jpeg(1), START + 1)
  put(folder, 'b.jpg', jpeg(2), START + 2)
  assert.equal((await watch(folder, 2)).numbers, [1, 2])
  put(folder, 'a.jpg', jpeg(3), START + 3)
  assert.equal((await watch(folder, 1)).numbers, [3])
  assert.not.match(readFileSync(join(folder, '..', 'progress', 'cam.read'), 'utf8'), /jpg/)
}))

x('a loop that dies over a picture gets it again', inFolder(async folder => {
  put(folder, 'a.jpg', jpeg(1), START + 1)
  put(folder, 'b.jpg', jpeg(2), START + 2)
  const source = new PictureFolder({ folder, progressFile: join(folder, '..', 'progress', 'cam.read'), interval: 500 }, fastClock)
  for await (const frame of source.frames(new AbortController().signal, new NotesTaken())) if (numberOf(frame) === 2) break
  assert.equal((await watch(folder, 1)).numbers, [2])
}))

x('what is still being written waits until it rests', inFolder(async folder => {
  put(folder, 'a.jpg', jpeg(1), START + 1)
  let grown = 0
  const growing = setInterval(() => { if (grown < 8) put(folder, 'b.jpg', jpeg(2, 50 + ++grown * 100), START + 2 + grown) }, 8)
  const { frames } = await watch(folder, 2)
  clearInterval(growing)
  assert.is((frames[1]!.picture as Uint8Array).length, 5 + 50 + 800)
}))

x('pictures that come later are read as they come', inFolder(async folder => {
  put(folder, 'a.jpg', jpeg(1), START + 1)
  const { numbers } = await watch(folder, 3, {}, (_frame, n) => { if (n < 3) put(folder, `${n}.jpg`, jpeg(n + 1), START + 10 + n) })
  assert.equal(numbers, [1, 2, 3])
}))

x('each is taken away when that is wanted', inFolder(async folder => {
  put(folder, 'a.jpg', jpeg(1))
  await watch(folder, 1, { remove: true })
  assert.not.ok(existsSync(join(folder, 'a.jpg')))
}))

x('an empty file, and one that is no picture, cost themselves', inFolder(async folder => {
  put(folder, 'a.jpg', '', START)
  put(folder, 'b.jpg', 'no picture', START + 1)
  put(folder, 'c.jpg', jpeg(3), START + 2)
  const { numbers, notes } = await watch(folder, 1)
  assert.equal([numbers, notes.lost], [[3], 2])
  assert.equal(notes.said, ['empty', 'not-a-picture', 'ok'])
}))

x('a folder that is not there is a fault until it comes', inFolder(async folder => {
  const late = join(folder, 'late')
  const { mkdirSync } = await import('node:fs')
  setTimeout(() => { mkdirSync(late); put(late, 'a.jpg', jpeg(1)) }, 60)
  const { numbers, notes } = await watch(late, 1)
  assert.equal([numbers, notes.said], [[1], ['no-folder', 'ok']])
}))

x('a progress file that was cut off, or is rubbish, stops nothing', inFolder(async folder => {
  put(folder, 'a.jpg', jpeg(1), START + 1)
  await watch(folder, 1)
  const file = join(folder, '..', 'progress', 'cam.read')
  writeFileSync(file, readFileSync(file, 'utf8') + 'AAAA')
  put(folder, 'b.jpg', jpeg(2), START + 2)
  assert.equal((await watch(folder, 1)).numbers, [2])
  writeFileSync(file, Buffer.alloc(5000, 255))
  assert.equal((await watch(folder, 2)).numbers, [1, 2])
}))

x.run()

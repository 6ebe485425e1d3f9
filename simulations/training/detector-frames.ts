/**
 * Real frames for the detector's samples: a folder of pictures with index.csv (file, x, y, w, h in pixels, a row for each
 * plate). They bring what is hard to draw: real paint, real dirt, real lamps at dusk. Their labels are boxes, not corners,
 * which is why samples give them a small weight.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import type { Box } from '../../node/recognition/corners.ts'
import { layersOf, spriteOf, type Layers } from '../pictures/scene-paste.ts'
import type { Random } from '../random.ts'

/** `boxes` are where the plates are, in pixels of the frame; `layers` has an empty edge of one pixel about it. */
export interface Frame { readonly width: number, readonly height: number, readonly layers: Layers, readonly boxes: readonly Box[] }

/** Only this video of the set is for training; the others judge the result. */
const TRAINING_FRAMES = /^dayride_type1_001/
/** The boxes of the set are drawn wide: this much of their width and height lies on each side of the plate. */
const BOX_MARGIN = [0.04, 0.105] as const

/** Up to `count` frames, drawn by chance. */
export async function readFrames (folder: string, random: Random, count: number): Promise<Frame[]> {
  const frames: Frame[] = []
  for (const [file, boxes] of random.shuffle([...boxesByFile(readFileSync(join(folder, 'index.csv'), 'utf8'))]).slice(0, count)) {
    const { data, info: { width, height } } = await sharp(join(folder, file)).grayscale().raw().toBuffer({ resolveWithObject: true })
    frames.push({ width, height, layers: layersOf(spriteOf({ width, height, data })), boxes })
  }
  return frames
}

/** The boxes that an index.csv names for each training frame, drawn in to the plates' own edges. */
export function boxesByFile (index: string): Map<string, Box[]> {
  const byFile = new Map<string, Box[]>()
  for (const row of index.trim().split('\n').slice(1)) {
    const [file, ...numbers] = row.split(',')
    const [x, y, width, height] = numbers.slice(0, 4).map(Number)
    if (file === undefined || !TRAINING_FRAMES.test(file)) continue
    const [across, down] = [width! * BOX_MARGIN[0], height! * BOX_MARGIN[1]]
    byFile.set(file, [...byFile.get(file) ?? [], [x! + across, y! + down, x! + width! - across, y! + height! - down]])
  }
  return byFile
}

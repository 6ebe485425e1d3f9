/**
 * The `cameras` of `tiltas.yaml`: pictures that this node fetches and reads by itself. Fails closed: an address holds no
 * password and no scheme but those listed, and a region or mask lies inside the picture.
 */
import { resolve } from 'node:path'
import { z } from 'zod'
import { PLACE, agency, named, object, path, regime, text } from './config-forms.ts'
import type { Path } from './config-file.ts'

const perMille = z.int('is a whole number from 0 to 1000').min(0, 'is a whole number from 0 to 1000').max(1000, 'is a whole number from 0 to 1000')
const polygon = z.array(z.tuple([perMille, perMille], 'is a point: [across, down] in per mille of the picture')).min(3, 'needs at least three points').max(64, 'has more than 64 points')
/** Also the name of its progress file. */
const cameraId = named<string>(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'cam-7 (1 to 64 letters, digits, . _ or -)')

const source = object({
  /** Address of a stream, or a video file. */
  video: text(1024).optional(),
  /** Address that answers with one picture. */
  snapshot: text(1024).optional(),
  /** Where pictures arrive. */
  folder: path.optional(),
  /** One line: user:password. */
  credentialsFile: path.optional(),
  everySeconds: z.number().min(0.2).max(3600).optional(),
  remove: z.boolean().optional()
})

export const cameraSchema = object({
  id: cameraId,
  controller: agency,
  processor: text(120).optional(),
  regime,
  ...PLACE,
  source,
  framesPerSecond: z.number().min(0.2, 'is 0.2 to 30').max(30, 'is 0.2 to 30').default(5),
  region: polygon.optional(),
  masks: z.array(polygon).max(32, 'has more than 32 masks').default([]),
  singleShot: z.boolean().default(false),
  evidence: object({ keepMinutes: z.int().min(0).max(7 * 24 * 60).default(60) }).default({ keepMinutes: 60 })
}).transform(({ nuts3, municipality, road, ...rest }) => ({ ...rest, place: { nuts3, municipality, road } }))
export type CameraConfig = z.output<typeof cameraSchema>

export const evidenceSchema = object({
  /** Of sealed footage, together. */
  diskMiB: z.int().min(16).max(16 * 1024 * 1024).default(4096),
  /** The longest time that a match keeps its frames. */
  pinDays: z.int().min(1).max(366).default(30)
})

type Wrong = (path: Path, why: string, code?: 'wrong-value' | 'unsafe') => void
const VIDEO_SCHEMES = ['rtsp:', 'rtsps:', 'http:', 'https:']
const isAddress = (text: string): boolean => /^[a-z][a-z0-9+.-]*:\/\//i.test(text)

export function findCameraContradictions (cameras: readonly CameraConfig[], wrong: Wrong): void {
  cameras.forEach(({ source }, i) => {
    const at = ['cameras', i, 'source']
    const kinds = (['video', 'snapshot', 'folder'] as const).filter(kind => source[kind] !== undefined)
    if (kinds.length !== 1) return wrong(at, 'needs exactly one of `video`, `snapshot` and `folder`')
    if (source.video !== undefined && isAddress(source.video)) checkAddress(source.video, VIDEO_SCHEMES, [...at, 'video'], wrong)
    if (source.snapshot !== undefined) checkAddress(source.snapshot, ['http:', 'https:'], [...at, 'snapshot'], wrong)
    if (source.everySeconds !== undefined && kinds[0] !== 'snapshot') wrong([...at, 'everySeconds'], 'goes with `snapshot` only')
    if (source.remove !== undefined && kinds[0] !== 'folder') wrong([...at, 'remove'], 'goes with `folder` only')
    if (source.credentialsFile !== undefined && (kinds[0] === 'folder' || (source.video !== undefined && !isAddress(source.video)))) wrong([...at, 'credentialsFile'], 'a file or folder needs no password')
  })
}

function checkAddress (address: string, schemes: readonly string[], at: Path, wrong: Wrong): void {
  const url = URL.parse(address)
  if (url === null || url.hostname === '') return wrong(at, `is an address like ${schemes[0]}//192.0.2.9/stream`)
  if (!schemes.includes(url.protocol)) return wrong(at, `begins with ${schemes.map(scheme => `${scheme}//`).join(', ')}`, 'unsafe')
  if (url.username !== '' || url.password !== '') wrong(at, 'holds a user or password: put them into `credentialsFile`', 'unsafe')
}

/** Every path absolute. */
export function resolveCamera (camera: CameraConfig, at: (path: string) => string): CameraConfig {
  const { video, folder, credentialsFile } = camera.source
  return {
    ...camera,
    source: {
      ...camera.source,
      ...(video !== undefined && !isAddress(video) && { video: resolve(at(video)) }), ...(folder !== undefined && { folder: at(folder) }),
      ...(credentialsFile !== undefined && { credentialsFile: at(credentialsFile) })
    }
  }
}

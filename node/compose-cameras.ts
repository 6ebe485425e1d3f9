/**
 * Recognition of a node that has cameras or takes pictures: chooses the source of each camera, and joins recogniser,
 * footage and intake. Loaded only where it is needed, since it brings the models' runtime and a picture library with it.
 */
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { DAY, MINUTE, SECOND, type Duration } from '../protocol/instant.ts'
import { FfmpegFrames, ffmpegVersion } from './adapters/ffmpeg-frames.ts'
import { HttpSnapshots } from './adapters/http-snapshots.ts'
import { PictureFolder } from './adapters/picture-folder.ts'
import { openBlobFiles } from './adapters/blob-files.ts'
import { encodeJpeg } from './adapters/sharp-pictures.ts'
import { thumbnailOf } from './adapters/sharp-thumbnails.ts'
import type { CameraConfig } from './camera-config.ts'
import { pathsOf, type NodeConfig } from './config.ts'
import type { Intake } from './ingest/intake.ts'
import type { UploadOptions } from './ingest/upload.ts'
import { watchCamera, type CameraTerms } from './recognition/camera.ts'
import { CameraWatch, type CameraHealth } from './recognition/camera-health.ts'
import { EvidenceRing } from './recognition/evidence-ring.ts'
import { createPool } from './recognition/pool.ts'
import type { FrameSource } from './recognition/sources.ts'
import { uploadReader } from './recognition/uploads.ts'
import type { Clock, Entropy, RecordKeys, Store } from './runtime/ports.ts'

const MEBIBYTE = 1024 * 1024

/** Its rows and keys lie with those of reads, and go the same way. */
export async function openFootage (config: NodeConfig, store: Store, recordKeys: RecordKeys, entropy: Entropy): Promise<EvidenceRing> {
  const blobs = await openBlobFiles(pathsOf(config.data).evidence)
  return EvidenceRing.open({ store, recordKeys, blobs, entropy, bytesMax: config.evidence.diskMiB * MEBIBYTE, pinFor: config.evidence.pinDays * DAY })
}

export interface RecognitionParts {
  readonly config: NodeConfig
  readonly ring: EvidenceRing
  readonly intake: Pick<Intake, 'accept' | 'correct'>
  readonly idKey: string
  readonly clock: Clock
  readonly entropy: Entropy
  readonly log: Logger
  failed (error: unknown): void
}
export interface Recognition {
  cameras (): CameraHealth[]
  readonly lookAtUpload: UploadOptions['look']
  stop (): Promise<void>
}

/** Watches every camera of the config until it is stopped. */
export async function startRecognition (parts: RecognitionParts): Promise<Recognition> {
  const { config, clock, log } = parts
  const recogniser = createPool()
  const ending = new AbortController()
  const keeper = { ring: parts.ring, intake: parts.intake, idKey: parts.idKey }
  if (config.cameras.some(({ source }) => source.video !== undefined) && await ffmpegVersion() === undefined) log.error('ffmpeg is not installed: cameras with `video` cannot be watched')
  const watches = config.cameras.map(camera => new CameraWatch({
    camera: camera.id, siteRef: camera.siteRef, frameInterval: frameIntervalOf(camera), changed: fault => log.warn({ camera: camera.id, fault: fault ?? 'none' }, 'camera')
  }, clock.now))
  const loops = config.cameras.map((camera, i) => watchCamera(termsOf(camera), {
    ...keeper, recogniser, clock, source: sourceOf(camera, parts), watch: watches[i]!, encode: image => encodeJpeg(image), thumbnail: thumbnailOf
  }, ending.signal).catch(error => parts.failed(error)))
  return {
    cameras: () => watches.map(watch => watch.health()),
    lookAtUpload: uploadReader(recogniser, keeper),
    async stop () {
      ending.abort()
      await recogniser[Symbol.asyncDispose]()
      await Promise.all(loops)
      await parts.ring.idle()
    }
  }
}

const termsOf = ({ id, siteRef, siteGroup, place, direction, controller, regime, region, masks, singleShot, source, evidence }: CameraConfig): CameraTerms => ({
  id, siteRef, siteGroup, place, direction, controller, regime, keepFor: evidence.keepMinutes * MINUTE,
  regions: region === undefined ? [] : [region], masks, singleShot, lookAlways: source.folder !== undefined
})

const snapshotInterval = ({ source, framesPerSecond }: CameraConfig): Duration => (source.everySeconds ?? Math.max(1, 1 / framesPerSecond)) * SECOND

const frameIntervalOf = (camera: CameraConfig): Duration | undefined => {
  if (camera.source.folder !== undefined) return undefined
  return camera.source.snapshot === undefined ? SECOND / camera.framesPerSecond : snapshotInterval(camera)
}

function sourceOf (camera: CameraConfig, { config, clock, entropy }: RecognitionParts): FrameSource {
  const { video, snapshot, folder, remove, credentialsFile } = camera.source
  const credentials = credentialsFile === undefined ? {} : { credentials: () => readFileSync(credentialsFile, 'utf8').split('\n')[0]!.trim() }
  if (video !== undefined) return new FfmpegFrames({ input: video, fps: camera.framesPerSecond, ...credentials }, clock, entropy)
  if (snapshot !== undefined) return new HttpSnapshots({ url: snapshot, interval: snapshotInterval(camera), ...credentials }, clock, entropy)
  const progress = pathsOf(config.data).cameras
  mkdirSync(progress, { recursive: true, mode: 0o700 })
  return new PictureFolder({ folder: folder!, progressFile: join(progress, `${camera.id}.read`), ...(remove !== undefined && { remove }) }, clock)
}

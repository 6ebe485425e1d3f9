/** Pictures that a source delivers by itself: each is looked at once, closely, and what is read goes the way of every read. */
import { digestOf } from '../../protocol/bytes.ts'
import { nationOf } from '../../protocol/identifiers.ts'
import { HOUR, type Duration } from '../../protocol/instant.ts'
import { eventTimeOf, parseDeviceTime } from '../ingest/device-time.ts'
import type { Read } from '../ingest/read.ts'
import type { UploadedLook, UploadedPicture } from '../ingest/upload.ts'
import { makeRead, type CameraIdentity, type ReadKeeper } from './camera-reads.ts'
import { isRecognitionErrorCode, type RecognitionErrorCode } from './errors.ts'
import type { Look, Recogniser } from './look.ts'
import { pictureTypeOf } from './sources.ts'

/** How long a delivered picture is kept when nothing comes of it. */
const UPLOAD_KEPT: Duration = HOUR
/** Not the picture's fault: the sender is to come back. */
const OURS: readonly RecognitionErrorCode[] = ['recogniser-failed', 'recogniser-stopped', 'frame-dropped', 'model-missing', 'model-changed', 'model-broken']

export function uploadReader (recogniser: Recogniser, keeper: ReadKeeper): (picture: UploadedPicture) => Promise<UploadedLook | 'not-a-picture' | 'busy'> {
  return async picture => {
    const look = await lookAt(recogniser, picture)
    if (typeof look === 'string') return look
    const found = await Promise.all(look.plates.map(plate => readFrom(picture, plate, keeper)))
    const reads = found.filter(read => read !== undefined)
    if (reads.length > 0) await keeper.intake.accept(reads)
    return { reads, rejected: { ...look.rejected, format: look.rejected.format + found.length - reads.length } }
  }
}

async function lookAt (recogniser: Recogniser, { source, camera, bytes }: UploadedPicture): Promise<Look | 'not-a-picture' | 'busy'> {
  try {
    return await recogniser.look(bytes, { camera: `${source.id}/${camera.id}`, home: nationOf(source.controller), still: true })
  } catch (error) {
    const { code } = error as { code?: unknown }
    return !isRecognitionErrorCode(code) || OURS.includes(code) ? 'busy' : 'not-a-picture'
  }
}

function readFrom ({ source, camera, bytes, receivedAt, deviceTime }: UploadedPicture, plate: Look['plates'][number], keeper: ReadKeeper): Promise<Read | undefined> {
  const identity: CameraIdentity = { ...camera, controller: source.controller, regime: source.regime, keepFor: UPLOAD_KEPT }
  const mediaType = pictureTypeOf(bytes)
  const deviceAt = parseDeviceTime(deviceTime)
  const frames = mediaType === undefined ? [] : [{ at: eventTimeOf(deviceTime, receivedAt).observedAt, bytes, mediaType }]
  return makeRead(identity, { ...plate, origin: `${source.id} ${digestOf(bytes)}`, frames, seenAt: receivedAt, ...(deviceAt !== undefined && { deviceAt }) }, keeper)
}

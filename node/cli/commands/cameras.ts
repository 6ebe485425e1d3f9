/** `tiltas cameras`: whether each camera works, sees clearly and keeps the time. Counts only; nothing that it saw. */
import type { CameraStatus, NodeStatus } from '../../console/service.ts'
import { SOURCE_FAULTS, type SourceFault } from '../../recognition/sources.ts'
import { SECOND } from '../../../protocol/instant.ts'
import { EXIT, defineCommand, type Context } from '../command.ts'
import { printAge, printSpan, printTable, safe } from '../print.ts'

/** Beyond it reads are dated by arrival (node/ingest/device-time.ts); half of it is worth a word. */
const CLOCK_OFFSET_NOTED = 60 * SECOND

export const cameras = defineCommand({
  name: 'cameras',
  summary: 'how each camera is: state, frames, reads, what was rejected, clock, sharpness',
  notes: ['Exit code 1 when one of them does not work.'],
  async run (context) {
    const { cameras = [] } = await context.client().get<NodeStatus>('/v1/status', undefined)
    context.answer(cameras, () => cameras.length === 0 ? 'This node watches no cameras: name them under `cameras` in the config.' : printCameras(cameras, context))
    return cameras.every(isWell) ? EXIT.ok : EXIT.failed
  }
})

export const isWell = ({ state }: CameraStatus): boolean => state === 'working' || state === 'starting'

function printCameras (cameras: readonly CameraStatus[], context: Context): string[] {
  const now = context.io.now()
  const rows = cameras.map(camera => [
    camera.camera, camera.state, camera.lastFrameAt === undefined ? 'never' : printAge(camera.lastFrameAt, now), camera.frames, camera.looks, camera.reads, camera.corrected, camera.dropped, viewOf(camera), clockOf(camera)
  ])
  return [printTable(['camera', 'state', 'last frame', 'frames', 'looks', 'reads', 'corrected', 'dropped', 'view', 'clock'], rows), ...cameras.flatMap(camera => notesOf(camera, context))]
}

function viewOf ({ sharpness, brightness, isNight, isBlurred }: CameraStatus): string {
  if (sharpness === undefined || brightness === undefined) return 'unknown'
  return `${isBlurred === true ? 'BLURRED' : isNight === true ? 'night' : 'clear'} (${sharpness}, ${brightness})`
}

function clockOf ({ clockOffsetMs }: CameraStatus): string {
  if (clockOffsetMs === undefined) return 'ours'
  return Math.abs(clockOffsetMs) < 2 * SECOND ? 'right' : `${printSpan(clockOffsetMs)} ${clockOffsetMs < 0 ? 'behind' : 'ahead'}`
}

function notesOf (camera: CameraStatus, { paint }: Context): string[] {
  const { fault, rejected, clockOffsetMs, isBlurred, state } = camera
  const reasons = Object.entries(rejected).filter(([, count]) => count > 0)
  return [
    ...(fault === undefined ? [] : [paint('red', safe`${camera.camera}: ${SOURCE_FAULTS[fault as SourceFault] ?? fault} (${fault})`)]),
    ...(state === 'silent' ? [paint('red', safe`${camera.camera}: no frame comes, and nothing says why`)] : []),
    ...(isBlurred === true ? [paint('yellow', safe`${camera.camera}: it sees no edges; clean or focus it`)] : []),
    ...(clockOffsetMs !== undefined && Math.abs(clockOffsetMs) >= CLOCK_OFFSET_NOTED ? [paint('yellow', safe`${camera.camera}: its clock is wrong; let it take the time from a server`)] : []),
    ...(reasons.length === 0 ? [] : [safe`${camera.camera}: not read ${reasons.map(([reason, count]) => `${reason} ${count}`).join(', ')}`])
  ]
}

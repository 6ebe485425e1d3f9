/** What `tiltas doctor` looks at where a node watches cameras: ffmpeg, passwords, and how each camera is while the node runs. */
import { existsSync } from 'node:fs'
import { SECOND } from '../../protocol/instant.ts'
import type { CameraConfig } from '../camera-config.ts'
import type { CameraStatus } from '../console/service.ts'
import { SOURCE_FAULTS, type SourceFault } from '../recognition/sources.ts'
import type { Check, Patient } from './checks.ts'
import { isPrivateFile } from './files.ts'
import { printSpan } from './print.ts'

const CLOCK_OFFSET_NOTED = 60 * SECOND

export async function checkCameras ({ config, running }: Patient): Promise<Check[]> {
  if (config.cameras.length === 0) return []
  const seen = (running?.cameras ?? []).flatMap(checkHealth)
  return [...await checkFfmpeg(config.cameras), ...config.cameras.flatMap(checkCredentials), ...seen]
}

async function checkFfmpeg (cameras: readonly CameraConfig[]): Promise<Check[]> {
  if (cameras.every(({ source }) => source.video === undefined)) return []
  const { ffmpegVersion } = await import('../adapters/ffmpeg-frames.ts')
  const version = await ffmpegVersion()
  return [version === undefined
    ? { name: 'cameras', verdict: 'fail', text: 'ffmpeg is not installed, so cameras with `video` see nothing', todo: 'Install it (`apt install ffmpeg`), or use `snapshot` or `folder`.' }
    : { name: 'cameras', verdict: 'ok', text: `ffmpeg ${version}` }]
}

function checkCredentials ({ id, source: { credentialsFile } }: CameraConfig): Check[] {
  if (credentialsFile === undefined) return []
  if (!existsSync(credentialsFile)) return [{ name: 'cameras', verdict: 'fail', text: `${id}: its credentialsFile does not exist`, todo: 'Write user:password into it, one line.' }]
  return isPrivateFile(credentialsFile) ? [] : [{ name: 'cameras', verdict: 'fail', text: `${id}: others can read its credentialsFile`, todo: 'Run `chmod 600` on it.' }]
}

function checkHealth ({ camera, state, fault, isBlurred, clockOffsetMs }: CameraStatus): Check[] {
  const checks: Check[] = []
  const warn = (text: string, todo: string): void => { checks.push({ name: 'cameras', verdict: 'warn', text: `${camera}: ${text}`, todo }) }
  if (state === 'troubled') checks.push({ name: 'cameras', verdict: 'fail', text: `${camera}: ${SOURCE_FAULTS[fault as SourceFault] ?? fault}`, todo: 'Look at the camera, its address and its cable; see `tiltas cameras`.' })
  if (state === 'silent') checks.push({ name: 'cameras', verdict: 'fail', text: `${camera}: no frame comes`, todo: 'Look at the camera and the line to it.' })
  if (isBlurred === true) warn('it sees no edges', 'Clean or focus it.')
  if (clockOffsetMs !== undefined && Math.abs(clockOffsetMs) >= CLOCK_OFFSET_NOTED) warn(`its clock is off by ${printSpan(clockOffsetMs)}`, 'Let it take the time from a server.')
  return checks.length > 0 ? checks : [{ name: 'cameras', verdict: 'ok', text: `${camera}: ${state}` }]
}

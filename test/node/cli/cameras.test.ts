/** What an operator is shown of cameras, and what the doctor says of them. */
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { CameraConfig } from '../../../node/camera-config.ts'
import { checkCameras } from '../../../node/cli/camera-checks.ts'
import type { Patient } from '../../../node/cli/checks.ts'
import type { Context } from '../../../node/cli/command.ts'
import { cameras } from '../../../node/cli/commands/cameras.ts'
import type { CameraStatus } from '../../../node/console/service.ts'
import { temporaryFolder } from '../console/service-double.ts'

const x = suite('cameras on the command line')
const NOW = 1_800_000_000_000
const status = (changes: Partial<CameraStatus> = {}): CameraStatus => ({
  camera: 'cam-1', siteRef: 's1', state: 'working', since: NOW - 1000, frames: 500, still: 400, looks: 100, reads: 7, corrected: 1, rejected: { 'not-a-plate': 4, 'too-small': 0 }, dropped: 2,
  lastFrameAt: NOW - 1000, sharpness: 300, brightness: 120, isNight: false, isBlurred: false, ...changes
})

async function shown (list: readonly CameraStatus[] | undefined): Promise<{ exit: number, out: string, facts: unknown }> {
  let out = ''; let facts: unknown
  const context = {
    io: { now: () => NOW }, paint: (_style: string, text: string) => text, client: () => ({ get: async () => ({ cameras: list }) }),
    answer: (value: unknown, lines: () => string | string[]) => { facts = value; out = [lines()].flat().join('\n') }
  } as unknown as Context
  return { exit: await cameras.run(context), out, facts }
}

x('each camera has its line, and what was not read is counted by its reason', async () => {
  const { exit, out, facts } = await shown([status(), status({ camera: 'cam-2', clockOffsetMs: -90_000, isNight: true })])
  assert.is(exit, 0)
  assert.match(out, /cam-1 +working +1 s ago +500 +100 +7 +1 +2 +clear \(300, 120\) +ours/)
  assert.match(out, /cam-2 .* night .* 90 s behind/)
  assert.match(out, 'cam-1: not read not-a-plate 4')
  assert.match(out, 'cam-2: its clock is wrong')
  assert.is((facts as unknown[]).length, 2)
})

x('what does not work is said with its fault, and is the exit code', async () => {
  const troubled = await shown([status({ state: 'troubled', fault: 'no-ffmpeg' }), status({ camera: 'cam-2', state: 'silent', isBlurred: true })])
  assert.is(troubled.exit, 1)
  assert.match(troubled.out, 'cam-1: ffmpeg is not installed')
  assert.match(troubled.out, 'cam-2: no frame comes')
  assert.match(troubled.out, 'cam-2: it sees no edges')
  const none = await shown(undefined)
  assert.equal([none.exit, none.facts], [0, []])
  assert.match(none.out, 'watches no cameras')
  const fresh = await shown([status({ state: 'starting', lastFrameAt: undefined as never, sharpness: undefined as never })])
  assert.equal([fresh.exit, /never/.test(fresh.out), /unknown/.test(fresh.out)], [0, true, true])
})

x('the doctor looks at passwords and at each camera', async () => {
  using folder = temporaryFolder()
  const file = join(folder.path, 'password')
  const patientOf = (source: object, list?: readonly CameraStatus[]): Patient =>
    ({ config: { cameras: [{ id: 'cam-1', source } as CameraConfig] }, running: list && { cameras: list } } as unknown as Patient)
  const verdicts = async (patient: Patient): Promise<string[]> => (await checkCameras(patient)).map(({ verdict, text }) => `${verdict}: ${text}`)
  assert.equal(await checkCameras({ config: { cameras: [] } } as unknown as Patient), [])
  assert.equal(await verdicts(patientOf({ snapshot: 'http://h/', credentialsFile: file })), ['fail: cam-1: its credentialsFile does not exist'])
  writeFileSync(file, 'u:p', { mode: 0o644 })
  assert.equal(await verdicts(patientOf({ snapshot: 'http://h/', credentialsFile: file })), ['fail: cam-1: others can read its credentialsFile'])
  chmodSync(file, 0o600)
  assert.equal(await verdicts(patientOf({ snapshot: 'http://h/', credentialsFile: file }, [status()])), ['ok: cam-1: working'])
  assert.equal(await verdicts(patientOf({ folder: 'in' }, [status({ state: 'troubled', fault: 'frozen' })])), ['fail: cam-1: the camera has been sending the same picture for an hour'])
  assert.equal(await verdicts(patientOf({ folder: 'in' }, [status({ isBlurred: true, clockOffsetMs: 61_000 })])), ['warn: cam-1: it sees no edges', 'warn: cam-1: its clock is off by 61 s'])
  const [ffmpeg] = await verdicts(patientOf({ video: 'rtsp://h/s' }))
  assert.match(ffmpeg!, /ffmpeg/)
})

x.run()

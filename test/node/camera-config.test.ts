import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ConfigError, loadConfig, type NodeConfig } from '../../node/config.ts'
import { temporaryFolder } from './console/service-double.ts'

const x = suite('cameras of the config')
const HEAD = 'node: lv/site-a\nrole: site\ndata: data\ntrust: trust\nkeyRing: { file: ring, passphraseEnv: P }\n'
const CAMERA = { id: 'cam-1', controller: 'lv:ludza', regime: 'LED', siteRef: 's1', siteGroup: 'border' }

function load (text: string): NodeConfig {
  using folder = temporaryFolder()
  const file = join(folder.path, 'tiltas.yaml')
  writeFileSync(file, text)
  return loadConfig(file)
}
const withCamera = (changes: object): string => `${HEAD}cameras:\n  - ${JSON.stringify({ ...CAMERA, source: { video: 'rtsp://192.0.2.9/s' }, ...changes })}\n`
function refusalOf (text: string): { code: string, line: number, message: string } {
  try { load(text) } catch (error) {
    assert.instance(error, ConfigError)
    return (error as ConfigError).problems[0]!
  }
  throw new Error('it was accepted')
}

x('a camera has everything that its reads will say, and defaults for the rest', () => {
  const [camera] = load(`${HEAD}cameras:
  - id: cam-7
    controller: lv:ludza
    regime: LED
    siteRef: kr-7
    siteGroup: border
    nuts3: LV005
    municipality: LV-058
    road: 'LV:A13'
    direction: inbound
    source: { video: 'rtsps://192.0.2.9:554/stream?x=1', credentialsFile: cameras/cam-7 }
    framesPerSecond: 8
    region: [[0, 300], [1000, 300], [1000, 1000], [0, 1000]]
    masks: [[[0, 0], [300, 0], [300, 60]]]
    evidence: { keepMinutes: 10 }
`).cameras
  assert.equal(camera!.place, { nuts3: 'LV005', municipality: 'LV-058', road: 'LV:A13' })
  assert.match(camera!.source.credentialsFile!, /^\/.*\/cameras\/cam-7$/)
  assert.equal([camera!.framesPerSecond, camera!.singleShot, camera!.evidence.keepMinutes, camera!.region?.length, camera!.masks.length], [8, false, 10, 4, 1])
  const [plain] = load(withCamera({})).cameras
  assert.equal([plain!.framesPerSecond, plain!.evidence.keepMinutes, plain!.masks, plain!.direction], [5, 60, [], 'unknown'])
  assert.equal(load(HEAD).evidence, { diskMiB: 4096, pinDays: 30 })
})

x('files and folders are found from the place of the config', () => {
  const [file] = load(withCamera({ source: { video: 'films/a.mp4' } })).cameras
  assert.match(file!.source.video!, /^\/.*\/films\/a\.mp4$/)
  const [folder] = load(withCamera({ source: { folder: 'in', remove: true } })).cameras
  assert.match(folder!.source.folder!, /^\/.*\/in$/)
})

const WRONG: readonly (readonly [what: string, changes: object, code: string, says: RegExp])[] = [
  ['no source', { source: {} }, 'wrong-value', /exactly one of/],
  ['two sources', { source: { video: 'rtsp://h/s', folder: 'in' } }, 'wrong-value', /exactly one of/],
  ['a password in the address', { source: { video: 'rtsp://admin:secret@192.0.2.9/s' } }, 'unsafe', /credentialsFile/],
  ['a scheme that reads files', { source: { video: 'concat://a' } }, 'unsafe', /begins with rtsp/],
  ['a file address', { source: { video: 'file:///etc/passwd' } }, 'wrong-value', /is an address like/],
  ['a snapshot by ftp', { source: { snapshot: 'ftp://192.0.2.9/a.jpg' } }, 'unsafe', /begins with http/],
  ['a snapshot from nowhere', { source: { snapshot: 'snap.jpg' } }, 'wrong-value', /is an address like/],
  ['a password for a folder', { source: { folder: 'in', credentialsFile: 'x' } }, 'wrong-value', /needs no password/],
  ['a pace for a video', { source: { video: 'rtsp://h/s', everySeconds: 2 } }, 'wrong-value', /goes with `snapshot`/],
  ['removal of a video', { source: { video: 'rtsp://h/s', remove: true } }, 'wrong-value', /goes with `folder`/],
  ['a region of two points', { region: [[0, 0], [1, 1]] }, 'wrong-value', /at least three points/],
  ['a point outside the picture', { region: [[0, 0], [1, 1], [1001, 5]] }, 'wrong-value', /0 to 1000/],
  ['a thousand frames a second', { framesPerSecond: 1000 }, 'wrong-value', /0\.2 to 30/],
  ['a camera of another nation', { controller: 'lt:utena-police' }, 'wrong-value', /another nation/],
  ['a name with a way out', { id: '../../etc' }, 'wrong-value', /is written like/],
  ['an unknown key', { fps: 5 }, 'unknown-key', /fps/]
]
for (const [what, changes, code, says] of WRONG) {
  x(`${what} is refused at its line, and no password is repeated`, () => {
    const problem = refusalOf(withCamera(changes))
    assert.is(problem.code, code)
    assert.match(problem.message, says)
    assert.is(problem.line, 7)
    assert.not.match(problem.message, 'secret')
  })
}

x('two cameras of one name are one too many', () => {
  const camera = `  - ${JSON.stringify({ ...CAMERA, source: { folder: 'in' } })}\n`
  assert.match(refusalOf(`${HEAD}cameras:\n${camera}${camera}`).message, /named twice/)
})

x.run()

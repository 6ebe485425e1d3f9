import { spawnSync } from 'node:child_process'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { decodePicture, encodeJpeg, encodePng } from '../../../node/adapters/sharp-pictures.ts'
import { main } from '../../../node/cli/main.ts'
import { drawLook } from '../../../node/cli/commands/read-drawing.ts'
import { createImage, type GrayImage } from '../../../node/recognition/image.ts'
import type { Look } from '../../../node/recognition/look.ts'
import { streetCamera } from '../../../simulations/pictures/street-camera.ts'

const x = suite('tiltas read')
const folder = mkdtempSync(join(tmpdir(), 'tiltas-read-'))
const path = (name: string): string => join(folder, name)
x.after(() => rmSync(folder, { recursive: true, force: true }))

interface Outcome { readonly exit: number, readonly out: string, readonly err: string }
async function run (...words: string[]): Promise<Outcome> {
  let [out, err] = ['', '']
  const exit = await main(['read', ...words], {
    out: text => { out += text }, err: text => { err += text }, isTerminal: false, env: {}, readInput: async () => '', stopped: new AbortController().signal, now: Date.now
  })
  return { exit, out, err }
}

const camera = await streetCamera('read')
const { at, until } = await camera.admit({ country: 'LV', text: 'AB-1234', facing: 'front', at: 0 })
const frameAt = (ms: number): GrayImage => camera.frameAt(ms).picture
/** The plate is large, and whole. */
const near = frameAt(at + (until - at) * 0.7)
writeFileSync(path('near.jpg'), await encodeJpeg(near))
writeFileSync(path('empty.png'), await encodePng(createImage(320, 240)))

x('a picture\'s plate is told with its country and certainty', async () => {
  const { exit, out } = await run(path('near.jpg'))
  assert.is(exit, 0)
  assert.match(out, /picture +no +country +plate +sure +height +lines +doubtful\n.*near\.jpg +1 .*AB1234 .* %/)
})

x('--json tells the same facts', async () => {
  const { exit, out } = await run(path('near.jpg'), '--json', '--home', 'lv')
  assert.is(exit, 0)
  const { source, look } = JSON.parse(out) as { source: string, look: Look }
  assert.is(source, path('near.jpg'))
  assert.equal([look.width, look.height], [near.width, near.height])
  assert.equal(look.plates.map(({ text }) => text), ['AB1234'])
  assert.ok(look.plates[0]!.corners.every(Number.isFinite) && look.plates[0]!.confidence > 500)
})

x('--show draws the picture with its plates outlined, readable by its owner alone', async () => {
  const { exit } = await run(path('near.jpg'), '--show', path('drawn.png'))
  assert.is(exit, 0)
  const { image } = await decodePicture(readFileSync(path('drawn.png')))
  assert.equal([image.width, image.height], [near.width, near.height])
  const changed = image.data.filter((value, at) => Math.abs(value - near.data[at]!) > 40).length
  assert.ok(changed > 100 && changed < image.data.length / 4, `${changed} pixels changed`)
  assert.is(statSync(path('drawn.png')).mode & 0o077, 0)
})

x('a drawing holds no text', () => {
  const svg = drawLook({ width: 100, height: 50, plates: [{ corners: [10, 10, 60, 10, 60, 20, 10, 20], text: 'AB1234' } as unknown as Look['plates'][number]] })
  assert.ok(svg.includes('<polygon') && svg.includes('<path'))
  assert.not.match(svg, /AB1234|<text/)
})

x('nothing found is said so, and is no error', async () => {
  const { exit, out } = await run(path('empty.png'))
  assert.equal([exit, out.includes('no plate found')], [0, true])
})

x('of a folder every picture is looked at, by name; one bad picture costs itself and the exit code', async () => {
  mkdirSync(path('many'))
  for (const name of ['b.jpg', 'a.jpg']) writeFileSync(path(`many/${name}`), readFileSync(path('near.jpg')))
  writeFileSync(path('many/c.jpg'), readFileSync(path('near.jpg')).subarray(0, 3000))
  writeFileSync(path('many/notes.txt'), 'no picture')
  const { exit, out } = await run(path('many'), '--json')
  assert.is(exit, 1)
  const results = JSON.parse(out) as { source: string, look?: Look, error?: { code: string } }[]
  assert.equal(results.map(({ source }) => source), ['a.jpg', 'b.jpg', 'c.jpg'].map(name => path(`many/${name}`)))
  assert.equal(results.map(({ look, error }) => look?.plates.map(({ text }) => text).join() ?? error?.code), ['AB1234', 'AB1234', 'picture-broken'])
})

x('what cannot be looked at is told by its code', async () => {
  writeFileSync(path('nothing.jpg'), '')
  writeFileSync(path('words.jpg'), 'these are words, not a picture')
  for (const [name, code] of [['nothing.jpg', 'picture-empty'], ['words.jpg', 'picture-format']] as const) {
    const { exit, out } = await run(path(name))
    assert.is(exit, 1)
    assert.ok(out.includes(`(${code})`), out)
  }
})

x('wrong usage ends with 2 and says what to do', async () => {
  mkdirSync(path('hollow'))
  const wrong: [string[], RegExp][] = [
    [[], /needs SOURCE/], [[path('absent.jpg')], /no such file/], [[path('hollow')], /holds no picture/], [['ftp://host/a.jpg'], /http, https, rtsp/],
    [[path('near.jpg'), '--home', 'LVA'], /two letters/], [[path('near.jpg'), '--fps', 'many'], /--fps/], [[path('near.jpg'), path('empty.png'), '--show', path('x.png')], /one picture/]
  ]
  for (const [words, said] of wrong) {
    const { exit, err } = await run(...words)
    assert.equal([exit, said.test(err)], [2, true], err)
  }
})

x('other models that are not there, or changed, are told', async () => {
  const { exit, out } = await run(path('near.jpg'), '--models', path('hollow'))
  assert.equal([exit, out.includes('(model-missing)')], [1, true])
})

x('a picture on the web is fetched, bounded and with its errors told', async () => {
  const server = createServer((request, response) => {
    if (request.url === '/near.jpg') response.end(readFileSync(path('near.jpg')))
    else if (request.url === '/endless.jpg') { const pour = (): void => { while (response.write(Buffer.alloc(1 << 20))) ; response.once('drain', pour) }; pour() } else { response.statusCode = 404; response.end() }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const outcomes = [await run(`${base}/near.jpg`), await run(`${base}/absent.jpg`), await run(`${base}/endless.jpg`)]
  server.closeAllConnections()
  server.close()
  outcomes.push(await run(`${base}/near.jpg`))
  assert.equal(outcomes.map(({ exit }) => exit), [0, 1, 1, 1])
  assert.match(outcomes[0]!.out, 'AB1234')
  assert.equal(outcomes.slice(1).map(({ out }) => /\(([a-z-]+)\)/.exec(out)?.[1]), ['bad-answer', 'picture-too-large', 'unreachable'])
})

const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0
if (hasFfmpeg) {
  x('of video each vehicle is told once', async () => {
    const frames: Buffer[] = []
    for (let ms = at; ms < until; ms += 200) frames.push(Buffer.from(frameAt(ms).data))
    const made = spawnSync('ffmpeg', ['-v', 'error', '-f', 'rawvideo', '-pix_fmt', 'gray', '-s', `${near.width}x${near.height}`, '-r', '5', '-i', 'pipe:0', '-c:v', 'mpeg4', '-q:v', '3', path('street.mp4')], { input: Buffer.concat(frames) })
    assert.ok(made.status === 0 && existsSync(path('street.mp4')), String(made.stderr))
    const { exit, out } = await run(path('street.mp4'))
    assert.is(exit, 0)
    assert.is(out.split('AB1234').length - 1, 1)
    assert.match(out, /looks\n.*1 vehicles in \d+ frames/)
    const asJson = JSON.parse((await run(path('street.mp4'), '--json', '--fps', '3')).out) as { reads: { text: string }[] }
    assert.equal(asJson.reads.map(({ text }) => text), ['AB1234'])
  })
} else console.log('SKIP reading video: ffmpeg is not installed')

x('video that is none is told', async () => {
  writeFileSync(path('broken.mp4'), 'not a video at all')
  const { exit, out } = await run(path('broken.mp4'))
  assert.is(exit, 1)
  assert.match(out, hasFfmpeg ? /breaks off/ : /needs ffmpeg/)
})

x.run()

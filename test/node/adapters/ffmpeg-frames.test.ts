/** The adapter against programs that behave as a broken ffmpeg may; against the real one where it is installed. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FfmpegFrames, VIDEO_WIDTH_MAX, argumentsOf, ffmpegVersion, frames, type FfmpegOptions } from '../../../node/adapters/ffmpeg-frames.ts'
import { systemClock } from '../../../node/adapters/system-clock.ts'
import { systemEntropy } from '../../../node/adapters/system-entropy.ts'
import type { GrayImage } from '../../../node/recognition/image.ts'
import type { Frame, SourceFault } from '../../../node/recognition/sources.ts'
import { NotesTaken, fastClock, temporary } from './camera-bench.ts'

const x = suite('ffmpeg frames')

/** Acts as told; writes its number and arguments beside itself at each start. */
const FAKE = `
import { appendFileSync } from 'node:fs'
const [mode, ...args] = process.argv.slice(2)
appendFileSync(import.meta.filename + '.log', JSON.stringify({ pid: process.pid, args }) + '\\n')
const head = 'YUV4MPEG2 W8 H4 F5:1 Ip A1:1 Cmono\\n'
const frame = n => Buffer.concat([Buffer.from('FRAME\\n'), Buffer.alloc(32, n)])
const say = bytes => new Promise(resolve => process.stdout.write(bytes, resolve))
const hang = () => new Promise(resolve => setTimeout(resolve, 1e9))
switch (mode) {
  case 'well': await say(head); for (let n = 1; n <= 5; n++) await say(frame(n)); break
  case 'flood': await say(head); for (let n = 0; ; n++) { await say(frame(n % 256)); await new Promise(r => setImmediate(r)) }
  case 'mute': await hang(); break
  case 'hang': await say(head); await say(frame(1)); await hang(); break
  case 'babble': await say(Buffer.alloc(100000, 'x')); await hang(); break
  case 'colour': await say('YUV4MPEG2 W8 H4 F5:1 C420jpeg\\n'); await hang(); break
  case 'huge': await say('YUV4MPEG2 W99999 H99999 F5:1 Cmono\\n'); await hang(); break
  case 'changes': await say(head); await say(frame(1)); await say(Buffer.alloc(400, 7)); await hang(); break
  case 'cut': await say(head); await say(frame(1)); await say(Buffer.concat([Buffer.from('FRAME\\n'), Buffer.alloc(10)])); break
  case 'refused': process.stderr.write('[tcp @ 0x1] Connection to tcp://u:secret@host failed: Connection refused\\n'); process.exitCode = 1; break
  case 'unauthorised': process.stderr.write('method DESCRIBE failed: 401 Unauthorized\\n'); process.exitCode = 1; break
  case 'loud': for (let n = 0; n < 300; n++) process.stderr.write('x'.repeat(1000)); await say(head); await say(frame(1)); break
}
`
interface Seen { readonly frames: Frame[], readonly notes: NotesTaken, readonly starts: { pid: number, args: string[] }[] }

/** Runs until `enough` says so. */
async function watch (mode: string, options: Partial<FfmpegOptions>, enough: (frames: readonly Frame[], notes: NotesTaken) => boolean, take: (frame: Frame) => Promise<void> = async () => {}): Promise<Seen> {
  using folder = temporary()
  const script = join(folder.path, 'fake.mjs')
  writeFileSync(script, FAKE)
  const ending = new AbortController()
  const seen: Frame[] = []
  const check = (): void => { if (enough(seen, notes)) ending.abort() }
  const notes = new NotesTaken(check)
  const source = new FfmpegFrames({ input: 'rtsp://127.0.0.1/stream', fps: 5, command: [process.execPath, script, mode], firstFrameWait: 200_000, nextFrameWait: 15_000, ...options }, fastClock, systemEntropy)
  for await (const frame of source.frames(ending.signal, notes)) {
    seen.push(frame)
    await take(frame)
    check()
  }
  const log = `${script}.log`
  const starts = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').map(line => JSON.parse(line) as { pid: number, args: string[] }) : []
  return { frames: seen, notes, starts }
}
const isAlive = (pid: number): boolean => { try { return process.kill(pid, 0) } catch { return false } }
const faultsOf = ({ notes }: Seen): string[] => [...new Set(notes.said)]

x('frames come with their size, and the end of a stream is followed by a new try', async () => {
  const seen = await watch('well', {}, (_frames, { said }) => said.includes('ended') && said.lastIndexOf('ok') > said.indexOf('ended'))
  const image = seen.frames[0]!.picture as GrayImage
  assert.equal([image.width, image.height, image.data.length], [8, 4, 32])
  assert.ok(seen.starts.length >= 2 && faultsOf(seen).includes('ended') && faultsOf(seen).includes('ok'))
  assert.ok(seen.starts.every(({ pid }) => !isAlive(pid)))
})

x('a busy loop gets the newest frame, and the overtaken ones are counted', async () => {
  const seen = await watch('flood', {}, frames => frames.length >= 3, () => new Promise(resolve => setTimeout(resolve, 100)))
  assert.ok(seen.notes.lost > 0, 'nothing was overtaken')
  assert.ok(seen.starts.every(({ pid }) => !isAlive(pid)), 'ffmpeg outlived its camera')
})

const BROKEN: readonly (readonly [mode: string, fault: SourceFault, options: Partial<FfmpegOptions>])[] = [
  ['mute', 'timed-out', { firstFrameWait: 15_000 }], ['hang', 'hung', { nextFrameWait: 5000 }], ['babble', 'garbage', {}], ['colour', 'garbage', {}], ['huge', 'garbage', {}],
  ['changes', 'garbage', {}], ['cut', 'ended', {}], ['refused', 'unreachable', {}], ['unauthorised', 'not-authorised', {}], ['loud', 'ended', {}]
]
for (const [mode, fault, options] of BROKEN) {
  x(`an ffmpeg that is ${mode} is killed and tried again: ${fault}`, async () => {
    let times = 0
    const seen = await watch(mode, options, (_frames, notes) => notes.said.filter(said => said === fault).length > 0 && ++times > 2)
    assert.ok(faultsOf(seen).includes(fault), `${faultsOf(seen).join()}`)
    assert.ok(seen.starts.every(({ pid }) => !isAlive(pid)), 'it still runs')
    assert.not.match(JSON.stringify(seen.notes), 'secret')
  })
}

x('without ffmpeg there is one clear fault, and the end is at once', async () => {
  const seen = await watch('well', { command: ['/nonexistent/ffmpeg'] }, (_frames, notes) => notes.said.includes('no-ffmpeg'))
  assert.equal(faultsOf(seen), ['no-ffmpeg'])
  assert.is(await ffmpegVersion('/nonexistent/ffmpeg'), undefined)
})

x('the password comes from its file at each start, in the address only; no file, no try', async () => {
  const seen = await watch('well', { credentials: () => 'user:p@ss:word/ž' }, frames => frames.length > 0)
  const { args } = seen.starts[0]!
  assert.is(args[args.indexOf('-i') + 1], 'rtsp://user:p%40ss%3Aword%2F%C5%BE@127.0.0.1/stream')
  const none = await watch('well', { credentials: () => { throw new Error('gone') } }, (_frames, notes) => notes.said.length > 0)
  assert.equal([faultsOf(none), none.starts.length], [['no-credentials'], 0])
})

x('arguments are a list; each scheme lets in its own protocols only, and no other scheme is taken', () => {
  const of = (input: string): string[] => argumentsOf({ input, fps: 5 }, input, true)
  assert.equal(of('rtsp://h/s; rm -rf /').filter(arg => arg.includes(';')), ['rtsp://h/s; rm -rf /'])
  assert.ok(of('rtsp://h/s').join(' ').includes('-rtsp_transport tcp'))
  assert.ok(of('/a b.mp4').includes('file:/a b.mp4') && of('/a b.mp4').includes('-re'))
  for (const input of ['rtsp://h/s', 'http://h/s', 'https://h/s']) assert.not.match(of(input)[of(input).indexOf('-protocol_whitelist') + 1]!, /file|concat|pipe|subfile|data/)
  assert.is(of('/a.mp4')[of('/a.mp4').indexOf('-protocol_whitelist') + 1], 'file')
  assert.ok(of('/a.mp4').join(' ').includes(`min(${VIDEO_WIDTH_MAX}\\,iw)`))
})

x('a scheme that is not listed is refused', async () => {
  for (const input of ['concat:/etc/passwd', 'ftp://h/x', 'data:video/mp4;base64,AA']) {
    let refused: unknown
    try { for await (const _ of frames(input, { fps: 5, clock: systemClock })); } catch (error) { refused = error }
    assert.instance(refused, Error, input)
  }
})

if (await ffmpegVersion() === undefined) {
  console.log('SKIP the real ffmpeg: it is not installed')
} else {
  x('a real video is read to its end, each frame once, at its own pace', async () => {
    using folder = temporary()
    const file = join(folder.path, 'a "video" with $(odd) name.mp4')
    assert.is(spawnSync('ffmpeg', ['-nostdin', '-loglevel', 'error', '-f', 'lavfi', '-i', 'testsrc=size=320x180:rate=25:duration=2', '-pix_fmt', 'yuv420p', file]).status, 0)
    const seen: { at: number, mean: number }[] = []
    for await (const { at, data, width, height } of frames(file, { fps: 5, clock: systemClock })) {
      assert.equal([width, height, data.length], [320, 180, 57_600])
      seen.push({ at, mean: data.reduce((sum, level) => sum + level, 0) / data.length })
    }
    assert.equal(seen.map(({ at }) => at), [0, 200, 400, 600, 800, 1000, 1200, 1400, 1600, 1800])
    assert.ok(seen.every(({ mean }) => mean > 20 && mean < 235))
  })

  x('what is no video, or not there, is said so', async () => {
    using folder = temporary()
    const text = join(folder.path, 'text.mp4')
    writeFileSync(text, 'no video at all\n'.repeat(100))
    for (const [input, fault] of [[text, 'garbage'], [join(folder.path, 'none.mp4'), 'not-found'], ['rtsp://127.0.0.1:1/x', 'unreachable']] as const) {
      let refused: { fault?: string } = {}
      try { for await (const _ of frames(input, { fps: 5, clock: systemClock })); } catch (error) { refused = error as { fault?: string } }
      assert.is(refused.fault, fault)
    }
  })
}

x.run()

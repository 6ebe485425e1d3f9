/** Snapshots from a camera that is slow, wrong, hostile or asks for a password. */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { answerChallenge, parseChallenge } from '../../../node/adapters/http-digest.ts'
import { HttpSnapshots, type SnapshotOptions } from '../../../node/adapters/http-snapshots.ts'
import { systemEntropy } from '../../../node/adapters/system-entropy.ts'
import { FRAME_BYTES_MAX, type Frame, type SourceFault } from '../../../node/recognition/sources.ts'
import { NotesTaken, fastClock } from './camera-bench.ts'

const x = suite('http snapshots')
const jpeg = (n: number): Buffer => Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(50, n)])

type Camera = (request: IncomingMessage, response: ServerResponse, turn: number) => void
interface Seen { readonly frames: Frame[], readonly notes: NotesTaken, readonly requests: IncomingMessage[] }

async function watch (camera: Camera, options: Partial<SnapshotOptions> = {}, isEnough: (frames: readonly Frame[], notes: NotesTaken) => boolean): Promise<Seen> {
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => { requests.push(request); camera(request, response, requests.length) })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const port = (server.address() as AddressInfo).port
  const ending = new AbortController()
  const frames: Frame[] = []
  const check = (): void => { if (isEnough(frames, notes)) ending.abort() }
  const notes = new NotesTaken(check)
  const url = (options.url ?? 'http://127.0.0.1:PORT/snap.jpg').replace('PORT', String(port))
  try {
    for await (const frame of new HttpSnapshots({ interval: 1000, wait: 20_000, ...options, url }, fastClock, systemEntropy).frames(ending.signal, notes)) {
      frames.push(frame)
      check()
    }
  } finally {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  }
  return { frames, notes, requests }
}
const oneFrame = (frames: readonly Frame[]): boolean => frames.length > 0

x('each new picture is a frame with the camera\'s time, an identical one is not', async () => {
  const date = new Date(1_800_000_000_000).toUTCString()
  const { frames, notes } = await watch((_request, response, turn) => response.writeHead(200, { 'content-type': 'image/jpeg', date }).end(jpeg(Math.ceil(turn / 3))), {}, frames => frames.length >= 3)
  assert.equal(frames.map(({ picture }) => (picture as Uint8Array)[10]), [1, 2, 3])
  assert.ok(frames.every(({ deviceAt }) => deviceAt === 1_800_000_000_000))
  assert.equal(notes.said, ['ok'])
})

x('a camera whose picture never changes is frozen, until it does', async () => {
  let frozen = false
  const { notes } = await watch((_request, response) => response.end(jpeg(frozen ? 2 : 1)), { frozenAfter: 60 }, (frames, { said }) => {
    frozen = said.includes('frozen')
    return frames.length >= 2
  })
  assert.equal(notes.said, ['ok', 'frozen', 'ok'])
})

const WRONG: readonly (readonly [what: string, fault: SourceFault, camera: Camera])[] = [
  ['says 404', 'not-found', (_request, response) => response.writeHead(404).end()],
  ['says 500', 'bad-answer', (_request, response) => response.writeHead(500).end('stack trace')],
  ['sends nothing', 'empty', (_request, response) => response.end()],
  ['sends a page', 'not-a-picture', (_request, response) => response.setHeader('content-type', 'image/jpeg').end('<html>log in</html>')],
  ['redirects in a circle', 'redirected', (_request, response) => response.writeHead(302, { location: '/snap.jpg' }).end()],
  ['redirects to another host', 'redirected', (_request, response) => response.writeHead(302, { location: 'http://localhost.example/' }).end()],
  ['redirects to a file', 'redirected', (_request, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end()],
  ['asks for a password that there is none of', 'not-authorised', (_request, response) => response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()],
  ['says nothing', 'timed-out', () => {}],
  ['drips', 'timed-out', (request, response) => {
    response.writeHead(200).write(jpeg(1))
    const drip = setInterval(() => response.write('x'), 20)
    request.socket.once('close', () => clearInterval(drip))
  }],
  ['sends without end', 'too-large', (_request, response) => {
    response.writeHead(200).write(jpeg(1))
    const chunk = Buffer.alloc(1024 * 1024)
    const more = (): void => { if (!response.destroyed) response.write(chunk, () => setImmediate(more)) }
    more()
  }],
  ['hangs up in the middle', 'unreachable', (_request, response) => { response.writeHead(200, { 'content-length': 1000 }).write(jpeg(1)); setTimeout(() => response.destroy(), 20) }]
]
for (const [what, fault, camera] of WRONG) {
  x(`a camera that ${what} costs one try: ${fault}`, async () => {
    let well = false
    const { frames, notes } = await watch((request, response, turn) => well ? response.end(jpeg(1)) : camera(request, response, turn), fault === 'too-large' ? { wait: 50 * 30_000 } : {}, (frames, { said }) => {
      well = said.length > 0
      return oneFrame(frames)
    })
    assert.equal([notes.said, frames.length], [[fault, 'ok'], 1])
  })
}
assert.ok(FRAME_BYTES_MAX >= 8 * 1024 * 1024)

x('nobody at the address, and no file with the password, are said so', async () => {
  const away = await watch(() => {}, { url: 'http://127.0.0.1:1/' }, (_frames, { said }) => said.length > 0)
  assert.equal(away.notes.said, ['unreachable'])
  const closed = await watch(() => {}, { credentials: () => { throw new Error('gone') } }, (_frames, { said }) => said.length > 0)
  assert.equal([closed.notes.said, closed.requests.length], [['no-credentials'], 0])
})

x('a redirection on the same host is followed, without the password of the first place', async () => {
  const { requests } = await watch((request, response) => request.url === '/snap.jpg' ? response.writeHead(302, { location: '/new.jpg' }).end() : response.end(jpeg(1)), { credentials: () => 'u:p' }, oneFrame)
  assert.equal(requests.slice(0, 2).map(({ url, headers }) => [url, headers.authorization]), [['/snap.jpg', undefined], ['/new.jpg', undefined]])
})

x('Basic is answered when it is asked for, never before', async () => {
  const { requests } = await watch((request, response) => request.headers.authorization === undefined ? response.writeHead(401, { 'www-authenticate': 'Basic realm="cam"' }).end() : response.end(jpeg(1)), { credentials: () => 'user:pa:ss' }, oneFrame)
  assert.equal(requests.slice(0, 2).map(({ headers }) => headers.authorization), [undefined, `Basic ${Buffer.from('user:pa:ss').toString('base64')}`])
})

x('Digest is answered as RFC 7616 says, and the password is not sent', async () => {
  const md5 = (text: string): string => createHash('md5').update(text).digest('hex')
  let proof: string | undefined
  await watch((request, response) => {
    const { authorization } = request.headers
    if (authorization === undefined) return response.writeHead(401, { 'www-authenticate': 'Digest realm="cam, \\"7\\"", nonce="abc", qop="auth", opaque="o"' }).end()
    const of = (name: string): string => new RegExp(`\\b${name}="?([^",]*)`).exec(authorization)![1]!
    const expected = md5(`${md5('user:cam, \\"7\\":secret')}:abc:00000001:${of('cnonce')}:auth:${md5('GET:/snap.jpg?ch=1')}`)
    proof = authorization
    return of('response') === expected ? response.end(jpeg(1)) : response.writeHead(401).end()
  }, { url: 'http://127.0.0.1:PORT/snap.jpg?ch=1', credentials: () => 'user:secret' }, oneFrame)
  assert.not.match(proof!, 'secret')
})

x('a wrong password is not tried for ever in one go', async () => {
  const { requests, notes } = await watch((_request, response) => response.writeHead(401, { 'www-authenticate': 'Digest realm="r", nonce="n", qop="auth"' }).end(), { credentials: () => 'u:wrong' }, (_frames, { said }) => said.length > 0)
  assert.equal([notes.said, requests.length], [['not-authorised'], 2])
})

x('the example of RFC 7616 section 3.9.1', () => {
  const header = 'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=MD5, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
  const answer = answerChallenge(parseChallenge(header)!, { user: 'Mufasa', password: 'Circle of Life' }, 'GET', '/dir/index.html', 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ')
  assert.match(answer, 'response="8ca523f5e9506fed4657c9700eebdbec"')
  const sha = answerChallenge(parseChallenge(header.replace('MD5', 'SHA-256'))!, { user: 'Mufasa', password: 'Circle of Life' }, 'GET', '/dir/index.html', 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ')
  assert.match(sha, 'response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"')
  for (const odd of ['', 'Basic realm="x"', 'Digest', 'Digest realm="x"', 'Digest realm="x", nonce="y", algorithm=SHA-512-256', 'Digest realm="x", nonce="y", qop="auth-int"']) assert.is(parseChallenge(odd), undefined, odd)
})

x.run()

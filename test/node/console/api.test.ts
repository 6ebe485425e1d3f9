import { once } from 'node:events'
import { existsSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { createServer, connect } from 'node:net'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FOLLOWERS_MAX, REQUEST_BYTES_MAX, buildApi, startApi } from '../../../node/console/api.ts'
import { SocketError } from '../../../node/console/socket.ts'
import { createPeople, signRequest, type PersonKey } from '../../../node/people.ts'
import { createClient } from '../../../node/cli/client.ts'
import { NODE, NOW, createServiceDouble, createTestClock, makePerson, sampleView, temporaryFolder, until } from './service-double.ts'

const api = suite('api')
const officer = makePerson('k.ozola', 'OFFICER')
const operator = makePerson('ops-1', 'NODE_OPERATOR')

function build () {
  const clock = createTestClock()
  const service = createServiceDouble()
  const failures: unknown[] = []
  const options = { service, clock, actors: createPeople({ node: NODE, people: [officer.person, operator.person], clock }), onFailure: (error: unknown) => { failures.push(error) } }
  return { clock, service, failures, options }
}
interface Answer { status: number, body: { [name: string]: any } }
/** Asks without a socket. */
async function ask (options: ReturnType<typeof build>['options'], method: 'GET' | 'POST', path: string, key?: PersonKey, body?: string, type = 'application/json'): Promise<Answer> {
  const authorization = key && signRequest(key, NODE, { method, path, body: Buffer.from(body ?? '') }, NOW)
  const reply = await buildApi(options).inject({ method, url: path, headers: { ...(authorization && { authorization }), ...(body !== undefined && { 'content-type': type }) }, payload: body })
  return { status: reply.statusCode, body: reply.json() }
}
const OF = 'agency=lt%3Autena-police'

api('status and checkpoint answer everybody', async () => {
  const { options } = build()
  assert.is((await ask(options, 'GET', '/v1/status')).body['node'], 'lt/national')
  assert.match((await ask(options, 'GET', '/v1/checkpoint')).body['checkpoint'], 'lt.example/log\n')
})

api('everything else answers only who is known', async () => {
  const { options, service } = build()
  const stranger = makePerson('stranger', 'OFFICER')
  const paths = ['/v1/grants', '/v1/hits', '/v1/hits/sent', '/v1/hits/follow', '/v1/candidates', '/v1/entries', '/v1/log/verify', '/v1/trust']
  for (const path of paths) {
    for (const key of [undefined, stranger.key]) {
      const { status, body } = await ask(options, 'GET', `${path}?${OF}&reason=case-work`, key)
      assert.is(status, 401, path)
      assert.is(body['code'], 'not-authenticated')
      assert.is(body['detail'], key === undefined ? 'missing' : 'unknown-person')
      assert.ok(body['message'].length > 0 && body['todo'].length > 0)
    }
  }
  assert.is((await ask(options, 'POST', '/v1/commands', undefined, '{"do":"grant.end","agency":"lt:utena-police","grant":"g-a"}')).status, 401)
  assert.equal([service.given, service.asked], [[], []])
})

api('a justified look passes actor, agency, reason and page on', async () => {
  const { options, service } = build()
  const { status, body } = await ask(options, 'GET', `/v1/hits?${OF}&reason=case-work&case=UT-1%2F26&limit=7`, officer.key)
  assert.is(status, 200)
  assert.is(body['next'], 'page2')
  assert.is(body['hits'][0].hit.plate.text, 'ABC123')
  for (const path of ['/v1/hits/sent', '/v1/candidates', '/v1/entries']) assert.is((await ask(options, 'GET', `${path}?${OF}&reason=supervision`, officer.key)).status, 200, path)
  assert.equal(service.asked, [
    'hits 7 k.ozola lt:utena-police {"code":"case-work","case":"UT-1/26"}', 'sent k.ozola lt:utena-police {"code":"supervision"}',
    'candidates k.ozola lt:utena-police {"code":"supervision"}', 'entries k.ozola lt:utena-police {"code":"supervision"}'
  ])
})

api('a refusal of the node is answered with its code and what to do', async () => {
  const { options } = build()
  const { status, body } = await ask(options, 'GET', `/v1/hits?${OF}&reason=case-work`, operator.key)
  assert.is(status, 403)
  assert.equal(Object.keys(body).sort(), ['code', 'message', 'todo'])
  assert.is(body['code'], 'role-lacking')
})

api('commands reach the node as they were signed', async () => {
  const { options, service } = build()
  const command = { do: 'candidate.reject', candidate: 'C'.repeat(21) + 'A', reason: 'misread' }
  assert.equal((await ask(options, 'POST', '/v1/commands', officer.key, JSON.stringify(command))).body, { ok: true })
  assert.equal(service.given, [{ actor: officer.key.actor, command }])
  service.answers.push({ ok: false, code: 'unknown-candidate', detail: 'candidate' })
  const { status, body } = await ask(options, 'POST', '/v1/commands', officer.key, JSON.stringify(command))
  assert.equal([status, body['code'], body['detail']], [404, 'unknown-candidate', 'candidate'])
})

api('a wrong request is refused by its fields, never with what they held', async () => {
  const { options, service } = build()
  const wrong = ['reason=curiosity', 'reason=case-work&limit=0', 'reason=case-work&limit=501', 'reason=case-work&surprise=1', 'reason=case-work&case=%00', 'reason=case-work&after=%0a', '']
  for (const query of wrong) assert.is((await ask(options, 'GET', `/v1/hits?${OF}&${query}`, officer.key)).status, 400, query)
  const { body } = await ask(options, 'POST', '/v1/commands', officer.key, JSON.stringify({ do: 'entry.confirm', agency: 'lt:utena-police', ref: 'ABC 123' }))
  assert.equal([body['code'], body['detail']], ['bad-request', 'ref'])
  assert.not.match(JSON.stringify(body), 'ABC 123')
  const bodies = ['', '{', 'null', '[]', '{"__proto__":{"do":"grant.end"}}', '['.repeat(30_000), '{"do":"consult","of":{"what":"everything"}}']
  for (const text of bodies) assert.is((await ask(options, 'POST', '/v1/commands', officer.key, text)).status, 400, text.slice(0, 30))
  assert.is((await ask(options, 'POST', '/v1/commands', officer.key, 'do=grant.end', 'application/x-www-form-urlencoded')).status, 400)
  const large = await ask(options, 'POST', '/v1/commands', officer.key, `"${'x'.repeat(REQUEST_BYTES_MAX)}"`)
  assert.equal([large.status, large.body['code']], [413, 'too-large'])
  assert.is((await ask(options, 'GET', '/v1/plates', officer.key)).body['code'], 'unknown-route')
  assert.equal(service.given, [])
})

api('what nobody foresaw says nothing of its cause', async () => {
  const { options, service, failures } = build()
  const failing = { ...options, service: { ...service, status: async () => { throw new Error('plate ABC123 is in the way') } } }
  const { status, body } = await ask(failing, 'GET', '/v1/status')
  assert.equal([status, body['code']], [500, 'failed'])
  assert.not.match(JSON.stringify(body), 'ABC123')
  assert.is(failures.length, 1)
})

// ── Following ────────────────────────────────────────────────────────────────────────────────────────────────────

async function serve () {
  const folder = temporaryFolder()
  const socketPath = join(folder.path, 'data', 'tiltas.sock')
  const built = build()
  const served = await startApi({ ...built.options, socketPath })
  const stopping = new AbortController()
  const follow = (key = officer.key) => createClient({ socketPath, node: NODE, now: () => NOW }).follow('/v1/hits/follow', key, { agency: 'lt:utena-police' }, stopping.signal)
  return { ...built, socketPath, served, stopping, follow, async [Symbol.asyncDispose] () { stopping.abort(); await served.close(); folder[Symbol.dispose]() } }
}

api('a stream opens with a heartbeat, shows hits, and beats when it is quiet', async () => {
  await using node = await serve()
  const lines = node.follow()
  assert.equal((await lines.next()).value, { heartbeat: NOW })
  node.service.show(sampleView())
  assert.is(((await lines.next()).value as { hit: { leafIndex: number } }).hit.leafIndex, 41)
  const beat = lines.next()
  await until(() => { node.clock.fire(); return node.service.followers() === 1 })
  assert.ok('heartbeat' in (await beat).value!)
})

api('when the reader leaves, the node stops following', async () => {
  await using node = await serve()
  const lines = node.follow()
  await lines.next()
  await until(() => node.service.followers() === 1)
  node.stopping.abort()
  assert.is((await lines.next()).done, true)
  await until(() => node.service.followers() === 0)
})

api('a reader that does not read is not run over', async () => {
  await using node = await serve()
  const path = `/v1/hits/follow?${OF}`
  const call = request({ socketPath: node.socketPath, path, headers: { authorization: signRequest(officer.key, NODE, { method: 'GET', path, body: new Uint8Array() }, NOW) } })
  call.end()
  const [response] = await once(call, 'response')
  response.pause()
  for (let i = 0; i < 20_000; i++) node.service.show(sampleView())
  let before = -1
  // Taken hits stop growing once the buffers between the two are full.
  while (node.service.taken() !== before) { before = node.service.taken(); await new Promise(resolve => setTimeout(resolve, 150)) }
  assert.ok(before > 0 && before < 5000, `took ${before} of 20000`)
  call.destroy()
  await until(() => node.service.followers() === 0)
})

api('a stream that is refused, or ends, says so', async () => {
  await using node = await serve()
  const refused = node.follow(operator.key)
  await refused.next()
  try { await refused.next(); assert.unreachable() } catch (error) { assert.is((error as { code: string }).code, 'role-lacking') }
  const lines = node.follow()
  await lines.next()
  node.service.endStream()
  try { await lines.next(); assert.unreachable() } catch (error) { assert.equal([(error as { code: string }).code, (error as { exit: number }).exit], ['stream-ended', 3]) }
})

api('so many may follow and no more', async () => {
  await using node = await serve()
  const streams = Array.from({ length: FOLLOWERS_MAX }, () => node.follow())
  await Promise.all(streams.map(stream => stream.next()))
  try { await node.follow().next(); assert.unreachable() } catch (error) { assert.is((error as { code: string }).code, 'busy') }
  await streams[0]!.return(undefined)
  await until(() => node.service.followers() < FOLLOWERS_MAX)
  assert.ok(!(await node.follow().next()).done)
})

api('closing ends every stream', async () => {
  const node = await serve()
  const lines = node.follow()
  await lines.next()
  const next = lines.next().then(() => 'went on', error => error.code)
  await node[Symbol.asyncDispose]()
  assert.ok(['stream-ended', 'went on'].includes(await next))
  await until(() => node.service.followers() === 0)
})

// ── The socket ───────────────────────────────────────────────────────────────────────────────────────────────────

const codeOf = async (work: Promise<unknown>): Promise<string> => work.then(() => 'accepted', error => { assert.instance(error, SocketError); return error.code })

api('the socket is for its owner alone, and is gone when the node has stopped', async () => {
  const node = await serve()
  assert.is(lstatSync(node.socketPath).mode & 0o777, 0o600)
  assert.is(lstatSync(join(node.socketPath, '..')).mode & 0o077, 0)
  assert.is(await codeOf(startApi({ ...node.options, socketPath: node.socketPath })), 'already-running')
  assert.ok(existsSync(node.socketPath))
  await node.served.close()
  assert.not.ok(existsSync(node.socketPath))
  await node[Symbol.asyncDispose]()
})

api('a socket that a killed process left behind is taken over', async () => {
  using folder = temporaryFolder()
  const socketPath = join(folder.path, 'tiltas.sock')
  const child = spawn(process.execPath, ['-e', `require('node:net').createServer().listen(${JSON.stringify(socketPath)}, () => console.log('up'))`])
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'close')
  assert.ok(lstatSync(socketPath).isSocket())
  const served = await startApi({ ...build().options, socketPath })
  const socket = connect({ path: socketPath })
  await once(socket, 'connect')
  socket.destroy()
  await served.close()
})

api('nothing but a dead socket is ever removed', async () => {
  using folder = temporaryFolder()
  const { options } = build()
  const file = join(folder.path, 'file')
  writeFileSync(file, 'kept')
  assert.is(await codeOf(startApi({ ...options, socketPath: file })), 'not-a-socket')
  symlinkSync(file, join(folder.path, 'link'))
  assert.is(await codeOf(startApi({ ...options, socketPath: join(folder.path, 'link') })), 'not-a-socket')
  assert.ok(existsSync(file))
  assert.is(await codeOf(startApi({ ...options, socketPath: join(folder.path, 'x'.repeat(120)) })), 'path-too-long')
  const open = join(folder.path, 'open')
  mkdirSync(open)
  ;(await import('node:fs')).chmodSync(open, 0o777)
  assert.is(await codeOf(startApi({ ...options, socketPath: join(open, 's') })), 'not-private')
})

api('another program on the socket is left alone', async () => {
  using folder = temporaryFolder()
  const socketPath = join(folder.path, 's')
  const other = createServer(socket => socket.destroy()).listen(socketPath)
  await once(other, 'listening')
  assert.is(await codeOf(startApi({ ...build().options, socketPath })), 'already-running')
  other.close()
  await once(other, 'close')
})

api.run()

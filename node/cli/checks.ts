/**
 * What `tiltas doctor` looks at: each check says ok, warn or fail, and what to do. A check looks and never mends; it
 * opens the store only when no node runs, and what it cannot tell it says so.
 */
import { X509Certificate } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { DAY, HOUR, SECOND, fromUnixSeconds } from '../../protocol/instant.ts'
import { fromBase64url } from '../../protocol/bytes.ts'
import { pathsOf, type NodeConfig } from '../config.ts'
import type { NodeStatus } from '../console/service.ts'
import { isPrivateFile } from './files.ts'
import { printSpan } from './print.ts'

export interface Check { readonly name: string, readonly verdict: 'ok' | 'warn' | 'fail', readonly text: string, readonly todo?: string }
/** `running`: what the node says of itself; undefined when none runs. */
export interface Patient { readonly config: NodeConfig, readonly running: NodeStatus | undefined, readonly now: number, readonly env: { readonly [name: string]: string | undefined } }

const ok = (name: string, text: string): Check => ({ name, verdict: 'ok', text })
const warn = (name: string, text: string, todo: string): Check => ({ name, verdict: 'warn', text, todo })
const fail = (name: string, text: string, todo: string): Check => ({ name, verdict: 'fail', text, todo })

const FREE_SPACE_LOW = 10 * 1024 ** 3
const FREE_SPACE_MIN = 1024 ** 3
/** Agency statements live a month and are renewed in time. */
const EXPIRY_NEAR = 7 * DAY
const CONNECT_WAIT = 3 * SECOND
const STATEMENT_BYTES_MAX = 1024 * 1024

export function checkPeople ({ config }: Patient): Check {
  const { people, role } = config
  if (people.length === 0) return warn('people', 'nobody may ask this node', 'Make keys with `tiltas people new` and name them under `people`.')
  if (role === 'national' && !people.some(person => person.role === 'NATIONAL_ADMIN')) return warn('people', 'no NATIONAL_ADMIN: nobody can put a grant in force', 'Make one with `tiltas people new`.')
  return ok('people', `${people.length} may ask`)
}

export async function checkData ({ config }: Patient): Promise<Check> {
  if (!existsSync(config.data)) return warn('data', 'the data folder does not exist yet', 'It is made when the node first runs.')
  if (!isPrivateFile(config.data)) return fail('data', 'others can look into the data folder', 'Run `chmod 700` on it.')
  const { bavail, bsize } = await statfs(config.data)
  const free = bavail * bsize
  const text = `${(free / 1024 ** 3).toFixed(1)} GiB free`
  if (free < FREE_SPACE_MIN) return fail('data', text, 'Make room: a node that cannot write its log stops.')
  return free < FREE_SPACE_LOW ? warn('data', text, 'Make room soon.') : ok('data', text)
}

export async function checkKeyRing ({ config, env }: Patient): Promise<Check> {
  const { file, passphraseFile, passphraseEnv } = config.keyRing
  if (!existsSync(file)) return fail('key ring', 'its file does not exist', 'Make it with `tiltas init`, or restore it from your backup.')
  if (!isPrivateFile(file)) return fail('key ring', 'others can read its file', 'Run `chmod 600` on it.')
  if (passphraseFile !== undefined && !existsSync(passphraseFile)) return fail('key ring', 'the passphrase file does not exist', 'Restore it, or mend `keyRing` in the config.')
  if (passphraseFile !== undefined && !isPrivateFile(passphraseFile)) return fail('key ring', 'others can read the passphrase file', 'Run `chmod 600` on it.')
  const passphrase = passphraseFile === undefined ? env[passphraseEnv!] : readFileSync(passphraseFile, 'utf8').replace(/\r?\n$/, '')
  if (passphrase === undefined) return warn('key ring', 'the environment variable of the passphrase is not set here, so it was not opened', 'Set it to check more.')
  try {
    const { openFileKeyRing } = await import('../adapters/file-key-ring.ts')
    return ok('key ring', `opens, ${(await openFileKeyRing(file, passphrase)).list().length} keys`)
  } catch (error) { return fail('key ring', `does not open: ${codeOf(error)}`, 'Check the passphrase, or restore the file from your backup.') }
}

export async function checkStore ({ config, running }: Patient): Promise<Check> {
  if (running !== undefined) return ok('store', 'held by the running node')
  const folder = pathsOf(config.data).store
  if (!existsSync(folder)) return ok('store', 'none yet')
  try {
    const { openLevelStore } = await import('../adapters/level-store.ts')
    await (await openLevelStore(folder)).close()
    return ok('store', 'opens, nobody holds it')
  } catch (error) {
    const code = codeOf(error)
    return fail('store', `does not open: ${code}`, code === 'locked' ? 'Another process holds it: stop that one, or wait until it has ended.' : 'Do not delete anything; restore from your backup beside it.')
  }
}

const codeOf = (error: unknown): string => String((error as { code?: unknown }).code ?? 'unknown')

/** Marks that time services of Linux leave while they run. */
const TIME_SERVICES = ['/run/systemd/timesync/synchronized', '/run/chrony/chronyd.pid', '/run/chrony/chrony.pid', '/run/ntpd.pid', '/run/openntpd/ntpd.sock']

export function checkClock ({ config, now }: Patient): Check {
  if (statSync(config.file).mtimeMs > now + HOUR) return fail('clock', 'it stands before the time that the config was written at', 'Set the clock, and let chrony or systemd-timesyncd keep it.')
  if (TIME_SERVICES.some(mark => existsSync(mark))) return ok('clock', 'a time service runs')
  return warn('clock', 'no time service was found here', 'Let chrony or systemd-timesyncd keep the clock: peers hold back what comes from the future.')
}

interface Port { readonly name: string, readonly host: string, readonly port: number }
function portsOf ({ listen, ingest, ops }: NodeConfig): Port[] {
  const listening = listen.map(address => ({ name: `peers, ${address}`, ...hostAndPort(address) }))
  return [...listening, ...(ingest === undefined ? [] : [{ name: 'ingest', host: ingest.host, port: ingest.port }]), ...(ops === undefined ? [] : [{ name: 'ops', host: ops.host, port: ops.port }])]
}

/** Of `/ip4/192.0.2.1/tcp/4001`. */
function hostAndPort (address: string): { host: string, port: number } {
  const [, , host, , port] = address.split('/')
  return { host: host!, port: Number(port) }
}

/** While the node runs its ports must answer; else they must be free. */
export async function checkPorts ({ config, running }: Patient): Promise<Check[]> {
  return Promise.all(portsOf(config).filter(({ port }) => port !== 0).map(async ({ name, host, port }) => {
    if (running !== undefined) {
      const reach = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
      return await answers(reach, port) ? ok('port', `${name}: answers`) : fail('port', `${name}: does not answer`, 'Look at the log of the node.')
    }
    const problem = await bindProblem(host, port)
    return problem === undefined ? ok('port', `${name}: free`) : fail('port', `${name}: cannot be had (${problem})`, 'Stop what uses it, or choose another in the config.')
  }))
}

const answers = (host: string, port: number): Promise<boolean> => new Promise(resolve => {
  const socket = connect({ host, port, timeout: CONNECT_WAIT })
  const end = (answered: boolean) => () => { socket.destroy(); resolve(answered) }
  socket.once('connect', end(true)).once('timeout', end(false)).once('error', end(false))
})

const bindProblem = (host: string, port: number): Promise<string | undefined> => new Promise(resolve => {
  const server = createServer()
  server.once('error', error => resolve(codeOf(error)))
  server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)))
})

export async function checkPeers ({ config, running }: Patient): Promise<Check[]> {
  return Promise.all(config.peers.map(async ({ node, addresses }) => {
    const todo = 'Call the operator of that node; check addresses, firewall and `tiltas trust show`.'
    const known = running?.peers.find(peer => peer.node === node)
    if (known !== undefined) return known.reachable ? ok('peer', `${node}: reachable`) : fail('peer', `${node}: not reachable, ${known.queued} wait for it`, todo)
    if (running !== undefined) return fail('peer', `${node}: the running node does not trust it`, 'Run `tiltas join` with its statements.')
    if (addresses.length === 0) return ok('peer', `${node}: it calls us`)
    const reached = await Promise.all(addresses.map(hostAndPort).map(({ host, port }) => answers(host, port)))
    return reached.includes(true) ? ok('peer', `${node}: its port answers`) : warn('peer', `${node}: no address answers`, todo)
  }))
}

/** As written in the statements and certificates; whether they are authentic is for the node to say. */
export function checkExpiries ({ config, now }: Patient): Check[] {
  const files = config.trust.flatMap(path => !existsSync(path) ? [] : statSync(path).isDirectory() ? readdirSync(path).sort().map(name => join(path, name)) : [path])
  const ends = files.map(file => ({ file, end: endOfStatement(file) })).filter(({ end }) => end !== undefined) as { file: string, end: number }[]
  const certificate = config.ingest?.tls?.cert
  if (certificate !== undefined && existsSync(certificate)) ends.push({ file: certificate, end: new X509Certificate(readFileSync(certificate)).validToDate.getTime() })
  const missing = config.trust.filter(path => !existsSync(path)).map(path => fail('expiry', `statements are missing: ${path}`, 'Run `tiltas init` or `tiltas join`, or mend `trust` in the config.'))
  const near = ends.filter(({ end }) => end < now + EXPIRY_NEAR).map(({ file, end }) => end <= now
    ? fail('expiry', `ended ${printSpan(now - end)} ago: ${file}`, 'Renew it.')
    : warn('expiry', `ends in ${printSpan(end - now)}: ${file}`, 'Renew it in time.'))
  return missing.length + near.length > 0 ? [...missing, ...near] : [ok('expiry', `${ends.length} statements and certificates, none ends within 7 days`)]
}

/** `exp` of a compact or JSON JWS, or when its successor is due, in ms; undefined when it says neither. */
function endOfStatement (file: string): number | undefined {
  try {
    if (!statSync(file).isFile() || statSync(file).size > STATEMENT_BYTES_MAX) return undefined
    const text = readFileSync(file, 'utf8').trim()
    const payload = text.startsWith('{') ? (JSON.parse(text) as { payload?: unknown }).payload : text.split('.')[1]
    const bytes = typeof payload === 'string' ? fromBase64url(payload) : undefined
    if (bytes === undefined) return undefined
    const { exp, next = exp } = JSON.parse(new TextDecoder().decode(bytes)) as { exp?: unknown, next?: unknown }
    return typeof next === 'number' ? fromUnixSeconds(next) : undefined
  } catch { return undefined }
}

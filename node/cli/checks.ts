/**
 * What `tiltas doctor` looks at: each check says ok, warn or fail, and what to do. A check looks and never mends; it
 * opens the store only when no node runs, and what it cannot tell it says so.
 */
import { X509Certificate } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { DAY, HOUR, SECOND } from '../../protocol/instant.ts'
import { REFUSALS } from '../../protocol/refusals.ts'
import { pathsOf, type NodeConfig } from '../config.ts'
import type { NodeStatus } from '../console/service.ts'
import type { Expiry, TrustView } from '../../keys/trust-view.ts'
import { readTrust } from '../trust-files.ts'
import { isPrivateFile } from './files.ts'
import { printSpan, printTime } from './print.ts'

export interface Check { readonly name: string, readonly verdict: 'ok' | 'warn' | 'fail', readonly text: string, readonly todo?: string }
/** `running`: what the node says of itself; undefined when none runs. */
export interface Patient { readonly config: NodeConfig, readonly running: NodeStatus | undefined, readonly now: number, readonly env: { readonly [name: string]: string | undefined } }

const ok = (name: string, text: string): Check => ({ name, verdict: 'ok', text })
const warn = (name: string, text: string, todo: string): Check => ({ name, verdict: 'warn', text, todo })
const fail = (name: string, text: string, todo: string): Check => ({ name, verdict: 'fail', text, todo })

const FREE_SPACE_LOW = 10 * 1024 ** 3
const FREE_SPACE_MIN = 1024 ** 3
const EXPIRY_NEAR = 7 * DAY
const CONNECT_WAIT = 3 * SECOND

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
  const passphrase = passphraseFile === undefined ? env[passphraseEnv!] : readFileSync(passphraseFile, 'utf8').trimEnd()
  if (passphrase === undefined) return warn('key ring', 'the environment variable of the passphrase is not set here, so it was not opened', 'Set it to check more.')
  try {
    const { openFileKeyRing } = await import('../adapters/file-key-ring.ts')
    return ok('key ring', `opens, ${(await openFileKeyRing(file, passphrase)).list().length} keys`)
  } catch (error) { return fail('key ring', `does not open: ${codeOf(error)}`, 'Check the passphrase, or restore the file from your backup.') }
}

/** Without logging in, so that no try of the PIN is used up. */
export async function checkModule ({ config }: Patient): Promise<Check[]> {
  const address = config.keyRing.pkcs11
  if (address === undefined) return []
  try {
    const { chooseToken, ensureMayLogIn, openModule } = await import('../adapters/pkcs11-module.ts')
    const { slots, close } = openModule(address)
    try {
      const { info } = chooseToken(slots, address)
      ensureMayLogIn(info, false)
      return [ok('module', `token ${info.label}, serial ${info.serialNumber}; \`tiltas keys doctor\` looks further, with the PIN`)]
    } finally { close() }
  } catch (error) {
    const { message, todo } = error as { message: string, todo?: string }
    return [fail('module', message, todo ?? 'Run `tiltas keys doctor`.')]
  }
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

/** What one person did alone is said until it is over, and what waits for a second one. */
export function checkPolicies ({ config, running }: Patient): Check[] {
  const admins = config.people.filter(({ role }) => role === 'NATIONAL_ADMIN')
  const lonely = config.role === 'national' && admins.length === 1 ? [warn('policy', 'one NATIONAL_ADMIN: nobody can approve what that one drafts', 'Make another with `tiltas people new`.')] : []
  const overrides = (running?.overrides ?? []).map(({ agency, grant, until }) =>
    warn('policy', `${grant} of ${agency} was put in force by one person alone, until ${printTime(until * SECOND)}`, 'End it with `tiltas grants end`, or have two people put a grant in its place.'))
  const waiting = running === undefined || running.openDrafts === 0 ? [] : [ok('policy', `${running.openDrafts} drafts wait for a second person`)]
  return [...lonely, ...overrides, ...waiting]
}

export function checkTrust ({ config, now }: Patient): Check[] {
  try {
    const trust = readTrust(config.trust)
    const known = trust.node(config.node) === undefined
      ? fail('trust', 'the statements do not name this node: it will not start', 'Put the statements of its nation where `trust` in the config points.')
      : ok('trust', `names ${trust.nodes().length} nodes and ${trust.agencies().length} agencies`)
    const refused = trust.findings.map(({ digest, refusal }) => warn('trust', `statement ${digest} is refused: ${refusal.code}`, REFUSALS[refusal.code]))
    return [known, ...refused, ...checkFreshness(trust, config, now), ...checkTrustExpiries(trust.expiries(), now)]
  } catch (error) {
    return [fail('trust', `the statements cannot be read: ${codeOf(error)}`, 'Restore them from your backup, or mend `trust` in the config.')]
  }
}

/** From a nation whose promise of news is broken nothing new is taken: a stolen key could be in use. */
const checkFreshness = (trust: TrustView, { homeNation }: NodeConfig, now: number): Check[] => trust.nations().filter(({ nation }) => nation !== homeNation && trust.isStale(nation, now)).map(({ nation }) =>
  fail('trust', `${nation}: its list of revoked keys is overdue, nothing new is taken from it`, `Look whether its national node is reachable; else ask ${nation} for its statements as files: \`tiltas trust publish FILE\`.`))

/** Roots are told 60 days ahead; statements when the renewal that happens by itself is overdue. */
function checkTrustExpiries (expiries: readonly Expiry[], now: number): Check[] {
  const near = expiries.filter(({ warnFrom }) => warnFrom <= now).map(({ what, until, by }) => {
    const todo = by === 'ceremony' ? 'Draw up the next one: `tiltas trust rotate nation` or `federation`; people must sign it.' : 'Its national node renews it by itself; where registry keys are offline: `tiltas trust renew --key FILE`.'
    return until <= now ? fail('expiry', `${what} ended ${printSpan(now - until)} ago`, todo) : warn('expiry', `${what} ends in ${printSpan(until - now)}`, todo)
  })
  return near.length > 0 ? near : [ok('expiry', 'nothing that somebody has to renew: no root ends within 60 days')]
}

function checkExpiries (expiries: readonly { readonly what: string, readonly until: number }[], now: number): Check[] {
  const near = expiries.filter(({ until }) => until < now + EXPIRY_NEAR).map(({ what, until }) => until <= now
    ? fail('expiry', `${what} ended ${printSpan(now - until)} ago`, 'Renew it.')
    : warn('expiry', `${what} ends in ${printSpan(until - now)}`, 'Renew it in time.'))
  return near.length > 0 ? near : [ok('expiry', `nothing ends within ${printSpan(EXPIRY_NEAR)}`)]
}

export function checkCertificate ({ config, now }: Patient): Check[] {
  const file = config.ingest?.tls?.cert
  if (file === undefined) return []
  try {
    const until = new X509Certificate(readFileSync(file)).validToDate.getTime()
    return checkExpiries([{ what: 'the certificate of the ingest', until }], now)
  } catch { return [fail('expiry', 'the certificate of the ingest cannot be read', 'Mend `ingest.tls` in the config.')] }
}

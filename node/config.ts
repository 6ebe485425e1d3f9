/**
 * `tiltas.yaml`: everything that one node is told by its operator, exact: an unknown key is an error, never ignored.
 * Fails closed: what would open a port to strangers, or mix nations, is refused before anything starts.
 */
import { isIPv4 } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import { ROLES } from '../protocol/commands.ts'
import { NODE_ID, PERSON_ID, nationOf, type AgencyId, type NationId, type NodeId, type PersonId } from '../protocol/identifiers.ts'
import { fromBase64url } from '../protocol/bytes.ts'
import { parseVerifierKey } from '../protocol/log/note.ts'
import { cameraSchema, evidenceSchema, findCameraContradictions, resolveCamera } from './camera-config.ts'
import { PLACE, agency, named, object, path, regime, text } from './config-forms.ts'
import { ConfigDocument, ConfigError, PROBLEMS_MAX, type ConfigProblem, type Path } from './config-file.ts'
import { nearest } from './nearest.ts'

export { ConfigError, type ConfigErrorCode, type ConfigProblem } from './config-file.ts'

const node = named<NodeId>(NODE_ID, 'lv/national')
const port = z.int('is a port number').min(0, 'is a port number').max(65_535, 'is a port number')
const address = named<string>(/^\/(?:ip4|ip6|dns|dns4|dns6)\/[0-9A-Za-z.:_-]{1,253}\/tcp\/\d{1,5}$/, '/ip4/192.0.2.1/tcp/4001')
const vkey = z.string('is text: put it in quotes').refine(key => parseVerifierKey(key) !== undefined, 'is not a key as `tiltas witness init` prints it')
const oneOrMore = <Item extends z.ZodType>(item: Item) => z.preprocess(value => typeof value === 'string' ? [value] : value, z.array(item))

const camera = object({
  /** As the vendor names it. */
  id: text(64),
  ...PLACE
}).transform(({ nuts3, municipality, road, ...rest }) => ({ ...rest, place: { nuts3, municipality, road } }))

const source = object({
  id: named<string>(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'latgale-1'),
  controller: agency,
  processor: text(120).optional(),
  regime,
  /** SHA-256 of the bearer token, hex. */
  tokenHash: named<string>(/^[0-9a-f]{64}$/, 'the 64 hex digits of its SHA-256'),
  cameras: z.array(camera).min(1, 'needs at least one camera')
})

const person = object({
  personId: named<PersonId>(PERSON_ID, 'k.ozola-17 (1 to 64 of a-z 0-9 . _ -)'),
  role: z.enum(ROLES),
  agency,
  /** Raw Ed25519 public key, base64url. */
  publicKey: z.string().refine(key => fromBase64url(key)?.length === 32, 'is a raw Ed25519 key: 43 characters of base64url')
})

const schema = object({
  node,
  role: z.enum(['national', 'site', 'home']),
  data: path,
  listen: z.array(address).default([]),
  peers: z.array(object({ node, addresses: z.array(address).default([]) })).default([]),
  /** At home here. */
  agencies: z.array(agency).default([]),
  trust: oneOrMore(path),
  keyRing: object({
    file: path, passphraseFile: path.optional(), passphraseEnv: named<string>(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/, 'TILTAS_PASSPHRASE').optional(),
    /** A hardware module for the keys that it can hold; the others stay in the file. */
    pkcs11: object({
      module: path, token: text(32), serial: text(16).optional(), driver: path.optional(),
      pinFile: path.optional(), pinCredential: named<string>(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/, 'tiltas-pin').optional(), pinPrompt: z.literal(true).optional()
    }).optional()
  }),
  ingest: object({
    host: text(253).default('127.0.0.1'), port,
    tls: object({ cert: path, key: path }).optional(),
    /** Takes pictures too, and reads them. */
    pictures: z.boolean().default(false),
    sources: z.array(source).default([])
  }).optional(),
  /** Pictures that this node fetches and reads by itself. */
  cameras: z.array(cameraSchema).max(256, 'has more than 256 cameras').default([]),
  evidence: evidenceSchema.default({ diskMiB: 4096, pinDays: 30 }),
  /** Metrics and health. */
  ops: object({ host: text(253).default('127.0.0.1'), port }).optional(),
  /** Who cosigns this node's log: at an HTTP address, with keys as `tiltas witness init` printed them. */
  witnesses: z.array(object({ url: named<string>(/^https?:\/\/[^\s@]{1,500}$/, 'https://witness.example'), keys: oneOrMore(vkey) })).default([]),
  /** How many of them make a checkpoint witnessed; else more than half. */
  witnessQuorum: z.int().min(1).optional(),
  readRetentionHours: z.int().min(1).max(744).default(24),
  /** How long a backup may be kept: what was erased here is in it until then. */
  backupDays: z.int().min(1).max(366).default(30),
  people: z.array(person).default([]),
  locale: z.enum(['en', 'lv', 'lt']).default('en')
})
type Written = z.output<typeof schema>

/** A person who may ask things of this node, and the key that proves it. */
export type Person = z.output<typeof person>
/** As written in the file, with every path absolute. */
export type NodeConfig = Readonly<Omit<Written, 'trust'>> & {
  readonly file: string
  readonly homeNation: NationId
  /** Files of statements, or folders of such files. */
  readonly trust: readonly string[]
}

/** Throws ConfigError with the problems, each at its line. */
export function loadConfig (file: string): NodeConfig {
  const document = new ConfigDocument(file)
  const parsed = schema.safeParse(document.value)
  if (!parsed.success) throw new ConfigError(parsed.error.issues.slice(0, PROBLEMS_MAX).flatMap(issue => describe(document, issue)))
  const problems = findContradictions(parsed.data, document)
  if (problems.length > 0) throw new ConfigError(problems.slice(0, PROBLEMS_MAX))
  return resolvePaths(resolve(file), parsed.data)
}

/** Where a node keeps what, inside its data folder. */
export const pathsOf = (data: string) => ({ socket: join(data, 'tiltas.sock'), store: join(data, 'store'), recordKeys: join(data, 'record-keys'), reads: join(data, 'reads'), readKeys: join(data, 'read-keys'), evidence: join(data, 'evidence'), cameras: join(data, 'cameras') }) as const

const nameOf = (path: Path): string => path.length === 0 ? 'the file' : '`' + path.map(part => typeof part === 'number' ? `[${part}]` : `.${String(part)}`).join('').slice(1) + '`'

function describe (document: ConfigDocument, issue: z.core.$ZodIssue): ConfigProblem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.slice(0, PROBLEMS_MAX).map(key => {
      const meant = nearest(key, issue.message.split(' '))
      return document.keyProblem('unknown-key', [...issue.path, key], `unknown key \`${key}\``, meant === undefined ? '' : `, did you mean \`${meant}\`?`)
    })
  }
  if (!document.has(issue.path)) return [document.problem('missing-key', issue.path, `${nameOf(issue.path)} is missing`)]
  return [document.problem('wrong-value', issue.path, nameOf(issue.path), `: ${issue.message}`)]
}

export const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))

function findContradictions (config: Written, document: ConfigDocument): ConfigProblem[] {
  const problems: ConfigProblem[] = []
  const wrong = (path: Path, why: string, code: 'wrong-value' | 'unsafe' = 'wrong-value') => { problems.push(document.problem(code, path, nameOf(path), `: ${why}`)) }
  const home = nationOf(config.node)
  const domestic = (id: AgencyId | NodeId, path: Path) => { if (nationOf(id) !== home) wrong(path, 'belongs to another nation than this node') }
  const unique = (ids: readonly string[], path: (i: number) => Path) => ids.forEach((id, i) => { if (ids.indexOf(id) < i) wrong(path(i), 'is named twice') })

  config.agencies.forEach((id, i) => domestic(id, ['agencies', i]))
  config.people.forEach((person, i) => domestic(person.agency, ['people', i, 'agency']))
  if (config.role === 'site' && config.agencies.length > 0) wrong(['agencies'], 'at a site no agency is at home: name them at the national node')
  unique(config.agencies, i => ['agencies', i])
  unique(config.people.map(person => person.personId), i => ['people', i, 'personId'])
  unique(config.people.map(person => person.publicKey), i => ['people', i, 'publicKey'])
  unique(config.peers.map(peer => peer.node), i => ['peers', i, 'node'])
  config.peers.forEach((peer, i) => { if (peer.node === config.node) wrong(['peers', i, 'node'], 'is this node itself') })
  if ((config.keyRing.passphraseFile === undefined) === (config.keyRing.passphraseEnv === undefined)) wrong(['keyRing'], 'needs either passphraseFile or passphraseEnv')
  const { pkcs11 } = config.keyRing
  if (pkcs11 !== undefined && [pkcs11.pinFile, pkcs11.pinCredential, pkcs11.pinPrompt].filter(given => given !== undefined).length !== 1) wrong(['keyRing', 'pkcs11'], 'needs one of pinFile, pinCredential, pinPrompt')
  findIngestContradictions(config, wrong, domestic, unique)
  config.cameras.forEach((camera, i) => domestic(camera.controller, ['cameras', i, 'controller']))
  unique(config.cameras.map(camera => camera.id), i => ['cameras', i, 'id'])
  findCameraContradictions(config.cameras, wrong)
  config.witnesses.forEach(({ url, keys }, i) => {
    if (new Set(keys.map(key => key.slice(0, key.indexOf('+')))).size !== 1) wrong(['witnesses', i, 'keys'], 'names the keys of one witness')
    if (url.startsWith('http:') && !isLoopback(new URL(url).hostname)) wrong(['witnesses', i, 'url'], 'a witness on another machine is reached by https', 'unsafe')
  })
  if ((config.witnessQuorum ?? 1) > Math.max(1, config.witnesses.length)) wrong(['witnessQuorum'], 'is more than there are witnesses')
  if (config.ops !== undefined && !isLoopback(config.ops.host)) wrong(['ops', 'host'], 'metrics and health are served on this machine only: use 127.0.0.1', 'unsafe')
  return problems
}

function findIngestContradictions (
  config: Written, wrong: (path: Path, why: string, code?: 'wrong-value' | 'unsafe') => void,
  domestic: (id: AgencyId, path: Path) => void, unique: (ids: readonly string[], path: (i: number) => Path) => void
): void {
  if (config.ingest === undefined) return
  const { host, tls, sources } = config.ingest
  if (!isLoopback(host) && tls === undefined) wrong(['ingest', 'host'], 'reads from other machines need `tls` with `cert` and `key`', 'unsafe')
  unique(sources.map(source => source.id), i => ['ingest', 'sources', i, 'id'])
  unique(sources.map(source => source.tokenHash), i => ['ingest', 'sources', i, 'tokenHash'])
  sources.forEach((source, i) => {
    domestic(source.controller, ['ingest', 'sources', i, 'controller'])
    unique(source.cameras.map(camera => camera.id), j => ['ingest', 'sources', i, 'cameras', j, 'id'])
  })
}

function resolvePaths (file: string, config: Written): NodeConfig {
  const at = (path: string) => resolve(dirname(file), path)
  const { keyRing, ingest } = config
  return {
    ...config,
    file,
    homeNation: nationOf(config.node),
    data: at(config.data),
    trust: config.trust.map(at),
    cameras: config.cameras.map(camera => resolveCamera(camera, at)),
    keyRing: {
      ...keyRing, file: at(keyRing.file), ...(keyRing.passphraseFile !== undefined && { passphraseFile: at(keyRing.passphraseFile) }),
      ...(keyRing.pkcs11 !== undefined && { pkcs11: resolveModule(keyRing.pkcs11, at) })
    },
    ...(ingest !== undefined && { ingest: { ...ingest, ...(ingest.tls !== undefined && { tls: { cert: at(ingest.tls.cert), key: at(ingest.tls.key) } }) } })
  }
}

/** Modules are often named by the bare file name of their library, which the system finds. */
function resolveModule (pkcs11: NonNullable<Written['keyRing']['pkcs11']>, at: (path: string) => string): NonNullable<Written['keyRing']['pkcs11']> {
  const { module, driver, pinFile } = pkcs11
  return { ...pkcs11, module: module.includes('/') ? at(module) : module, ...(driver !== undefined && { driver: at(driver) }), ...(pinFile !== undefined && { pinFile: at(pinFile) }) }
}

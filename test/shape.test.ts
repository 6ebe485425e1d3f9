/**
 * The shape of the code: who may import whom, what pure folders must not touch, files that nobody uses, what lies where.
 * The compiler keeps most directions as well; here each rule has a name and says which file breaks it.
 */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ROOT, filesIn, importsOf, isSource, read, sourcesIn, withoutComments, type Import } from './support/sources.ts'

const test = suite('shape')
const CODE = ['protocol', 'keys', 'node', 'simulations', 'test']
const sources = sourcesIn(...CODE)
const imports = sources.flatMap(importsOf)
const none = (broken: readonly string[], rule: string): void => assert.equal([...new Set(broken)].sort(), [], rule)
const shown = ({ from, to }: Import): string => `${from} → ${to}`

// ── directions ───────────────────────────────────────────────────────────────────────────────────────────────────

/** The longest match decides which room a file belongs to. `packages`: what it may import from outside; absent: anything. */
const ROOMS: readonly { readonly room: string, readonly may: readonly string[], readonly packages?: readonly string[] }[] = [
  { room: 'protocol/', may: [], packages: ['zod', '@noble/hashes'] },
  { room: 'protocol/policies/cedar.ts', may: ['protocol/'], packages: ['@cedar-policy/cedar-wasm'] },
  { room: 'keys/', may: ['protocol/'], packages: ['zod', 'node:crypto'] },
  { room: 'node/runtime/', may: ['protocol/', 'keys/'], packages: [] },
  { room: 'node/adapters/', may: ['protocol/', 'keys/', 'node/runtime/', 'node/recognition/'] },
  { room: 'node/hotlist/', may: ['protocol/', 'keys/', 'node/runtime/', 'node/ingest/'] },
  { room: 'node/recognition/', may: ['protocol/', 'keys/', 'node/runtime/', 'node/hotlist/', 'node/ingest/'] },
  { room: 'node/recognition/worker.ts', may: ['node/recognition/', 'node/adapters/'] },
  { room: 'node/ingest/', may: ['protocol/', 'keys/', 'node/runtime/', 'node/hotlist/'] },
  { room: 'node/console/', may: ['protocol/', 'keys/', 'node/runtime/', 'node/people.ts'] },
  { room: 'node/', may: ['protocol/', 'keys/'] },
  { room: 'simulations/', may: ['protocol/', 'keys/', 'node/runtime/'] },
  { room: 'simulations/pictures/', may: ['protocol/', 'simulations/random.ts', 'node/recognition/'] },
  { room: 'simulations/training/', may: ['protocol/', 'node/recognition/', 'node/adapters/', 'node/hotlist/', 'simulations/'] },
  { room: 'simulations/demo/', may: ['protocol/', 'keys/', 'node/', 'simulations/'] },
  { room: 'test/', may: ['protocol/', 'keys/', 'node/', 'simulations/'] }
]
const roomOf = (path: string) => ROOMS.filter(({ room }) => path.startsWith(room)).sort((a, b) => b.room.length - a.room.length)[0]!

test('imports go in the directions that the rooms allow', () => {
  none(imports.filter(({ from, to, isOwn }) => {
    const { room, may } = roomOf(from)
    return isOwn && ![room, ...may].some(allowed => to.startsWith(allowed)) && roomOf(to).room !== room && !(to.startsWith('protocol/') && room === 'protocol/')
  }).map(shown), 'a room imports what it may not know')
})

test('pure rooms import no package but those named', () => {
  none(imports.filter(({ from, to, isOwn }) => !isOwn && roomOf(from).packages?.includes(to) === false).map(shown), 'a package that does not belong there')
})

test('adapters are chosen in one place', () => {
  const choosers = ['node/compose.ts', 'node/compose-cameras.ts', 'node/recognition/worker.ts', 'node/setup.ts', 'node/witness/compose.ts']
  none(imports.filter(({ from, to, isLate }) => to.startsWith('node/adapters/') && from.startsWith('node/') && !from.startsWith('node/adapters/') && !choosers.includes(from) && !(isLate && from.startsWith('node/cli/'))).map(shown), 'only compose and setup know adapters; the command line loads one when a command needs it')
  none(imports.filter(({ from, to, isLate }) => from.startsWith('node/cli/') && ['node/compose.ts', 'node/main.ts', 'node/setup.ts', 'node/witness/compose.ts'].includes(to) && !isLate).map(shown), 'a command starts without loading a whole node')
})

/** Outside technology and the only files that name it, tests excepted. */
const CONFINED: readonly { readonly packages: RegExp, readonly files: RegExp }[] = [
  { packages: /^(?:libp2p|@libp2p\/.*|@chainsafe\/.*|@multiformats\/.*|it-.*|p-event)$/, files: /^node\/adapters\/libp2p-/ },
  { packages: /^level$/, files: /^node\/adapters\/level-/ },
  { packages: /^onnxruntime-node$/, files: /^(?:node\/adapters|simulations\/training)\// },
  { packages: /^sharp$/, files: /^(?:node\/adapters\/|simulations\/(?:pictures|training)\/)/ },
  { packages: /^fastify$/, files: /^node\/(?:compose\.ts|console\/|ingest\/|witness\/)/ },
  { packages: /^(?:pino|prom-client)$/, files: /^node\/(?:compose|compose-cameras|reports)\.ts$/ },
  { packages: /^yaml$/, files: /^node\/(?:config-file\.ts|setup\.ts|witness\/compose\.ts|cli\/)/ }
]
test('libraries are named where they belong', () => {
  for (const { packages, files } of CONFINED) none(imports.filter(({ from, to }) => packages.test(to) && !files.test(from) && !from.startsWith('test/')).map(shown), `${packages.source} outside ${files.source}`)
})

// ── what pure folders do not touch ───────────────────────────────────────────────────────────────────────────────

const FORBIDDEN: readonly { readonly what: string, readonly pattern: RegExp }[] = [
  { what: 'a clock', pattern: /\bnew Date\b|\bDate\s*[.(]|\bperformance\b|\bhrtime\b/ },
  { what: 'chance', pattern: /\bMath\.random\b|\bgetRandomValues\b|\brandom(?:Bytes|UUID|Int|Fill|FillSync)\b|\bgenerateKey/ },
  { what: 'a timer', pattern: /\bset(?:Timeout|Interval|Immediate)\b|\bnextTick\b/ },
  { what: 'the network', pattern: /(?<![.#\w])fetch\(|\bWebSocket\b|\bXMLHttpRequest\b/ },
  { what: 'the process', pattern: /\bprocess\b\s*[.[]|\bglobalThis\b|\bconsole\b\s*\./ },
  { what: 'a locale', pattern: /\.toLocale\w*\b|\.localeCompare\b|\bIntl\b/ }
]
test('pure folders touch neither clock nor chance, timer, network, process or locale', () => {
  const pure = sourcesIn('protocol', 'keys', 'node/runtime')
  assert.ok(pure.length > 60)
  for (const { what, pattern } of FORBIDDEN) none(pure.filter(path => pattern.test(withoutComments(read(path)))), `${what} in a pure folder`)
})

// ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Started from outside: by npm, by git, or by a person. */
const ENTRIES = [/^node\/cli\/(?:main\.ts|tiltas\.cjs|with-node\.cjs)$/, /^simulations\/(?:run|demo\/start|training\/(?:make|evaluate|publish)-[a-z-]+)\.ts$/, /\.d\.ts$/, /^test\/(?:run|publish-vectors)\.ts$/, /\.test\.ts$/, /^test\/bench\/[a-z-]+\.ts$/]
const isEntry = (path: string): boolean => ENTRIES.some(entry => entry.test(path))

const users = new Map<string, Set<string>>(sources.map(path => [path, new Set()]))
for (const { from, to } of imports) users.get(to)?.add(from)
// A file may be started as a process of its own: then its name stands in a string.
for (const path of sources) {
  const named = new Set([...withoutComments(read(path)).matchAll(/(?<=['/])[\w.-]+\.(?:ts|cjs)(?=')/g)].map(([name]) => name))
  for (const other of sources) if (other !== path && named.has(basename(other))) users.get(other)!.add(path)
}
const usersOf = (path: string): string[] => [...users.get(path)!]

test('every file is used by another one, or is an entry', () => {
  none(sources.filter(path => !isEntry(path) && usersOf(path).length === 0), 'nobody uses it')
})

test('no product file is kept alive by tests alone', () => {
  const product = sources.filter(path => !path.startsWith('test/') && !isEntry(path))
  none(product.filter(path => usersOf(path).every(user => user.startsWith('test/'))), 'only tests use it')
})

test('every product file says at its top what it is for', () => {
  none(sourcesIn('protocol', 'keys', 'node', 'simulations').filter(path => path.endsWith('.ts') && !read(path).startsWith('/**')), 'no header comment')
})

test('every test is found by the runner, and mirrors a folder', () => {
  const folders = new Set(sources.map(path => path.slice(0, path.lastIndexOf('/'))))
  const ownRooms = ['test', 'test/stories', 'test/vectors']
  const tests = sourcesIn('test').filter(path => path.endsWith('.test.ts'))
  none(tests.filter(path => {
    const folder = path.slice(0, path.lastIndexOf('/'))
    return !ownRooms.includes(folder) && !folders.has(folder.replace(/^test\//, ''))
  }), 'a test of nothing')
})

test('every port has a contract suite, and a test runs it', () => {
  const parts = ['StoreScan', 'RecordKeySlot', 'Link', 'TransportEvents', 'PeerAddress', 'SignRequest']
  const ports = [...read('node/runtime/ports.ts').matchAll(/^export interface (\w+)/gm)].map(([, name]) => name!).filter(name => !parts.includes(name))
  assert.ok(ports.length >= 6)
  none(ports.filter(port => {
    const suiteFile = `test/suites/${port.replace(/(?!^)[A-Z]/g, '-$&').toLowerCase()}-suite.ts`
    return !users.has(suiteFile) || !usersOf(suiteFile).some(user => user.endsWith('.test.ts'))
  }), 'a port without suite')
})

// ── repository ───────────────────────────────────────────────────────────────────────────────────────────────────

interface Package { readonly name: string, readonly license: string, readonly private: boolean, readonly description: string, readonly keywords: readonly string[], readonly type: string, readonly engines: { readonly node: string }, readonly bin: { readonly [name: string]: string }, readonly scripts: { readonly [name: string]: string }, readonly dependencies: { readonly [name: string]: string }, readonly devDependencies: { readonly [name: string]: string }, readonly optionalDependencies: { readonly [name: string]: string } }
const about = JSON.parse(read('package.json')) as Package

test('the top level holds what belongs there and nothing else', () => {
  const allowed = ['.ci', '.gitignore', '.npmrc', 'LICENSE', 'README.md', 'keys', 'node', 'package-lock.json', 'package.json', 'protocol', 'simulations', 'test', 'tsconfig.json']
  const ignored = ['.git', 'node_modules', '.cache', '.data']
  none(readdirSync(ROOT).filter(name => !allowed.includes(name) && !ignored.includes(name) && !name.endsWith('.log')), 'not at the top level')
})

test('package.json says what this is, and its scripts exist', () => {
  assert.equal([about.name, about.license, about.type, about.private, about.engines.node], ['tiltas', 'Apache-2.0', 'module', true, '>=20'])
  assert.ok(about.description.length > 40 && about.keywords.length >= 5)
  const named = [...Object.values(about.bin), ...Object.values(about.scripts).flatMap(script => script.match(/\S+\.(?:ts|cjs)\b/g) ?? [])]
  none(named.filter(path => !existsSync(join(ROOT, path))), 'a script of a file that is not there')
  for (const script of ['start', 'test', 'types', 'simulate', 'bench', 'tiltas']) assert.ok(about.scripts[script], script)
})

test('every dependency is exact, declared and used', () => {
  const declared = { ...about.dependencies, ...about.devDependencies }
  none(Object.entries({ ...declared, ...about.optionalDependencies }).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version)).map(([name]) => name), 'a version that is not exact')
  const outside = imports.filter(({ to, isOwn }) => !isOwn && !to.startsWith('node:'))
  const training = JSON.parse(read('simulations/training/package.json')) as Pick<Package, 'dependencies'>
  const declaredFor = (from: string) => from.startsWith('test/') ? declared : from.startsWith('simulations/training/') ? { ...about.dependencies, ...training.dependencies } : about.dependencies
  none(outside.filter(({ from, to }) => !declaredFor(from)[to]).map(shown), 'a package that is not declared')
  const used = new Set(outside.map(({ to }) => to))
  const byTools = ['typescript', '@types/node']
  none(Object.keys(declared).filter(name => !used.has(name) && !byTools.includes(name)), 'a dependency that nobody imports')
})

test('the lockfile fixes every package by its hash, and names no host', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as { packages: { [path: string]: { integrity?: string, resolved?: string, link?: boolean } } }
  const locked = Object.entries(packages).filter(([path]) => path !== '')
  assert.ok(locked.length > 100)
  none(locked.filter(([, { integrity }]) => !/^sha512-/.test(integrity ?? '')).map(([path]) => path), 'no integrity')
  none(locked.filter(([, { resolved, link }]) => resolved !== undefined || link === true).map(([path]) => path), 'a host or a link')
})

test('the licence is Apache-2.0', () => {
  const licence = read('LICENSE')
  assert.match(licence, /Apache License\s+Version 2\.0, January 2004/)
  assert.match(licence, /END OF TERMS AND CONDITIONS/)
})

test('no file is larger than 1 MiB, and nothing is left to be done in a comment', () => {
  const files = filesIn()
  const models = files.filter(path => path.endsWith('.onnx'))
  none(files.filter(path => !models.includes(path) && statSync(join(ROOT, path)).size > 1024 * 1024), 'too large')
  assert.ok(models.reduce((sum, path) => sum + statSync(join(ROOT, path)).size, 0) <= 8 * 1024 * 1024, 'the models together')
  const words = new RegExp(`\\b(?:${['TO', 'FIX', 'HA'].map((head, i) => head + ['DO', 'ME', 'CK'][i]).join('|')}|X{3})\\b`)
  none(files.filter(path => isSource(path) || path.endsWith('.md')).filter(path => words.test(read(path))), 'an unfinished thought')
})

test.run()

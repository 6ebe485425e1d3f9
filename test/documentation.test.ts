/** What the documentation says is what the code does: codes, limits, examples, commands, config and links. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parse as parseYaml } from 'yaml'
import { ALGORITHMS } from '../keys/algorithms.ts'
import { KEY_PURPOSES } from '../keys/identity.ts'
import { STATEMENT_TYPES } from '../keys/statements.ts'
import { loadConfig } from '../node/config.ts'
import { COMMANDS } from '../node/cli/main.ts'
import { genericRead } from '../node/ingest/generic.ts'
import { INGEST_REFUSALS } from '../node/ingest/refusals.ts'
import { COMMAND_ERRORS, ROLES } from '../protocol/commands.ts'
import * as identifiers from '../protocol/identifiers.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../protocol/instant.ts'
import * as limits from '../protocol/limits.ts'
import { LEAF_TYPES } from '../protocol/log/leaf.ts'
import { MESSAGE_SCHEMAS, MESSAGE_TYPES, hit, sharedEntry, typOf } from '../protocol/messages/message.ts'
import * as vocabulary from '../protocol/messages/vocabulary.ts'
import { grantSchema } from '../protocol/policies/grant.ts'
import { REFUSALS } from '../protocol/refusals.ts'
import { ROOT, filesIn, read } from './support/sources.ts'

const test = suite('documentation')
const wire = read('protocol/README.md')
const front = read('README.md')
const nodePage = read('node/README.md')
const keysPage = read('keys/README.md')

/** The part under a heading, up to the next of the same or a higher level. */
function section (page: string, heading: string): string {
  const from = page.indexOf(`\n${heading}\n`)
  assert.ok(from >= 0, `no heading ${heading}`)
  const level = heading.indexOf(' ')
  const rest = page.slice(from + heading.length + 2)
  const end = new RegExp(`^#{1,${level}} `, 'm').exec(rest)?.index
  return rest.slice(0, end)
}
/** Rows of the tables in a text, cell by cell. */
const rowsOf = (text: string): string[][] => [...text.matchAll(/^\| ?(.*) \|$/gm)].map(([, row]) => row!.split(' | ').map(cell => cell.trim())).filter(([first]) => !/^-*(?:\|-*)*$/.test(first!))
const coded = (cell: string): string => /^`([^`]*)`$/.exec(cell)?.[1] ?? ''
const codesOf = (text: string): string[][] => rowsOf(text).filter(([first]) => coded(first!) !== '').map(([first, ...rest]) => [coded(first!), ...rest])
const blocksOf = (page: string, language: string): string[] => [...page.matchAll(new RegExp('```' + language + '\\n([\\s\\S]*?)```', 'g'))].map(([, block]) => block!)
const mentions = (page: string, words: readonly string[]): string[] => words.filter(word => !page.includes(`\`${word}\``))

// ── the wire ─────────────────────────────────────────────────────────────────────────────────────────────────────

test('refusal codes stand in the specification word for word', () => {
  assert.equal(codesOf(section(wire, '## 15. Refusal codes')), Object.entries(REFUSALS).map(([code, text]) => [code, text]))
})

test('limits stand in the specification with their values', () => {
  const units: { readonly [unit: string]: number } = { 'ms': 1, 'KiB': 1024, 'MiB': 1024 ** 2, 's': SECOND, 'min': MINUTE, 'h': HOUR, 'd': DAY }
  const told = codesOf(section(wire, '## 14. Limits')).map(([name, value]) => {
    const [, count, unit] = /^(\d+)(?: (\w+))?$/.exec(value!) ?? []
    return [name!, Number(count) * (unit === undefined ? 1 : units[unit] ?? NaN)] as const
  })
  assert.equal(Object.fromEntries(told), { ...limits })
})

test('algorithms stand in the specification as in the table of the code', () => {
  const told = codesOf(section(wire, '## 13. Algorithms')).map(([object, sign, seal]) => [object!, [...`${sign} ${seal ?? ''}`.matchAll(/`([^`]+)`/g)].map(([, name]) => name!).sort()])
  const inCode = Object.entries(ALGORITHMS).map(([object, algorithms]) => [object, 'sign' in algorithms ? [...algorithms.sign].sort() : Object.values(algorithms).sort()])
  assert.equal(told, inCode)
})

test('every message type has its row, its example and its schema', () => {
  const types = section(wire, '## 8. Message types')
  const rows = rowsOf(types).flatMap(([first]) => /^\[`([^`]+)`\]\(schemas\/message\.(.+)\.json\)$/.exec(first!)?.slice(1) ?? [])
  assert.equal(rows, MESSAGE_TYPES.flatMap(type => [type, type.replace('/', '.')]))
  const examples = blocksOf(types, 'json').map(block => JSON.parse(block) as { type: keyof typeof MESSAGE_SCHEMAS })
  const exampleless = MESSAGE_TYPES.filter(type => !examples.some(example => example.type === type))
  assert.equal(exampleless, ['hit.update/1'], 'an update is the whole hit again')
  for (const example of examples) assert.equal(MESSAGE_SCHEMAS[example.type].safeParse(example).error?.issues ?? [], [], example.type)
})

test('every member of a hit and of a shared entry is explained', () => {
  const common = ['type', 'id', 'iss', 'aud', 'iat', 'exp', 'exercise']
  const types = section(wire, '## 8. Message types')
  assert.equal(mentions(types, common), [])
  assert.equal(mentions(section(wire, '### hit/1, hit.update/1'), Object.keys(hit.shape).filter(name => !common.includes(name))), [])
  assert.equal(mentions(section(wire, '### hotlist.share/1'), Object.keys(sharedEntry.shape)), [])
})

test('every code that travels is named', () => {
  const { CATEGORIES, ACTIONS, PRECISIONS, VERIFICATIONS, MATCH_KINDS, CLOCK_QUALITIES, DIRECTIONS, WITHDRAW_REASONS, ENTRY_WITHDRAW_REASONS, STREAM_CLASSES } = vocabulary
  const types = section(wire, '## 8. Message types')
  for (const codes of [CATEGORIES, ACTIONS, VERIFICATIONS, MATCH_KINDS, CLOCK_QUALITIES, DIRECTIONS, WITHDRAW_REASONS, ENTRY_WITHDRAW_REASONS]) assert.equal(mentions(types, codes), [])
  assert.equal(mentions(section(wire, '## 11. The log'), LEAF_TYPES), [])
  assert.equal(STREAM_CLASSES.filter(streamClass => !wire.includes(`/tiltas/1/${streamClass}`)), [])
  assert.equal(Object.values(STATEMENT_TYPES).filter(typ => !wire.includes(typ)), [])
  assert.equal(PRECISIONS.filter(precision => precision !== 'exact' && !front.includes(precision)), [])
  assert.ok(wire.includes(typOf('hit/1')))
})

test('forms of identifiers are those of the code', () => {
  const told = section(wire, '## 1. Who speaks')
  for (const pattern of [identifiers.NATION_ID, identifiers.AGENCY_ID, identifiers.ENTRY_REF]) assert.ok(told.includes(`\`${pattern.source.replaceAll('\\/', '/')}\``), pattern.source)
})

// ── the node ─────────────────────────────────────────────────────────────────────────────────────────────────────

test('codes of commands and of the ingest stand in the node\'s page word for word', () => {
  assert.equal(codesOf(section(nodePage, '## Local API')).filter(([code]) => /^[a-z-]+$/.test(code!)), Object.entries(COMMAND_ERRORS).map(([code, text]) => [code, text]))
  const ingest = codesOf(section(nodePage, '## Ingest')).filter(([code]) => code! in INGEST_REFUSALS)
  assert.equal(ingest, Object.entries(INGEST_REFUSALS).map(([code, { message, whatToDo }]) => [code, `${message} ${whatToDo}`]))
  assert.equal(mentions(section(nodePage, '## Ingest'), Object.keys(genericRead.shape)), [])
})

test('purposes of keys are explained', () => { assert.equal(mentions(keysPage, KEY_PURPOSES), []) })

// ── the front door ───────────────────────────────────────────────────────────────────────────────────────────────

test('every command and every role is named on the first page, and no command that does not exist', () => {
  assert.equal(COMMANDS.map(({ name }) => name).filter(name => !new RegExp(`tiltas ${name}\\b`).test(front)), [])
  assert.equal(mentions(front, ROLES), [])
  const words = [...front.matchAll(/(?:^|`)tiltas ([a-z]+)(?: ([a-z][a-z-]*))?/gm)].map(([, first, second]) => [first!, `${first} ${second}`])
  assert.ok(words.length > 40)
  assert.equal(words.filter(([one, two]) => !COMMANDS.some(({ name }) => name === one || name === two)).map(([, two]) => two), [])
})

test('options in the commands of the first page exist', () => {
  const everywhere = ['config', 'as', 'json', 'help']
  const lines = blocksOf(front, 'sh').flatMap(block => block.replaceAll('\\\n', ' ').split('\n')).flatMap(line => /(?:^|\| )tiltas (.*)$/.exec(line)?.[1] ?? [])
  assert.ok(lines.length > 20)
  for (const line of lines) {
    const command = COMMANDS.find(({ name }) => line.startsWith(`${name} `) && name.includes(' ')) ?? COMMANDS.find(({ name }) => line.split(' ')[0] === name)
    const options = [...line.matchAll(/ --([a-z][a-z-]*)/g)].map(([, option]) => option!)
    assert.equal(options.filter(option => !everywhere.includes(option) && command?.options?.[option] === undefined), [], line)
  }
})

test('npm scripts and files that the first page names exist', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: { [name: string]: string } }
  const named = [...front.matchAll(/npm (?:run )?(start|test|run [a-z]+|[a-z]+)\b/g)].map(([, script]) => script!.replace('run ', '')).filter(script => script !== 'registry' && script in { start: 1, test: 1, simulate: 1, types: 1, bench: 1, tiltas: 1 })
  assert.ok(named.includes('start') && named.includes('test'))
  assert.equal(named.filter(script => scripts[script] === undefined), [])
  assert.equal([...front.matchAll(/\b(?:test|node|protocol|keys|simulations)\/[\w./-]+\.(?:ts|cjs)\b/g)].map(([path]) => path).filter(path => !existsSync(join(ROOT, path))), [])
})

test('the config of the first page is one that a node takes, and names every key', () => {
  const block = blocksOf(section(front, '### tiltas.yaml'), 'yaml')[0]!
  const folder = mkdtempSync(join(tmpdir(), 'tiltas-'))
  try {
    const file = join(folder, 'tiltas.yaml')
    writeFileSync(file, block)
    const named = Object.keys(parseYaml(block) as object)
    const config = loadConfig(file)
    writeFileSync(file, 'node: lv/national\nrole: national\ndata: data\ntrust: trust\nkeyRing: { file: ring, passphraseEnv: P }\n')
    const known = new Set([...Object.keys(config), ...Object.keys(loadConfig(file))].filter(key => !['file', 'homeNation'].includes(key)))
    assert.equal([...known].filter(key => !named.includes(key)), [])
    writeFileSync(file, `${block}noSuchKey: 1\n`)
    assert.throws(() => loadConfig(file), /noSuchKey/)
  } finally { rmSync(folder, { recursive: true }) }
})

test('the grant of the first page is a grant', () => {
  const block = blocksOf(front, 'yaml').find(text => text.startsWith('id: g-'))!
  assert.equal(grantSchema.safeParse(parseYaml(block)).error?.issues ?? [], [])
})

test('links inside the repository lead somewhere', () => {
  const anchorOf = (heading: string): string => heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').trim().replace(/ /g, '-')
  const broken = filesIn().filter(path => path.endsWith('.md')).flatMap(path => [...read(path).matchAll(/\]\((?!https?:|\?)([^)#]*)(?:#([^)]*))?\)/g)].flatMap(([link, target, anchor]) => {
    const file = target === '' ? path : join(dirname(path), target!)
    if (!existsSync(join(ROOT, file))) return [`${path}: ${link}`]
    const headings = file.endsWith('.md') ? [...read(file).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchorOf(heading!)) : []
    return anchor === undefined || headings.includes(anchor) ? [] : [`${path}: ${link}`]
  }))
  assert.equal(broken, [])
})

test.run()

/** From the words on the command line to one command and its options; what is mistyped is answered with what was meant. */
import { parseArgs } from 'node:util'
import { nearest } from '../nearest.ts'
import { GLOBAL_OPTIONS, usageError, type CliCommand, type CommandOption } from './command.ts'

/** Of SHA-256 in base64url. */
const DIGEST_LENGTH = 43

export type OptionValues = { readonly [name: string]: string | boolean | (string | boolean)[] | undefined }
/** `help` with the command, or the words of a group, that it is asked for. */
export type Asked =
  | { readonly command: CliCommand, readonly values: OptionValues, readonly positionals: readonly string[] }
  | { readonly help: CliCommand | string | undefined }

/** Throws CliError with exit 2. */
export function parseArguments (argv: readonly string[], commands: readonly CliCommand[]): Asked {
  const { before, words, rest } = splitWords(argv)
  const wantsHelp = argv.includes('--help') || argv.includes('-h')
  if (words.length === 0 && (argv.length === 0 || wantsHelp)) return { help: undefined }
  if (words[0] === 'help') return { help: helpTopic(words.slice(1), commands) }
  if (wantsHelp) return { help: helpTopic(words, commands) }
  const command = findCommand(words, commands)
  if (command === undefined) throw unknownCommand(words, commands)
  return parseOptions(command, [...before, ...words.slice(command.name.split(' ').length), ...rest])
}

/** Global options may stand before the command; of the words after them, at most two name it (three with `help`). */
function splitWords (argv: readonly string[]): { before: readonly string[], words: readonly string[], rest: readonly string[] } {
  let at = 0
  while (at < argv.length && argv[at]!.startsWith('-')) {
    const option = GLOBAL_OPTIONS[argv[at]!.slice(2)]
    at += option?.type === 'string' ? 2 : 1
  }
  let end = at
  while (end < argv.length && end < at + (argv[at] === 'help' ? 3 : 2) && !argv[end]!.startsWith('-')) end++
  return { before: argv.slice(0, at), words: argv.slice(at, end), rest: argv.slice(end) }
}

const findCommand = (words: readonly string[], commands: readonly CliCommand[]): CliCommand | undefined =>
  commands.find(command => command.name === words.slice(0, 2).join(' ')) ?? commands.find(command => command.name === words[0])

const isGroup = (word: string | undefined, commands: readonly CliCommand[]): boolean => commands.some(command => command.name.startsWith(`${word} `))

function helpTopic (words: readonly string[], commands: readonly CliCommand[]): CliCommand | string | undefined {
  const topic = findCommand(words, commands) ?? (isGroup(words[0], commands) ? words[0] : undefined)
  if (topic === undefined && words.length > 0) throw unknownCommand(words, commands)
  return topic
}

function unknownCommand (words: readonly string[], commands: readonly CliCommand[]): Error {
  const known = isGroup(words[0], commands) ? commands.map(command => command.name).filter(name => name.startsWith(`${words[0]} `)) : commands.map(command => command.name)
  if (words.length === 0) return usageError('Name a command.', 'See `tiltas --help`.')
  const said = words.join(' ')
  if (words.length === 1 && isGroup(words[0], commands)) return usageError(`\`${said}\` needs one more word: ${known.map(name => name.split(' ')[1]).join(', ')}.`)
  const meant = nearest(said, known) ?? nearest(words[0] ?? '', known)
  return usageError(`unknown command \`${said}\`${meant === undefined ? '' : `, did you mean \`${meant}\`?`}`, 'See `tiltas --help`.')
}

function parseOptions (command: CliCommand, args: readonly string[]): Asked {
  const options = { ...GLOBAL_OPTIONS, ...command.options }
  try {
    const { values, positionals } = parseArgs({ args: joinDashedValues(args, options), options, allowPositionals: true, strict: true })
    checkPositionals(command, positionals)
    return { command, values, positionals }
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') throw unknownOption(/'(-[^']*)'/.exec(message)?.[1] ?? '', Object.keys(options))
    if (code === 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE') throw usageError(message.split('\n')[0]!)
    throw cause
  }
}

/** Hashes are base64url, so one in sixty-four begins with a dash: after an option that wants a value it is that value. */
function joinDashedValues (args: readonly string[], options: { readonly [name: string]: CommandOption }): string[] {
  const joined: string[] = []
  for (const word of args) {
    const wantsValue = options[joined.at(-1)?.replace(/^--/, '') ?? '']?.type === 'string' && joined.at(-1)!.startsWith('--')
    if (wantsValue && /^-[\w-]{2,}$/.test(word) && (!word.startsWith('--') || word.length === DIGEST_LENGTH)) joined.push(`${joined.pop()}=${word}`)
    else joined.push(word)
  }
  return joined
}

function unknownOption (option: string, known: readonly string[]): Error {
  const meant = nearest(option.replace(/^-+/, ''), known)
  return usageError(`unknown option \`${option}\`${meant === undefined ? '' : `, did you mean \`--${meant}\`?`}`, 'Add --help to see the options.')
}

function checkPositionals (command: CliCommand, given: readonly string[]): void {
  const wanted = command.positionals ?? []
  const needed = wanted.filter(name => !name.startsWith('['))
  if (given.length < needed.length) throw usageError(`\`tiltas ${command.name}\` needs ${needed.join(' ')}.`, `See \`tiltas ${command.name} --help\`.`)
  const open = wanted.some(name => name.endsWith('...'))
  if (given.length > wanted.length && !open) throw usageError(`\`tiltas ${command.name}\` takes ${wanted.length === 0 ? 'no more words' : wanted.join(' ')}.`, `See \`tiltas ${command.name} --help\`.`)
}

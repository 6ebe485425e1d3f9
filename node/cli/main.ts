/**
 * The `tiltas` command. Picks the command, gives it its context, and turns whatever goes wrong into one message, what to
 * do about it, and an exit code; no stack trace ever reaches a person.
 */
import { ConfigError, loadConfig, pathsOf, type NodeConfig } from '../config.ts'
import type { PersonKey } from '../people.ts'
import { parseArguments, type OptionValues } from './arguments.ts'
import { createClient, type Client } from './client.ts'
import { CliError, EXIT, usageError, type CliCommand, type Context, type Exit, type Io } from './command.ts'
import { backup } from './commands/backup.ts'
import { cameras } from './commands/cameras.ts'
import { candidates } from './commands/candidates.ts'
import { doctor } from './commands/doctor.ts'
import { evidence } from './commands/evidence.ts'
import { grants } from './commands/grants.ts'
import { hits } from './commands/hits.ts'
import { hotlist } from './commands/hotlist.ts'
import { init } from './commands/init.ts'
import { join } from './commands/join.ts'
import { keys } from './commands/keys.ts'
import { log } from './commands/log.ts'
import { people } from './commands/people.ts'
import { policy } from './commands/policy.ts'
import { policyQuestions } from './commands/policy-questions.ts'
import { read } from './commands/read.ts'
import { restore } from './commands/restore.ts'
import { run } from './commands/run.ts'
import { status } from './commands/status.ts'
import { trust } from './commands/trust.ts'
import { witness } from './commands/witness.ts'
import { readPersonKey } from './files.ts'
import { helpText } from './help.ts'
import { createPainter, printJson, printable } from './print.ts'

export const COMMANDS: readonly CliCommand[] = [init, run, join, status, doctor, cameras, read, ...evidence, ...hits, ...candidates, ...hotlist, ...grants, ...policy, ...policyQuestions, ...log, ...witness, ...trust, ...people, ...keys, ...backup, restore]

/** Runs one command line and answers its exit code. */
export async function main (argv: readonly string[], io: Io): Promise<Exit> {
  const json = argv.includes('--json')
  try {
    const asked = parseArguments(argv, COMMANDS)
    if ('help' in asked) { io.out(helpText(asked.help, COMMANDS)); return EXIT.ok }
    return await asked.command.run(createContext(asked.values, asked.positionals, io))
  } catch (error) { return reportError(error, json, io) }
}

function createContext (values: OptionValues, positionals: readonly string[], io: Io): Context {
  const configPath = textOf(values, 'config') ?? io.env['TILTAS_CONFIG'] ?? 'tiltas.yaml'
  const json = values['json'] === true
  let config: NodeConfig | undefined
  let me: PersonKey | undefined
  let client: Client | undefined
  const context: Context = {
    io, json, positionals, configPath,
    paint: createPainter(io.isTerminal && io.env['NO_COLOR'] === undefined),
    text: name => textOf(values, name),
    texts: name => (values[name] ?? []) as string[],
    flag: name => values[name] === true,
    required: name => {
      const text = textOf(values, name)
      if (text === undefined) throw usageError(`--${name} is missing.`, 'Add --help to see the options.')
      return text
    },
    config: () => config ??= loadConfig(configPath),
    me: () => me ??= readPersonKey(textOf(values, 'as') ?? io.env['TILTAS_AS']),
    client: () => client ??= createClient({ socketPath: pathsOf(context.config().data).socket, node: context.config().node, now: io.now }),
    agency: () => textOf(values, 'agency') ?? context.me().actor.agency,
    answer: (facts, lines) => io.out(json ? printJson(facts, 2) + '\n' : [lines()].flat().join('\n') + '\n')
  }
  return context
}

const textOf = (values: OptionValues, name: string): string | undefined => values[name] as string | undefined

function reportError (thrown: unknown, json: boolean, io: Io): Exit {
  const error = asCliError(thrown)
  const { code, message, todo, problems } = error
  if (json) io.err(printJson({ code, message, todo, problems }, 2) + '\n')
  else io.err(message.split('\n').map(printable).join('\n') + '\n' + (todo === undefined ? '' : printable(todo) + '\n'))
  return error.exit
}

/** What nobody foresaw is shown as it is: it is a bug, and its message is all there is to find it by. */
function asCliError (thrown: unknown): CliError {
  if (thrown instanceof CliError) return thrown
  if (thrown instanceof ConfigError) return new CliError(EXIT.usage, thrown.code, thrown.message, { problems: thrown.problems, cause: thrown })
  const { code, message } = thrown as { code?: unknown, message?: unknown }
  return new CliError(EXIT.failed, typeof code === 'string' ? code : 'failed', typeof message === 'string' ? message : String(thrown), { cause: thrown })
}

async function readStandardInput (): Promise<string> {
  let text = ''
  for await (const chunk of process.stdin.setEncoding('utf8')) {
    text += chunk
    if (text.length > 64 * 1024) throw usageError('The standard input is too long.')
  }
  return text
}

async function askAtTerminal (question: string): Promise<string> {
  const { createInterface } = await import('node:readline/promises')
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  try { return await terminal.question(question) } finally { terminal.close() }
}

/** `run` stops by its own order of things; every other command stops here when it is told to. */
function stopSignal (): AbortSignal {
  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort())
  return stopping.signal
}

async function runProcess (): Promise<void> {
  const argv = process.argv.slice(2)
  const stopping = new AbortController()
  // A reader that went away (`| head`) ends the command quietly.
  process.stdout.on('error', () => stopping.abort())
  const follows = argv.includes('--follow')
  process.exitCode = await main(argv, {
    out: text => { process.stdout.write(text) },
    err: text => { process.stderr.write(text) },
    isTerminal: process.stdout.isTTY,
    env: process.env,
    readInput: readStandardInput,
    ...(process.stdin.isTTY && process.stdout.isTTY && { ask: askAtTerminal }),
    stopped: follows ? AbortSignal.any([stopping.signal, stopSignal()]) : stopping.signal,
    now: Date.now
  })
}

if (import.meta.main) await runProcess()

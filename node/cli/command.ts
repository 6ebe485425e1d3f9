/**
 * What a command of `tiltas` is: its words, its options, and what it is given when it runs.
 * Commands answer with text for people and, with --json, the same facts as one JSON value; they never print by themselves.
 */
import type { ConfigProblem, NodeConfig } from '../config.ts'
import type { PersonKey } from '../people.ts'
import type { Client } from './client.ts'
import type { Painter } from './print.ts'

export const EXIT = { ok: 0, failed: 1, usage: 2, notRunning: 3, notAuthenticated: 4 } as const
export type Exit = typeof EXIT[keyof typeof EXIT]

/** Ends the command: printed as message and what to do about it. */
export class CliError extends Error {
  readonly exit: Exit
  readonly code: string
  readonly todo: string | undefined
  readonly problems: readonly ConfigProblem[] | undefined
  constructor (exit: Exit, code: string, message: string, options: { todo?: string, problems?: readonly ConfigProblem[], cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.name = 'CliError'
    this.exit = exit
    this.code = code
    this.todo = options.todo
    this.problems = options.problems
  }
}
export const usageError = (message: string, todo?: string): CliError => new CliError(EXIT.usage, 'usage', message, { todo })

/** The world around a command: replaced in tests. */
export interface Io {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  /** Whether `out` is a terminal that people look at. */
  readonly isTerminal: boolean
  readonly env: { readonly [name: string]: string | undefined }
  readonly readInput: () => Promise<string>
  /** One line of a person at the terminal; absent where nobody can be asked. */
  readonly ask?: (question: string) => Promise<string>
  /** Ends what would go on for ever. */
  readonly stopped: AbortSignal
  readonly now: () => number
}

export interface CommandOption {
  readonly type: 'string' | 'boolean'
  /** What stands for the value in the help: `FILE`. */
  readonly value?: string
  readonly multiple?: boolean
  readonly help: string
}

export interface Context {
  readonly io: Io
  readonly json: boolean
  readonly paint: Painter
  readonly positionals: readonly string[]
  /** The value of a string option. */
  text (name: string): string | undefined
  texts (name: string): readonly string[]
  flag (name: string): boolean
  /** Throws a usage error that names the option when it is absent. */
  required (name: string): string
  readonly configPath: string
  /** Read when first asked for. */
  config (): NodeConfig
  me (): PersonKey
  client (): Client
  /** --agency, or the agency of whoever asks. */
  agency (): string
  /** The facts as JSON, or the lines for people. */
  answer (facts: unknown, lines: () => string | readonly string[]): void
}

export interface CliCommand {
  /** One or two words: `hotlist import`. */
  readonly name: string
  readonly summary: string
  /** Names for the help: `FILE`, `[ID]` when it may be absent, `REF...` when there may be several. */
  readonly positionals?: readonly string[]
  readonly options?: { readonly [name: string]: CommandOption }
  readonly notes?: readonly string[]
  run (context: Context): Promise<Exit>
}

/** Lets a command's options be checked where they are written. */
export const defineCommand = (command: CliCommand): CliCommand => command

export const GLOBAL_OPTIONS: { readonly [name: string]: CommandOption } = {
  config: { type: 'string', value: 'FILE', help: 'config of the node (else TILTAS_CONFIG, else ./tiltas.yaml)' },
  as: { type: 'string', value: 'FILE', help: 'your key file, which signs what you ask (else TILTAS_AS)' },
  json: { type: 'boolean', help: 'answer in JSON' },
  help: { type: 'boolean', help: 'explain the command' }
}

export const AGENCY: CommandOption = { type: 'string', value: 'AGENCY', help: 'for this agency (else that of your key)' }
/** The justification that the log keeps with every look at personal data (Directive (EU) 2016/680 article 25). */
export const BECAUSE: { readonly [name: string]: CommandOption } = {
  reason: { type: 'string', value: 'CODE', help: 'why you look: it is logged with your name' },
  case: { type: 'string', value: 'NO', help: 'number of the case that you look for' }
}

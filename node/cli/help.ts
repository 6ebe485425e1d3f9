/** What `--help` says, made from the commands themselves so that it cannot fall behind them. */
import { CONSULT_REASONS } from '../../protocol/commands.ts'
import { GLOBAL_OPTIONS, type CliCommand, type CommandOption } from './command.ts'

const EXIT_CODES = [
  'Exit codes:',
  '  0  done',
  '  1  refused, or failed',
  '  2  wrong usage, or a wrong config',
  '  3  the node is not running',
  '  4  not authenticated: no key, or one that the node does not know'
]

/** `topic`: a command, the first word of a group, or nothing for everything. */
export function helpText (topic: CliCommand | string | undefined, commands: readonly CliCommand[]): string {
  if (topic !== undefined && typeof topic !== 'string') return commandHelp(topic, commands)
  const listed = topic === undefined ? commands : commands.filter(command => command.name === topic || command.name.startsWith(`${topic} `))
  const usages = listed.map(usage)
  const width = Math.max(...usages.map(text => text.length))
  return [
    `Usage: tiltas ${topic ?? '<command>'} …`,
    '',
    ...listed.map((command, i) => `  ${usages[i]!.padEnd(width)}  ${command.summary}`),
    '',
    ...optionLines('Everywhere:', GLOBAL_OPTIONS),
    '',
    'Add --help to a command for its options.',
    '',
    ...EXIT_CODES
  ].join('\n') + '\n'
}

const usage = ({ name, positionals = [] }: CliCommand): string => [name, ...positionals].join(' ')

function commandHelp (command: CliCommand, commands: readonly CliCommand[]): string {
  const options = Object.entries(command.options ?? {})
  const below = commands.filter(({ name }) => name.startsWith(`${command.name} `))
  return [
    `Usage: tiltas ${usage(command)}${options.length > 0 ? ' [options]' : ''}`,
    '',
    `  ${command.summary}`,
    ...(command.notes ?? []).map(note => `  ${note}`),
    ...(options.length > 0 ? ['', ...optionLines('Options:', command.options!)] : []),
    ...(command.options?.['case'] === undefined ? [] : ['', `Reasons: ${CONSULT_REASONS.join(', ')}`]),
    ...(below.length > 0 ? ['', `Also: ${below.map(({ name }) => `tiltas ${name}`).join(', ')}`] : []),
    '',
    ...optionLines('Everywhere:', GLOBAL_OPTIONS),
    '',
    ...EXIT_CODES
  ].join('\n') + '\n'
}

function optionLines (title: string, options: { readonly [name: string]: CommandOption }): string[] {
  const names = Object.entries(options).map(([name, { value }]) => `--${name}${value === undefined ? '' : ` ${value}`}`)
  const width = Math.max(...names.map(name => name.length))
  return [title, ...Object.values(options).map(({ help }, i) => `  ${names[i]!.padEnd(width)}  ${help}`)]
}

/** `tiltas init`: a new node, its keys and its config. */
import { parseAgencyId, parseNodeId } from '../../../protocol/identifiers.ts'
import { AGENCY_ID, NODE_ID } from '../../../protocol/identifiers.ts'
import { EXIT, defineCommand, usageError, type Context } from '../command.ts'
import type { InitOptions } from '../options.ts'
import { printSetup } from './setup-result.ts'

const ROLES = ['national', 'site', 'home'] as const
const LOCALES = ['en', 'lv', 'lt'] as const

export const init = defineCommand({
  name: 'init',
  summary: 'make a new node: its keys and its tiltas.yaml',
  positionals: ['[FOLDER]'],
  options: {
    node: { type: 'string', value: 'NODE', help: 'its name, like lv/national' },
    role: { type: 'string', value: 'ROLE', help: ROLES.join(', ') },
    agency: { type: 'string', value: 'AGENCY', multiple: true, help: 'an agency that is at home here; may be repeated' },
    listen: { type: 'string', value: 'ADDRESS', multiple: true, help: 'where peers reach it, like /ip4/0.0.0.0/tcp/4001; may be repeated' },
    'ingest-port': { type: 'string', value: 'PORT', help: 'takes reads of cameras on this port of this machine' },
    'ops-port': { type: 'string', value: 'PORT', help: 'gives metrics and health on this port of this machine' },
    'passphrase-file': { type: 'string', value: 'FILE', help: 'passphrase of the key ring; without it one is drawn' },
    locale: { type: 'string', value: 'LOCALE', help: LOCALES.join(', ') }
  },
  async run (context) {
    const options = readOptions(context)
    const { initNode } = await import('../../setup.ts')
    printSetup(context, await initNode(options))
    return EXIT.ok
  }
})

function readOptions (context: Context): InitOptions {
  const agencies = context.texts('agency')
  const node = context.required('node')
  if (!NODE_ID.test(node)) throw usageError('--node is written like lv/national.')
  if (!agencies.every(agency => AGENCY_ID.test(agency))) throw usageError('--agency is written like lv:state-police.')
  return {
    folder: context.positionals[0] ?? '.',
    node: parseNodeId(node),
    role: oneOf('role', ROLES, context.required('role')),
    agencies: agencies.map(parseAgencyId),
    listen: context.texts('listen'),
    ingestPort: port('ingest-port', context),
    opsPort: port('ops-port', context),
    passphraseFile: context.text('passphrase-file'),
    locale: oneOf('locale', LOCALES, context.text('locale') ?? 'en')
  }
}

function oneOf<Word extends string> (name: string, words: readonly Word[], text: string): Word {
  const word = words.find(word => word === text)
  if (word === undefined) throw usageError(`--${name} is one of ${words.join(', ')}.`)
  return word
}

function port (name: string, context: Context): number | undefined {
  const text = context.text(name)
  if (text === undefined) return undefined
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw usageError(`--${name} is a port number.`)
  return Number(text)
}

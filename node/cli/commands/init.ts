/** `tiltas init`: a nation with its national node and its sites: keys, statements and configs. */
import { AGENCY_ID, NODE_ID, parseAgencyId, parseNodeId } from '../../../protocol/identifiers.ts'
import { EXIT, defineCommand, usageError, type Context } from '../command.ts'
import type { InitOptions } from '../options.ts'
import { printSetup } from './setup-result.ts'

const LOCALES = ['en', 'lv', 'lt'] as const

export const init = defineCommand({
  name: 'init',
  summary: 'found a nation: its national node, its sites, their keys and configs',
  positionals: ['[FOLDER]'],
  options: {
    node: { type: 'string', value: 'NODE', help: 'its name, like lv/national' },
    agency: { type: 'string', value: 'AGENCY', multiple: true, help: 'an agency that is at home here; may be repeated' },
    site: { type: 'string', value: 'NODE', multiple: true, help: 'a site node to make with it, like lv/site-latgale; may be repeated' },
    entity: { type: 'string', value: 'URL', help: "the nation's OpenID Federation identifier, like https://tiltas.example.lv" },
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
  const sites = context.texts('site')
  const node = context.required('node')
  if (!NODE_ID.test(node)) throw usageError('--node is written like lv/national.')
  if (!agencies.every(agency => AGENCY_ID.test(agency))) throw usageError('--agency is written like lv:state-police.')
  if (!sites.every(site => NODE_ID.test(site))) throw usageError('--site is written like lv/site-latgale.')
  return {
    folder: context.positionals[0] ?? '.',
    node: parseNodeId(node),
    agencies: agencies.map(parseAgencyId),
    sites: sites.map(parseNodeId),
    entity: context.text('entity'),
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

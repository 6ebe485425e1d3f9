/** `tiltas witness`: a witness of other people's logs, which can run alone, without a node and without trust in any. */
import { EXIT, defineCommand, usageError, type Context } from '../command.ts'
import { printTable, printTime, safe } from '../print.ts'

const FOLDER = { folder: { type: 'string', value: 'FOLDER', help: 'where its witness.yaml lies (else .)' } } as const
const configOf = async (context: Context): Promise<string> => {
  const [{ join }, { WITNESS_FILE }] = await Promise.all([import('node:path'), import('../../witness/config.ts')])
  return join(context.text('folder') ?? '.', WITNESS_FILE)
}

const init = defineCommand({
  name: 'witness init',
  summary: 'make a witness: its keys and its config',
  positionals: ['[FOLDER]'],
  options: {
    name: { type: 'string', value: 'NAME', help: 'its name, a URL without scheme, like witness.dvi.example' },
    port: { type: 'string', value: 'PORT', help: 'where logs reach it (else 8480)' }
  },
  notes: ['Name the logs that it is to watch under `logs` in witness.yaml: `tiltas log keys` at each node prints them.'],
  async run (context) {
    const port = Number(context.text('port') ?? 8480)
    if (!Number.isInteger(port) || port < 0 || port > 65_535) throw usageError('--port is a port number.')
    const { makeWitnessFolder } = await import('../../witness/compose.ts')
    const made = await makeWitnessFolder(context.positionals[0] ?? '.', context.required('name'), port)
    context.answer(made, () => ['Its keys, for `witnesses` in the config of each node that it watches:', ...made.keys.map(key => safe`  ${key}`), '', ...made.files.map(file => safe`made ${file}`)])
    return EXIT.ok
  }
})

const run = defineCommand({
  name: 'witness run',
  summary: 'run the witness until it is told to stop',
  options: FOLDER,
  async run (context) {
    const { startWitness } = await import('../../witness/compose.ts')
    const running = await startWitness(await configOf(context))
    context.io.out(context.json ? JSON.stringify({ url: running.url, keys: running.keys }) + '\n' : safe`witness at ${running.url}` + '\n')
    await new Promise<void>(resolve => { context.io.stopped.aborted ? resolve() : context.io.stopped.addEventListener('abort', () => resolve(), { once: true }) })
    await running.stop()
    return EXIT.ok
  }
})

const show = defineCommand({
  name: 'witness show',
  summary: 'which logs it watches, how far it cosigned, and what it holds against them',
  options: { ...FOLDER, evidence: { type: 'string', value: 'ORIGIN', help: 'print what a log signed and could not prove, as evidence' } },
  notes: ['The witness must not be running.'],
  async run (context) {
    const [{ openWitnessOf }, { loadWitnessConfig }] = await Promise.all([import('../../witness/compose.ts'), import('../../witness/config.ts')])
    const { witness, close } = await openWitnessOf(loadWitnessConfig(await configOf(context)))
    try {
      const origin = context.text('evidence')
      if (origin !== undefined) {
        const evidence = await witness.evidence(origin)
        context.answer({ origin, evidence }, () => evidence.length === 0 ? 'Nothing is held against it.' : evidence.flatMap(({ why, at, body, cosigned }) => [safe`${printTime(at)}  ${why}`, 'it sent:', ...body.split('\n').map(line => safe`  ${line}`), 'cosigned before:', ...cosigned.split('\n').map(line => safe`  ${line}`)]))
        return EXIT.ok
      }
      const heads = await witness.heads()
      context.answer({ logs: heads }, () => heads.length === 0 ? 'It watches no log yet: name some under `logs` in witness.yaml.' : printTable(['log', 'cosigned up to', 'at', 'against it'], heads.map(({ origin, size, at, evidence }) => [origin, size, at === 0 ? 'never' : printTime(at), evidence === 0 ? 'nothing' : `${evidence} PROOFS: see --evidence`])))
      return heads.some(({ evidence }) => evidence > 0) ? EXIT.failed : EXIT.ok
    } finally { await close() }
  }
})

export const witness = [init, run, show]

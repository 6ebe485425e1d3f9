/** `tiltas trust show`, `history` and `offer`: whom this node believes, since when, and what it hands to others. */
import { trustHistory } from '../../../keys/trust-history.ts'
import { dayOf, fromUnixSeconds } from '../../../protocol/instant.ts'
import { replaceFileSync } from '../../trust-files.ts'
import { CliError, EXIT, defineCommand, usageError, type Context } from '../command.ts'
import { safe } from '../print.ts'
import { bytesOf, fingerprintFacts, fingerprintLines, ownRoot, readOwnTrust } from '../trust-support.ts'
import { OUT } from './trust-ceremony.ts'

const show = defineCommand({
  name: 'trust show',
  summary: 'whom this node believes, and why',
  options: { at: { type: 'string', value: 'DATE', help: 'as it stood on that day, like 2026-11-22, or at 2026-11-22T10:00:00Z' } },
  notes: ['With your key, and while the node runs, it is the running node that answers; else the statements on disk are read, which everybody may see.'],
  async run (context) {
    const at = context.text('at')
    const sentences = at === undefined ? await believedNow(context) : readOwnTrust(context).view.sentences(dateIn(at))
    context.answer(sentences, () => sentences.length === 0 ? 'Nobody is trusted.' : sentences.map(sentence => safe`${sentence}`))
    return EXIT.ok
  }
})

async function believedNow (context: Context): Promise<readonly string[]> {
  try {
    return (await context.client().get<{ trust: readonly string[] }>('/v1/trust', context.me())).trust
  } catch (error) {
    if (!(error instanceof CliError) || !['not-running', 'no-key'].includes(error.code)) throw error
    return readOwnTrust(context).view.sentences()
  }
}

function dateIn (text: string): number {
  const at = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}:\d{2}Z)?$/.test(text) ? Date.parse(text.length === 10 ? `${text}T23:59:59Z` : text) : NaN
  if (Number.isNaN(at)) throw usageError('--at is written like 2026-11-22 or 2026-11-22T10:00:00Z.')
  return at
}

const history = defineCommand({
  name: 'trust history',
  summary: 'what changed when, by which signed version, with the names of keys',
  async run (context) {
    const { view } = readOwnTrust(context)
    const changes = trustHistory(view.history)
    context.answer({ changes, findings: view.findings }, () => [
      ...changes.flatMap(({ at, about, sentences }) => [safe`${dayOf(at)}  ${about}`, ...sentences.map(sentence => safe`    ${sentence}`)]),
      ...view.findings.map(({ digest, refusal }) => safe`refused     statement ${digest}: ${refusal.code} ${refusal.evidence ?? ''}`)
    ])
    return EXIT.ok
  }
})

const offer = defineCommand({
  name: 'trust offer',
  summary: 'the newest root of this nation as one file for partners, with its fingerprint',
  options: { out: OUT },
  notes: ['The partner compares the fingerprint with you by telephone, then runs `tiltas join` with the file, or names it in `tiltas trust create-federation` or `tiltas trust admit`.'],
  async run (context) {
    const trust = readOwnTrust(context)
    const root = ownRoot(trust, context)
    const file = context.text('out') ?? `${root.body.nation.toLowerCase()}-root-${root.body.version}.jws`
    replaceFileSync(file, bytesOf(trust, root.hash))
    context.answer({ file, nation: root.body.nation, version: root.body.version, until: fromUnixSeconds(root.body.exp), ...fingerprintFacts(root.hash) }, () => [safe`wrote ${file}: the root of ${root.body.nation}, version ${root.body.version}, until ${dayOf(fromUnixSeconds(root.body.exp))}`, ...fingerprintLines(root.hash, context)])
    return EXIT.ok
  }
})

export const trustShow = [show, history, offer]

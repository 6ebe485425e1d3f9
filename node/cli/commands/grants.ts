/** `tiltas grants`: what may be shared and accepted, in words, and as the policy that decides. */
import { parse as parseYaml } from 'yaml'
import type { Grant } from '../../../protocol/policies/grant.ts'
import { grantSchema } from '../../../protocol/policies/grant.ts'
import { AGENCY, CliError, EXIT, defineCommand, usageError, type Context } from '../command.ts'
import { readTextFile } from '../files.ts'
import { printTable, printTime, safe } from '../print.ts'
import { give } from './give.ts'
import { WHY, draft, ofOneAgency } from './policy-draft.ts'

const GRANT_BYTES_MAX = 64 * 1024
interface GrantView { readonly grant: Grant, readonly version: number, readonly hash: string, readonly sentence: string, readonly cedar: string }

const fetchGrants = async (context: Context): Promise<readonly GrantView[]> =>
  (await context.client().get<{ grants: readonly GrantView[] }>('/v1/grants', context.me(), { agency: context.agency() })).grants

const partnerOf = ({ partner }: Grant): string => 'agency' in partner ? partner.agency : `all of ${partner.nation}`

const list = defineCommand({
  name: 'grants list',
  summary: 'what may be shared and accepted now',
  options: { agency: AGENCY },
  async run (context) {
    const grants = await fetchGrants(context)
    const row = ({ grant, version }: GrantView) => [`${grant.id}@${version}`, grant.direction, partnerOf(grant), grant.kinds.join(' '), grant.precision, printTime(grant.until * 1000)]
    context.answer(grants, () => grants.length === 0 ? 'No grants: nothing is shared, nothing is accepted.' : printTable(['grant', 'way', 'partner', 'messages', 'place', 'until'], grants.map(row)))
    return EXIT.ok
  }
})

const add = defineCommand({
  name: 'grants add',
  summary: 'draft grants, or their next versions; another admin approves them',
  positionals: ['FILE...'],
  options: WHY,
  notes: ['Each FILE holds one grant as JSON or YAML, all of one agency. Nothing is in force before `tiltas policy approve`.'],
  async run (context) {
    const grants = context.positionals.map(readGrant)
    return draft(context, grants[0]!.agency, { put: ofOneAgency(grants), end: [] })
  }
})

const check = defineCommand({
  name: 'grants check',
  summary: 'what law and prudence say of a grant, before it is added',
  positionals: ['FILE'],
  notes: ['Nothing is changed, and no node is asked. The node checks again, also against the grants at home.'],
  async run (context) {
    const grant = readGrant(context.positionals[0]!)
    // The policy engine takes a moment to load: only this command needs it here.
    const [{ isApprovable, lintGrant }, { sentenceOf }] = await Promise.all([import('../../../protocol/policies/lint.ts'), import('../../../protocol/policies/sentence.ts')])
    const findings = lintGrant(grant, [])
    context.answer({ findings }, () => [safe`${sentenceOf(grant, 'en', id => id)}`, ...findings.map(({ severity, field, text }) => safe`${severity}: ${field || 'the grant'}: ${text}`)].join('\n'))
    return isApprovable(findings) ? EXIT.ok : EXIT.failed
  }
})

/** Throws CliError that names the fields; the node checks again. */
export function readGrant (path: string): Grant {
  const parsed = grantSchema.safeParse(parseGrantFile(readTextFile(path, 'The grant', GRANT_BYTES_MAX)))
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(issue => `${issue.path.join('.') || 'grant'}: ${issue.message}`)
  throw new CliError(EXIT.failed, 'malformed', `This is not a grant. ${problems.join('; ')}`, { todo: 'Mend these fields.' })
}

function parseGrantFile (text: string): unknown {
  try {
    return parseYaml(text, { schema: 'core', maxAliasCount: 0, logLevel: 'silent' })
  } catch (cause) { throw new CliError(EXIT.failed, 'malformed', 'The grant is not readable as JSON or YAML.', { cause }) }
}

const end = defineCommand({
  name: 'grants end',
  summary: 'end a grant now, alone; what waits under it is decided again',
  positionals: ['ID'],
  options: { agency: AGENCY, ...WHY },
  run: context => give(context, { do: 'grant.end', agency: context.agency(), grant: context.positionals[0]!, reason: context.text('why'), reference: context.text('decision') }, 'The grant has ended.')
})

const explain = defineCommand({
  name: 'grants explain',
  summary: 'each grant as a sentence, with the policy that decides',
  positionals: ['[ID]'],
  options: { agency: AGENCY },
  async run (context) {
    const wanted = context.positionals[0]
    const grants = (await fetchGrants(context)).filter(({ grant, version }) => wanted === undefined || wanted === grant.id || wanted === `${grant.id}@${version}`)
    if (wanted !== undefined && grants.length === 0) throw usageError('There is no such grant in force.', 'See `tiltas grants list`.')
    context.answer(grants, () => grants.map(explainGrant(context)).join('\n\n') || 'No grants: nothing is shared, nothing is accepted.')
    return EXIT.ok
  }
})

const explainGrant = ({ paint }: Context) => ({ grant, version, hash, sentence, cedar }: GrantView): string => [
  paint('bold', safe`${grant.id}@${version}`) + safe`  ${hash}`,
  safe`${sentence}`,
  ...cedar.split('\n').map(line => '    ' + paint('dim', safe`${line}`))
].join('\n')

export const grants = [list, check, add, end, explain]

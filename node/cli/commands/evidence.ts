/** `tiltas evidence`: footage where it lies; handing over frames of one hit, and proving anywhere that they are its. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EvidenceExport, EvidenceRoom, EvidenceView } from '../../console/evidence-service.ts'
import { AGENCY, BECAUSE, CliError, EXIT, defineCommand, usageError } from '../command.ts'
import { printAge, printSpan, printTable, printTime, safe } from '../print.ts'
import { evidenceVerify } from './evidence-verify.ts'
import { EXPORT_FILE, MANIFEST_FILE, formatExport, frameFileOf } from '../evidence-files.ts'

const MEBIBYTE = 1024 * 1024

const list = defineCommand({
  name: 'evidence list',
  summary: 'footage that this node keeps: of which reads, how long, for which candidates',
  options: { agency: AGENCY, ...BECAUSE },
  notes: ['At the node that has the camera; footage goes nowhere by itself.'],
  async run (context) {
    const query = { agency: context.agency(), reason: context.text('reason') ?? 'hit-handling', case: context.text('case') }
    const answer = await context.client().get<{ evidence: readonly EvidenceView[], room: EvidenceRoom }>('/v1/evidence', context.me(), query)
    const now = context.io.now()
    const row = (view: EvidenceView) => [
      view.readId, view.siteRef, printAge(view.at, now), view.frames, `${(view.bytes / MEBIBYTE).toFixed(1)} MiB`, keptFor(view, now), view.candidates.join(' ') || 'no match'
    ]
    context.answer(answer, () => answer.evidence.length === 0 ? 'No footage is kept for this agency.' : [printTable(['read', 'site', 'seen', 'frames', 'size', 'kept', 'candidates'], answer.evidence.map(row)), roomLine(answer.room)])
    return EXIT.ok
  }
})

const keptFor = ({ until, pinnedUntil }: EvidenceView, now: number): string =>
  pinnedUntil === undefined ? `${printSpan(Math.max(0, until - now))} more` : `pinned until ${printTime(pinnedUntil).slice(0, 10)}`
const roomLine = ({ bytes, bytesMax, displaced, unkept }: EvidenceRoom): string =>
  safe`${(bytes / MEBIBYTE).toFixed(1)} of ${(bytesMax / MEBIBYTE).toFixed(0)} MiB used; ${displaced} gave way to newer ones, ${unkept} found no room`

const handOver = defineCommand({
  name: 'evidence export',
  summary: 'write the frames of one read, candidate or hit into a folder, with what proves them',
  positionals: ['ID'],
  options: { out: { type: 'string', value: 'DIR', help: 'a new folder' }, agency: AGENCY, ...BECAUSE },
  notes: ['ID is that of the read, of the candidate, or of the hit that a partner was told. --reason and --case are required; both are logged with your name.', 'The folder holds personal data: hand it over as the law says, then remove it.'],
  async run (context) {
    const out = context.required('out')
    const query = { agency: context.agency(), id: context.positionals[0]!, reason: context.required('reason'), case: context.required('case') }
    if (existsSync(out)) throw usageError('--out exists already.', 'Name a folder that does not exist yet.')
    const answer = await context.client().get<EvidenceExport>('/v1/evidence/export', context.me(), query)
    const files = writeExport(out, answer)
    const { readId, commitment } = answer.evidence
    context.answer({ folder: out, readId, commitment, files }, () => [safe`Written to ${out}: ${files.join(', ')}`, safe`Check it with: tiltas evidence verify ${out} --commitment ${commitment}`])
    return EXIT.ok
  }
})

function writeExport (folder: string, answer: EvidenceExport): string[] {
  try {
    mkdirSync(folder, { mode: 0o700 })
    const put = (name: string, bytes: string | Uint8Array): string => { writeFileSync(join(folder, name), bytes, { mode: 0o600, flag: 'wx' }); return name }
    const frames = answer.frames.map(({ bytes }, i) => put(frameFileOf(i, answer.frames[i]!.mediaType), Buffer.from(bytes, 'base64')))
    return [put(MANIFEST_FILE, answer.manifest), put(EXPORT_FILE, formatExport(answer)), ...frames]
  } catch (cause) { throw new CliError(EXIT.failed, 'not-written', 'The folder could not be written.', { todo: 'Remove what is there, make room, and try again.', cause }) }
}

export const evidence = [list, handOver, evidenceVerify]

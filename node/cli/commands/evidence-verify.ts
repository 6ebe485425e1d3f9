/** `tiltas evidence verify`: offline, anywhere, trusting nobody: are these the frames that a hit committed to? */
import { DIGEST } from '../../../protocol/identifiers.ts'
import { commitmentOfManifest, digestOfFrame, parseManifest, verifyEvidence, type EvidenceVerdict } from '../../recognition/evidence.ts'
import { EXIT, defineCommand, usageError, type Context } from '../command.ts'
import { readExport, type HandedOver } from '../evidence-files.ts'
import { readTextFile } from '../files.ts'
import { printTime, safe } from '../print.ts'

const HIT_FILE_BYTES_MAX = 16 * 1024 * 1024
const DEPTH_MAX = 8

interface Report { readonly verdict: EvidenceVerdict['code'], readonly commitment: string, readonly hitId?: string, readonly computed: string, readonly frames: readonly FrameReport[] }
interface FrameReport { readonly file: string, readonly at: number, readonly verdict: string, readonly expected: string, readonly computed?: string }

export const evidenceVerify = defineCommand({
  name: 'evidence verify',
  summary: 'prove that frames are those of a hit; needs no node',
  positionals: ['DIR'],
  options: {
    hit: { type: 'string', value: 'FILE', help: 'the hit in JSON, as `tiltas hits --json` shows it' },
    commitment: { type: 'string', value: 'DIGEST', help: '`evidence` of the hit, when it is known otherwise' }
  },
  notes: ['Exit code 1 when nothing is proven.'],
  async run (context) {
    const handed = readExport(context.positionals[0]!)
    const computed = commitmentOfManifest(handed.manifest)
    const promised = promisedBy(context, computed)
    const report = judge(handed, promised, computed)
    context.answer(report, () => printReport(report, context))
    return report.verdict === 'proven' ? EXIT.ok : EXIT.failed
  }
})

interface Promised { readonly commitment: string, readonly hitId?: string }

function promisedBy (context: Context, computed: string): Promised {
  const [file, commitment] = [context.text('hit'), context.text('commitment')]
  if ((file === undefined) === (commitment === undefined)) throw usageError('Say what was promised: either --hit or --commitment.')
  if (commitment !== undefined) {
    if (!DIGEST.test(commitment)) throw usageError('--commitment is 43 characters of base64url.')
    return { commitment }
  }
  const found = hitsIn(parse(readTextFile(file!, 'The file of the hit', HIT_FILE_BYTES_MAX)), 0)
  if (found.length === 0) throw usageError('The file holds no hit with `hitId` and `evidence`.')
  return found.find(hit => hit.commitment === computed) ?? found[0]!
}

const parse = (text: string): unknown => { try { return JSON.parse(text) } catch { return undefined } }

/** Hits wherever they stand in what was saved: a message, a view, a list of either. */
function hitsIn (value: unknown, depth: number): Promised[] {
  if (typeof value !== 'object' || value === null || depth > DEPTH_MAX) return []
  const { hitId, evidence } = value as { hitId?: unknown, evidence?: unknown }
  const own = typeof hitId === 'string' && typeof evidence === 'string' ? [{ hitId, commitment: evidence }] : []
  return [...own, ...Object.values(value).flatMap(part => hitsIn(part, depth + 1))]
}

function judge ({ manifest, files, frames }: HandedOver, { commitment, hitId }: Promised, computed: string): Report {
  const verdict = verifyEvidence(manifest, commitment, frames)
  const lines = parseManifest(manifest) ?? []
  const told = 'frames' in verdict ? verdict.frames.map(({ at, verdict: one }, i): FrameReport => {
    const frame = frames[i]
    return { file: files[i] ?? `line ${i + 2}`, at, verdict: one, expected: lines[i]!.digest, ...(frame !== undefined && { computed: digestOfFrame(frame) }) }
  }) : []
  return { verdict: verdict.code, commitment, ...(hitId !== undefined && { hitId }), computed, frames: told }
}

const FRAME_WORDS: { readonly [verdict: string]: string } = { 'matches': 'is a frame of it', 'not-disclosed': 'was not handed over', 'differs': 'IS NOT WHAT WAS COMMITTED TO: its bytes or its salt were changed' }

function printReport (report: Report, { paint }: Context): string[] {
  const of = report.hitId === undefined ? 'the commitment' : safe`hit ${report.hitId}`
  switch (report.verdict) {
    case 'not-a-manifest': return [paint('red', 'NOT PROVEN: manifest.txt is not a manifest.')]
    case 'not-a-digest': return [paint('red', `NOT PROVEN: ${of} commits to no footage.`)]
    case 'other-commitment': return [paint('red', `NOT PROVEN: manifest.txt is not what ${of} commits to.`), safe`  committed to  ${report.commitment}`, safe`  manifest.txt  ${report.computed}`]
    default: return [
      report.verdict === 'proven' ? paint('green', `Proven: these are frames of ${of}.`) : paint('red', `NOT PROVEN: no frame, or a changed one, of ${of}.`),
      ...report.frames.map(frame => safe`  ${frame.file}  taken ${printTime(frame.at)}  ${FRAME_WORDS[frame.verdict]!}`),
      ...report.frames.filter(frame => frame.verdict === 'differs').flatMap(frame => [safe`    committed to  ${frame.expected}`, safe`    ${frame.file}  ${frame.computed ?? ''}`])
    ]
  }
}

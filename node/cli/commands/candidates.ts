/** `tiltas candidates`: matches that wait for a person before they may leave. */
import { WITHDRAW_REASONS } from '../../../protocol/messages/vocabulary.ts'
import type { CandidateView } from '../../console/service.ts'
import { AGENCY, BECAUSE, EXIT, defineCommand, usageError } from '../command.ts'
import { printAge, printTable } from '../print.ts'
import { give } from './give.ts'

const list = defineCommand({
  name: 'candidates list',
  summary: 'matches, and which of them wait for a person',
  options: { agency: AGENCY, ...BECAUSE },
  async run (context) {
    const query = { agency: context.agency(), reason: context.text('reason') ?? 'candidate-review', case: context.text('case') }
    const { candidates } = await context.client().get<{ candidates: readonly CandidateView[] }>('/v1/candidates', context.me(), query)
    const now = context.io.now()
    const row = (view: CandidateView) => [
      view.id, view.state, view.country ?? 'unknown country', view.plate, view.match, `${(view.confidence / 10).toFixed(1)} %`, printAge(view.observedAt * 1000, now), view.entryOwner, view.entryRef
    ]
    context.answer(candidates, () => candidates.length === 0 ? 'Nothing waits.' : printTable(['candidate', 'state', 'country', 'plate', 'match', 'read', 'seen', 'owner', 'entry'], candidates.map(row)))
    return EXIT.ok
  }
})

const confirm = defineCommand({
  name: 'candidates confirm',
  summary: 'you compared picture and plate, and they agree: let it go',
  positionals: ['ID'],
  run: context => give(context, { do: 'candidate.confirm', candidate: context.positionals[0]! }, 'Confirmed.')
})

const reject = defineCommand({
  name: 'candidates reject',
  summary: 'it is not the vehicle: stop it, or take it back',
  positionals: ['ID'],
  options: { reason: { type: 'string', value: 'REASON', help: WITHDRAW_REASONS.join(', ') } },
  run (context) {
    const reason = context.required('reason')
    if (!WITHDRAW_REASONS.some(known => known === reason)) throw usageError(`--reason is one of ${WITHDRAW_REASONS.join(', ')}.`)
    return give(context, { do: 'candidate.reject', candidate: context.positionals[0]!, reason }, 'Rejected.')
  }
})

export const candidates = [list, confirm, reject]

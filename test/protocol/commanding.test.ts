/** What a grant needs before it is in force, on the machine alone: no keys, no disk, no network. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { CommandResult } from '../../protocol/commands.ts'
import { EMPTY_DIRECTORY } from '../../protocol/directory.ts'
import { parseAgencyId, parseNodeId, parsePersonId } from '../../protocol/identifiers.ts'
import { step } from '../../protocol/machine.ts'
import { newState, type NodeState } from '../../protocol/state.ts'

const commanding = suite('commanding')
const NOW = 1_795_305_600_000
const HOME = parseNodeId('lt/national'); const OURS = parseAgencyId('lt:utena-police')
const GRANT = {
  id: 'g-1', agency: OURS, direction: 'egress', partner: { nation: 'LV' }, kinds: ['hit'], categories: 'all', siteGroups: 'all', precision: 'road', purpose: 'investigation',
  legalBasis: 'eu-2023-977/art-7', retentionDays: 30, handling: 'H1', thirdCountry: 'prohibited', furtherHits: true, unverified: 'confirm', from: NOW / 1000 - 60, until: NOW / 1000 + 86_400
}
const newHome = (): NodeState => ({ ...newState(HOME, 'tiltas.example/lt/national/log'), directory: { ...EMPTY_DIRECTORY(HOME), hosted: [OURS], homes: { [OURS]: HOME } } })

function put (state: NodeState, changes: object): CommandResult {
  const actor = { personId: parsePersonId('p-1'), role: 'NATIONAL_ADMIN', agency: OURS } as const
  const { effects } = step(state, { type: 'command-given', commandId: 'c-1', actor, command: { do: 'grant.put', agency: OURS, grant: { ...GRANT, ...changes } }, entropy: new Uint8Array(32) }, NOW, () => undefined)
  const answer = effects.find(effect => effect.type === 'answer') as { readonly result: CommandResult } | undefined
  assert.ok(answer)
  return answer.result
}

commanding('a grant is in force only when the linter finds no error', () => {
  for (const [changes, detail] of [
    [{ legalBasis: 'eu-2023-977/art-99' }, 'legalBasis: basis-unknown'],
    [{ precision: 'exact' }, 'precision: exact-abroad'],
    [{ partner: { nation: 'UA' } }, 'legalBasis: basis-does-not-bind']
  ] as const) {
    const state = newHome()
    assert.equal(put(state, changes), { ok: false, code: 'not-lawful', detail })
    assert.is(state.grants.size, 0)
  }
  const state = newHome()
  assert.is(put(state, {}).ok, true)
  assert.is(state.policies.inForce(OURS, NOW / 1000).length, 1)
})

commanding.run()

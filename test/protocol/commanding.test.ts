/** Who may give which command, and what it may open, on the machine alone: no keys, no disk, no network. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { consultable, mayConsult, ROLES, type Actor, type Command, type CommandResult, type Consultable, type Role } from '../../protocol/commands.ts'
import { EMPTY_DIRECTORY } from '../../protocol/directory.ts'
import { parseAgencyId, parseMessageId, parseNodeId, parsePersonId } from '../../protocol/identifiers.ts'
import { step } from '../../protocol/machine.ts'
import { newState } from '../../protocol/state.ts'

const commanding = suite('commanding')
const NOW = 1_795_305_600_000
const HOME = parseNodeId('lt/national'); const OURS = parseAgencyId('lt:utena-police'); const THEIRS = parseAgencyId('lt:ignalina')
const id = parseMessageId('A'.repeat(22))

function give (role: Role, command: Command, of = OURS): CommandResult {
  const state = { ...newState(HOME, 'tiltas.example/lt/national/log'), directory: { ...EMPTY_DIRECTORY(HOME), hosted: [OURS, THEIRS], homes: { [OURS]: HOME, [THEIRS]: HOME } } }
  const actor: Actor = { personId: parsePersonId('p-1'), role, agency: of }
  const { effects } = step(state, { type: 'command-given', commandId: 'c-1', actor, command, entropy: new Uint8Array(32) }, NOW, () => undefined)
  return (effects.find(effect => effect.type === 'answer') as { readonly result: CommandResult }).result
}
const consult = (role: Role, of: object, agency = OURS): CommandResult => give(role, { do: 'consult', of: consultable.parse(of), because: { code: 'supervision' } }, agency)

commanding('an admin opens nothing but what shows how policies decide', () => {
  for (const asked of [{ what: 'hits', agency: OURS }, { what: 'hit', agency: OURS, hit: id }, { what: 'sent-hits', agency: OURS }, { what: 'candidates', agency: OURS }, { what: 'entries', agency: OURS }]) {
    assert.equal(consult('NATIONAL_ADMIN', asked), { ok: false, code: 'role-lacking', detail: 'NATIONAL_ADMIN' }, asked.what)
    assert.is(consult('LEGAL_OFFICER', asked).ok, true, asked.what)
  }
  for (const asked of [{ what: 'dry-run', agency: OURS, days: 30 }, { what: 'decision', agency: OURS, id }, { what: 'log' }]) assert.is(consult('NATIONAL_ADMIN', asked).ok, true, asked.what)
})

commanding('a dry run is for those who answer for policies; a decision also for the officers of that agency', () => {
  for (const role of ['OFFICER', 'LIST_OWNER', 'NODE_OPERATOR'] as const) assert.is(consult(role, { what: 'dry-run', agency: OURS, days: 7 }).ok, false, role)
  assert.is(consult('OFFICER', { what: 'decision', agency: OURS, id }).ok, true)
  assert.is(consult('OFFICER', { what: 'decision', agency: OURS, id }, THEIRS).ok, false, 'of another agency')
  assert.is(consult('LIST_OWNER', { what: 'decision', agency: OURS, id }).ok, false)
})

commanding('what is not named is for nobody: the operator opens nothing', () => {
  for (const asked of [{ what: 'log' }, { what: 'dry-run', agency: OURS, days: 1 }, { what: 'hits', agency: OURS }]) assert.is(consult('NODE_OPERATOR', asked).ok, false)
  assert.equal(ROLES.filter(role => mayConsult(role, { what: 'dry-run', agency: OURS, days: 1 } as Consultable)), ['NATIONAL_ADMIN', 'LEGAL_OFFICER', 'SUPERVISORY_AUTH'])
})

commanding('nothing but an admin changes a policy', () => {
  for (const role of ROLES.filter(one => one !== 'NATIONAL_ADMIN')) {
    for (const command of [
      { do: 'policy.draft', agency: OURS, put: [], end: ['g-a'], reason: 'why', reference: 'R-1' }, { do: 'policy.withdraw-draft', agency: OURS, draft: 'd-1' },
      { do: 'policy.override', agency: OURS, grant: {}, reason: 'why', reference: 'R-1' }, { do: 'grant.end', agency: OURS, grant: 'g-a' }
    ] satisfies Command[]) assert.equal(give(role, command), { ok: false, code: 'role-lacking', detail: role }, command.do)
  }
})

commanding.run()

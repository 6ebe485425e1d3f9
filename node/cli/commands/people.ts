/** `tiltas people`: keys of those who may ask. A new key is worth nothing until the operator names it in the config. */
import { writeFileSync } from 'node:fs'
import { ROLES, type Actor } from '../../../protocol/commands.ts'
import { AGENCY_ID, PERSON_ID, parseAgencyId, parsePersonId } from '../../../protocol/identifiers.ts'
import { newPersonKey } from '../../people.ts'
import { CliError, EXIT, defineCommand, usageError, type Context } from '../command.ts'
import { printTable, safe } from '../print.ts'

const create = defineCommand({
  name: 'people new',
  summary: 'make the key of a person',
  positionals: ['NAME'],
  options: {
    role: { type: 'string', value: 'ROLE', help: ROLES.join(', ') },
    agency: { type: 'string', value: 'AGENCY', help: 'their agency, like lv:state-police' },
    out: { type: 'string', value: 'FILE', help: 'where the key goes (NAME.key)' }
  },
  notes: ['NAME is an opaque number or name at the agency: it goes into the log. The key file is for that person alone.'],
  async run (context) {
    const actor = readActor(context)
    const { key, file } = newPersonKey(actor)
    const path = context.text('out') ?? `${actor.personId}.key`
    writeNew(path, file)
    const person = { ...actor, publicKey: key.publicKey }
    context.answer({ file: path, person }, () => [
      safe`wrote ${path} (only its owner can read it)`,
      'next: put this under `people` in tiltas.yaml and start the node again:',
      ...Object.entries(person).map(([name, value], i) => safe`${i === 0 ? '  - ' : '    '}${name}: ${JSON.stringify(value)}`)
    ])
    return EXIT.ok
  }
})

function readActor (context: Context): Actor {
  const name = context.positionals[0]!
  const agency = context.required('agency')
  const role = ROLES.find(role => role === context.required('role'))
  if (!PERSON_ID.test(name)) throw usageError('NAME is 1 to 64 of a-z 0-9 . _ -')
  if (role === undefined) throw usageError(`--role is one of ${ROLES.join(', ')}.`)
  if (!AGENCY_ID.test(agency)) throw usageError('--agency is written like lv:state-police.')
  return { personId: parsePersonId(name), role, agency: parseAgencyId(agency) }
}

function writeNew (path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx', mode: 0o600 })
  } catch (cause) {
    const exists = (cause as NodeJS.ErrnoException).code === 'EEXIST'
    throw new CliError(EXIT.failed, exists ? 'exists' : 'not-written', exists ? `A file is there already: ${path}` : `The key cannot be written: ${path}`, { todo: 'Choose another place with --out.', cause })
  }
}

const list = defineCommand({
  name: 'people list',
  summary: 'who may ask this node, as its config says',
  async run (context) {
    const { people } = context.config()
    context.answer(people, () => people.length === 0 ? 'Nobody: make a key with `tiltas people new`.' : printTable(['person', 'role', 'agency', 'key'], people.map(person => [person.personId, person.role, person.agency, person.publicKey])))
    return EXIT.ok
  }
})

export const people = [create, list]

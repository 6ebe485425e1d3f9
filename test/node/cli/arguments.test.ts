/** From words to options: what begins with a dash and is a value all the same. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parseArguments } from '../../../node/cli/arguments.ts'
import { COMMANDS } from '../../../node/cli/main.ts'

const words = suite('command line words')
const digest = (start: string): string => start.padEnd(43, 'A')
const valuesOf = (...argv: string[]) => {
  const asked = parseArguments(argv, COMMANDS)
  return 'values' in asked ? asked.values : undefined
}

words('a hash that begins with a dash is the value of its option', () => {
  for (const hash of [digest('-'), digest('--'), digest('_-'), digest('x')]) {
    assert.is(valuesOf('policy', 'approve', 'd-1', '--hash', hash, '--json')!['hash'], hash)
    assert.is(valuesOf('policy', 'approve', 'd-1', `--hash=${hash}`)!['hash'], hash)
  }
})

words('an option is no value: what lacks one is said', () => {
  assert.throws(() => valuesOf('policy', 'approve', 'd-1', '--hash', '--json'), /--hash/)
  assert.throws(() => valuesOf('policy', 'approve', 'd-1', '--hash'), /--hash/)
  assert.throws(() => valuesOf('policy', 'approve', 'd-1', '--hush', 'x'), /--hash/)
})

words.run()

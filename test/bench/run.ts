/**
 * `npm run bench [-- NAME…] [-- options]`: each bench in a process of its own, one after the other, with what it needs.
 * What they print is passed on; their last lines, which are JSON, are gathered into one line at the end.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const BY_DEFAULT = ['delivery', 'match', 'store', 'transport', 'startup', 'dry-run', 'trust']
/** Flags of Node that a bench needs. */
const FLAGS: { readonly [name: string]: readonly string[] } = { match: ['--expose-gc'] }
/** Options without which a bench has nothing to measure. */
const NEEDED_OPTION: { readonly [name: string]: string } = { 'eu-crops': '--csv' }

const words = process.argv.slice(2)
const firstOption = words.findIndex(word => word.startsWith('--'))
const named = firstOption < 0 ? words : words.slice(0, firstOption)
/** They go to every bench that is named. */
const options = firstOption < 0 ? [] : words.slice(firstOption)
const fileOf = (name: string): string => join(import.meta.dirname, `${name}.ts`)

/** The bench's last line as JSON, if it is some; undefined when it failed. */
function run (name: string): Promise<{ result: unknown } | undefined> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...FLAGS[name] ?? [], fileOf(name), ...options], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', chunk => { process.stdout.write(chunk); said += chunk })
  return new Promise(resolve => child.on('close', code => resolve(code === 0 ? { result: parse(said.trimEnd().split('\n').at(-1)!) } : undefined)))
}

function parse (line: string): unknown {
  try { return JSON.parse(line) } catch { return line }
}

const results: { [name: string]: unknown } = {}
for (const name of named.length > 0 ? named : BY_DEFAULT) {
  const needed = NEEDED_OPTION[name]
  if (!existsSync(fileOf(name))) {
    console.log(`${name}: there is no such bench`)
    process.exitCode = 2
  } else if (needed !== undefined && !options.some(option => option === needed || option.startsWith(`${needed}=`))) {
    console.log(`${name}: skipped, it needs ${needed}`)
  } else {
    const done = await run(name)
    if (done === undefined) process.exitCode = 1
    results[name] = done?.result ?? 'failed'
  }
}
console.log(JSON.stringify({ benches: results }))

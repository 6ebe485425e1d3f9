/**
 * Runs every test file in a process of its own, as many at a time as there are cores. `npm test [part-of-a-path …]`.
 * A file that runs no test fails; a skipped test is named, and in CI a skip is a failure.
 * Ends with the plain line `N passed, N failed`.
 */
import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'

const FILE_TIMEOUT_MS = 10 * 60_000
const wanted = process.argv.slice(2)
const files = globSync('test/**/*.test.ts').sort().filter(file => wanted.length === 0 || wanted.some(part => file.includes(part)))
let passed = 0; let failed = 0; const skips: string[] = []

interface Outcome { code: number | null, output: string, timedOut: boolean }
const runFile = (file: string): Promise<Outcome> => new Promise(resolve => {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--expose-gc', file], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, FORCE_COLOR: '0' } })
  let output = ''; let timedOut = false
  const timer = setTimeout(() => { timedOut = true; child.kill('SIGKILL') }, FILE_TIMEOUT_MS)
  child.stdout.on('data', chunk => { output += chunk })
  child.stderr.on('data', chunk => { output += chunk })
  child.on('close', code => { clearTimeout(timer); resolve({ code, output, timedOut }) })
})

const queue = [...files]
async function worker (): Promise<void> {
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    const began = Date.now()
    const { code, output, timedOut } = await runFile(file)
    const total = Number(/Total:\s+(\d+)/.exec(output)?.[1] ?? 0)
    const good = Number(/Passed:\s+(\d+)/.exec(output)?.[1] ?? 0)
    for (const line of output.split('\n')) if (line.startsWith('SKIP ')) skips.push(`${file}: ${line.slice(5)}`)
    const ok = code === 0 && total > 0 && good === total && !timedOut
    passed += good
    failed += ok ? 0 : Math.max(1, total - good)
    const seconds = ((Date.now() - began) / 1000).toFixed(1)
    console.log(`${ok ? 'ok  ' : 'FAIL'} ${file} (${good}/${total}, ${seconds} s)${timedOut ? ' timed out' : ''}`)
    if (!ok) console.log(output)
  }
}
await Promise.all(Array.from({ length: availableParallelism() }, worker))

for (const skip of skips) console.log(`skipped: ${skip}`)
if (process.env['CI'] === 'true') failed += skips.length
if (files.length === 0) { console.log('no test file matches'); failed++ }
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

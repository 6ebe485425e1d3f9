/**
 * `npm run simulate -- --seed N --hours H` runs one seed, `--seeds N` the seeds 1 to N with 2 hours each (`--from` begins
 * elsewhere), spread over the cores; `--real` takes real cryptography, which every fiftieth of many seeds does anyway.
 * The seed is printed first; a seed that fails says how to run it again. Every twenty-fifth of many seeds, and each
 * single one, runs twice, and both runs must leave the same trace (DESIGN 13 point 10).
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { HOUR } from '../protocol/instant.ts'
import { FAULTS } from './faults.ts'
import { sameTraceTwice } from './checkers/same-seed-same-trace.ts'
import { simulate } from './seed.ts'
import type { Violation } from './world.ts'

interface Job { readonly seed: number, readonly hours: number, readonly real: boolean, readonly twice: boolean }
interface Outcome { readonly job: Job, readonly violations: readonly Violation[], readonly traceHash: string, readonly simulated: number, readonly counts: readonly (readonly [string, number])[], readonly wall: number }

const REAL_EVERY = 50
const TWICE_EVERY = 25
const HOURS_DEFAULT = 2

/** States that say little when they never occur: what many seeds must have seen at least once. */
const SOMETIMES = [
  ...FAULTS.map(fault => `fault ${fault}`), 'restored', 'node crash-failed-failed', 'node crash-failed-full', 'node crash-stopped', 'report peer-restored', 'report records-lost',
  'report message-withheld withheld', 'report message-withheld expired', 'report message-refused not-permitted', 'sent tombstone/1', 'sent hit.update/1', 'sent hit.withdraw/1', 'sent hotlist.withdraw/1',
  'report candidate-decided duplicate first-hit-only', 'report candidate-decided waiting look-alike', 'report candidate-decided waiting unverified', 'report hit-changed', 'report policy-override begun', 'report policy-override over', 'report policy-changed superseded', 'command policy.approve own-draft'
]

async function perform (job: Job): Promise<Outcome> {
  const began = performance.now()
  const options = { seed: job.seed, hours: job.hours, real: job.real }
  const verdict = await simulate(options)
  const differs = job.twice ? await sameTraceTwice(verdict, () => simulate(options)) : []
  const simulated = verdict.simulated * (job.twice ? 2 : 1)
  return { job, violations: [...verdict.violations, ...differs], traceHash: verdict.traceHash, simulated, counts: [...verdict.counts], wall: performance.now() - began }
}

// ── in a child ───────────────────────────────────────────────────────────────────────────────────────────────────

function serve (): void {
  process.on('message', (job: Job) => {
    perform(job).then(outcome => process.send!(outcome), error => process.send!(brokenBy(job, error)))
  })
}

/** A node that threw: a bug as well. */
const brokenBy = (job: Job, error: unknown): Outcome =>
  ({ job, violations: [{ checker: 'nothing-throws', node: '' as Violation['node'], what: error instanceof Error ? error.stack ?? error.message : String(error), at: 0 }], traceHash: '', simulated: 0, counts: [], wall: 0 })

// ── in the parent ────────────────────────────────────────────────────────────────────────────────────────────────

async function performAll (jobs: readonly Job[], tell: (outcome: Outcome) => void): Promise<void> {
  const queue = [...jobs]
  const work = async (): Promise<void> => {
    const child: ChildProcess = fork(fileURLToPath(import.meta.url), ['--child'], { execArgv: process.execArgv })
    const ended = once(child, 'exit')
    for (let job = queue.shift(); job !== undefined; job = queue.shift()) {
      child.send(job)
      const [outcome] = await Promise.race([once(child, 'message') as Promise<[Outcome]>, ended.then((): [Outcome] => [brokenBy(job!, 'the process ended')])])
      tell(outcome)
      if (!child.connected) return
    }
    child.disconnect()
    await ended
  }
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), jobs.length) }, work))
}

function tellOutcome ({ job, violations, traceHash, simulated, wall }: Outcome): void {
  const kind = `${job.real ? ' real' : ''}${job.twice ? ' twice' : ''}`
  if (violations.length === 0) return console.log(`ok   seed ${job.seed}${kind}  trace ${traceHash.slice(0, 16)}  ${Math.round(simulated / wall).toLocaleString('en')} × real time`)
  console.log(`FAIL seed ${job.seed}${kind}`)
  for (const { checker, node, what, at } of violations.slice(0, 8)) console.log(`     ${checker}: ${node} after ${(at / 1000).toFixed(3)} s: ${what}`)
  console.log(`     replay: npm run simulate -- --seed ${job.seed} --hours ${job.hours}${job.real ? ' --real' : ''}`)
}

function tellTotals (outcomes: readonly Outcome[], wall: number): void {
  const counts = new Map<string, number>()
  for (const outcome of outcomes) for (const [what, count] of outcome.counts) counts.set(what, (counts.get(what) ?? 0) + count)
  const simulated = outcomes.reduce((sum, outcome) => sum + outcome.simulated, 0)
  const busy = outcomes.reduce((sum, outcome) => sum + outcome.wall, 0)
  console.log(`\n${(simulated / HOUR).toFixed(1)} simulated hours of 6 nodes in ${(wall / 1000).toFixed(1)} s: ${Math.round(simulated / wall).toLocaleString('en')} × real time, ${Math.round(simulated / busy).toLocaleString('en')} × on each core`)
  for (const [what, count] of [...counts].sort(([a], [b]) => a < b ? -1 : 1)) console.log(`${String(count).padStart(9)}  ${what}`)
  const never = SOMETIMES.filter(what => !counts.has(what))
  if (never.length > 0) console.log(`never: ${never.join(', ')}`)
  console.log(`${outcomes.filter(({ violations }) => violations.length === 0).length} seeds passed, ${outcomes.filter(({ violations }) => violations.length > 0).length} failed`)
}

function jobsOf (): Job[] {
  const { values } = parseArgs({ options: { seed: { type: 'string' }, seeds: { type: 'string' }, from: { type: 'string', default: '1' }, hours: { type: 'string', default: String(HOURS_DEFAULT) }, real: { type: 'boolean', default: false } } })
  const number = (text: string, name: string): number => {
    if (!/^\d+(\.\d+)?$/.test(text)) throw new TypeError(`--${name} takes a number`)
    return Number(text)
  }
  const hours = number(values.hours, 'hours')
  if (values.seeds === undefined) return [{ seed: number(values.seed ?? '1', 'seed'), hours, real: values.real, twice: true }]
  const first = number(values.from, 'from')
  return Array.from({ length: number(values.seeds, 'seeds') }, (_, i) => ({ seed: first + i, hours, real: values.real || i % REAL_EVERY === REAL_EVERY - 1, twice: i % TWICE_EVERY === 0 }))
}

async function main (): Promise<void> {
  const jobs = jobsOf()
  console.log(jobs.length === 1 ? `seed ${jobs[0]!.seed}` : `seeds ${jobs[0]!.seed} to ${jobs.at(-1)!.seed}`)
  const began = performance.now()
  const outcomes: Outcome[] = []
  const tell = (outcome: Outcome): void => { outcomes.push(outcome); tellOutcome(outcome) }
  if (jobs.length === 1) tell(await perform(jobs[0]!).catch(error => brokenBy(jobs[0]!, error)))
  else await performAll(jobs, tell)
  tellTotals(outcomes, performance.now() - began)
  process.exitCode = outcomes.some(({ violations }) => violations.length > 0) ? 1 : 0
}

if (process.argv.includes('--child')) serve()
else await main()

/**
 * `npm run bench -- dry-run [--candidates N]`: how long a dry run over so many retained candidates takes on a node of
 * production parts, asked as a person asks it, with the disk's own records and their own keys. Its last line is JSON.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { DAY } from '../../protocol/instant.ts'
import { CATEGORIES } from '../../protocol/messages/vocabulary.ts'
import { foundTestFederation, LT_POLICE, LV_LUDZA, LV_NATIONAL, LV_POLICE, ringOf } from '../support/founded.ts'
import { adminOf, enact } from '../support/enact.ts'
import { candidateOf, holdEntries, keepCandidates } from '../support/past-traffic.ts'
import { startRealNode } from '../support/real-node.ts'
import { grantOf } from '../stories/support/terms.ts'

const { values } = parseArgs({ options: { candidates: { type: 'string', default: '100000' } } })
const COUNT = Number(values.candidates)
const ENTRIES = 1000
const BATCH = 1000
const DAYS = 30
const SECONDS_MAX = 10

const folder = mkdtempSync(join(tmpdir(), 'tiltas-dry-run-'))
const federation = await foundTestFederation()
const real = await startRealNode({ self: LV_NATIONAL, folder, secrets: ringOf(federation, LV_NATIONAL), statements: federation.statements, pins: federation.pins, listen: '/ip4/127.0.0.1/tcp/0', addresses: {} })
await real.node.driver.idle()

const refs = Array.from({ length: ENTRIES }, (_, i) => `B-${i}`)
await holdEntries(real.node, LT_POLICE, LV_POLICE, refs, i => CATEGORIES[i % CATEGORIES.length]!)
const grant = (changes: object) => grantOf(LV_LUDZA, { id: 'g-hits', direction: 'egress', kinds: ['hit'], partner: { nation: 'LT' }, categories: ['stolen-vehicle', 'wanted-person', 'missing-person'], precision: 'nuts3', ...changes })
// Twenty grants, of which few fit, as in a real policy.
await enact(real.service.command, LV_LUDZA, grant({}), ...Array.from({ length: 19 }, (_, i) => grant({ id: `g-other-${i}`, categories: [CATEGORIES[i % CATEGORIES.length]], siteGroups: [`town-${i}`] })))
const filling = performance.now()
for (let done = 0; done < COUNT; done += BATCH) {
  await keepCandidates(real.node, Array.from({ length: Math.min(BATCH, COUNT - done) }, (_, i) => {
    const at = Date.now() - Math.floor((done + i) / COUNT * DAYS * DAY)
    return { at, candidate: candidateOf(LV_LUDZA, LT_POLICE, refs[(done + i) % ENTRIES]!, at, { siteGroup: i % 3 === 0 ? 'border' : `town-${i % 19}` }) }
  }))
}
console.log(`${COUNT} candidates kept in ${((performance.now() - filling) / 1000).toFixed(1)} s`)

const admin = adminOf(LV_LUDZA, 'author')
const put = [grant({ precision: 'road', categories: 'all' })]
const began = performance.now(); const cpu = process.cpuUsage(); const heapBefore = process.memoryUsage().rss
const started = await real.service.policies.startDryRun(admin, { agency: LV_LUDZA, days: DAYS, put, end: ['g-other-1'] }, { code: 'system-check' })
if (!('job' in started)) throw new Error('the dry run was refused')
let steps = 0; let rss = 0; let longestPause = 0; let last = performance.now()
for (;;) {
  await new Promise(resolve => setTimeout(resolve, 20))
  longestPause = Math.max(longestPause, performance.now() - last - 20)
  last = performance.now()
  rss = Math.max(rss, process.memoryUsage().rss)
  const progress = real.service.policies.dryRun(admin, started.job)!
  steps++
  if (progress.result === undefined) continue
  const seconds = (performance.now() - began) / 1000
  const { user, system } = process.cpuUsage(cpu)
  const result = {
    candidates: progress.result.replayed.candidates, seconds: Number(seconds.toFixed(2)), cpuSeconds: Number(((user + system) / 1e6).toFixed(2)), perSecond: Math.round(COUNT / seconds),
    classes: progress.result.total, rssGrowthMb: Math.round((rss - heapBefore) / 2 ** 20), longestPauseMs: Math.round(longestPause), within: seconds <= SECONDS_MAX
  }
  console.log(`${result.candidates} candidates in ${result.seconds} s, asked ${steps} times how far it is`)
  console.log(JSON.stringify(result))
  break
}
await real.stop()
rmSync(folder, { recursive: true, force: true })

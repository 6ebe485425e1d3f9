import { simulate } from './seed.ts'
const [seed, hours, kinds, times] = process.argv.slice(2)
for (let i = 0; i < Number(times ?? 1); i++) {
const began = process.cpuUsage().user/1000
const verdict = await simulate({ seed: Number(seed) + i, hours: Number(hours ?? 1), ...(kinds === 'none' ? { faults: [] } : {}), real: kinds === 'real' })
const took = process.cpuUsage().user/1000 - began
console.log(verdict.seed, verdict.traceHash.slice(0, 12), 'sim', verdict.simulated / 60000, 'min', 'wall', took | 0, 'x', (verdict.simulated / took) | 0)
if (process.env.COUNTS) console.log([...verdict.counts].sort().map(([k, v]) => `${k}: ${v}`).join('\n'))
for (const v of verdict.violations.slice(0, 5)) console.log(v.checker, v.node, (v.at / 1000).toFixed(3), v.what)
}

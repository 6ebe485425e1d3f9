import { simulate } from './seed.ts'
import fs from 'node:fs'
const [seed, hours] = process.argv.slice(2)
const lines: string[] = []
const verdict = await simulate({ seed: Number(seed), hours: Number(hours), trace: line => lines.push(line) })
fs.writeFileSync('/tmp/trace.txt', lines.join(''))
for (const v of verdict.violations.slice(0, 5)) console.log(v.checker, v.node, (v.at / 1000).toFixed(3), v.what)

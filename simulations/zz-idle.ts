import { World } from './world.ts'
import { theFederation } from './federation.ts'
const w = new World(await theFederation(), { seed: 1, real: false, plants: {} })
for (const n of w.nodes.values()) n.start()
const b = process.cpuUsage().user
await w.run(3600000)
console.log('idle hour cpu ms', (process.cpuUsage().user - b)/1000, w.scheduler.count)

/**
 * What it costs to believe: reading, verifying and folding a history of 10,000 statements, cold as at a start, and warm as
 * when one more statement came; then one question of the hot path. Against nothing but time: the target is a start
 * within seconds and a push that nobody notices. `--statements N`, `--nations N`.
 */
import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { foundFederation, foundNation, type FoundedNation } from '../../keys/make-nation.ts'
import { hashOfStatement, makeAgencyStatement, signerOf } from '../../keys/make-statements.ts'
import { privateKeyFromSeed } from '../../keys/private-key.ts'
import { isRefusal, readStatement, type ReadAgencyStatement } from '../../keys/read-statements.ts'
import { nextBody } from '../../keys/renewal.ts'
import { foldTrust, type TrustPins } from '../../keys/trust-list.ts'
import { parseAgencyId, parseNationId, parseNodeId } from '../../protocol/identifiers.ts'
import { DAY } from '../../protocol/instant.ts'

const { values } = parseArgs({ options: { statements: { type: 'string', default: '10000' }, nations: { type: 'string', default: '30' } } })
const wanted = Number(values.statements); const nationCount = Number(values.nations)
const START = Date.UTC(2026, 0, 1)
const seed = (): Uint8Array => new Uint8Array(randomBytes(32))

const founded: FoundedNation[] = []
for (let i = 0; i < nationCount; i++) {
  const name = String.fromCharCode(97 + Math.floor(i / 26)) + String.fromCharCode(97 + i % 26)
  const home = parseNodeId(`${name}/national`)
  founded.push(await foundNation({
    nation: parseNationId(name.toUpperCase()), entity: `https://${name}.example`, nodes: [{ node: home, role: 'national' }],
    agencies: Array.from({ length: 10 }, (_, n) => ({ agency: parseAgencyId(`${name}:agency-${n}`), name: { lv: 'a', lt: 'a', en: 'a' }, kind: 'police' as const, home, sites: [] }))
  }, START, seed))
}
const federation = await foundFederation('bench.example', founded, START)
const history = [federation, ...founded.flatMap(nation => [...nation.statements])]
const stated = founded.flatMap(nation => nation.statements.flatMap(bytes => {
  const read = readStatement(bytes)
  return !isRefusal(read) && read.kind === 'agency-statement' ? [{ first: read as ReadAgencyStatement, signer: signerOf(privateKeyFromSeed(nation.registryKeys[0]!)), entity: `https://${nation.nation.toLowerCase()}.example` }] : []
}))
for (let round = 1; history.length < wanted; round++) {
  for (const { first, signer, entity } of stated) {
    if (history.length >= wanted) break
    history.push(await makeAgencyStatement(entity, nextBody(first, first.body.metadata.tiltas_agency.keys, START + round * DAY), signer))
  }
}
const pins: TrustPins = { federation: hashOfStatement(federation), nations: new Map() }

/** Wall time, and the time that the processor worked for us: on a busy machine only the second compares. */
const measure = <Result>(work: () => Result): { ms: number, cpuMs: number, result: Result } => {
  const began = process.hrtime.bigint(); const used = process.cpuUsage()
  const result = work()
  const { user, system } = process.cpuUsage(used)
  return { ms: Number(process.hrtime.bigint() - began) / 1e6, cpuMs: (user + system) / 1e3, result }
}
const median = (times: number[]): number => times.sort((a, b) => a - b)[Math.floor(times.length / 2)]!

// Cold: bytes that nobody has seen, as at a start. Copies, because what was read is kept with its bytes.
const cold = [1, 2, 3].map(() => { const copies = history.map(bytes => bytes.slice()); return measure(() => foldTrust(copies, pins)) })
const trust = cold[0]!.result
if (trust.findings.length > 0 || trust.history.standing.size !== history.length) throw new Error('the history does not stand')
const known = history.slice(0, -1)
foldTrust(known, pins)
const warm = [1, 2, 3, 4, 5].map(() => measure(() => foldTrust([...known, history.at(-1)!.slice()], pins)))
const agency = stated[0]!.first.body.metadata.tiltas_agency
const kid = agency.keys[0]!.kid
const asked = measure(() => { for (let i = 0; i < 100_000; i++) trust.signingKey(agency.agency, kid, 'hit', START + 20 * DAY) })

const [coldMs, coldCpuMs] = [median(cold.map(({ ms }) => ms)), median(cold.map(({ cpuMs }) => cpuMs))]
const result = {
  bench: 'trust', statements: history.length, nations: nationCount, bytes: history.reduce((sum, { length }) => sum + length, 0),
  coldMs: Math.round(coldMs), coldCpuMs: Math.round(coldCpuMs), statementsPerCpuSecond: Math.round(history.length / coldCpuMs * 1000),
  warmMs: Math.round(median(warm.map(({ ms }) => ms))), warmCpuMs: Math.round(median(warm.map(({ cpuMs }) => cpuMs))), cpuNsPerQuestion: Math.round(asked.cpuMs * 1e6 / 100_000)
}
console.log(`${result.statements} statements of ${nationCount} nations (${(result.bytes / 1e6).toFixed(1)} MB) read, verified and folded in ${result.coldMs} ms cold, ${result.coldCpuMs} ms of processor time (medians of 3)`)
console.log(`one more statement on top: ${result.warmMs} ms, ${result.warmCpuMs} of the processor (medians of 5); one question for a key: ${result.cpuNsPerQuestion} ns`)
console.log(JSON.stringify(result))

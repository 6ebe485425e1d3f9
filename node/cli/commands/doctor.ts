/** `tiltas doctor`: everything that can be wrong around a node, each with what to do; works whether or not it runs. */
import type { NodeStatus } from '../../console/service.ts'
import { ConfigError, type NodeConfig } from '../../config.ts'
import { CliError, EXIT, defineCommand, type Context } from '../command.ts'
import { checkCertificate, checkClock, checkData, checkKeyRing, checkModule, checkPeers, checkPeople, checkPolicies, checkPorts, checkStore, checkTrust, type Check, type Patient } from '../checks.ts'
import { checkCameras } from '../camera-checks.ts'
import { safe } from '../print.ts'

const CHECKS: readonly ((patient: Patient) => Check | Check[] | Promise<Check | Check[]>)[] =
  [checkPeople, checkPolicies, checkData, checkKeyRing, checkModule, checkStore, checkClock, checkPorts, checkPeers, checkTrust, checkCertificate, checkCameras]

export const doctor = defineCommand({
  name: 'doctor',
  summary: 'look at everything around the node: config, keys, store, clock, ports, peers, trust, expiries, disk',
  notes: ['Changes nothing. Exit code 1 when a line says fail.'],
  async run (context) {
    const checks = await examine(context)
    context.answer(checks, () => checks.flatMap(check => printCheck(check, context)))
    return checks.some(({ verdict }) => verdict === 'fail') ? EXIT.failed : EXIT.ok
  }
})

async function examine (context: Context): Promise<Check[]> {
  const config = readConfig(context)
  if (Array.isArray(config)) return config
  const checks: Check[] = [{ name: 'config', verdict: 'ok', text: `${config.node}, ${config.role}` }]
  const running = await askStatus(context)
  if ('verdict' in running) checks.push(running)
  const patient: Patient = { config, running: 'verdict' in running ? undefined : running, now: context.io.now(), env: context.io.env }
  if (patient.running !== undefined) checks.push({ name: 'node', verdict: 'ok', text: 'running' })
  for (const check of CHECKS) checks.push(...[await check(patient)].flat())
  return checks
}

function readConfig (context: Context): NodeConfig | Check[] {
  try {
    return context.config()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems.map(({ message }) => ({ name: 'config', verdict: 'fail', text: message, todo: 'Mend the file.' }))
  }
}

async function askStatus (context: Context): Promise<NodeStatus | Check> {
  try {
    return await context.client().get<NodeStatus>('/v1/status', undefined)
  } catch (error) {
    if (!(error instanceof CliError)) throw error
    const verdict = error.code === 'not-running' ? 'warn' : 'fail'
    return { name: 'node', verdict, text: error.message, todo: error.todo ?? 'Look at the log of the node.' }
  }
}

const STYLES = { ok: 'green', warn: 'yellow', fail: 'red' } as const
const printCheck = ({ name, verdict, text, todo }: Check, { paint }: Context): string[] => [
  `${paint(STYLES[verdict], verdict.padEnd(4))}  ${safe`${name.padEnd(8)}  ${text}`}`,
  ...(todo === undefined ? [] : [safe`                ${todo}`])
]

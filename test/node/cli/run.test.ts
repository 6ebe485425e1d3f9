/** One node from nothing to its end, as its operator does it, in a process of its own. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { temporaryFolder } from '../console/service-double.ts'

const daemon = suite('run')
const MAIN = join(import.meta.dirname, '../../../node/cli/main.ts')
const FLAGS = ['--disable-warning=ExperimentalWarning', MAIN]

function tiltas (...args: string[]): { status: number | null, stdout: string, stderr: string } {
  return spawnSync(process.execPath, [...FLAGS, ...args], { encoding: 'utf8' })
}

/** Makes a person and puts what is printed into the config, as the help says. */
function enrol (config: string, folder: string, name: string, role: string): string {
  const key = join(folder, `${name}.key`)
  const { stdout } = tiltas('people', 'new', name, '--role', role, '--agency', 'lv:state-police', '--out', key)
  const lines = stdout.split('\n').filter(line => /^ {2}(?:- | {2})/.test(line)).join('\n')
  writeFileSync(config, readFileSync(config, 'utf8').replace('people: []', 'people:'))
  appendFileSync(config, lines + '\n')
  return key
}

async function start (config: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [...FLAGS, 'run', '--config', config], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout!.setEncoding('utf8')
  while (!said.includes('"msg":"started"')) {
    const [chunk] = await Promise.race([once(child.stdout!, 'data'), once(child, 'exit').then(() => { throw new Error(`it ended: ${said}`) })]) as [string]
    said += chunk
  }
  child.stdout!.resume()
  return child
}

daemon('init, run, ask, stop, and run again', async () => {
  using folder = temporaryFolder()
  const home = join(folder.path, 'lv')
  const config = join(home, 'tiltas.yaml')
  assert.is(tiltas('init', home, '--node', 'lv/national', '--agency', 'lv:state-police', '--listen', '/ip4/127.0.0.1/tcp/0').status, 0)
  // People come last in the file, so that they can be appended.
  writeFileSync(config, readFileSync(config, 'utf8').replace(/^people: \[\]\n/m, '') + 'people: []\n')
  const officer = enrol(config, folder.path, 'k.ozola', 'OFFICER')
  const owner = enrol(config, folder.path, 'list-1', 'LIST_OWNER')
  assert.is(tiltas('status', '--config', config).status, 3)

  let child = await start(config)
  try {
    const ask = (key: string, ...args: string[]) => tiltas(...args, '--config', config, '--as', key)
    assert.is(statSync(join(home, 'data', 'tiltas.sock')).mode & 0o777, 0o600)
    assert.match(ask(officer, 'status').stdout, /^lv\/national/)
    const entry = ['--ref', 'A-1', '--plate', 'AB 1234', '--category', 'stolen-vehicle', '--action', 'seize', '--why', 'Stolen', '--decision', 'D-1', '--basis', 'lv-lt-2006/art-1', '--until', new Date(Date.now() + 86_400_000 * 30).toISOString().slice(0, 10)]
    assert.is(ask(officer, 'hotlist', 'add', ...entry).status, 1, 'an officer owns no list')
    assert.is(ask(owner, 'hotlist', 'add', ...entry).status, 0)
    assert.match(ask(owner, 'hotlist', 'list').stdout, /A-1 .*AB1234/)
    assert.match(ask(officer, 'hits').stdout, 'No hits.')
    assert.match(ask(officer, 'log', 'verify').stdout, 'The log is whole')
    assert.is(tiltas('run', '--config', config).status, 1, 'two nodes cannot share a data folder')
    assert.match(ask(officer, 'status').stdout, /^lv\/national/)
  } finally { child.kill('SIGTERM') }
  const [code] = await once(child, 'exit')
  assert.is(code, 0)
  assert.not.ok(existsSync(join(home, 'data', 'tiltas.sock')))

  child = await start(config)
  const list = tiltas('hotlist', 'list', '--config', config, '--as', owner)
  child.kill('SIGKILL')
  await once(child, 'exit')
  assert.match(list.stdout, /A-1 .*AB1234/)
  assert.is(tiltas('status', '--config', config).status, 3, 'the socket of a killed node is nobody')
})

daemon.run()

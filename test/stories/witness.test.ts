/**
 * Two witnesses that belong to neither police force watch Latvia's log: real processes, real HTTP. One is killed, a node is
 * put back to an older disk, and a witness loses its database: each is caught and named.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { stringify } from 'yaml'
import { noteVerifier } from '../../keys/checkpoints.ts'
import { openCheckpoint } from '../../protocol/log/checkpoint.ts'
import { parseVerifierKey } from '../../protocol/log/note.ts'
import { LV_POLICE } from '../support/founded.ts'
import { layOutCountries, NODE_FLAGS, type Countries, type Outcome } from './support/country-nodes.ts'
import { announceSeed, eventually, freePorts, told } from './support/places.ts'

const story = suite('witnesses of a log')
announceSeed()
let world: Countries

class StoryWitness {
  readonly name: string
  readonly folder: string
  readonly port: number
  keys: string[] = []
  #child: ChildProcess | undefined

  constructor (name: string, port: number) {
    this.name = name
    this.port = port
    this.folder = join(world.folder, name)
  }

  get url (): string { return `http://127.0.0.1:${this.port}` }
  async make (): Promise<void> {
    const { exit, out } = await runTiltas('witness', 'init', this.folder, '--name', this.name, '--port', String(this.port), '--json')
    assert.is(exit, 0)
    this.keys = (JSON.parse(out) as { keys: string[] }).keys
  }

  watch (keys: readonly string[]): void {
    const file = join(this.folder, 'witness.yaml')
    writeFileSync(file, readFileSync(file, 'utf8').replace('logs: []', `logs:\n${keys.map(key => `  - ${key}\n`).join('')}`))
  }

  async start (): Promise<void> {
    this.#child = spawn(process.execPath, [...NODE_FLAGS, 'witness', 'run', '--folder', this.folder], { stdio: 'ignore' })
    await eventually(`${this.name} to serve`, async () => (await fetch(`${this.url}/00/checkpoint`)).status === 404)
  }

  async end (signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    if (this.#child === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.kill(signal)
    await once(this.#child, 'exit')
  }
}

/** A command in a process of its own. */
async function runTiltas (...words: readonly string[]): Promise<Outcome> {
  const child = spawn(process.execPath, [...NODE_FLAGS, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''; let err = ''
  child.stdout.setEncoding('utf8').on('data', text => { out += text })
  child.stderr.setEncoding('utf8').on('data', text => { err += text })
  const [exit] = await once(child, 'close') as [number]
  return { exit, out, err }
}

let witnesses: StoryWitness[] = []
const lvStatus = async () => (await world.lv.status()).log
/** Reading the log back makes a leaf. */
const growLog = async (): Promise<void> => { await world.ask(world.lv, LV_POLICE, 'LEGAL_OFFICER', 'hits', 'sent', '--reason', 'system-check') }
const witnessedUp = (size: number): Promise<unknown> => eventually(`the log to be witnessed up to ${size}`, async () => (await lvStatus()).witnessed >= size)

story.before(told(async () => {
  world = await layOutCountries()
  const ports = await freePorts(2)
  witnesses = [new StoryWitness('witness.dvi.example', ports[0]!), new StoryWitness('witness.university.example', ports[1]!)]
  for (const witness of witnesses) await witness.make()
  appendFileSync(world.lv.config, stringify({ witnesses: witnesses.map(({ url, keys }) => ({ url, keys })), witnessQuorum: 2 }))
  await world.lv.start()
  const { keys } = await world.ask<{ keys: string[] }>(world.lv, LV_POLICE, 'LEGAL_OFFICER', 'log', 'keys')
  for (const witness of witnesses) { witness.watch(keys); await witness.start() }
}))
story.after(async () => {
  for (const witness of witnesses) await witness.end()
  await world.close()
})

story('both cosign, and an outsider can check it with public keys alone', async () => {
  await growLog()
  const { size } = await lvStatus()
  await witnessedUp(size)
  const { witnessed, keys } = await world.ask<{ witnessed: string, keys: string[] }>(world.lv, LV_POLICE, 'LEGAL_OFFICER', 'log', 'checkpoint', '--witnessed')
  const verifiersOf = (vkeys: readonly string[]) => vkeys.map(key => noteVerifier(parseVerifierKey(key)!)!)
  const opened = openCheckpoint(witnessed, keys[0]!.slice(0, keys[0]!.indexOf('+')), verifiersOf(keys), verifiersOf(witnesses.flatMap(witness => witness.keys)))
  assert.ok(opened.ok)
  assert.equal([...new Set(opened.ok && opened.cosignatures.map(({ name }) => name))].sort(), witnesses.map(({ name }) => name))
})

story('a witness that is killed goes on where it stood', async () => {
  await witnesses[0]!.end('SIGKILL')
  await growLog()
  await eventually('the node to miss a witness', async () => (await lvStatus()).witnesses.some(({ failed }) => failed === 'unreachable'))
  await witnesses[0]!.start()
  await growLog()
  await witnessedUp((await lvStatus()).size)
})

story('a node on an older disk is named by its witnesses, and its new history is never cosigned', async () => {
  await world.lv.end()
  const [data, older] = [join(world.lv.folder, 'data'), join(world.folder, 'older')]
  cpSync(data, older, { recursive: true })
  await world.lv.start()
  for (let i = 0; i < 3; i++) await growLog()
  await witnessedUp((await lvStatus()).size)
  await world.lv.end()
  rmSync(data, { recursive: true })
  cpSync(older, data, { recursive: true })
  await world.lv.start()
  await eventually('an alarm in the log of the node', async () => world.lv.lines.some(({ msg, why }) => msg === 'a witness holds another history of this log' && why === 'ahead'))
  for (let i = 0; i < 12; i++) await growLog()
  await eventually('the rewritten log to be refused', async () => world.lv.lines.some(({ why }) => why === 'not-proven' || why === 'forked'))
  assert.is((await lvStatus()).witnessed, 0)
  await witnesses[0]!.end()
  const shown = await runTiltas('witness', 'show', '--folder', witnesses[0]!.folder)
  assert.is(shown.exit, 1)
  assert.match(shown.out, /PROOFS/)
})

story('a witness without its database does not start again', async () => {
  rmSync(join(witnesses[0]!.folder, 'data'), { recursive: true })
  const { exit, err } = await runTiltas('witness', 'run', '--folder', witnesses[0]!.folder)
  assert.is(exit, 1)
  assert.match(err, 'retire')
})

story.run()

/** The desk at which trust commands are tried: a folder, a clock that the test moves ahead, and nations that were founded in it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { main } from '../../node/cli/main.ts'
import { makeFolder, removeFolder } from '../stories/support/places.ts'

export interface Said { readonly exit: number, readonly out: string, readonly err: string }
export interface Desk {
  readonly folder: string
  /** How far its clock is ahead of the real one, ms. */
  ahead: number
  /** What a person at the terminal answers; undefined where nobody sits. */
  answer: ((question: string) => string) | undefined
  path (name: string): string
  /** The words of one command line; `{}` in a word stands for the folder. */
  tiltas (...words: readonly string[]): Promise<Said>
  /** The same as JSON. @throws Error when it does not end well */
  ask<Answer> (...words: readonly string[]): Promise<Answer>
  /** Founds `lv`, `lt` …: a folder with a national node, and the agency `police`. */
  found (nation: string, ...more: readonly string[]): Promise<void>
  /** Options that name this nation's national node. */
  at (nation: string): readonly string[]
  rootKey (nation: string, n: number): string
  /** All sign a ceremony, one after the other, into the same file. */
  sign (ceremony: string, ...keys: readonly string[]): Promise<string>
  read (name: string): string
  close (): void
}

export function openDesk (): Desk {
  const folder = makeFolder()
  const path = (name: string): string => join(folder, name)
  const desk: Desk = {
    folder, ahead: 0, answer: undefined, path,
    async tiltas (...words) {
      let out = ''; let err = ''
      const { answer } = desk
      const exit = await main(words.map(word => word.replaceAll('{}', folder)), {
        out: text => { out += text }, err: text => { err += text }, isTerminal: answer !== undefined, env: { NO_COLOR: '1' }, readInput: async () => '',
        stopped: new AbortController().signal, now: () => Date.now() + desk.ahead, ...(answer !== undefined && { ask: async (question: string) => answer(question) })
      })
      return { exit, out, err }
    },
    async ask<Answer> (...words: readonly string[]): Promise<Answer> {
      const { exit, out, err } = await desk.tiltas(...words, '--json')
      if (exit !== 0) throw new Error(`tiltas ${words.join(' ')} ended with ${exit}: ${err}`)
      return JSON.parse(out) as Answer
    },
    async found (nation, ...more) { await desk.ask('init', `{}/${nation}`, '--node', `${nation}/national`, '--agency', `${nation}:police`, ...more) },
    at: nation => ['--config', path(`${nation}/tiltas.yaml`)],
    rootKey: (nation, n) => path(`${nation}/offline/root-${n}-of-3.json`),
    async sign (ceremony, ...keys) {
      const { fingerprint } = await desk.ask<{ fingerprint: string }>('trust', 'inspect', path(ceremony))
      for (const key of keys) await desk.ask('trust', 'countersign', path(ceremony), '--key', key, '--yes', fingerprint)
      return fingerprint
    },
    read: name => readFileSync(path(name), 'utf8'),
    close: () => removeFolder(folder)
  }
  return desk
}

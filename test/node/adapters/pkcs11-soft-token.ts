/** A real PKCS#11 module for tests, SoftHSM 2: tokens of its own in a folder of its own, and ways to plug them out. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadDriver } from '../../../node/adapters/pkcs11-driver.ts'
import { openModule } from '../../../node/adapters/pkcs11-module.ts'
import { Token } from '../../../node/adapters/pkcs11-token.ts'

export const PIN = '471100'
const SO_PIN = '31415926'
const PLACES = ['/usr/lib/softhsm/libsofthsm2.so', '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so', '/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so', '/usr/local/lib/softhsm/libsofthsm2.so']
export const MODULE = PLACES.find(path => existsSync(path)) ?? PLACES[0]!

/** Why the tests of modules cannot run here; undefined when they can. */
export function whyNoModule (): string | undefined {
  if (!PLACES.some(path => existsSync(path))) return 'SoftHSM2 is not installed (apt-get install softhsm2)'
  try { loadDriver() } catch { return 'pkcs11js is not installed (.ci/install-pkcs11)' }
  return undefined
}

/** SoftHSM reads its config from where this variable of the process points, when it is initialised. */
export class SoftTokens {
  readonly folder = mkdtempSync(join(tmpdir(), 'tiltas-tokens-'))
  readonly env: { readonly [name: string]: string }

  constructor () {
    mkdirSync(join(this.folder, 'tokens'))
    const conf = join(this.folder, 'softhsm2.conf')
    writeFileSync(conf, `directories.tokendir = ${join(this.folder, 'tokens')}\nobjectstore.backend = file\nlog.level = ERROR\n`)
    process.env['SOFTHSM2_CONF'] = conf
    this.env = { SOFTHSM2_CONF: conf }
  }

  add (label: string): void {
    execFileSync('softhsm2-util', ['--init-token', '--free', '--label', label, '--so-pin', SO_PIN, '--pin', PIN], { env: { ...process.env, ...this.env }, stdio: 'pipe' })
  }

  /** As a person does who knows that the PIN is right now. */
  openDeliberately (label: string): Token { return Token.open({ module: MODULE, token: label }, PIN, { deliberately: true }) }

  /** As if the device were pulled out: its token is gone, and every session with it. */
  unplug (): void {
    this.endSessions()
    renameSync(join(this.folder, 'tokens'), join(this.folder, 'away'))
    mkdirSync(join(this.folder, 'tokens'))
  }

  plugIn (): void {
    rmSync(join(this.folder, 'tokens'), { recursive: true })
    renameSync(join(this.folder, 'away'), join(this.folder, 'tokens'))
  }

  /** Ends the module for everybody in this process, as a reset of the device does. */
  endSessions (): void {
    const { driver, close } = openModule({ module: MODULE })
    try { driver.C_Finalize() } finally { close() }
  }

  remove (): void { rmSync(this.folder, { recursive: true, force: true }) }
}

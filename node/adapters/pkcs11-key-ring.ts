/**
 * Private keys in a hardware module, behind the same port as those in a file. A module can be unplugged: then it is opened
 * again with longer and longer waits, and what asks meanwhile waits up to `awayMax` and is then told `module-away`.
 * Invariants: a PIN that was refused is never tried again by itself; nothing is signed by another key than the one asked for.
 */
import { MINUTE, SECOND, type Duration } from '../../protocol/instant.ts'
import type { Kid } from '../../protocol/identifiers.ts'
import { KeyRingError } from '../../keys/memory-key-ring.ts'
import type { Clock, KeyRing } from '../runtime/ports.ts'
import { ensureOrder, type ModuleAlgorithm } from './pkcs11-curves.ts'
import { ModuleError, type ModuleErrorCode } from './pkcs11-errors.ts'
import type { TokenAddress } from './pkcs11-module.ts'
import type { KeyPlan, ModuleKey } from './pkcs11-objects.ts'
import { Token } from './pkcs11-token.ts'

/** How long whoever asks waits for a module to come back. */
export const AWAY_MAX: Duration = 30 * SECOND
const REOPEN_DELAY_MIN: Duration = SECOND / 4
const REOPEN_DELAY_MAX: Duration = MINUTE / 6
/** How long one operation may take inside the module. */
const CALL_WAIT_MAX: Duration = MINUTE
/** Of one operation, when the module comes back and fails at it again. */
const ATTEMPTS_MAX = 4
/** What may be otherwise a moment later; anything else needs a person. */
const PASSING: readonly ModuleErrorCode[] = ['module-away', 'no-token', 'no-module', 'not-ready']

export interface ModuleKeyRingOptions {
  readonly address: TokenAddress
  readonly pin: string
  readonly clock: Clock
  readonly awayMax?: Duration
  /** Told when somebody was answered with an error of the module: what they wanted did not happen. */
  readonly lost?: (error: ModuleError) => void
}

export interface ModuleKeyRing extends KeyRing {
  sign (requests: Parameters<KeyRing['sign']>[0]): Promise<Uint8Array[]>
  agree (kid: Kid, publicKey: Uint8Array): Promise<Uint8Array>
  list (): readonly ModuleKey[]
  /** @throws ModuleError */
  generate (plan: KeyPlan): Promise<ModuleKey>
  /** Takes keys that another process made on the token. @throws ModuleError */
  refresh (): Promise<void>
  close (): Promise<void>
}

/** @throws ModuleError */
export async function openModuleKeyRing (options: ModuleKeyRingOptions): Promise<ModuleKeyRing> {
  return new Pkcs11KeyRing(options, Token.open(options.address, options.pin))
}

class Pkcs11KeyRing implements ModuleKeyRing {
  readonly #options: ModuleKeyRingOptions
  #token: Token | undefined
  /** As first seen: a token that comes back without one of them is another token. */
  #keys: readonly ModuleKey[]
  #reopening: Promise<Token> | undefined
  /** The token that was left, until it is closed. */
  #left: Promise<void> = Promise.resolve()
  /** Why it is not opened again: only a person can help. */
  #shut: ModuleError | undefined
  #hurry: () => void = () => {}
  #isClosed = false
  /** The same agreement asked for twice at the same time is one. */
  readonly #agreements = new Map<string, Promise<Uint8Array>>()

  constructor (options: ModuleKeyRingOptions, token: Token) {
    this.#options = options
    this.#token = token
    this.#keys = token.keys
  }

  list (): readonly ModuleKey[] { return this.#keys }
  has (kid: Kid): boolean { return this.#keys.some(key => key.kid === kid) }

  async sign (requests: Parameters<KeyRing['sign']>[0]): Promise<Uint8Array[]> {
    for (const { kid } of requests) this.#ensureCan(kid, ['Ed25519', 'P-256'])
    const signatures: Uint8Array[] = []
    for (const { kid, bytes } of requests) signatures.push(await this.#ask(token => token.sign(kid, bytes)))
    return signatures
  }

  agree (kid: Kid, publicKey: Uint8Array): Promise<Uint8Array> {
    const name = `${kid} ${Buffer.from(publicKey).toString('base64url')}`
    const agreement = this.#agreements.get(name) ?? this.#agreeOnce(kid, publicKey).finally(() => this.#agreements.delete(name))
    // Who opens a parcel asks first without waiting, and then waits.
    agreement.catch(() => {})
    this.#agreements.set(name, agreement)
    return agreement
  }

  async #agreeOnce (kid: Kid, publicKey: Uint8Array): Promise<Uint8Array> {
    this.#ensureCan(kid, ['X25519'])
    ensureOrder(publicKey)
    return this.#ask(token => token.agree(kid, publicKey))
  }

  /** Modules know no ML-DSA yet: such keys stay in the key file. */
  async signPostQuantum (kid: Kid): Promise<never> { throw this.#refusalOf(kid) }

  async generate (plan: KeyPlan): Promise<ModuleKey> {
    const made = await this.#ask(token => token.generate(plan))
    this.#keys = [...this.#keys, made]
    return made
  }

  async refresh (): Promise<void> {
    this.#keys = await this.#ask(async token => {
      await token.refresh()
      return token.keys
    })
  }

  async close (): Promise<void> {
    this.#isClosed = true
    this.#hurry()
    await this.#left
    await this.#token?.close()
    this.#token = undefined
  }

  #ensureCan (kid: Kid, algorithms: readonly ModuleAlgorithm[]): void {
    const key = this.#keys.find(key => key.kid === kid)
    if (key === undefined || !algorithms.includes(key.algorithm)) throw this.#refusalOf(kid)
  }

  #refusalOf (kid: Kid): KeyRingError {
    const key = this.#keys.find(key => key.kid === kid)
    return key === undefined ? new KeyRingError('unknown-key', `no key ${kid} in this ring`) : new KeyRingError('wrong-kind', `key ${kid} is ${key.algorithm} and cannot do that`)
  }

  /** Asks again once the module is back: signatures and agreements come out the same, and nobody saw the first. */
  async #ask<T> (run: (token: Token) => Promise<T>): Promise<T> {
    try {
      for (let attempt = 1; ; attempt++) {
        const token = this.#token ?? await this.#back()
        try { return await this.#inTime(run(token)) } catch (error) {
          if (!isAway(error) || attempt === ATTEMPTS_MAX || this.#isShut()) throw error
          this.#leave(token)
        }
      }
    } catch (error) {
      if (error instanceof ModuleError && !this.#isClosed) this.#options.lost?.(error)
      throw error
    }
  }

  /** A thread that is stuck in the module cannot be taken out of it: then only a new process helps. */
  #inTime<T> (work: Promise<T>): Promise<T> {
    return this.#orAfter(work, CALL_WAIT_MAX, () => this.#shut = new ModuleError('module-away', { detail: 'it is silent' }))
  }

  #back (): Promise<Token> {
    if (this.#shut !== undefined) return Promise.reject(this.#shut)
    this.#reopening ??= this.#reopen().finally(() => { this.#reopening = undefined })
    return this.#orAfter(this.#reopening, this.#options.awayMax ?? AWAY_MAX, () => new ModuleError('module-away'))
  }

  async #orAfter<T> (work: Promise<T>, wait: Duration, why: () => ModuleError): Promise<T> {
    let cancel = (): void => {}
    const late = new Promise<never>((_, reject) => { cancel = this.#options.clock.after(wait, () => reject(why())) })
    try { return await Promise.race([work, late]) } finally { cancel() }
  }

  #isShut (): boolean { return this.#shut !== undefined }

  #leave (token: Token): void {
    if (this.#token !== token) return
    this.#token = undefined
    this.#left = token.close()
    this.#back().catch(() => {})
  }

  /** Until it is back, or only a person can help. */
  async #reopen (): Promise<Token> {
    await this.#left
    for (let wait = REOPEN_DELAY_MIN; ; wait = Math.min(REOPEN_DELAY_MAX, wait * 2)) {
      await this.#pause(wait)
      if (this.#isClosed) throw new ModuleError('module-away', { detail: 'closed' })
      try { return this.#token = openSame(this.#options, this.#keys) } catch (error) {
        if (!(error instanceof ModuleError) || PASSING.includes(error.code)) continue
        throw this.#shut = error
      }
    }
  }

  #pause (wait: Duration): Promise<void> {
    return new Promise(resolve => {
      const cancel = this.#options.clock.after(wait, resolve)
      this.#hurry = () => { cancel(); resolve() }
    })
  }
}

const isAway = (error: unknown): boolean => error instanceof ModuleError && error.code === 'module-away'

/** @throws ModuleError `key-missing` when it is another token of the same name */
function openSame ({ address, pin }: ModuleKeyRingOptions, keys: readonly ModuleKey[]): Token {
  const token = Token.open(address, pin)
  const missing = keys.find(({ kid }) => !token.keys.some(key => key.kid === kid))
  if (missing === undefined) return token
  void token.close()
  throw new ModuleError('key-missing', { detail: missing.kid })
}

/**
 * The shared library of a hardware module, loaded, and which of its tokens is meant. Invariant: what could use up tries of
 * the PIN without a person knowing is refused before the module is asked.
 */
import { CK, loadDriver, type Driver, type Handle, type TokenInfo } from './pkcs11-driver.ts'
import { ModuleError, moduleErrorOf, returnValueOf } from './pkcs11-errors.ts'

export interface TokenAddress {
  /** Path of the module's shared library. */
  readonly module: string
  /** Label of the token. */
  readonly token: string
  /** Serial number, where several tokens have that label. */
  readonly serial?: string | undefined
  /** Folder of pkcs11js, where it is not found by itself. */
  readonly driver?: string | undefined
}

/** A module that is loaded; `slots` are the tokens that are plugged in. */
export function openModule ({ module, driver: folder }: Pick<TokenAddress, 'module' | 'driver'>): { driver: Driver, slots: readonly { slot: Handle, info: TokenInfo }[], close: () => void } {
  const driver = loadDriver(folder)
  try { driver.load(module) } catch (cause) { throw new ModuleError('no-module', { detail: module, cause }) }
  let began = true
  const close = (): void => {
    // Others in this process may use the module too: who began it ends it.
    if (began) ignoring(() => driver.C_Finalize())
    ignoring(() => driver.close())
  }
  try {
    try { driver.C_Initialize({ flags: CK.OS_LOCKING_OK }) } catch (error) {
      if (returnValueOf(error) !== 'CKR_CRYPTOKI_ALREADY_INITIALIZED') throw error
      began = false
    }
    return { driver, close, slots: driver.C_GetSlotList(true).map(slot => ({ slot, info: tidy(driver.C_GetTokenInfo(slot)) })) }
  } catch (error) {
    close()
    throw moduleErrorOf(error)
  }
}

const tidy = (info: TokenInfo): TokenInfo => ({ ...info, label: info.label.trimEnd(), serialNumber: info.serialNumber.trim() })
/** For what is being left anyway. */
export const ignoring = (run: () => void): void => { try { run() } catch { /* nothing depends on it any more */ } }

export function chooseToken (slots: readonly { slot: Handle, info: TokenInfo }[], { token, serial }: TokenAddress): { slot: Handle, info: TokenInfo } {
  const fitting = slots.filter(({ info }) => info.label === token && (serial === undefined || info.serialNumber === serial))
  if (fitting.length > 1) throw new ModuleError('two-tokens')
  if (fitting.length === 0) throw new ModuleError('no-token')
  return fitting[0]!
}

/** A module locks after a few wrong PINs, and whoever restarts a node again and again would lock it. */
export function ensureMayLogIn ({ flags }: TokenInfo, deliberately: boolean): void {
  if ((flags & CK.PIN_LOCKED) !== 0) throw new ModuleError('token-locked')
  if ((flags & CK.TOKEN_INITIALIZED) === 0 || (flags & CK.PIN_INITIALIZED) === 0) throw new ModuleError('not-ready')
  if ((flags & (CK.PIN_COUNT_LOW | CK.PIN_FINAL_TRY)) !== 0 && !deliberately) throw new ModuleError('pin-tries-used')
}

/**
 * One token of a hardware module, opened: our keys on it, and what they do. Keys are made inside and never come
 * out. Invariant: one operation at a time, and after one that failed its session is thrown away, since PKCS#11
 * leaves it in the middle of it.
 */
import { createHash, randomBytes } from 'node:crypto'
import { agreeOnce } from '../../keys/private-key.ts'
import { equalBytes } from '../../protocol/bytes.ts'
import type { Kid } from '../../protocol/identifiers.ts'
import { generationOf, isModuleSignatureValid, kidOfPoint, pointOf } from './pkcs11-curves.ts'
import { CK, type Attribute, type Driver, type Handle, type TokenInfo } from './pkcs11-driver.ts'
import { ModuleError, moduleErrorOf, returnValueOf } from './pkcs11-errors.ts'
import { chooseToken, ensureMayLogIn, ignoring, openModule, type TokenAddress } from './pkcs11-module.ts'
import { SECRET_TEMPLATE, parseLabel, templatesOf, type KeyPlan, type ModuleKey } from './pkcs11-objects.ts'

interface HeldKey extends ModuleKey { readonly handle: Handle }
/** Objects looked at on one token. */
const OBJECTS_MAX = 4096
const SIGNATURE_BYTES = 64
/** A driver hands a module no address for an empty buffer of its own, and modules refuse that. */
const NO_BYTES = Buffer.alloc(1).subarray(0, 0)

export class Token {
  readonly info: TokenInfo
  readonly mechanisms: readonly number[]
  readonly #driver: Driver
  readonly #slot: Handle
  /** Holds the login; never used for anything that can fail. */
  readonly #login: Handle
  readonly #close: () => void
  #session: Handle | undefined
  #keys: readonly HeldKey[] = []
  #turn: Promise<unknown> = Promise.resolve()

  private constructor (driver: Driver, slot: Handle, info: TokenInfo, login: Handle, close: () => void) {
    this.#driver = driver
    this.#slot = slot
    this.info = info
    this.#login = login
    this.#close = close
    this.mechanisms = driver.C_GetMechanismList(slot)
  }

  /**
   * Logs in once, with one PIN. `deliberately`: a person says that the PIN is right, so it is tried although a wrong one
   * was given before. @throws ModuleError
   */
  static open (address: TokenAddress, pin: string, { deliberately = false } = {}): Token {
    const { driver, slots, close } = openModule(address)
    try {
      const { slot, info } = chooseToken(slots, address)
      ensureMayLogIn(info, deliberately)
      const login = driver.C_OpenSession(slot, CK.SERIAL_SESSION)
      try { driver.C_Login(login, CK.USER, pin) } catch (error) { if (returnValueOf(error) !== 'CKR_USER_ALREADY_LOGGED_IN') throw error }
      const token = new Token(driver, slot, info, login, close)
      token.#keys = token.#findKeys()
      return token
    } catch (error) {
      close()
      throw moduleErrorOf(error)
    }
  }

  get keys (): readonly ModuleKey[] { return this.#keys }

  /** Looks again which keys are there: another process may have made some. */
  async refresh (): Promise<void> {
    const found = this.#turn.then(() => { this.#keys = this.#findKeys() }).catch(error => { throw moduleErrorOf(error) })
    this.#turn = found.catch(() => {})
    return found
  }

  /** 64 bytes: EdDSA, or ES256 as r ‖ s. */
  sign (kid: Kid, bytes: Uint8Array): Promise<Uint8Array> {
    const key = this.#keyOf(kid)
    const isEdwards = key.algorithm === 'Ed25519'
    const data = isEdwards ? bytes.length === 0 ? NO_BYTES : Buffer.from(bytes) : createHash('sha256').update(bytes).digest()
    return this.#inTurn(async session => {
      this.#driver.C_SignInit(session, { mechanism: isEdwards ? CK.EDDSA : CK.ECDSA, parameter: null }, key.handle)
      return new Uint8Array(await this.#driver.C_SignAsync(session, data, Buffer.alloc(SIGNATURE_BYTES)))
    })
  }

  /** X25519, 32 bytes; the secret is a passing object of the session, read and removed. */
  agree (kid: Kid, publicKey: Uint8Array): Promise<Uint8Array> {
    const key = this.#keyOf(kid)
    return this.#inTurn(async session => {
      const parameter = { type: CK.PARAMS_EC_DH, kdf: CK.KDF_NULL, publicData: Buffer.from(publicKey) }
      const secret = await this.#driver.C_DeriveKeyAsync(session, { mechanism: CK.ECDH1_DERIVE, parameter }, key.handle, SECRET_TEMPLATE)
      const [{ value } = { value: NO_BYTES }] = this.#driver.C_GetAttributeValue(session, secret, [{ type: CK.VALUE }])
      this.#driver.C_DestroyObject(session, secret)
      return new Uint8Array(value)
    })
  }

  /** Makes a key that can never be read out, and tries it before anybody relies on it. @throws ModuleError `module-unfit`, `module-refused` … */
  async generate (plan: KeyPlan): Promise<ModuleKey> {
    const { mechanism, keyType } = generationOf(plan.algorithm, this.mechanisms)
    const session = this.#driver.C_OpenSession(this.#slot, CK.SERIAL_SESSION | CK.RW_SESSION)
    try {
      const made = await this.#driver.C_GenerateKeyPairAsync(session, { mechanism, parameter: null }, ...templatesOf(plan, keyType))
      this.#keys = this.#findKeys()
      const key = this.#keys.find(({ handle }) => handle.equals(made.privateKey))
      if (key !== undefined && await this.#isFit(key)) return key
      for (const object of [made.privateKey, made.publicKey]) ignoring(() => this.#driver.C_DestroyObject(session, object))
      this.#keys = this.#findKeys()
      throw new ModuleError('module-unfit', { detail: plan.algorithm })
    } catch (error) { throw moduleErrorOf(error) } finally { ignoring(() => this.#driver.C_CloseSession(session)) }
  }

  /** Resolves when what was under way is over. */
  async close (): Promise<void> {
    await this.#turn.catch(() => {})
    for (const session of [this.#session, this.#login]) if (session !== undefined) ignoring(() => this.#driver.C_CloseSession(session))
    this.#close()
  }

  async #isFit (key: HeldKey): Promise<boolean> {
    const probe = randomBytes(32)
    if (key.algorithm !== 'X25519') return isModuleSignatureValid(key.algorithm, key.publicKey, probe, await this.sign(key.kid, probe))
    const { ephemeralKey, sharedSecret } = agreeOnce(probe, key.publicKey)
    return equalBytes(await this.agree(key.kid, ephemeralKey), sharedSecret)
  }

  #keyOf (kid: Kid): HeldKey {
    const key = this.#keys.find(key => key.kid === kid)
    if (key === undefined) throw new ModuleError('key-missing', { detail: kid })
    return key
  }

  #findKeys (): HeldKey[] {
    const secrets = this.#find([{ type: CK.CLASS, value: CK.PRIVATE_KEY }])
    return secrets.flatMap(handle => this.#read(handle) ?? [])
  }

  #find (template: readonly Attribute[]): Handle[] {
    this.#driver.C_FindObjectsInit(this.#login, template)
    try { return this.#driver.C_FindObjects(this.#login, OBJECTS_MAX) } finally { this.#driver.C_FindObjectsFinal(this.#login) }
  }

  /** Undefined for a key that is not ours, or whose public half is not there. */
  #read (handle: Handle): HeldKey | undefined {
    const [label, id, extractable, never] = this.#driver.C_GetAttributeValue(this.#login, handle, [{ type: CK.LABEL }, { type: CK.ID }, { type: CK.EXTRACTABLE }, { type: CK.NEVER_EXTRACTABLE }]).map(({ value }) => value)
    const plan = parseLabel(label!.toString('utf8'))
    if (plan === undefined || id === undefined || id.length === 0) return undefined
    const [half] = this.#find([{ type: CK.CLASS, value: CK.PUBLIC_KEY }, { type: CK.ID, value: id }, { type: CK.LABEL, value: label! }])
    if (half === undefined) return undefined
    const publicKey = pointOf(plan.algorithm, this.#driver.C_GetAttributeValue(this.#login, half, [{ type: CK.EC_POINT }])[0]!.value)
    if (publicKey === undefined) return undefined
    return { ...plan, kid: kidOfPoint(plan.algorithm, publicKey), publicKey, isInsideOnly: extractable?.[0] === 0 && never?.[0] === 1, handle }
  }

  #inTurn<T> (run: (session: Handle) => Promise<T>): Promise<T> {
    const result = this.#turn.then(async () => {
      try {
        this.#session ??= this.#driver.C_OpenSession(this.#slot, CK.SERIAL_SESSION)
        return await run(this.#session)
      } catch (error) {
        const broken = this.#session
        this.#session = undefined
        if (broken !== undefined) ignoring(() => this.#driver.C_CloseSession(broken))
        throw moduleErrorOf(error)
      }
    })
    this.#turn = result.catch(() => {})
    return result
  }
}

/**
 * Records between the machine and the store: JSON, personal ones sealed by the vault. Log leaves and tiles are stored as
 * they are, since outside tools read them byte for byte.
 */
import type { Json } from '../../protocol/messages/encoding.ts'
import type { PutEffect } from '../../protocol/effects.ts'
import type { Store, StoreKey, StoreScan, StoreWrite } from './ports.ts'
import { StoreError } from './ports.ts'
import type { Vault } from './vault.ts'

const VAULT_TAG = 0x01
const encode = (value: Json): Uint8Array => Buffer.from(JSON.stringify(value), 'utf8')
const decode = (bytes: Uint8Array): Json => JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')) as Json

/** Records in memory, opened, of each of the two kinds below. */
const HOT_RECORDS_MAX = 4096
/** What decisions ask for again and again: entries, and what is known of their hits. */
const isDecisive = (key: StoreKey): boolean => key.startsWith('entry/') || key.startsWith('dedupe/')
/** What soon gets its receipt. */
const isSent = (key: StoreKey): boolean => key.startsWith('message/')

export class Records {
  readonly #store: Store
  readonly #vault: Vault
  /** As last committed or read; nobody else writes this store. Oldest first. */
  readonly #decisive = new Map<StoreKey, Json | undefined>()
  /** As last committed. */
  readonly #sent = new Map<StoreKey, Json | undefined>()

  constructor (store: Store, vault: Vault) {
    this.#store = store
    this.#vault = vault
  }

  /** Undefined where a record is missing or erased. @throws StoreError `corrupt` */
  async getMany<Record> (keys: readonly StoreKey[]): Promise<(Record | undefined)[]> {
    const cold = keys.filter(key => !this.#decisive.has(key) && !this.#sent.has(key))
    if (cold.length === 0) return keys.map(key => this.#hot(key) as Record | undefined)
    const opened = await this.#open(cold, await this.#store.getMany(cold))
    const found = new Map(cold.map((key, i) => [key, opened[i]]))
    // A commit that came meanwhile knows better than what was read before it.
    for (const [key, record] of found) if (isDecisive(key) && !this.#decisive.has(key)) keep(this.#decisive, key, record)
    return keys.map(key => (found.has(key) ? found.get(key) : this.#hot(key)) as Record | undefined)
  }

  #hot (key: StoreKey): Json | undefined { return this.#decisive.has(key) ? this.#decisive.get(key) : this.#sent.get(key) }

  /** After keys were erased, nothing that they opened stays in memory. */
  forgetHot (): void {
    this.#decisive.clear()
    this.#sent.clear()
  }

  async get<Record> (key: StoreKey): Promise<Record | undefined> { return (await this.getMany<Record>([key]))[0] }

  async scan<Record> (range: StoreScan): Promise<{ key: StoreKey, record: Record | undefined }[]> {
    const found = await this.#store.scan(range)
    const records = await this.#open(found.map(({ key }) => key), found.map(({ value }) => value))
    return found.map(({ key }, i) => ({ key, record: records[i] as Record | undefined }))
  }

  async #open (keys: readonly StoreKey[], values: readonly (Uint8Array | undefined)[]): Promise<(Json | undefined)[]> {
    const sealed = values.flatMap((bytes, i) => bytes?.[0] === VAULT_TAG ? [{ key: keys[i]!, bytes, i }] : [])
    const opened = sealed.length === 0 ? [] : await this.#vault.openMany(sealed)
    const plain = [...values] as (Uint8Array | undefined)[]
    sealed.forEach(({ key, i }, at) => {
      const bytes = opened[at]!
      if (bytes === 'corrupt') throw new StoreError('corrupt', `the record ${key} does not open with its key`, { key })
      plain[i] = bytes === 'erased' ? undefined : bytes
    })
    return plain.map(bytes => bytes === undefined ? undefined : decode(bytes))
  }

  /** Everything of one group in one durable step. */
  async commit (puts: ReadonlyMap<StoreKey, PutEffect | 'deleted'>): Promise<void> {
    const writes: StoreWrite[] = []
    const personal: { key: StoreKey, month: string, value: Uint8Array }[] = []
    puts.forEach((put, key) => {
      if (put === 'deleted') writes.push({ op: 'delete', key })
      else if (put.value instanceof Uint8Array) writes.push({ op: 'put', key, value: put.value })
      else if (put.personalUntil === undefined) writes.push({ op: 'put', key, value: encode(put.value) })
      else personal.push({ key, month: put.personalUntil, value: encode(put.value) })
    })
    const sealed = personal.length === 0 ? [] : await this.#vault.sealMany(personal)
    for (let i = 0; i < sealed.length; i++) writes.push({ op: 'put', key: personal[i]!.key, value: sealed[i]! })
    if (writes.length > 0) await this.#store.commit(writes)
    puts.forEach((put, key) => this.#keepHot(key, put))
  }

  #keepHot (key: StoreKey, put: PutEffect | 'deleted'): void {
    const hot = isDecisive(key) ? this.#decisive : isSent(key) ? this.#sent : undefined
    if (hot !== undefined) keep(hot, key, put === 'deleted' || put.value instanceof Uint8Array ? undefined : put.value)
  }
}

function keep (hot: Map<StoreKey, Json | undefined>, key: StoreKey, record: Json | undefined): void {
  hot.delete(key)
  hot.set(key, record)
  if (hot.size > HOT_RECORDS_MAX) hot.delete(hot.keys().next().value!)
}

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
const encoder = new TextEncoder()
const decoder = new TextDecoder()

export class Records {
  readonly #store: Store
  readonly #vault: Vault

  constructor (store: Store, vault: Vault) {
    this.#store = store
    this.#vault = vault
  }

  /** Undefined where a record is missing or erased. @throws StoreError `corrupt` */
  async getMany<Record> (keys: readonly StoreKey[]): Promise<(Record | undefined)[]> {
    return keys.length === 0 ? [] : await this.#open(keys, await this.#store.getMany(keys)) as (Record | undefined)[]
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
    return plain.map(bytes => bytes === undefined ? undefined : JSON.parse(decoder.decode(bytes)) as Json)
  }

  /** Everything of one group in one durable step. */
  async commit (puts: ReadonlyMap<StoreKey, PutEffect | 'deleted'>): Promise<void> {
    const writes: StoreWrite[] = []
    const personal: { key: StoreKey, month: string, value: Uint8Array }[] = []
    for (const [key, put] of puts) {
      if (put === 'deleted') writes.push({ op: 'delete', key })
      else if (put.value instanceof Uint8Array) writes.push({ op: 'put', key, value: put.value })
      else if (put.personalUntil === undefined) writes.push({ op: 'put', key, value: encoder.encode(JSON.stringify(put.value)) })
      else personal.push({ key, month: put.personalUntil, value: encoder.encode(JSON.stringify(put.value)) })
    }
    const sealed = personal.length === 0 ? [] : await this.#vault.sealMany(personal)
    personal.forEach(({ key }, i) => writes.push({ op: 'put', key, value: sealed[i]! }))
    if (writes.length > 0) await this.#store.commit(writes)
  }
}

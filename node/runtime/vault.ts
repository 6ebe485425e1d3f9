/**
 * Makes personal records: each is sealed under a record key of its own, bound to its store key. Invariant: one slot, one
 * record, once; writing a record again takes a fresh slot, and whoever replaces or deletes a record erases the old slot
 * (`slotOf`). The vault never sees the store, and keeps no key longer than a call.
 *
 *   01 ‖ month (7, ASCII `2026-11`) ‖ slot (8, big-endian) ‖ nonce (12) ‖ ciphertext ‖ tag (16)
 */
import { RECORD_NONCE_BYTES, RETENTION_MONTH, SEALED_RECORD_OVERHEAD, openRecord, sealRecord } from '../../keys/records.ts'
import { utf8ToBytes } from '../../protocol/bytes.ts'
import { StoreError, type Entropy, type RecordKeySlot, type RecordKeys, type StoreKey } from './ports.ts'

/** The first byte of every sealed record; plain JSON never begins so. */
export const VAULT_TAG = 0x01
const MONTH_AT = 1
const SLOT_AT = 8
const HEADER_BYTES = 16
const TWO_32 = 2 ** 32

export interface PlainRecord { readonly key: StoreKey, readonly month: string, readonly value: Uint8Array }
export interface SealedRecord { readonly key: StoreKey, readonly bytes: Uint8Array }

/** Where the key of a sealed record lies. @throws StoreError `corrupt` when these are not the bytes of one */
export function slotOf (bytes: Uint8Array): RecordKeySlot {
  const slot = readSlot(bytes)
  if (slot === undefined) throw new StoreError('corrupt', 'not a sealed record')
  return slot
}

function readSlot (bytes: Uint8Array): RecordKeySlot | undefined {
  if (bytes.length < HEADER_BYTES + SEALED_RECORD_OVERHEAD || bytes[0] !== VAULT_TAG) return undefined
  const month = String.fromCharCode(...bytes.subarray(MONTH_AT, SLOT_AT))
  const slot = readUint32(bytes, SLOT_AT) * TWO_32 + readUint32(bytes, SLOT_AT + 4)
  return RETENTION_MONTH.test(month) && Number.isSafeInteger(slot) ? { month, slot } : undefined
}

const readUint32 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0

function writeUint32 (bytes: Uint8Array, at: number, n: number): void {
  for (let i = 0; i < 4; i++) bytes[at + i] = n >>> (24 - 8 * i)
}

function writeHeader (bytes: Uint8Array, { month, slot }: RecordKeySlot): void {
  bytes[0] = VAULT_TAG
  for (let i = 0; i < month.length; i++) bytes[MONTH_AT + i] = month.charCodeAt(i)
  writeUint32(bytes, SLOT_AT, Math.floor(slot / TWO_32))
  writeUint32(bytes, SLOT_AT + 4, slot % TWO_32)
}

export class Vault {
  readonly #keys: RecordKeys
  readonly #entropy: Entropy

  constructor (keys: RecordKeys, entropy: Entropy) {
    this.#keys = keys
    this.#entropy = entropy
  }

  /** In the order asked for. @throws StoreError when record keys cannot be had */
  async sealMany (records: readonly PlainRecord[]): Promise<Uint8Array[]> {
    const slots = await this.#takeSlots(records)
    const nonces = this.#entropy.bytes(RECORD_NONCE_BYTES * records.length)
    return records.map(({ key, month, value }, i) => {
      const { slot, key: recordKey } = slots[i]!
      const nonce = nonces.subarray(i * RECORD_NONCE_BYTES, (i + 1) * RECORD_NONCE_BYTES)
      const bytes = sealRecord(recordKey, value, nonce, utf8ToBytes(key), HEADER_BYTES)
      writeHeader(bytes, { month, slot })
      return bytes
    })
  }

  /** In the order asked for. `erased`: its key is gone for good. `corrupt`: not what was sealed for this store key. */
  async openMany (records: readonly SealedRecord[]): Promise<(Uint8Array | 'erased' | 'corrupt')[]> {
    const slots = records.map(({ bytes }) => readSlot(bytes))
    const keys = await Promise.all(slots.map(slot => slot && this.#keys.get(slot)))
    return records.map(({ key, bytes }, i) => {
      if (slots[i] === undefined) return 'corrupt'
      const recordKey = keys[i]
      return recordKey === undefined ? 'erased' : openRecord(recordKey, bytes.subarray(HEADER_BYTES), utf8ToBytes(key)) ?? 'corrupt'
    })
  }

  slotOf (bytes: Uint8Array): RecordKeySlot { return slotOf(bytes) }

  /** One `take` for each month, dealt out in the order of the records. */
  async #takeSlots (records: readonly PlainRecord[]): Promise<{ slot: number, key: Uint8Array }[]> {
    const wanted = new Map<string, number>()
    for (const { month } of records) wanted.set(month, (wanted.get(month) ?? 0) + 1)
    const taken = new Map(await Promise.all([...wanted].map(async ([month, count]) => [month, (await this.#keys.take(month, count)).values()] as const)))
    return records.map(({ month }) => taken.get(month)!.next().value!)
  }
}

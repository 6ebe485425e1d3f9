/**
 * What has had its time: record keys of past months, and the sent archive beyond the resend horizon.
 * Invariant: the erasure is in the log before a key is gone, and nothing that waits for a receipt is ever swept.
 */
import { monthOf, SECOND, toUnixSeconds, type Instant } from '../../protocol/instant.ts'
import { RESEND_HORIZON } from '../../protocol/limits.ts'
import type { AgencyId } from '../../protocol/identifiers.ts'
import { keyOf, numberKey, type HeldEntryRecord, type PositionRecord } from '../../protocol/records.ts'
import type { OutStream } from '../../protocol/state.ts'
import type { Node } from './node.ts'
import { every } from './recover.ts'
import type { RecordKeys, Store, StoreWrite } from './ports.ts'

const PAGE = 200

/** Answers what was swept: whether months were erased, and how many positions left the archive. */
export async function sweep (node: Node, store: Store, recordKeys: RecordKeys, now: Instant): Promise<{ erased: boolean, positions: number }> {
  const month = monthOf(now)
  const before = (await node.records.get<{ before: string }>(keyOf.erased))?.before
  const erased = before !== undefined && before < month
  if (before !== month) await node.driver.giveDurably({ type: 'months-ended', before: month, erasing: erased })
  if (erased) {
    await recordKeys.dropBefore(month)
    node.records.forgetHot()
  }
  if (before !== month) await node.driver.giveDurably({ type: 'entries-counted', counts: await countEntries(node, toUnixSeconds(now)) })
  let positions = 0
  for (const stream of node.driver.state.outStreams.values()) positions += await sweepArchive(stream, node, store, toUnixSeconds(now) - RESEND_HORIZON / SECOND)
  return { erased, positions }
}

/** Entries end by themselves, so what each owner has in force here is counted anew once a month. */
async function countEntries (node: Node, now: number): Promise<Map<AgencyId, number>> {
  const counts = new Map<AgencyId, number>()
  for (const prefix of ['entry/held/', 'entry/placed/']) {
    for await (const { record } of every<HeldEntryRecord>(node.records, prefix)) {
      if (record.entry !== undefined && record.state === 'in-force' && record.entry.until > now) counts.set(record.entry.owner, (counts.get(record.entry.owner) ?? 0) + 1)
    }
  }
  return counts
}

async function sweepArchive (stream: OutStream, node: Node, store: Store, until: number): Promise<number> {
  const { peer, streamClass } = stream
  const prefix = `position/${peer}/${streamClass}/`
  const receipted = stream.unreceipted.values().next().value?.n ?? stream.floor
  let swept = 0
  for (;;) {
    const page = await node.records.scan<PositionRecord>({ prefix, limit: PAGE })
    const old = page.filter(({ key, record }) => record !== undefined && record.at < until && key < prefix + numberKey(stream.acknowledged) && record.numbers.every(n => n < receipted))
    if (old.length === 0) return swept
    await store.commit(old.flatMap(({ key, record }): StoreWrite[] => [{ op: 'delete', key }, ...record!.numbers.map((n): StoreWrite => ({ op: 'delete', key: keyOf.out(peer, streamClass, n) }))]))
    swept += old.length
    if (old.length < page.length) return swept
  }
}

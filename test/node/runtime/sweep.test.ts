/** What has had its time is gone, its erasure is in the log, and the log still verifies; on real disks. */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Actor } from '../../../protocol/commands.ts'
import type { EntryRef, PersonId } from '../../../protocol/identifiers.ts'
import { DAY, monthOf, SECOND } from '../../../protocol/instant.ts'
import type { Leaf } from '../../../protocol/log/leaf.ts'
import { keyOf, type OwnEntryRecord } from '../../../protocol/records.ts'
import { sweep } from '../../../node/runtime/sweep.ts'
import { LT_NATIONAL, LT_POLICE, foundTestFederation, ringOf } from '../../support/founded.ts'
import { startRealNode } from '../../support/real-node.ts'

const sweeping = suite('sweep')
const owner: Actor = { personId: 'list-owner' as PersonId, role: 'LIST_OWNER', agency: LT_POLICE }
const REF = 'S-1' as EntryRef

sweeping('a record goes with its month, and only then', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tiltas-sweep-'))
  const federation = await foundTestFederation()
  const real = await startRealNode({ self: LT_NATIONAL, folder, secrets: ringOf(federation, LT_NATIONAL), statements: federation.statements, pins: federation.pins, listen: '/ip4/127.0.0.1/tcp/0', addresses: {} })
  try {
    const now = Date.now()
    const seconds = Math.floor(now / SECOND)
    const put = await real.service.command(owner, { do: 'entry.put', agency: LT_POLICE, entry: { ref: REF, plate: 'ABC123', category: 'evidence', action: 'observe-only', reason: 'for a test', decisionRef: 'D-1', legalBasis: 'lt-2018/xiii-1435', furtherHits: false, until: seconds + 3600, confirmedAt: seconds } })
    assert.ok(put.ok)
    const entry = () => real.node.records.get<OwnEntryRecord>(keyOf.ownEntry(LT_POLICE, REF))

    assert.is((await sweep(real.node, real.store, real.recordKeys, now)).erased, false)
    assert.is((await entry())?.plate, 'ABC123')
    const keysBefore = readdirSync(join(folder, 'record-keys')).filter(name => name.startsWith(monthOf(now)))
    assert.ok(keysBefore.length > 0)

    assert.is((await sweep(real.node, real.store, real.recordKeys, now + 62 * DAY)).erased, true)
    assert.is(await entry(), undefined)
    assert.equal(readdirSync(join(folder, 'record-keys')).filter(name => name.startsWith(monthOf(now))), [])
    const { edge } = real.node.driver.state.log
    const leaves = await Promise.all(Array.from({ length: edge.size }, (_, i) => real.node.records.get<Leaf>(keyOf.logLeaf(i))))
    assert.equal(leaves.filter(leaf => leaf?.t === 'erasure').map(leaf => leaf?.ret), [monthOf(now + 62 * DAY)])
    assert.ok((await real.service.verifyLog()).ok)
    assert.not(readdirSync(folder, { recursive: true, withFileTypes: true }).some(file => file.isFile() && readFileSync(join(file.parentPath, file.name)).includes('ABC123')))
  } finally {
    await real.stop()
    rmSync(folder, { recursive: true, force: true })
  }
})

sweeping.run()

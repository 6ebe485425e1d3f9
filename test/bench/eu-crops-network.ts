/**
 * The same rows through the whole network: cameras post to a site in Latvia, the listed plates belong to the Lithuanian
 * police and were shared, and what counts is what stands at the owner in the end. Three processes, real TCP, real disks.
 */
import { isSettled, layOutCountries, type Countries } from '../stories/support/country-nodes.ts'
import { eventually } from '../stories/support/places.ts'
import { LT_POLICE, LV_POLICE } from '../support/founded.ts'

export interface PlateRow { readonly text: string, readonly country: string | undefined }
export interface RowForm { readonly url: string, readonly type: string, wrap (row: PlateRow): unknown, encode (body: unknown): string }
export interface Listed { readonly ref: string, readonly row: PlateRow }
/** Counts only. `once`: listed plates with exactly one hit. `wrong`: hits beyond those. `apart`: what rows without a country added. */
export interface NetworkScore { readonly posted: number, readonly refused: number, readonly once: number, readonly wrong: number, readonly waiting: number, readonly apart: { readonly posted: number, readonly hits: number }, readonly logsVerify: boolean, readonly ok: boolean }

/** A fresh network for each form, so that the hits of one do not hide those of the other. */
export async function scoreOnNetwork (form: RowForm, listed: readonly Listed[], labelled: readonly PlateRow[], nameless: readonly PlateRow[]): Promise<NetworkScore> {
  const world = await layOutCountries()
  try {
    await Promise.all(world.nodes.map(node => node.start()))
    await world.listAtSite(listed.map(({ ref, row }) => ({ ref, plate: row.text, ...(row.country !== undefined && { country: row.country }) })))
    const refused = await post(world, form, labelled)
    const times = await hitsByRef(world)
    const once = listed.filter(({ ref }) => times.get(ref) === 1).length
    const total = [...times.values()].reduce((sum, count) => sum + count, 0)
    const waiting = (await world.lv.status()).waitingCandidates
    const refusedApart = await post(world, form, nameless)
    const after = [...(await hitsByRef(world)).values()].reduce((sum, count) => sum + count, 0)
    const reports = await Promise.all(world.nodes.map(node => node.client.get<{ ok: boolean }>('/v1/log/verify', world.person(node === world.lt ? LT_POLICE : LV_POLICE, 'LEGAL_OFFICER'))))
    const logsVerify = reports.every(({ ok }) => ok)
    const wrong = total - once
    return { posted: labelled.length, refused: refused + refusedApart, once, wrong, waiting, apart: { posted: nameless.length, hits: after - total }, logsVerify, ok: once === listed.length && wrong === 0 && refused === 0 && logsVerify }
  } finally { await world.close() }
}

/** Answers how many were not taken. */
async function post (world: Countries, form: RowForm, rows: readonly PlateRow[]): Promise<number> {
  let refused = 0
  for (const row of rows) {
    const { status } = await world.site.deliver(form.url, form.encode(form.wrap(row)), { 'content-type': form.type })
    if (status !== 200) refused++
  }
  return refused
}

/** Twice in a row, because the nodes are asked one after the other. */
async function hitsByRef (world: Countries): Promise<Map<string, number>> {
  await eventually('everything to be receipted', async () => await isSettled(world.nodes) && await isSettled(world.nodes))
  const times = new Map<string, number>()
  for (const { hit } of await world.hitsAtOwner()) times.set(hit.entryRef, (times.get(hit.entryRef) ?? 0) + 1)
  return times
}

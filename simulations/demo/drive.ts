/** Lets demo traffic happen in real time: each look of a camera is sent when it is due, or its vehicle drives into the picture, until told to stop. */
import { performance } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'
import type { Instant } from '../../protocol/instant.ts'
import { readsOf } from './camera-reads.ts'
import type { Chance } from './chance.ts'
import type { StreetPictures } from './street-pictures.ts'
import type { Pass } from './traffic.ts'
import type { VendorPosts } from './vendor.ts'

export interface DriveOptions {
  readonly passes: Iterable<Pass>
  readonly posts: Pick<VendorPosts, 'send'>
  readonly pictures: Pick<StreetPictures, 'send'>
  /** Of misreads and looks. */
  readonly chance: Chance
  /** True time at which traffic begins: now. */
  readonly startedAt: Instant
  readonly signal: AbortSignal
}

/** Resolves when the signal aborts or the passes end. A process that was held up sends what it missed at once. */
export async function drive ({ passes, posts, pictures, chance, startedAt, signal }: DriveOptions): Promise<void> {
  const began = performance.now()
  const until = async (at: number): Promise<boolean> => {
    const left = at - (performance.now() - began)
    if (left > 0) await wait(left, undefined, { signal }).catch(() => {})
    return !signal.aborted
  }
  const later = new Set<Promise<void>>()
  for (const pass of passes) {
    if (!await until(pass.at)) break
    if (pass.camera.dialect === 'pictures') { void pictures.send(pass); continue }
    for (const read of readsOf(pass, startedAt, chance)) {
      if (read.at === pass.at) { posts.send(read); continue }
      const look = until(read.at).then(due => { if (due) posts.send(read) }).finally(() => later.delete(look))
      later.add(look)
    }
  }
  await Promise.all(later)
}

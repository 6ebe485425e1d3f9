/** Folders, ports and waiting for stories: nothing is fixed, everything is given back, no wait is without an end. */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

/** Short, because the path of a Unix socket has little room. */
export const makeFolder = (): string => mkdtempSync(join(tmpdir(), 'tiltas-story-'))
export const removeFolder = (path: string): void => rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })

/** Ports that nobody uses at this moment. */
export async function freePorts (count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
    const server = createServer()
    server.once('error', reject).listen(0, '127.0.0.1', () => resolve(server))
  })))
  const ports = servers.map(server => (server.address() as { port: number }).port)
  await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))))
  return ports
}

/** The first answer that is not undefined or false; asks again until then. @throws Error that names what was waited for */
export async function eventually<Answer> (what: string, ask: () => Promise<Answer | undefined | false> | Answer | undefined | false, waitMs = 120_000): Promise<Answer> {
  let last: unknown
  for (const end = performance.now() + waitMs; performance.now() < end; await pause(50)) {
    try {
      const answer = await ask()
      if (answer !== undefined && answer !== false) return answer
    } catch (error) { last = error }
  }
  throw new Error(`waited in vain: ${what}`, { cause: last })
}

/** Printed first, and enough to have the same random choices again: `STORY_SEED=… npm test stories/…`. */
export function announceSeed (): number {
  const seed = Number(process.env['STORY_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
  console.log(`seed ${seed}`)
  return seed
}

/** A hook that fails takes all tests with it, and the runner keeps its error to itself: here it is said first. */
export const told = (prepare: () => Promise<void>) => async (): Promise<void> => {
  try { await prepare() } catch (error) {
    console.error(error)
    throw error
  }
}

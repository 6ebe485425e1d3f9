/** Start, wait for a signal, stop. */
import { composeNode } from './compose.ts'
import { loadConfig } from './config.ts'

/** Runs until SIGINT or SIGTERM; answers the exit code. A node that failed is to be started again: it recovers from its disk. */
export async function runNode (configPath: string, options: { logLevel?: string, ready?: (about: { addresses: readonly string[], ingestUrl?: string, opsUrl?: string }) => void } = {}): Promise<number> {
  let end: (code: number) => void = () => {}
  const ended = new Promise<number>(resolve => { end = resolve })
  const running = await composeNode(loadConfig(configPath), { ...(options.logLevel !== undefined && { logLevel: options.logLevel }), failed: error => { process.stderr.write(`the node stops: ${error instanceof Error ? error.message : String(error)}\n`); end(1) } })
  options.ready?.({ addresses: running.addresses, ...(running.ingestUrl !== undefined && { ingestUrl: running.ingestUrl }), ...(running.opsUrl !== undefined && { opsUrl: running.opsUrl }) })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => end(0))
  const code = await ended
  // A node whose disk failed does not write any more, not even to say goodbye.
  if (code === 0) await running.stop()
  else process.exit(code)
  return code
}

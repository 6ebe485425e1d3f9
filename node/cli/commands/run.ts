/** `tiltas run`: the node itself, until it is told to stop. */
import { EXIT, defineCommand } from '../command.ts'

export const run = defineCommand({
  name: 'run',
  summary: 'run the node until it is told to stop',
  notes: ['Ends with SIGINT or SIGTERM, after what it promised is on disk.'],
  async run (context) {
    const { runNode } = await import('../../main.ts')
    return await runNode(context.configPath) === 0 ? EXIT.ok : EXIT.failed
  }
})

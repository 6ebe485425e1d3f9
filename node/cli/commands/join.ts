/** `tiltas join`: trust another nation or node, after its fingerprint was compared by voice. */
import { EXIT, defineCommand } from '../command.ts'
import { printSetup } from './setup-result.ts'

export const join = defineCommand({
  name: 'join',
  summary: 'trust another nation or node whose statements were handed over',
  positionals: ['FROM'],
  options: {
    fingerprint: { type: 'string', value: 'TEXT', help: 'what the other side read out to you; without it nothing is changed' },
    address: { type: 'string', value: 'ADDRESS', multiple: true, help: 'where its node is reached, like /ip4/192.0.2.1/tcp/4001; may be repeated' }
  },
  notes: ['FROM is a file of statements or a folder of such files. Run it once without --fingerprint to see yours, and compare by telephone.'],
  async run (context) {
    const { joinNation } = await import('../../setup.ts')
    const result = await joinNation({
      configPath: context.configPath, from: context.positionals[0]!, fingerprint: context.text('fingerprint'), addresses: context.texts('address')
    })
    printSetup(context, result)
    return result.done || context.text('fingerprint') === undefined ? EXIT.ok : EXIT.failed
  }
})

/** `tiltas trust show`: whom this node believes, and why. */
import { EXIT, defineCommand } from '../command.ts'
import { safe } from '../print.ts'

const show = defineCommand({
  name: 'trust show',
  summary: 'whom this node believes, and why',
  async run (context) {
    const { trust } = await context.client().get<{ trust: readonly string[] }>('/v1/trust', context.me())
    context.answer(trust, () => trust.length === 0 ? 'Nobody is trusted.' : trust.map(sentence => safe`${sentence}`))
    return EXIT.ok
  }
})

export const trust = [show]

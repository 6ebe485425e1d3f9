/** `tiltas hits`: what partners saw for us, what we saw for them, and the live board. */
import type { HitView, SentHitView } from '../../console/service.ts'
import { AGENCY, BECAUSE, EXIT, defineCommand, type CommandOption, type Context, type Exit } from '../command.ts'
import { printHit, printJson, printSentHit, safe } from '../print.ts'

const PAGE: { readonly [name: string]: CommandOption } = {
  after: { type: 'string', value: 'CURSOR', help: 'go on after the page that ended with this' },
  limit: { type: 'string', value: 'N', help: 'at most so many (50)' }
}

const queryOf = (context: Context) => ({
  agency: context.agency(), reason: context.text('reason') ?? 'hit-handling', case: context.text('case'), after: context.text('after'), limit: context.text('limit')
})

async function fetchPage<View> (context: Context, path: string, print: (view: View) => string): Promise<Exit> {
  const page = await context.client().get<{ hits: readonly View[], next?: string }>(path, context.me(), queryOf(context))
  const more = page.next === undefined ? [] : [safe`more: --after ${page.next}`]
  context.answer(page, () => page.hits.length === 0 ? 'No hits.' : [page.hits.map(print).join('\n\n'), ...more])
  return EXIT.ok
}

const received = defineCommand({
  name: 'hits',
  summary: 'hits that were received; --follow shows them as they come',
  options: { follow: { type: 'boolean', help: 'stay, and show each hit within a second' }, agency: AGENCY, ...BECAUSE, ...PAGE },
  notes: ['Looking is logged: with your name and --reason (hit-handling when you name none), for --follow with duty-shift.'],
  run (context) {
    if (context.flag('follow')) return follow(context)
    return fetchPage<HitView>(context, '/v1/hits', view => printHit(view, context.io.now(), context.paint))
  }
})

/** With --json one object a line, heartbeats too, so that a program can tell quiet from broken. */
async function follow (context: Context): Promise<Exit> {
  const { io, paint } = context
  let announced = false
  for await (const line of context.client().follow('/v1/hits/follow', context.me(), { agency: context.agency() }, io.stopped)) {
    if (context.json) { io.out(printJson(line) + '\n'); continue }
    if (!announced) io.err(safe`Following hits of ${context.agency()}. Ctrl+C ends it.` + '\n')
    announced = true
    if ('hit' in line) io.out(printHit(line.hit, io.now(), paint) + '\n\n')
  }
  return EXIT.ok
}

const sent = defineCommand({
  name: 'hits sent',
  summary: 'hits that left, and whether each arrived',
  options: { agency: AGENCY, ...BECAUSE, ...PAGE },
  run: context => fetchPage<SentHitView>(context, '/v1/hits/sent', view => printSentHit(view, context.io.now(), context.paint))
})

export const hits = [received, sent]

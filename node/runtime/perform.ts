/** One function per kind of effect that leaves the process; all of them run only after their group is durable. */
import type { Effect, Report } from '../../protocol/effects.ts'
import type { CommandResult } from '../../protocol/commands.ts'
import { encodeFrame } from '../../protocol/delivery/frames.ts'
import type { SharedEntry } from '../../protocol/messages/message.ts'
import type { AgencyId } from '../../protocol/identifiers.ts'

type Of<Type extends Effect['type']> = Extract<Effect, { type: Type }>

export interface Performer {
  openLink (effect: Of<'open-link'>): void
  closeLink (link: string, reason: string): void
  sendFrame (link: string, frame: Uint8Array): void
  sendParcel (effect: Of<'send-parcel'>): void
  loadQueue (effect: Of<'load-queue'>): void
  loadPositions (effect: Of<'load-positions'>): void
  signCheckpoint (effect: Of<'sign-checkpoint'>): void
  wake (name: string, after: number): void
  answer (commandId: string, result: CommandResult): void
  placeEntry (entry: SharedEntry): void
  removeEntry (owner: AgencyId, ref: string): void
  report (report: Report): void
}

export function perform (effect: Effect, performer: Performer): void {
  switch (effect.type) {
    case 'open-link': return performer.openLink(effect)
    case 'close-link': return performer.closeLink(effect.link, effect.reason)
    case 'send-frame': return performer.sendFrame(effect.link, encodeFrame(effect.frame))
    case 'send-parcel': return performer.sendParcel(effect)
    case 'load-queue': return performer.loadQueue(effect)
    case 'load-positions': return performer.loadPositions(effect)
    case 'sign-checkpoint': return performer.signCheckpoint(effect)
    case 'wake': return performer.wake(effect.name, effect.after)
    case 'answer': return performer.answer(effect.commandId, effect.result)
    case 'place-entry': return performer.placeEntry(effect.entry)
    case 'remove-entry': return performer.removeEntry(effect.owner, effect.ref)
    case 'report': return performer.report(effect.report)
    case 'put': case 'delete': case 'sign': case 'sign-head': throw new Error(`${effect.type} is answered inside the group`)
  }
}

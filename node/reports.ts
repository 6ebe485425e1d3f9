/**
 * One business event, told once: to the metrics, to the operational log and to live screens, so that they cannot drift.
 * None of them ever carries a plate, a name or an identifier of a person.
 */
import type { Logger } from 'pino'
import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client'
import type { Report } from '../protocol/effects.ts'
import type { NodeState } from '../protocol/state.ts'

export interface Reports {
  report (report: Report): void
  refused (what: 'stranger' | 'malformed-frame'): void
  counted (reads: number, matches: number): void
  subscribe (hear: (report: Report) => void): () => void
  metrics (state: NodeState): Promise<string>
}

/** Worth a line for the operator; the rest is counted. */
const LOGGED: readonly Report['what'][] = ['peer-up', 'peer-down', 'peer-restored', 'records-lost', 'commitment-differs', 'receipt-for-unknown', 'message-refused', 'refused-by-peer', 'message-withheld', 'candidate-decided']

/** What happens on every good day. */
const EXPECTED: readonly Report['what'][] = ['peer-up', 'peer-down', 'candidate-decided']

export function createReports (log: Logger): Reports {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, prefix: 'tiltas_' })
  const counter = (name: string, help: string, labelNames: string[] = []): Counter => new Counter({ name: `tiltas_${name}_total`, help, labelNames, registers: [registry] })
  const gauge = (name: string, help: string, labelNames: string[] = []): Gauge => new Gauge({ name: `tiltas_${name}`, help, labelNames, registers: [registry] })
  const events = counter('events', 'Business events by kind and code', ['what', 'code'])
  const refusals = counter('refused_connections', 'Strangers, and frames that were none', ['what'])
  const reads = counter('reads', 'Plate reads taken in'); const matches = counter('matches', 'Reads that met an entry')
  const leaves = gauge('log_leaves', 'Size of the transparency log')
  const queued = gauge('queued_messages', 'Messages without a position', ['peer']); const unreceipted = gauge('unreceipted_messages', 'Messages that wait for a receipt', ['peer'])
  const waiting = gauge('waiting_candidates', 'Candidates that wait for a person')
  const hearers = new Set<(report: Report) => void>()

  return {
    report (report) {
      events.inc({ what: report.what, code: codeOf(report) })
      if (LOGGED.includes(report.what)) log[EXPECTED.includes(report.what) ? 'info' : 'warn'](report, report.what)
      for (const hear of hearers) hear(report)
    },
    refused (what) { refusals.inc({ what }) },
    counted (readCount, matchCount) { reads.inc(readCount); matches.inc(matchCount) },
    subscribe (hear) { hearers.add(hear); return () => hearers.delete(hear) },
    async metrics (state) {
      leaves.set(state.log.edge.size)
      waiting.set(state.waitingCandidates)
      const totals = new Map<string, { queued: number, unreceipted: number }>()
      for (const stream of state.outStreams.values()) {
        const total = totals.get(stream.peer) ?? { queued: 0, unreceipted: 0 }
        totals.set(stream.peer, { queued: total.queued + stream.tail - stream.floor - stream.above.size, unreceipted: total.unreceipted + stream.unreceipted.size })
      }
      for (const [peer, total] of totals) { queued.set({ peer }, total.queued); unreceipted.set({ peer }, total.unreceipted) }
      return registry.metrics()
    }
  }
}

const codeOf = (report: Report): string => 'code' in report ? report.code : 'state' in report ? report.state : 'kind' in report ? report.kind : 'because' in report ? report.because : ''

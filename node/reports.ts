/**
 * One business event, told once: to the metrics, to the operational log and to live screens, so that they cannot drift.
 * None of them ever carries a plate, a name or an identifier of a person.
 */
import type { Logger } from 'pino'
import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client'
import type { Report } from '../protocol/effects.ts'
import type { NodeState } from '../protocol/state.ts'
import type { Expiry } from '../keys/trust-view.ts'
import type { CameraHealth } from './recognition/camera-health.ts'
import type { EvidenceTotals } from './recognition/evidence-ring.ts'
import type { Clock } from './runtime/ports.ts'

export interface Reports {
  report (report: Report): void
  refused (what: 'stranger' | 'malformed-frame'): void
  counted (reads: number, matches: number): void
  subscribe (hear: (report: Report) => void): () => void
  /** What ends when, asked at every scrape. */
  watchTrust (expiries: () => readonly Expiry[], clock: Clock): void
  /** How cameras are and how full their footage is, asked at every scrape. */
  watchCameras (cameras: () => readonly CameraHealth[], footage: () => EvidenceTotals): void
  metrics (state: NodeState): Promise<string>
}

/** Worth a line for the operator; the rest is counted. */
const LOGGED: readonly Report['what'][] = ['peer-up', 'peer-down', 'peer-restored', 'records-lost', 'commitment-differs', 'receipt-for-unknown', 'message-refused', 'refused-by-peer', 'message-withheld', 'candidate-decided', 'policy-changed', 'policy-override']

/** What happens on every good day. */
const EXPECTED: readonly Report['what'][] = ['peer-up', 'peer-down', 'candidate-decided', 'policy-changed']

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
  const drafts = gauge('policy_drafts', 'Changes of policy that wait for a second person'); const overrides = gauge('policy_overrides', 'Grants that one person put in force alone')
  const hearers = new Set<(report: Report) => void>()
  let trustExpires = (): void => {}
  let camerasAre = (): void => {}

  return {
    report (report) {
      events.inc({ what: report.what, code: codeOf(report) })
      if (LOGGED.includes(report.what)) log[EXPECTED.includes(report.what) ? 'info' : 'warn'](report, report.what)
      for (const hear of hearers) hear(report)
    },
    refused (what) { refusals.inc({ what }) },
    counted (readCount, matchCount) { reads.inc(readCount); matches.inc(matchCount) },
    subscribe (hear) { hearers.add(hear); return () => hearers.delete(hear) },
    watchTrust (expiries, clock) {
      const left = gauge('trust_expires_seconds', 'Until a root, a statement or a revocation list ends; negative when it has', ['what'])
      trustExpires = () => {
        left.reset()
        for (const { what, until } of expiries()) left.set({ what }, Math.round((until - clock.now()) / 1000))
      }
    },
    watchCameras (cameras, footage) {
      const ofCamera = (name: string, help: string): Gauge => gauge(`camera_${name}`, help, ['camera'])
      const counts = (['frames', 'still', 'looks', 'reads', 'corrected', 'dropped'] as const).map(name => ({ name, told: counter(`camera_${name}`, CAMERA_COUNTS[name], ['camera']) }))
      const rejected = counter('camera_rejected', 'Seen and not believed, or not to be looked at', ['camera', 'reason'])
      const working = ofCamera('working', '1 when it works, else 0'); const faults = gauge('camera_fault', '1 for the fault that a camera has', ['camera', 'fault'])
      const measured = { lastFrameAt: ofCamera('last_frame_seconds', 'Unix time of its newest frame'), clockOffsetMs: ofCamera('clock_offset_seconds', 'Its clock minus ours'), sharpness: ofCamera('sharpness', 'Variance of the Laplacian'), brightness: ofCamera('brightness', 'Mean gray level') }
      const room = Object.entries(FOOTAGE).map(([name, help]) => ({ name: name as keyof EvidenceTotals, told: gauge(`footage_${name === 'bytesMax' ? 'bytes_max' : name}`, help) }))
      camerasAre = () => {
        for (const metric of [rejected, faults, ...counts.map(({ told }) => told)]) metric.reset()
        for (const health of cameras()) {
          const { camera } = health
          working.set({ camera }, health.state === 'working' ? 1 : 0)
          if (health.fault !== undefined) faults.set({ camera, fault: health.fault }, 1)
          for (const { name, told } of counts) told.inc({ camera }, health[name])
          for (const [reason, count] of Object.entries(health.rejected)) rejected.inc({ camera, reason }, count)
          for (const name of ['sharpness', 'brightness'] as const) if (health[name] !== undefined) measured[name].set({ camera }, health[name])
          for (const name of ['lastFrameAt', 'clockOffsetMs'] as const) if (health[name] !== undefined) measured[name].set({ camera }, health[name] / 1000)
        }
        const totals = footage()
        for (const { name, told } of room) told.set(totals[name])
      }
    },
    async metrics (state) {
      trustExpires()
      camerasAre()
      leaves.set(state.log.edge.size)
      waiting.set(state.waitingCandidates)
      drafts.set(state.desk.open.size)
      overrides.set(state.desk.overrides.filter(({ isOver }) => !isOver).length)
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

const CAMERA_COUNTS = {
  frames: 'Frames that came', still: 'Frames that nothing moved in', looks: 'Frames that were looked at', reads: 'Reads', corrected: 'Reads that later looks took back', dropped: 'Frames overtaken by newer ones, or broken'
} as const
const FOOTAGE: { readonly [Name in keyof EvidenceTotals]: string } = {
  sets: 'Reads whose frames are kept', pinned: 'Of these, pinned by a match', bytes: 'Sealed footage on disk', bytesMax: 'As much as may be',
  displaced: 'Reads whose frames gave way to newer ones', unkept: 'Reads whose frames found no room'
}

const codeOf = (report: Report): string => 'code' in report ? report.code : 'state' in report ? report.state : 'kind' in report ? report.kind : 'because' in report ? report.because : ''

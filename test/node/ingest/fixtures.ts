/** A source with two cameras and a delivery, shared by the ingest tests. Tokens and plates are made up. */
import type { AgencyId } from '../../../protocol/identifiers.ts'
import type { Delivery } from '../../../node/ingest/read.ts'
import { sourceSchema, tokenHashOf, type Source } from '../../../node/ingest/source.ts'

export const TOKEN = 'token-of-zarasai'
export const RECEIVED_AT = Date.UTC(2026, 10, 22, 18, 0, 0)
export const DEVICE_TIME = '2026-11-22T19:59:58.500+02:00'

export const source: Source = sourceSchema.parse({
  id: 'zarasai-north',
  controller: 'lt:utena-police' satisfies string as AgencyId,
  cameras: [
    { id: 'camera-1', siteRef: 's1', siteGroup: 'border', place: { nuts3: 'LT029', municipality: 'LT-60', road: 'LT:A6' }, direction: 'inbound' },
    { id: '__proto__', siteRef: 's2', siteGroup: 'border', place: {}, direction: 'unknown' }
  ],
  regime: 'LED',
  tokenHash: tokenHashOf(TOKEN)
})
export const delivery: Delivery = { source, vendor: 'generic', receivedAt: RECEIVED_AT, evidence: 'none', idKey: 'secret' }

export const genericRead = (more: Record<string, unknown> = {}): Record<string, unknown> =>
  ({ camera: 'camera-1', plate: 'abc-123', confidence: 0.93, deviceTime: DEVICE_TIME, ...more })

/** The form of the vendor's published example, with fields that we do not use. */
export const plateRecognizerMessage = (result: Record<string, unknown> = {}, data: Record<string, unknown> = {}): Record<string, unknown> => ({
  hook: { target: 'https://example.invalid/hook', id: 'camera-1', event: 'recognition', filename: 'camera-1_screenshots/26-11-22/17-59-58.500000.jpg' },
  data: {
    camera_id: 'camera-1',
    filename: 'camera-1_screenshots/26-11-22/17-59-58.500000.jpg',
    timestamp: '2026-11-22T17:59:58.500000Z',
    timestamp_local: '2026-11-22 19:59:58.500000+02:00',
    results: [{
      box: { xmin: 460, ymin: 57, xmax: 557, ymax: 82 },
      plate: 'abc123',
      region: { code: 'lt', score: 0.83 },
      score: 0.904,
      dscore: 0.8,
      candidates: [{ plate: 'abc123', score: 0.904 }, { plate: 'a8c123', score: 0.5 }],
      vehicle: { score: 0.7, type: 'Big Truck', box: { xmin: 0, ymin: 0, xmax: 1, ymax: 1 } },
      color: [{ color: 'silver', score: 0.2 }, { color: 'white', score: 0.67 }],
      direction: 225,
      source_url: 'rtsp://example.invalid/1',
      position_sec: 4,
      ...result
    }],
    ...data
  }
})
export const bytesOf = (value: unknown): Buffer => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))

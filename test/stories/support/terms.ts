/** Grants, entries and reads as stories use them; each takes what the story is about and fills in the rest. */
import type { AgencyId } from '../../../protocol/identifiers.ts'

const DAY_SECONDS = 86_400
export const nowSeconds = (): number => Math.floor(Date.now() / 1000)

export function grantOf (agency: AgencyId, terms: { id: string, direction: 'egress' | 'ingress', kinds: readonly string[], partner: object } & { readonly [name: string]: unknown }): { [name: string]: unknown } {
  const now = nowSeconds()
  return {
    version: 1, agency, categories: 'all', siteGroups: 'all', precision: 'road', purpose: 'investigation', legalBasis: 'lv-lt-2006/art-1', retentionDays: 30,
    handling: 'H1', thirdCountry: 'prohibited', furtherHits: true, unverified: 'allow', from: now - 60, until: now + 30 * DAY_SECONDS, ...terms
  }
}

export function entryOf (ref: string, plate: string, terms: object = {}): { [name: string]: unknown } {
  const now = nowSeconds()
  return {
    ref, plate, category: 'stolen-vehicle', action: 'seize', reason: 'reported stolen', decisionRef: `D-${ref}`, legalBasis: 'lt-2018/xiii-1435',
    furtherHits: false, until: now + 20 * DAY_SECONDS, confirmedAt: now, ...terms
  }
}

/** Our own form of a read. */
export const readOf = (plate: string, terms: object = {}): { [name: string]: unknown } =>
  ({ camera: 'camera-1', plate, confidence: 0.95, deviceTime: new Date().toISOString(), ...terms })

/** Plate Recognizer's webhook, as far as it concerns us. */
export const vendorBodyOf = (plate: string, country: string | undefined): object => {
  const region = country === undefined ? null : { code: country.toLowerCase(), score: 0.9 }
  return {
    hook: { target: 'tiltas', id: 'camera-1', event: 'recognition', filename: 'camera-1/0.jpg' },
    data: {
      camera_id: 'camera-1', timestamp: new Date().toISOString(), timestamp_local: new Date().toISOString(),
      results: [{
        box: { xmin: 0, ymin: 0, xmax: 200, ymax: 50 }, plate: plate.toLowerCase(), region, score: 0.95, dscore: 0.9,
        candidates: [{ plate: plate.toLowerCase(), score: 0.95 }], vehicle: { score: 0.8, type: 'Sedan' }, color: [{ color: 'red', score: 0.8 }], direction: 90
      }]
    }
  }
}

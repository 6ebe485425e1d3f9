/** How the letters of each country's plates look: thin or bold, narrow or wide, which form each takes. Judged by eye from public pictures and the proportions in the countries' rules. */
import type { Style } from './glyphs.ts'

export const STYLES = {
  /** DIN 1451 Mittelschrift and its many relatives. */
  din: { weight: [0.12, 0.15], width: [0.48, 0.58], forms: { 4: 1, 6: 0, 9: 0, 1: 0 } },
  /** Made hard to forge: forms that cannot be turned into each other with a little paint. */
  forgeryProof: { weight: [0.12, 0.145], width: [0.58, 0.66], equalWidths: 0.9, roundness: [0.8, 1], forms: { 0: 1, 1: 0, 2: 1, 3: 1, 4: 1, 6: 2, 9: 2, A: 1, C: 1, G: 3, I: 1, J: 1, M: 2, P: 2, Q: 3, R: 2, W: 1 } },
  british: { weight: [0.165, 0.19], width: [0.58, 0.66], equalWidths: 0.8, roundness: [0.7, 1], oval: [0, 0.1], forms: { 1: 2, 3: 0, 4: 0, 6: 2, 7: 0, 9: 2, C: 1, G: 0, J: 0, M: 0, Q: 0 } },
  french: { weight: [0.115, 0.145], width: [0.52, 0.62], forms: { 1: 0, 4: 1, 6: 0, 7: 0, G: 0, M: 0, W: 0 } },
  italian: { weight: [0.115, 0.14], width: [0.46, 0.55], forms: { 1: 0, 3: 0, 4: 3, 6: 1, 9: 1, 7: 0, G: 0 } },
  dutch: { weight: [0.12, 0.15], width: [0.52, 0.64], oval: [0, 0.5], forms: { 1: 4, 4: 1, 6: 1, 9: 1, 7: 0, G: 0 } },
  belgian: { weight: [0.115, 0.14], width: [0.48, 0.56], forms: { 1: 0, 4: 1, 6: 0, 9: 0 } },
  czech: { weight: [0.115, 0.14], width: [0.52, 0.62], roundness: [0.8, 1], forms: { 1: 1, 4: 1, 6: 2, 9: 2, 7: 0, G: 1, J: 1, I: 1, Q: 0 } },
  polish: { weight: [0.1, 0.125], width: [0.46, 0.56], equalWidths: 0.6, oval: [0, 0.4], forms: { 1: 0, 3: 0, 4: 0, 6: 0, 7: 1, 9: 0, Q: 1 } },
  baltic: { weight: [0.12, 0.15], width: [0.46, 0.56], forms: { 1: 0, 4: 1, 6: 0, 9: 0, G: 0 } },
  nordic: { weight: [0.105, 0.14], width: [0.48, 0.58], oval: [0, 0.3], forms: { 1: 0, 4: 0, 6: 0, 7: 0, 9: 0 } },
  swiss: { weight: [0.12, 0.15], width: [0.5, 0.58], forms: { 1: 0, 4: 1, 6: 1, 9: 1 } },
  austrian: { weight: [0.105, 0.13], width: [0.46, 0.54], forms: { 1: 0, 4: 1, 7: 0 } },
  eastern: { weight: [0.12, 0.16], width: [0.48, 0.6], forms: { 1: 0, 4: 0, 3: 1, 7: 0, 6: 0 } },
  /** Anything a plate maker may own. */
  any: { weight: [0.09, 0.2], width: [0.4, 0.7], roundness: [0.35, 1], oval: [0, 1], roundEnds: 0.35, equalWidths: 0.4 }
} satisfies Record<string, Style>

export type StyleName = keyof typeof STYLES

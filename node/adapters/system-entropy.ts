/** Unpredictable bytes from the operating system's generator. */
import { randomFillSync } from 'node:crypto'
import type { Entropy } from '../runtime/ports.ts'

export const systemEntropy: Entropy = { bytes: length => randomFillSync(new Uint8Array(length)) }

/**
 * The port to the two trained models, and models.json, which says which weights they are. Weights are only used when
 * their SHA-256 is the one that models.json names: a changed file changes what is read, so it must never go unseen.
 *
 * Classes of the reader's columns: 0 is a blank, then '0'–'9', 'A'–'Z', 'Ä', 'Ö', 'Ü'.
 */
import { z } from 'zod'

export const READER_HEIGHT = 48
export const READER_WIDTH = 192
export const READER_COLUMNS = 48
export const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÜ'
export const READER_CLASSES = ALPHABET.length + 1
export const KINDS = ['not-a-plate', 'one-line', 'two-lines'] as const
export const STRIDES = [8, 16, 32] as const
/** Score, and four corners of two numbers each. */
export const GRID_CHANNELS = 9

/** What the networks are shown for each gray: gray ÷ 127.5 − 1. */
export const NETWORK_VALUES = Float32Array.from({ length: 256 }, (_, gray) => gray / 127.5 - 1)

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const file = z.string().regex(/^[a-z0-9][a-z0-9.-]*\.onnx$/)
const share = z.number().min(0).max(1)
const temperature = z.number().min(0.05).max(20)

/** Thresholds and temperatures belong to the weights, so they travel with them. */
export const modelsFileSchema = z.object({
  version: z.string().min(1).max(40),
  reader: z.object({
    file, sha256,
    /** Class 0 of the country head is 'unknown' and not listed. */
    countries: z.array(z.string().regex(/^[A-Z]{2}$/)).max(250),
    temperature: z.object({ characters: temperature, country: temperature, kind: temperature })
  }),
  detector: z.object({ file, sha256, threshold: share })
})
export type ModelsFile = z.infer<typeof modelsFileSchema>

/** One output of the detector: `GRID_CHANNELS` planes of rows × columns. */
export interface Grid { readonly stride: number, readonly rows: number, readonly columns: number, readonly values: Float32Array }

/** Raw outputs for n plates: [n, READER_COLUMNS, READER_CLASSES], [n, 1 + countries], [n, KINDS]. */
export interface Readings { readonly characters: Float32Array, readonly country: Float32Array, readonly kind: Float32Array }

/** Two networks that are loaded. Values in and out are exactly those of the networks; every answer is finite and has its shape. */
export interface Models {
  readonly about: ModelsFile
  /** One gray picture, gray ÷ 127.5 − 1; both sides are multiples of 32. */
  detect (picture: Float32Array, height: number, width: number): Promise<readonly Grid[]>
  /** `count` pictures of READER_HEIGHT × READER_WIDTH, one after the other. */
  read (plates: Float32Array, count: number): Promise<Readings>
  dispose (): Promise<void>
}

/**
 * A normalised plate of up to 12 characters as two 32-bit words, exactly: each word is six characters in bijective
 * base 40 (digits 1 to 40, nothing for no character), whose largest value 40·(40⁶−1)/39 is below 2³². Equal words
 * mean equal plates, so the index never keeps text.
 */
import { PLATE_LENGTH_MAX } from '../../protocol/limits.ts'
import { skeletonCharacter } from './normalise.ts'

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZÅÄÖÜ'
const BASE = ALPHABET.length
const WORD_CHARACTERS = PLATE_LENGTH_MAX / 2

const DIGITS = new Uint8Array(256)
const SKELETON_DIGITS = new Uint8Array(256)
for (let i = 0; i < BASE; i++) DIGITS[ALPHABET.charCodeAt(i)] = i + 1
for (const character of ALPHABET) SKELETON_DIGITS[character.charCodeAt(0)] = DIGITS[skeletonCharacter(character).charCodeAt(0)]!

/** Filled by `encodePlate`; one object is used again and again, because reads arrive by the hundred thousand. */
export interface PlateCode { high: number, low: number, skeletonHigh: number, skeletonLow: number }
export const emptyCode = (): PlateCode => ({ high: 0, low: 0, skeletonHigh: 0, skeletonLow: 0 })

/** False when the text is not a normalised plate; `code` then means nothing. */
export function encodePlate (plate: string, code: PlateCode): boolean {
  if (plate.length === 0 || plate.length > PLATE_LENGTH_MAX) return false
  let word = 0; let skeleton = 0
  code.high = code.skeletonHigh = 0
  for (let i = 0; i < plate.length; i++) {
    if (i === WORD_CHARACTERS) { code.high = word; code.skeletonHigh = skeleton; word = skeleton = 0 }
    const unit = plate.charCodeAt(i)
    const digit = unit < 256 ? DIGITS[unit]! : 0
    if (digit === 0) return false
    word = word * BASE + digit
    skeleton = skeleton * BASE + SKELETON_DIGITS[unit]!
  }
  code.low = word
  code.skeletonLow = skeleton
  return true
}

/**
 * One spelling for every plate. A raw plate comes from a camera, a vendor or a clerk, in whatever script and layout;
 * what leaves here is upper case Latin letters, digits and ÅÄÖÜ only, or nothing at all. The set of accepted characters
 * is closed: what is not in the table (controls, marks that turn the direction of text, other scripts) is never
 * guessed at. This is the first place where hostile plate text is touched.
 */
import { PLATE_LENGTH_MAX, RAW_PLATE_LENGTH_MAX } from '../../protocol/limits.ts'

/** Letters of other scripts that plates use for their Latin look: Cyrillic (BY, UA, RU, BG) and Greek (GR, CY). */
const LOOK_ALIKE_LETTERS = [
  ['АВЕКМНОРСТУХІЅЈ', 'ABEKMHOPCTYXISJ'],
  ['ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ', 'ABEZHIKMNOPTYX'],
  // Croatian area codes; recognisers leave the caron out, and no two codes differ by it alone.
  ['ČŠŽ', 'CSZ']
] as const
const KEPT = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ÅÄÖÜ'
/** Spaces, dots, hyphens and dashes, slashes, middle dots and bullets, and what has no width; after NFKC. */
const SEPARATORS = ' .,-/_·•‧∙⋅‐‑‒–—−\u00AD\u200B\u200C\u200D\u2060\uFEFF'

function spellingTable (): ReadonlyMap<string, string> {
  const table = new Map<string, string>()
  const add = (from: string, to: string): void => { table.set(from, to).set(from.toLowerCase(), to) }
  for (const letter of KEPT) add(letter, letter)
  for (const [from, to] of LOOK_ALIKE_LETTERS) for (let i = 0; i < from.length; i++) add(from[i]!, to[i]!)
  for (const separator of SEPARATORS) table.set(separator, '')
  return table
}
const SPELLING = spellingTable()

/**
 * The normalised plate: 1 to PLATE_LENGTH_MAX characters of `A-Z 0-9 Å Ä Ö Ü`.
 * Undefined when nothing is left, when it is longer, or when it holds any other character.
 */
export function normalisePlate (raw: string): string | undefined {
  if (raw.length > RAW_PLATE_LENGTH_MAX) return undefined
  let plate = ''
  for (const character of raw.normalize('NFKC')) {
    const spelt = SPELLING.get(character)
    if (spelt === undefined) return undefined
    plate += spelt
  }
  return plate.length > 0 && plate.length <= PLATE_LENGTH_MAX ? plate : undefined
}

/** Characters that optical readers take for each other often enough to pay for the false matches; never widened silently. */
export const LOOK_ALIKE_CLASSES = ['0OQD', '1I', '2Z', '5S', '6G', '8B'] as const
const CLASS_HEADS = new Map(LOOK_ALIKE_CLASSES.flatMap(members => [...members].map(member => [member, members[0]!] as const)))

/** The character that stands for its class: `O` → `0`; a character of no class stands for itself. */
export const skeletonCharacter = (character: string): string => CLASS_HEADS.get(character) ?? character

/** Two plates that differ only inside the look-alike classes have the same skeleton. Never stored instead of a plate. */
export function skeletonOf (plate: string): string {
  let skeleton = ''
  for (const character of plate) skeleton += skeletonCharacter(character)
  return skeleton
}

/** The closed lists that messages, grants and entries share; codes on the wire, never localised text. */

/** Why a plate is looked for. */
export const CATEGORIES = ['stolen-vehicle', 'stolen-plate', 'wanted-person', 'missing-person', 'person-at-risk', 'evidence', 'surveillance', 'serious-crime'] as const
export type Category = typeof CATEGORIES[number]

/** What the owner asks for, in the order of SIRENE Manual 2.2.2; a person decides (LED article 11). */
export const ACTIONS = ['use-as-evidence', 'seize', 'specific-check', 'inquiry-check', 'discreet-check', 'observe-only', 'no-action'] as const
export type Action = typeof ACTIONS[number]

/** Actions that stop a vehicle; their messages are urgent. */
export const STOP_ACTIONS: readonly Action[] = ['use-as-evidence', 'seize', 'specific-check', 'inquiry-check']

/** How exactly a place may be told, coarsest first. */
export const PRECISIONS = ['none', 'nation', 'nuts3', 'municipality', 'road', 'exact'] as const
export type Precision = typeof PRECISIONS[number]

/** Europol handling codes. */
export const HANDLING_CODES = ['H0', 'H1', 'H2', 'H3'] as const
export type HandlingCode = typeof HANDLING_CODES[number]

/** LED article 3 and 4: what data may be used for. */
export const PURPOSES = ['prevention', 'investigation', 'detection', 'prosecution', 'public-safety', 'execution-of-penalties'] as const
export type Purpose = typeof PURPOSES[number]

export const DIRECTIONS = ['inbound', 'outbound', 'along', 'unknown'] as const
/** UNECE vehicle categories, coarse, plus unknown (2014/46/EU code J). */
export const VEHICLE_CLASSES = ['car', 'van', 'lorry', 'bus', 'motorcycle', 'trailer', 'other'] as const
export const COLOURS = ['white', 'black', 'grey', 'silver', 'red', 'blue', 'green', 'yellow', 'brown', 'orange', 'other'] as const

/** How a read met an entry: same text, or equal in the narrow look-alike classes. */
export const MATCH_KINDS = ['exact', 'look-alike'] as const
export type MatchKind = typeof MATCH_KINDS[number]
/** Who or what confirmed a match before it was sent. */
export const VERIFICATIONS = ['person', 'agreeing-reads', 'none'] as const
export type Verification = typeof VERIFICATIONS[number]

export const CLOCK_QUALITIES = ['good', 'drifting', 'unknown'] as const

export const WITHDRAW_REASONS = ['misread', 'wrong-country', 'stale-entry', 'duplicate', 'entry-withdrawn', 'unlawful'] as const
export const ENTRY_WITHDRAW_REASONS = ['found', 'expired', 'entered-in-error', 'decision-lifted', 'policy-changed'] as const

/** Priority of a stream: urgent overtakes normal, normal overtakes bulk. */
export const STREAM_CLASSES = ['urgent', 'normal', 'bulk'] as const
export type StreamClass = typeof STREAM_CLASSES[number]

/** Every size, count and age that we accept, by name. Sending and receiving use the same constant. */
import { DAY, HOUR, MINUTE, SECOND } from './instant.ts'

/** One signed message (JWS compact), bytes. */
export const MESSAGE_BYTES_MAX = 64 * 1024
/** One frame on a stream, bytes: a parcel of messages with its header. */
export const FRAME_BYTES_MAX = 1024 * 1024
/** Messages in one parcel. */
export const PARCEL_MESSAGES_MAX = 100
/** Signed bytes of one parcel before sealing, so that the sealed frame stays below FRAME_BYTES_MAX. */
export const PARCEL_BYTES_MAX = 512 * 1024
/** Parcels sent on one stream and not yet acknowledged. */
export const PARCELS_IN_FLIGHT_MAX = 8
/** Messages to one peer and class that wait for a receipt, in memory; beyond it the rest stays on disk. */
export const UNRECEIPTED_MAX = 8192
/** Queued messages held ready in memory for each peer and class, while the peer takes them; a quarter while it does not. */
export const READY_MESSAGES_MAX = 2048
/** Nesting of any JSON that comes from outside. */
export const JSON_DEPTH_MAX = 16
/** Entries in one hotlist.share. */
export const ENTRIES_PER_SHARE_MAX = 200
/** Entries of one other agency that a node holds in force. */
export const ENTRIES_PER_OWNER_MAX = 1_000_000
/** Messages of unknown versions that a node keeps for a later version to read. */
export const PARKED_MESSAGES_MAX = 10_000
/** Characters of a plate after normalisation. */
export const PLATE_LENGTH_MAX = 12
/** Characters of a raw plate as a camera sends it. */
export const RAW_PLATE_LENGTH_MAX = 32
/** Free text in any message, characters. */
export const TEXT_LENGTH_MAX = 280
/** How far a peer's clock may run ahead of ours before its message is held back. */
export const CLOCK_SKEW_MAX = 5 * MINUTE
/** A hit that found no receiver by then is of no use any more. */
export const HIT_LIFETIME = 24 * HOUR
/** Candidates go home or are forgotten within this time. */
export const CANDIDATE_LIFETIME = 24 * HOUR
/** A signed message stays in the sent archive so long, so that a restored receiver can have it again. */
export const RESEND_HORIZON = 7 * DAY
/** Longest life of an entry that is shared. */
export const ENTRY_LIFETIME_MAX = 366 * DAY
/** Two reads of one plate within this time agree with each other. */
export const AGREEMENT_WINDOW = 2 * MINUTE
/** Candidates that wait for a person at one node. */
export const WAITING_CANDIDATES_MAX = 10_000
/** First wait before a peer is tried again; it doubles up to RETRY_DELAY_MAX. */
export const RETRY_DELAY_MIN = SECOND
export const RETRY_DELAY_MAX = 30 * SECOND
/** After a peer reached us, we reach back so soon. */
export const REACH_BACK_WAIT = SECOND / 10
/** A parcel without an acknowledgement for so long makes the stream be opened anew. */
export const ACKNOWLEDGEMENT_WAIT = 20 * SECOND
/** Grants in force at one agency. */
export const GRANTS_PER_AGENCY_MAX = 500
/** The published checkpoint is signed at most this often. */
export const CHECKPOINT_INTERVAL = SECOND

/** What can go wrong with a backup: a closed list, each with what to do. No name of a file inside, and no secret, is in them. */
export const BACKUP_ERRORS = {
  'not-a-backup': ['This is not a backup of a node.', 'Name the file that `tiltas backup` wrote.'],
  'newer': ['The backup was written by a newer version of this software.', 'Update the software first.'],
  'damaged': ['The backup is damaged: its bytes are not those that were written.', 'Take an older backup, or another copy of this one.'],
  'truncated': ['The backup ends too early: it was cut off.', 'Take another copy; the one that was made may have been interrupted.'],
  'wrong-key': ['The passphrase or key does not open this backup.', 'Try the one that was in use when it was taken.'],
  'no-key': ['Say what opens or seals the backup.', 'Name a passphrase with --passphrase-file, or a key with --key (--to when it is taken).'],
  'weak-passphrase': ['The passphrase is too short.', 'Use at least 12 characters: whoever has the file can try as often as they like.'],
  'key-not-private': ['Others than the owner can read the file of the passphrase or key.', 'Run `chmod 600` on it, and use another one if it was open for long.'],
  'other-node': ['The backup is of another node.', 'Name the backup of the node that you mean to restore.'],
  'past-its-day': ['The backup should have been deleted: it may hold what had to be erased since.', 'Take a newer one. If there is none, and a person answers for it: --past-its-day.'],
  'exists': ['There is something already where it should go; nothing is overwritten.', 'Choose another place, or move away what is there.'],
  'full': ['There is no room left.', 'Make room and begin again; nothing was changed.'],
  'would-not-start': ['The node that is in the backup would not start.', 'See the reason. Newer statements can be added with --statements.'],
  'no-snapshot': ['The running node broke off while it was read.', 'Look at its log, and take the backup again.'],
  'not-written': ['It cannot be written there.', 'Check the folder and its rights.']
} as const satisfies { readonly [code: string]: readonly [string, string] }
export type BackupErrorCode = keyof typeof BACKUP_ERRORS

export class BackupError extends Error {
  readonly code: BackupErrorCode
  readonly todo: string
  constructor (code: BackupErrorCode, options: { readonly detail?: string | undefined, readonly cause?: unknown } = {}) {
    super(BACKUP_ERRORS[code][0] + (options.detail === undefined ? '' : ` (${options.detail})`), { cause: options.cause })
    this.name = 'BackupError'
    this.code = code
    this.todo = BACKUP_ERRORS[code][1]
  }
}

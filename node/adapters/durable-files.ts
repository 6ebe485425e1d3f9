/** File steps that survive a power cut: a name is durable only once its folder is synced too. */
import { chmod, mkdir, open, rename, type FileHandle } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

const OWNER_ONLY_FOLDER = 0o700
export const OWNER_ONLY_FILE = 0o600

export async function syncFolder (folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try { await handle.sync() } finally { await handle.close() }
}

/** Makes the folder, readable by its owner only, and its name durable. Also narrows one that exists. */
export async function ensureOwnFolder (folder: string): Promise<void> {
  const made = await mkdir(folder, { recursive: true, mode: OWNER_ONLY_FOLDER })
  await chmod(folder, OWNER_ONLY_FOLDER)
  if (made === undefined) return
  // Every folder that was made above it, up to the first that was there before.
  const top = dirname(resolve(made))
  for (let at = dirname(resolve(folder)); ; at = dirname(at)) {
    await syncFolder(at)
    if (at === top || at === dirname(at)) return
  }
}

/** Puts `bytes` in the file's place, all or nothing. */
export async function replaceFile (path: string, bytes: Uint8Array): Promise<void> {
  const fresh = path + NEW_SUFFIX
  await withFile(fresh, 'w', async handle => {
    await writeAll(handle, bytes, 0)
    await handle.sync()
  })
  await rename(fresh, path)
  await syncFolder(dirname(path))
}
/** What a replacement is called until it takes its place; one that is found at start was never finished. */
export const NEW_SUFFIX = '.new'

export async function withFile<T> (path: string, flags: string | number, use: (handle: FileHandle) => Promise<T>): Promise<T> {
  const handle = await open(path, flags, OWNER_ONLY_FILE)
  try { return await use(handle) } finally { await handle.close() }
}

/** One write may take only a part. */
export async function writeAll (handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) done += (await handle.write(bytes, done, bytes.length - done, position + done)).bytesWritten
}

/** True when an error, as text or as a code, says that there is no room. */
export const isOutOfSpace = (error: unknown): boolean => {
  const { code, message } = error as { code?: unknown, message?: unknown }
  return code === 'ENOSPC' || code === 'EDQUOT' || /No space left on device|Disk quota exceeded/.test(String(message))
}

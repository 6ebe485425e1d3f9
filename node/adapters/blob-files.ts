/** Sealed footage as files in one folder, readable by their owner only. What `put` answered survives a power cut. */
import { readFile, readdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Blobs } from '../recognition/evidence-ring.ts'
import { NEW_SUFFIX, ensureOwnFolder, replaceFile } from './durable-files.ts'

const NAME = /^[A-Za-z0-9_-]{1,64}$/
const isMissing = (error: unknown): boolean => (error as { code?: unknown }).code === 'ENOENT'

export async function openBlobFiles (folder: string): Promise<Blobs> {
  await ensureOwnFolder(folder)
  const pathOf = (name: string): string => {
    if (!NAME.test(name)) throw new TypeError('not the name of a blob')
    return join(folder, name)
  }
  const remove = async (path: string): Promise<void> => { await unlink(path).catch(error => { if (!isMissing(error)) throw error }) }
  for (const name of await readdir(folder)) if (name.endsWith(NEW_SUFFIX)) await remove(join(folder, name))
  return {
    async put (name, bytes) {
      const path = pathOf(name)
      try { await replaceFile(path, bytes) } catch (error) {
        await remove(path + NEW_SUFFIX).catch(() => {})
        throw error
      }
    },
    async get (name) {
      try { return await readFile(pathOf(name)) } catch (error) {
        if (isMissing(error)) return undefined
        throw error
      }
    },
    async delete (name) { await remove(pathOf(name)) },
    async names () { return (await readdir(folder)).filter(name => NAME.test(name)) }
  }
}

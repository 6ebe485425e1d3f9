/** The repository as files, for tests that look at its shape: what is there, and who imports whom. */
import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

export const ROOT = normalize(join(import.meta.dirname, '..', '..'))
/** What git ignores (.gitignore) and git itself. */
const IGNORED = ['.git', 'node_modules', '.cache', '.data']

export const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

/** Paths below `folder` from the root on, sorted. */
export function filesIn (folder = '.'): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap(entry => {
    const path = normalize(join(folder, entry.name))
    if (IGNORED.includes(entry.name) || entry.name.endsWith('.log')) return []
    return entry.isDirectory() ? filesIn(path) : [path]
  }).sort()
}

export const isSource = (path: string): boolean => /\.(?:ts|cjs)$/.test(path)
export const sourcesIn = (...folders: readonly string[]): string[] => folders.flatMap(filesIn).filter(isSource)

/** Code without its comments; what stands in strings stays. */
export const withoutComments = (code: string): string => code.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1')

export interface Import {
  readonly from: string
  /** A path from the root on, or the name of a package (`@scope/name`, `node:fs`). */
  readonly to: string
  readonly isOwn: boolean
  /** Loaded when it is needed, by `import()`. */
  readonly isLate: boolean
}

export function importsOf (path: string): Import[] {
  const code = withoutComments(read(path))
  return [...code.matchAll(/(?:\bfrom\s+|\bimport\s+|(\bimport\(|\brequire\())'([^']+)'/g)].map(([, late, name]): Import => {
    const isOwn = name!.startsWith('.')
    const to = isOwn ? normalize(join(dirname(path), name!)) : name!.startsWith('node:') ? name! : name!.split('/').slice(0, name!.startsWith('@') ? 2 : 1).join('/')
    return { from: path, to, isOwn, isLate: late !== undefined }
  })
}

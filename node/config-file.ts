/**
 * Reads one YAML file into plain values and remembers where each stood, so that every complaint can name its line.
 * Invariant: what a file can cost is bounded before it is looked at: size, depth, no aliases, no tags, no odd keys.
 */
import { readFileSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import { LineCounter, isAlias, isMap, isScalar, isSeq, parseDocument, type Node, type ParsedNode } from 'yaml'

export const CONFIG_BYTES_MAX = 1024 * 1024
const CONFIG_DEPTH_MAX = 8
/** Told at once; whoever mends these sees the next. */
export const PROBLEMS_MAX = 20
const KEY = /^[A-Za-z][A-Za-z0-9]{0,40}$/

/** `unsafe`: well formed, but it would open the node to strangers. */
export type ConfigErrorCode = 'not-found' | 'unreadable' | 'too-large' | 'not-yaml' | 'unknown-key' | 'missing-key' | 'wrong-value' | 'unsafe'
/** `line` and `column` count from 1; both are 0 when the file as a whole is meant. */
export interface ConfigProblem { readonly code: ConfigErrorCode, readonly message: string, readonly line: number, readonly column: number }

/** Carries what is wrong, as much as one reads at a time; `code` is the first problem's. */
export class ConfigError extends Error {
  readonly code: ConfigErrorCode
  readonly problems: readonly ConfigProblem[]
  constructor (problems: readonly ConfigProblem[], options?: { cause?: unknown }) {
    super(problems.map(problem => problem.message).join('\n'), options)
    this.name = 'ConfigError'
    this.code = problems[0]!.code
    this.problems = problems
  }
}

export type Path = readonly PropertyKey[]

/** One parsed file: its plain value, and where each part of it stands. */
export class ConfigDocument {
  readonly value: unknown
  readonly #name: string
  readonly #lines = new LineCounter()
  readonly #offsets = new Map<string, number>()

  /** Throws ConfigError. */
  constructor (file: string) {
    this.#name = basename(file)
    const document = this.#parse(readBounded(file))
    this.value = document === null ? {} : this.#take(document, [])
  }

  #parse (text: string): ParsedNode | null {
    try {
      const document = parseDocument(text, { lineCounter: this.#lines, uniqueKeys: false, schema: 'core', prettyErrors: false, logLevel: 'silent' })
      if (document.errors.length > 0) throw new ConfigError(document.errors.slice(0, PROBLEMS_MAX).map(error => this.#problemAtOffset('not-yaml', 'not readable as YAML', error.pos[0])), { cause: document.errors[0] })
      return document.contents
    } catch (cause) {
      if (cause instanceof ConfigError) throw cause
      throw new ConfigError([{ code: 'not-yaml', message: `${this.#name} is not readable as YAML`, line: 0, column: 0 }], { cause })
    }
  }

  /** The plain value of a node. Objects have no prototype, so no key means anything but itself. */
  #take (node: Node | null, path: Path): unknown {
    if (node === null) return undefined
    const offset = node.range?.[0] ?? 0
    this.#offsets.set(path.join('\0'), offset)
    if (path.length > CONFIG_DEPTH_MAX) throw this.#refuse('nested too deep', offset)
    if (isAlias(node) || 'anchor' in node && node.anchor !== undefined) throw this.#refuse('anchors and aliases are not allowed', offset)
    if (node.tag !== undefined && !node.tag.startsWith('tag:yaml.org,2002:')) throw this.#refuse('tags are not allowed', offset)
    if (isSeq(node)) return node.items.map((item, i) => this.#take(item as Node | null, [...path, i]))
    if (isMap(node)) return this.#takeMap(node.items as { key: unknown, value: Node | null }[], path, offset)
    return isScalar(node) ? node.value : undefined
  }

  #takeMap (pairs: readonly { key: unknown, value: Node | null }[], path: Path, offset: number): unknown {
    const object = Object.create(null) as Record<string, unknown>
    for (const { key, value } of pairs) {
      const at = isScalar(key) ? key.range?.[0] ?? offset : offset
      const name = isScalar(key) && typeof key.value === 'string' && KEY.test(key.value) ? key.value : undefined
      if (name === undefined) throw new ConfigError([this.#problemAtOffset('unknown-key', 'unknown key', at)])
      if (name in object) throw this.#refuse(`key \`${name}\` stands twice`, at)
      object[name] = this.#take(value, [...path, name])
      this.#offsets.set([...path, name, 'key'].join('\0'), at)
    }
    return object
  }

  #refuse (what: string, offset: number): ConfigError { return new ConfigError([this.#problemAtOffset('not-yaml', what, offset)]) }

  #problemAtOffset (code: ConfigErrorCode, what: string, offset: number, rest = ''): ConfigProblem {
    const { line, col: column } = this.#lines.linePos(offset)
    return { code, message: `${what} at ${this.#name}:${line}:${column}${rest}`, line, column }
  }

  has (path: Path): boolean { return this.#offsets.has(path.join('\0')) }

  /** `what at file:line:column` and `rest`; the nearest part around it when the path itself is absent. */
  problem (code: ConfigErrorCode, path: Path, what: string, rest = ''): ConfigProblem {
    let end = path.length
    while (end > 0 && !this.has(path.slice(0, end))) end--
    return this.#problemAtOffset(code, what, this.#offsets.get(path.slice(0, end).join('\0')) ?? 0, rest)
  }

  /** The same for a key rather than its value. */
  keyProblem (code: ConfigErrorCode, path: Path, what: string, rest = ''): ConfigProblem {
    return this.#problemAtOffset(code, what, this.#offsets.get([...path, 'key'].join('\0')) ?? 0, rest)
  }
}

/** Throws ConfigError `not-found`, `unreadable`, `too-large`. */
function readBounded (file: string): string {
  const whole = (code: ConfigErrorCode, message: string, cause?: unknown) => new ConfigError([{ code, message, line: 0, column: 0 }], { cause })
  try {
    if (statSync(file).size > CONFIG_BYTES_MAX) throw whole('too-large', `${basename(file)} is larger than ${CONFIG_BYTES_MAX} bytes`)
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file))
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') throw whole('not-found', `${file} does not exist: make one with \`tiltas init\`, or name it with --config`, cause)
    throw whole('unreadable', `${file} cannot be read as text`, cause)
  }
}

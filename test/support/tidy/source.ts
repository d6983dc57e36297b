/** Files as the tidy rules see them: text, text without comments, and bare code without what stands in strings. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Import {
  /** As written: `../ports/clock.ts`, `node:fs`, `zod`. */
  readonly from: string
  readonly typeOnly: boolean
  readonly line: number
}

export interface SourceFile {
  /** From the root of the repository, with slashes. */
  readonly path: string
  readonly text: string
  /** `text` with comments blanked; same length, same lines. */
  readonly uncommented: string
  /** `uncommented` with the contents of strings and patterns blanked too. */
  readonly code: string
}

/** A broken rule, and why the rule is there. */
export interface Finding {
  readonly where: string
  readonly what: string
  readonly why: string
}

export type Rule = (file: SourceFile) => readonly Finding[]

const NOT_OURS = new Set(['node_modules', '.git', '.runtime', '.data', 'dist', 'coverage'])

// One alternative per token that can hide code or be hidden in it; the first that fits at a place wins.
const COMMENT = String.raw`\/\*[\s\S]*?\*\/|\/\/[^\n]*`
const QUOTED = String.raw`'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"`
const PATTERN = String.raw`(?<=(?:^|[=(,:[!&|?{};+>]|\breturn|=>)\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*`
const TOKEN = new RegExp(`(?<comment>${COMMENT})|(?<literal>${QUOTED}|${PATTERN})|[{}\`]`, 'gm')

const blank = (text: string): string => text.replace(/[^\n]/g, ' ')
const emptied = (literal: string): string => literal.charAt(0) + blank(literal.slice(1, -1)) + literal.slice(-1)

/** Where a template's text stops: behind its closing tick or behind `${`. */
function templateEnd(text: string, from: number): number {
  const stop = /(?<!\\)(?:\\\\)*(?:`|\$\{)/g
  stop.lastIndex = from
  return stop.exec(text) === null ? text.length : stop.lastIndex
}

interface Masked {
  uncommented: string
  code: string
  /** Characters done. */
  at: number
  /** For each open `${ }`, innermost last: how many braces are open in it. */
  readonly braces: number[]
}

function append(to: Masked, uncommented: string, code = uncommented): void {
  to.uncommented += uncommented
  to.code += code
  to.at += uncommented.length
}

function appendTemplate(to: Masked, text: string): void {
  const literal = text.slice(to.at, templateEnd(text, to.at))
  const end = literal.endsWith('${') ? 2 : 1
  append(to, literal, blank(literal.slice(0, -end)) + literal.slice(-end))
  if (end === 2) to.braces.push(0)
}

function appendMark(to: Masked, text: string, mark: string): void {
  const open = to.braces.pop()
  append(to, mark)
  if (open === undefined || mark === '`') {
    if (open !== undefined) to.braces.push(open)
    if (mark === '`') appendTemplate(to, text)
  } else if (mark === '{') to.braces.push(open + 1)
  else if (open > 0) to.braces.push(open - 1)
  else appendTemplate(to, text)
}

/** Blanks comments, and in `code` also the inside of strings, templates and patterns. */
function mask(text: string): Pick<SourceFile, 'uncommented' | 'code'> {
  const done: Masked = { uncommented: '', code: '', at: 0, braces: [] }
  while (done.at < text.length) {
    TOKEN.lastIndex = done.at
    const found = TOKEN.exec(text)
    append(done, text.slice(done.at, found?.index))
    if (found === null) break
    const [token] = found
    if (found.groups?.comment !== undefined) append(done, blank(token))
    else if (found.groups?.literal !== undefined) append(done, token, emptied(token))
    else appendMark(done, text, token)
  }
  return { uncommented: done.uncommented, code: done.code }
}

/** The file as rules see it. */
export function sourceFile(path: string, text: string): SourceFile {
  return { path, text, ...(/\.[cm]?[jt]s$/.test(path) ? mask(text) : { uncommented: text, code: text }) }
}

/** The line number, from 1, of a character. */
export function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length
}

const STATIC = /^[ \t]*(?:import|export)\s+(?<type>type\s+)?(?:[\w\s{},*$]+?\s+from\s*)?(['"])(?<from>[^'"\n]+)\2/gm
const DYNAMIC = /\bimport\s*\(\s*(['"])(?<from>[^'"\n]+)\1/g

/** What a file imports, also by `export … from` and `import()`. */
export function importsOf(file: SourceFile): Import[] {
  return [STATIC, DYNAMIC].flatMap((pattern) =>
    [...file.uncommented.matchAll(pattern)].map((found) => ({
      from: found.groups?.from ?? '',
      typeOnly: found.groups?.type !== undefined,
      line: lineAt(file.text, found.index),
    })),
  )
}

/** The path that a relative import means, from the root; `undefined` for a package. */
export function resolved(file: SourceFile, imported: Import): string | undefined {
  if (!imported.from.startsWith('.')) return undefined
  return new URL(imported.from, `file:///${file.path}`).pathname.slice(1)
}

/** Every match of a pattern, as findings. */
export function findings(file: SourceFile, text: string, pattern: RegExp, told: Omit<Finding, 'where'>): Finding[] {
  return [...text.matchAll(pattern)].map((found) => ({
    where: `${file.path}:${lineAt(text, found.index)}`,
    what: told.what.replace('%', found[0].trim()),
    why: told.why,
  }))
}

/** Every file of the tree whose name ends so, our own ones only. */
export function readTree(root: string, ending: RegExp): SourceFile[] {
  const walk = (folder: string): string[] =>
    readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      if (NOT_OURS.has(entry.name)) return []
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      return entry.isDirectory() ? walk(path) : ending.test(path) ? [path] : []
    })
  return walk('').map((path) => sourceFile(path, readFileSync(join(root, path), 'utf8')))
}

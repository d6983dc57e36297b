/** The repository's pages: their fenced blocks, tables, headings and links, with the lines that they stand on. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const NOT_OURS = new Set(['node_modules', '.git', '.runtime', '.data', 'dist', 'coverage'])

export interface Fence {
  /** `ts`, `ts run`, `json`: what stands behind the three ticks. */
  readonly info: string
  readonly text: string
  /** Of its first line of text, from 1. */
  readonly line: number
}

/** Every Markdown file, as a path from the root with slashes. */
export function pages(): string[] {
  return readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.md') && !path.split('/').some((part) => NOT_OURS.has(part)))
    .sort()
}

export function pageText(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8')
}

/** Fenced blocks, in order. */
export function fences(text: string): Fence[] {
  return [...text.matchAll(/^```(?<info>[^\n`]*)\n(?<text>[\s\S]*?)^```$/gm)].map((found) => ({
    info: found.groups?.info?.trim() ?? '',
    text: found.groups?.text ?? '',
    line: text.slice(0, found.index).split('\n').length + 1,
  }))
}

function withoutFences(text: string): string {
  return text.replace(/^```[\s\S]*?^```$/gm, '').replace(/`[^`\n]*`/g, '')
}

/** Targets of links that are no URL. */
export function relativeLinks(text: string): string[] {
  return [...withoutFences(text).matchAll(/\]\((?<target>[^)\s]+)\)/g)]
    .map((found) => found.groups?.target ?? '')
    .filter((target) => !/^[a-z]+:/.test(target))
}

/** Anchors of the headings, as code hosts make them. */
export function anchors(text: string): string[] {
  const headings = text.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/^#+ (?<title>.+)$/gm)
  return [...headings].map((found) =>
    (found.groups?.title ?? '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

/** What the first cells of a table's rows say in code, in the section of that heading. */
export function namesInTables(text: string, heading: string): string[] {
  const from = text.indexOf(`\n${heading}\n`)
  if (from < 0) throw new Error(`no heading ${heading}`)
  const level = heading.slice(0, heading.indexOf(' '))
  const rest = text.slice(from + heading.length + 1)
  const end = rest.search(new RegExp(`^${level} `, 'm'))
  const section = end < 0 ? rest : rest.slice(0, end)
  const cells = [...section.matchAll(/^\| (?<cell>`[^|]*) \|/gm)].map((found) => found.groups?.cell ?? '')
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? ''))
}

/** Files and functions that fit on a few screens. */
import { type Finding, lineAt, type Rule } from './source.ts'

export const fileLinesMax = 400
export const functionLinesMax = 70

const WHY =
  'every large codebase has one file that ate the project; a file or function past the limit is split by stage, and the stages get names'

/** Files past the limit. */
export const fileSize: Rule = (file) => {
  const lines = file.text.trimEnd().split('\n').length
  return lines > fileLinesMax ? [{ where: file.path, what: `${lines} lines, at most ${fileLinesMax}`, why: WHY }] : []
}

const OPENING = /(?:\bfunction\b[^{};]*|\)\s*(?::[^{};=()]+)?|=>\s*)\{/g
const CONTROL = /\b(?:if|for|while|switch|catch|with|describe\w*)\b[^{};]*$/

function bodyEnd(code: string, open: number): number {
  let depth = 0
  for (let index = open; index < code.length; index++) {
    if (code[index] === '{') depth++
    else if (code[index] === '}' && --depth === 0) return index
  }
  return code.length
}

/** Functions, methods and arrow functions past the limit, by their braces. Blocks of `describe` only group. */
export const functionSize: Rule = (file) => {
  if (!/\.[cm]?[jt]s$/.test(file.path)) return []
  return [...file.code.matchAll(OPENING)].flatMap((found): Finding[] => {
    const head = file.code.slice(file.code.lastIndexOf('\n', found.index) + 1, found.index + found[0].length)
    if (CONTROL.test(head.slice(0, -1)) || isSuite(file.path)) return []
    const open = found.index + found[0].length - 1
    const lines = lineAt(file.code, bodyEnd(file.code, open)) - lineAt(file.code, open) + 1
    if (lines <= functionLinesMax) return []
    const where = `${file.path}:${lineAt(file.code, found.index)}`
    return [{ where, what: `a function of ${lines} lines, at most ${functionLinesMax}`, why: WHY }]
  })
}

/** A contract suite is a function whose body is a list of tests. */
function isSuite(path: string): boolean {
  return /^test\/contract\/.*(-contract|-suite)\.ts$/.test(path)
}

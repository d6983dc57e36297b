/** One word for one thing, in file names and in what is exported. */
import { type Finding, findings, type Rule } from './source.ts'

const NOT_USED = [
  'workflow',
  'task',
  'activity',
  'rollback',
  'cursor',
  'manager',
  'helper',
  'util',
  'utils',
  'common',
  'impl',
]
const WHY_WORDS = 'each thing has one word (DESIGN, the list of words); these name either something else or nothing'
const WHY_NAMES = 'files are kebab-case and named for the one concept they export'

/** `sagaTaskManager`, `saga-task`, `SAGA_TASK` as lower-case words. */
function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .map((word) => word.replace(/^(\w{4,})s$/, '$1'))
}

const forbidden = (name: string): string | undefined => wordsOf(name).find((word) => NOT_USED.includes(word))

/** Names of files: kebab-case, the project's words, no barrel. */
export const fileNames: Rule = (file) => {
  const name = file.path.split('/').at(-1) ?? ''
  const found: Finding[] = []
  if (!/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+)*\.[a-z]+$/.test(name))
    found.push({ where: file.path, what: 'the name is not kebab-case', why: WHY_NAMES })
  if (/^index\.[cm]?[jt]s$/.test(name))
    found.push({
      where: file.path,
      what: 'a barrel',
      why: 'package.json names the public files; a barrel hides who needs what',
    })
  const word = forbidden(file.path)
  if (word !== undefined) found.push({ where: file.path, what: `the name says '${word}'`, why: WHY_WORDS })
  return found
}

const EXPORTED =
  /^export\s+(?:declare\s+|abstract\s+|async\s+)*(?:function\*?|class|const|let|interface|type)\s+(?<name>\w+)/gm

/** Names that are exported. */
export const exportedWords: Rule = (file) =>
  [...file.code.matchAll(EXPORTED)].flatMap((found) => {
    const name = found.groups?.name ?? ''
    const word = forbidden(name)
    if (word === undefined) return []
    return findings(file, file.code, new RegExp(`^export\\b.*\\b${name}\\b`, 'gm'), {
      what: `'${name}' says '${word}'`,
      why: WHY_WORDS,
    }).slice(0, 1)
  })

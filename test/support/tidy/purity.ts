/** The core is pure, and only a main.ts knows the process it runs in. */
import { type Finding, findings, importsOf, type Rule } from './source.ts'

const WHY_PURE =
  'message, saga, flow and view are functions over data: without clock, chance, waiting and packages a replay gives what live gave, anywhere'
const WHY_PROCESS = 'environment, arguments and exit belong to a main.ts; below it everything comes in as an argument'

const isPure = (path: string): boolean => /^shared\/(message|saga|flow|view)\//.test(path)

const IMPURE: readonly RegExp[] = [
  /\b(?:async|await)\b/g,
  /\bPromise\b/g,
  /\bDate\.now\b/g,
  /\bnew Date(?:\(\s*\)|(?!\s*\(|\w))/g,
  /\b(?:Math\.random|performance\.now|crypto\.|structuredClone)/g,
  /\b(?:setTimeout|setInterval|setImmediate|queueMicrotask|fetch)\s*\(/g,
  /\b(?:process|globalThis|console)\./g,
]

/** Async, clock, chance, timers, the process and packages in the core. */
export const purity: Rule = (file) => {
  if (!isPure(file.path)) return []
  const used = IMPURE.flatMap((pattern) => findings(file, file.code, pattern, { what: 'impure: %', why: WHY_PURE }))
  const imported = importsOf(file)
    .filter(({ from, typeOnly }) => !typeOnly && !from.startsWith('.'))
    .map(
      ({ from, line }): Finding => ({ where: `${file.path}:${line}`, what: `impure: imports ${from}`, why: WHY_PURE }),
    )
  return [...used, ...imported]
}

/** The process touched outside of main.ts. */
export const processUse: Rule = (file) => {
  if (!/^(shared|services)\//.test(file.path) || /(^|\/)main\.ts$/.test(file.path)) return []
  return findings(file, file.code, /\bprocess\.(?:env|exit|argv)\b/g, { what: 'touches %', why: WHY_PROCESS })
}

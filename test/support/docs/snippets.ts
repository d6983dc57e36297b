/**
 * TypeScript of the pages, laid out as files outside the checkout. A block whose first line is `// name.ts` is a file
 * of that name, which later blocks of its page import; other relative imports are meant from the page's own folder.
 */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fences, pages, pageText, ROOT } from './markdown.ts'

export interface Snippet {
  /** `docs/verify.md:123`. */
  readonly where: string
  readonly folder: string
  readonly path: string
  /** What it prints, where its block says `ts run`: the text block behind it. */
  readonly prints: string | undefined
}

export interface LaidOut {
  readonly folder: string
  readonly snippets: readonly Snippet[]
  remove(): void
}

const RELATIVE = /(?<before>\bfrom |\bimport )'(?<target>\.[^']+)'/g

/** Writes every TypeScript block of the pages into a new folder, with what compiling and running them needs. */
export function layOutSnippets(): LaidOut {
  const folder = mkdtempSync(join(tmpdir(), 'kasaga-snippets-'))
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction')
  // Imports of the checkout are by absolute path here, which the code itself never does.
  const compilerOptions = { rewriteRelativeImportExtensions: false }
  const files = { extends: join(ROOT, 'tsconfig.json'), compilerOptions, include: ['**/*.ts'] }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(files))
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }))
  const snippets = pages().flatMap((page) => layOutPage(page, join(folder, page.replace(/\.md$/, ''))))
  return { folder, snippets, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

function layOutPage(page: string, folder: string): Snippet[] {
  const all = fences(pageText(page))
  const blocks = all.filter(({ info }) => /^ts\b/.test(info))
  const names = blocks.map(({ text }, i) => /^\/\/ ([\w-]+\.ts)\n/.exec(text)?.[1] ?? `block-${i + 1}.ts`)
  if (blocks.length > 0) mkdirSync(folder, { recursive: true })
  return blocks.map((block, i) => {
    const path = join(folder, names[i] ?? '')
    const text = block.text.replace(RELATIVE, (whole, before: string, target: string) =>
      names.includes(target.slice(2)) ? whole : `${before}'${resolve(ROOT, dirname(page), target)}'`,
    )
    writeFileSync(path, `${text}export {}\n`)
    const output = all[all.indexOf(block) + 1]
    const prints = block.info === 'ts run' ? (output?.info === 'text' ? output.text : '') : undefined
    return { where: `${page}:${block.line}`, folder, path, prints }
  })
}

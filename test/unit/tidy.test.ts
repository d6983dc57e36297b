/** The repository's own rules, kept by a test. Each says why it is there, and is seen to find a planted violation. */
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { arrows, cycles } from '../support/tidy/arrows.ts'
import { idleTests, machinePaths, machineTraces, openEnds } from '../support/tidy/leftovers.ts'
import { processUse, purity } from '../support/tidy/purity.ts'
import { fileLinesMax, fileSize, functionLinesMax, functionSize } from '../support/tidy/sizes.ts'
import { type Finding, importsOf, type Rule, readTree, type SourceFile, sourceFile } from '../support/tidy/source.ts'
import { exportedWords, fileNames } from '../support/tidy/words.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const tree = readTree(root, /\.(ts|mjs|sql|json|ya?ml|md|npmrc|toml|sh)$|Dockerfile$/)
const code = tree.filter((file) => /^(shared|services|infra|test)\/.*\.(ts|mjs|sql)$/.test(file.path))

/** Findings as lines that say where, what and why, so that a failing test is its own explanation. */
const told = (found: readonly Finding[]): string[] => found.map(({ where, what, why }) => `${where}: ${what} (${why})`)
const inAll = (files: readonly SourceFile[], rule: Rule): string[] => told(files.flatMap((file) => rule(file)))
const planted = (rule: Rule, path: string, text = ''): number => rule(sourceFile(path, text)).length
const repeated = (line: string, times: number): string => `${line}\n`.repeat(times)

test('the tree was found', () => {
  expect(code.length).toBeGreaterThan(20)
  expect(code.some((file) => importsOf(file).length > 0)).toBe(true)
})

test('the rules read code as the compiler does: what is left after strings and comments has its braces in pairs', () => {
  const count = (text: string, brace: string) => text.split(brace).length
  const misread = code.filter(
    (file) => file.code.length !== file.text.length || count(file.code, '{') !== count(file.code, '}'),
  )
  expect(misread.map(({ path }) => path)).toEqual([])
})

describe('the tree keeps', () => {
  const rules: Record<string, Rule> = {
    arrows,
    purity,
    processUse,
    fileSize,
    functionSize,
    fileNames,
    exportedWords,
    idleTests,
    openEnds,
    machinePaths,
  }
  test.each(Object.entries(rules))('%s', (_, rule) => expect(inAll(code, rule)).toEqual([]))
  test('cycles', () => expect(told(cycles(code))).toEqual([]))
  test('machineTraces', () => expect(inAll(tree, machineTraces)).toEqual([]))
})

describe('arrows', () => {
  test.each([
    ['shared/message/ids.ts', '../saga/state.ts'],
    ['shared/saga/state.ts', '../ports/clock.ts'],
    ['shared/ports/broker.ts', '../adapters/kafka/broker.ts'],
    ['shared/runtime/owner.ts', '../adapters/memory/broker.ts'],
    ['shared/participant/participant.ts', '../runtime/owner.ts'],
    ['shared/client/client.ts', '../participant/participant.ts'],
    ['shared/adapters/kafka/broker.ts', '../sqlite/log.ts'],
    ['shared/adapters/kafka/broker.ts', '../../runtime/owner.ts'],
    ['shared/view/projection.ts', '../../services/orders/orders-view.ts'],
    ['shared/saga/state.ts', '../../test/support/fulfil.ts'],
    ['services/gateway/routes.ts', '../projector/projector.ts'],
    ['services/gateway/routes.ts', '../orders/orders-view.ts'],
    ['services/gateway/routes.ts', '../../shared/adapters/kafka/broker.ts'],
    ['services/gateway/main.ts', '../../test/support/fulfil.ts'],
  ])('%s may not import %s', (path, from) => expect(planted(arrows, path, `import { x } from '${from}'`)).toBe(1))

  test.each([
    ['shared/saga/state.ts', '../message/ids.ts'],
    ['shared/view/fold.ts', '../saga/evolve.ts'],
    ['shared/runtime/owner.ts', '../ports/broker.ts'],
    ['shared/testing/given.ts', '../runtime/owner.ts'],
    ['shared/adapters/pglite/views.ts', '../postgres/tables.ts'],
    ['shared/adapters/sqlite/log.ts', '../in-process/group.ts'],
    ['services/gateway/routes.ts', '../../shared/adapters/postgres/view-queries.ts'],
    ['services/orders/definition.ts', '../payment/contract.ts'],
    ['services/gateway/main.ts', '../../shared/adapters/kafka/broker.ts'],
    ['services/cli/embedded/home.ts', '../../projector/projector.ts'],
    ['test/unit/x.test.ts', '../../services/payment/handlers.ts'],
  ])('%s may import %s', (path, from) => expect(planted(arrows, path, `import { x } from '${from}'`)).toBe(0))

  test('a service may import an adapter for its types only', () => {
    const from = "from '../../shared/adapters/postgres/tables.ts'"
    expect(planted(arrows, 'services/payment/handlers.ts', `import type { Tables } ${from}`)).toBe(0)
    expect(planted(arrows, 'services/payment/handlers.ts', `import { type Tables } ${from}`)).toBe(1)
  })

  test('an arrow is seen however it is written', () => {
    const from = "'../saga/state.ts'"
    const ways = [
      `export * from ${from}`,
      `import ${from}`,
      `const x = () => import(${from})`,
      `import {\n  a,\n} from ${from}`,
    ]
    for (const way of ways) expect(planted(arrows, 'shared/message/ids.ts', way)).toBe(1)
    expect(planted(arrows, 'shared/message/ids.ts', `// import { x } from ${from}`)).toBe(0)
  })
})

describe('cycles', () => {
  const importing = (path: string, from: string) => sourceFile(path, `import { x } from './${from}.ts'`)
  test('finds a circle of three, and no more than one', () => {
    const circle = [
      importing('a/a.ts', 'b'),
      importing('a/b.ts', 'c'),
      importing('a/c.ts', 'a'),
      importing('a/d.ts', 'a'),
    ]
    expect(cycles(circle).map(({ what }) => what)).toEqual([
      'a circle of imports: a/a.ts -> a/b.ts -> a/c.ts -> a/a.ts',
    ])
    expect(cycles(circle.slice(0, 2))).toEqual([])
    expect(cycles(circle.map((file) => sourceFile(file.path, file.text.replace('import', 'import type'))))).toEqual([])
  })
})

describe('purity', () => {
  test.each([
    'async function f() {}',
    'const x: Promise<void> = y',
    'const t = Date.now()',
    'const t = new Date()',
    'const r = Math.random()',
    'setTimeout(f, 1)',
    'const e = process.env',
    "import { z } from 'zod'",
    "import { hash } from 'node:crypto'",
  ])('%s', (text) => expect(planted(purity, 'shared/saga/x.ts', text)).toBeGreaterThan(0))

  test('leaves alone what only looks so, and what is not the core', () => {
    const looks =
      "import type { ZodType } from 'zod'\n// await Date.now()\nconst s = 'await'\nconst d = new Date(0)\nconst t = `async`"
    expect(planted(purity, 'shared/saga/x.ts', looks)).toBe(0)
    expect(planted(purity, 'shared/runtime/x.ts', 'const t = Date.now()')).toBe(0)
  })

  test('code inside a template is code', () => {
    const text = ['const s = `at $', '{Date.now()} or {not}`'].join('')
    expect(planted(purity, 'shared/saga/x.ts', text)).toBe(1)
  })
})

describe('the process', () => {
  test.each(['process.env.X', 'process.exit(1)', 'process.argv'])('%s', (text) => {
    expect(planted(processUse, 'services/gateway/routes.ts', text)).toBe(1)
    expect(planted(processUse, 'shared/client/client.ts', text)).toBe(1)
    expect(planted(processUse, 'services/gateway/main.ts', text)).toBe(0)
    expect(planted(processUse, 'infra/check.ts', text)).toBe(0)
  })
})

describe('sizes', () => {
  test('a file past the limit', () => {
    expect(planted(fileSize, 'shared/a.ts', repeated('x', fileLinesMax))).toBe(0)
    expect(planted(fileSize, 'shared/a.ts', repeated('x', fileLinesMax + 1))).toBe(1)
  })

  test.each([
    'function f(a: string): Promise<void> {',
    'const f = async (a) => {',
    'class A {\n  method(a: number): void {',
    'test("long", () => {',
  ])('a function past the limit: %s', (head) => {
    const tail = head.startsWith('class') ? '}}' : head.startsWith('test') ? '})' : '}'
    expect(planted(functionSize, 'test/unit/a.ts', `${head}\n${repeated('x', functionLinesMax - 2)}${tail}`)).toBe(0)
    expect(planted(functionSize, 'test/unit/a.ts', `${head}\n${repeated("x('}')", functionLinesMax - 1)}${tail}`)).toBe(
      1,
    )
  })

  test('describe only groups', () => {
    expect(planted(functionSize, 'test/unit/a.ts', `describe('x', () => {\n${repeated('x', 200)}})`)).toBe(0)
  })
})

describe('words', () => {
  test.each([
    'shared/x/sagaState.ts',
    'shared/x/index.ts',
    'shared/x/saga-helper.ts',
    'shared/utils/x.ts',
    'shared/x/Saga.ts',
  ])('the file %s', (path) => expect(planted(fileNames, path)).toBeGreaterThan(0))
  test.each(['shared/saga/state.ts', 'test/unit/tidy.test.ts', 'shared/x/simple.ts', 'vitest.config.ts'])(
    'the file %s is fine',
    (path) => expect(planted(fileNames, path)).toBe(0),
  )
  test.each(['export class SagaManager {}', 'export const TASK_MAX = 1', 'export type RollbackCursor = 1'])(
    '%s',
    (text) => expect(planted(exportedWords, 'shared/x/x.ts', text)).toBe(1),
  )
  test('a word inside a word is another word', () => {
    expect(planted(exportedWords, 'shared/x/x.ts', 'export const multitasking = 1\nexport const implied = 2')).toBe(0)
  })
})

describe('leftovers', () => {
  test('tests that do not run', () => {
    const text = ['test', 'only("x")'].join('.')
    expect(planted(idleTests, 'test/unit/a.test.ts', text)).toBe(1)
    expect(planted(idleTests, 'test/unit/a.test.ts', text.replace('only', 'skip'))).toBe(1)
    expect(planted(idleTests, 'test/unit/a.test.ts', text.replace('only', 'skipIf'))).toBe(0)
    expect(planted(idleTests, 'test/support/a.ts', text)).toBe(1)
  })
  test('open ends', () => {
    const mark = ['TO', 'DO'].join('')
    expect(planted(openEnds, 'shared/x/x.ts', `// ${mark} later`)).toBe(1)
    expect(planted(openEnds, 'shared/x/x.ts', `// ${mark}(when the registry answers): cache`)).toBe(0)
  })
  test('paths and hosts of one machine', () => {
    const home = ['', 'root', 'kasaga'].join('/')
    expect(planted(machinePaths, 'shared/x/x.ts', `const p = '${['', 'tmp', 'x'].join('/')}'`)).toBe(1)
    expect(planted(machinePaths, 'services/x/x.ts', `const p = '${home}'`)).toBe(1)
    expect(planted(machinePaths, 'services/x/x.ts', "const p = '/tmpl/x'")).toBe(0)
    expect(planted(machineTraces, 'docs/a.md', `see ${home}`)).toBe(1)
    expect(planted(machineTraces, 'package-lock.json', `"resolved${'": "https://registry.example/x.tgz"'}`)).toBe(1)
    expect(planted(machineTraces, '.npmrc', ['registry', 'https://registry.example/'].join('='))).toBe(1)
  })
})

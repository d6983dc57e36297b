/** What the pages show compiles as the code does, and what they say to print is what it prints. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { fences, pageText, ROOT } from '../support/docs/markdown.ts'
import { layOutSnippets } from '../support/docs/snippets.ts'

const RUN_MS_MAX = 60_000
const laidOut = layOutSnippets()
afterAll(() => laidOut.remove())

function runNode(folder: string, ...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: folder, timeout: RUN_MS_MAX }, (error, stdout, stderr) =>
      resolve({ code: error ? 1 : 0, stdout, stderr }),
    )
  })
}

test('the snippets were found', () => {
  expect(laidOut.snippets.length).toBeGreaterThan(5)
  expect(laidOut.snippets.filter(({ prints }) => prints !== undefined).length).toBeGreaterThan(1)
})

test('every snippet compiles, as strictly as the code', { timeout: RUN_MS_MAX }, async () => {
  const { code, stdout } = await runNode(laidOut.folder, join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', '.')
  expect(stdout).toBe('')
  expect(code).toBe(0)
})

describe('a snippet prints what its page says', () => {
  const runnable = laidOut.snippets.flatMap(({ prints, ...snippet }) =>
    prints === undefined ? [] : [[snippet.where, { ...snippet, prints }] as const],
  )
  test.each(runnable)('%s', { timeout: RUN_MS_MAX }, async (_, { folder, path, prints }) => {
    const { stdout, stderr } = await runNode(folder, path)
    expect(stdout, stderr).toBe(prints)
  })
})

test('the README has a whole definition by line 30', () => {
  const [first] = fences(pageText('README.md')).filter(({ info }) => info === 'ts')
  expect(first?.text).toContain('.pivot(')
  expect((first?.line ?? 0) + (first?.text.split('\n').length ?? 0)).toBeLessThanOrEqual(31)
})

test('the README has a whole participant in less than 30 lines', () => {
  const participant = fences(pageText('README.md')).find(({ text }) => text.includes('participantService('))
  expect(participant?.info).toBe('ts')
  for (const part of ["participant('", 'rejected(', 'Inbox(', '{ tx }']) expect(participant?.text).toContain(part)
  expect(participant?.text.trimEnd().split('\n').length).toBeLessThan(30)
})

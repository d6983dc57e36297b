/** A simulation that finds nothing must be known to find something: bugs are planted, and each is caught. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { patched } from './planted/bug.ts'
import { BUGS } from './planted/bugs.ts'
import { isCaught, plantAll } from './planted/plant.ts'

/** Those of which each takes a few seeds only; `npm run simulate -- --planted` plants all. */
const SHARE = [
  ...['undo-in-forward-order', 'unknown-outcome-forgotten', 'step-before-its-dependency', 'timer-early'],
  ...['other-start-accepted', 'command-not-the-same-bytes', 'sent-before-confirmed', 'unclear-append-kept'],
  ...[
    'nothing-sent-again',
    'dead-letter-lost',
    'inbox-not-asked',
    'events-skipped-by-the-projector',
    'lock-granted-twice',
  ],
]
const SEEDS = 60

describe('each bug', () => {
  test.each(BUGS)('$name changes text that stands in its file once', ({ patches }) => {
    const sources = new Map<string, string>()
    for (const patch of patches) {
      const url = new URL(`../../${patch.file}`, import.meta.url)
      const source = sources.get(patch.file) ?? readFileSync(url, 'utf8')
      sources.set(patch.file, patched(source, patch))
    }
    expect(sources.size).toBeGreaterThan(0)
  })

  test('has a name of its own', () => expect(new Set(BUGS.map(({ name }) => name)).size).toBe(BUGS.length))
})

test('a text that is not there, or there twice, is no bug', () => {
  const patch = { file: 'x.ts', text: 'b', instead: 'c' }
  expect(patched('abd', patch)).toBe('acd')
  expect(() => patched('ad', patch)).toThrow('x.ts has 0 times')
  expect(() => patched('abdb', patch)).toThrow('x.ts has 2 times')
})

test(`${SHARE.length} bugs are each caught by an invariant within ${SEEDS} seeds`, async () => {
  const bugs = BUGS.filter(({ name }) => SHARE.includes(name))
  expect(bugs.length).toBe(SHARE.length)
  const all = await plantAll(bugs, { first: 1, seeds: SEEDS, threads: 2, onCaught: () => {} })
  console.info(all.map(({ name, seed, breach }) => `${name}: ${breach?.invariant} at seed ${seed}`).join('\n'))
  expect(all.filter((caught) => !isCaught(caught))).toEqual([])
})

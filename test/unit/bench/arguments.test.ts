import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { askedBy, flag, number, numbers, text, whole, wholeByName } from '../../bench/arguments.ts'

const OPTIONS = {
  scenario: text,
  seconds: number(10),
  inflight: whole(),
  rate: numbers,
  size: wholeByName,
  json: flag,
}
const ask = (...args: string[]) => askedBy(args, OPTIONS)

test('what is not given is as usual', () => {
  const usual = { scenario: undefined, seconds: 10, inflight: undefined, rate: [], size: {}, json: false }
  expect(ask()).toEqual(usual)
})

test('what is given counts, the last of it where one counts', () => {
  expect(ask('--seconds', '0.5', '--seconds=2', '--json', '--inflight', '7')).toMatchObject({
    ...{ seconds: 2, json: true, inflight: 7 },
  })
  expect(ask('--rate', '10', '--rate', '20').rate).toEqual([10, 20])
  expect(ask('--size', 'live=10', '--size', 'events=20').size).toEqual({ live: 10, events: 20 })
  expect(ask('--scenario', 'kafka').scenario).toBe('kafka')
})

test.each([
  [['--nonsense'], '--nonsense is no option here: there are --scenario, --seconds, --inflight, --rate, --size, --json'],
  [['-x'], '-x is no option here: there are --scenario, --seconds, --inflight, --rate, --size, --json'],
  [['kafka'], 'kafka is not understood: there are --scenario, --seconds, --inflight, --rate, --size, --json'],
  [['--toString'], '--toString is no option here: there are --scenario, --seconds, --inflight, --rate, --size, --json'],
  [['--seconds', '-1'], '--seconds is a number above 0, not -1'],
  [['--seconds', 'x'], '--seconds is a number above 0, not x'],
  [['--seconds', ''], '--seconds is a number above 0, not '],
  [['--seconds', 'Infinity'], '--seconds is a number above 0, not Infinity'],
  [['--seconds'], '--seconds takes a value'],
  [['--inflight', '1.5'], '--inflight is a whole number from 1, not 1.5'],
  [['--rate', '10', '--rate', '0'], '--rate is a number above 0, not 0'],
  [['--json=yes'], '--json takes no value'],
  [['--size', 'live'], '--size is a name=number, not live'],
  [['--size', 'live=many'], '--size live is a whole number from 1, not many'],
])('%j is not understood, and why is one sentence', (args, why) => {
  expect(() => ask(...args)).toThrow(new TypeError(why))
})

const TOLD_WITHIN_MS = 60_000

test.each(['main.ts', 'flow-control.ts', 'take-over.ts'])(
  '%s says in one line what it does not understand, and exits with 2',
  (file) => {
    const path = fileURLToPath(new URL(`../../bench/${file}`, import.meta.url))
    const { status, stdout, stderr } = spawnSync(process.execPath, [path, '--nonsense'], { encoding: 'utf8' })
    expect(stderr).toMatch(/^--nonsense is no option here: there are [^\n]*\n$/)
    expect(stdout).toBe('')
    expect(status).toBe(2)
  },
  TOLD_WITHIN_MS,
)

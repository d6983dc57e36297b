import { beforeEach, expect, test } from 'vitest'
import { ManualClock } from '../../shared/adapters/memory/manual-clock.ts'
import { OngoingTrouble } from '../../shared/ports/ongoing-trouble.ts'
import { type Log, noLog } from '../../shared/ports/telemetry.ts'

const clock = new ManualClock()
let lines: unknown[][]
let trouble: OngoingTrouble

beforeEach(() => {
  lines = []
  const note =
    (level: string): Log['warn'] =>
    (message, fields) =>
      void lines.push([level, message, fields])
  const log: Log = { ...noLog, warn: note('warn'), info: note('info') }
  trouble = new OngoingTrouble({ clock, log }, { met: 'it fails', over: 'it works' })
})

test('it is told when it begins and when it is over, however often it was met', () => {
  for (let i = 0; i < 10_000; i++) trouble.met('io', { i })
  trouble.over()
  trouble.over()
  expect(lines).toEqual([
    ['warn', 'it fails', { i: 0 }],
    ['info', 'it works', {}],
  ])
})

test('while it lasts it is told each minute, with how often it was met', async () => {
  for (let second = 0; second < 125; second++) {
    trouble.met('io')
    await clock.advance(1_000)
  }
  expect(lines).toEqual([
    ['warn', 'it fails', {}],
    ['warn', 'it fails', { timesSince: 59 }],
    ['warn', 'it fails', { timesSince: 59 }],
  ])
})

test('what comes and goes is not told each time', () => {
  for (let i = 0; i < 100; i++) {
    trouble.met('io')
    trouble.over()
  }
  expect(lines).toHaveLength(2)
})

test('trouble of another kind is told at once', () => {
  for (const kind of ['io', 'io', 'full', 'full']) trouble.met(kind, { kind })
  expect(lines).toEqual([
    ['warn', 'it fails', { kind: 'io' }],
    ['warn', 'it fails', { kind: 'full', timesSince: 1 }],
  ])
})

test('where there was none, nothing is over', () => {
  trouble.over()
  expect(lines).toEqual([])
})

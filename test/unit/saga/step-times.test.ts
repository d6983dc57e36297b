/** The four times of a step and of its undo: which one is over, what progress moves, and what follows. */
import { describe, expect, it } from 'vitest'
import type { StepOptions } from '../../../shared/saga/builder/options.ts'
import { nextDueAt } from '../../../shared/saga/timers.ts'
import { Play } from '../../support/play.ts'
import { begin, shop, what } from './shapes/shop.ts'

const T0 = 1_000_000
const retry = { jitter: 'none', firstDelay: 100, backoff: 'fixed' } as const

/** A step that has been sent, or its undo, with these options. */
function sent(way: 'forward' | 'undo', options: StepOptions): Play {
  const own = { retry, ...options }
  const made = begin()
    .step('a', shop.do, what(1), way === 'forward' ? own : {})
    .undo(shop.undo, what(1), way === 'undo' ? own : {})
    .step('b', shop.do, what(2))
    .end()
  const play = new Play(made)
  play.start()
  if (way === 'undo') {
    play.answer('a')
    play.answer('b', 'rejected')
  }
  return play
}

const FAILED = { forward: 'step-failed', undo: 'compensation-failed' } as const

/** Lets progress come at these times after the sending, and then nothing: what fires first, and when. */
function firstExpiry(way: 'forward' | 'undo', options: StepOptions, progressAt: readonly number[]) {
  const play = sent(way, options)
  for (const at of progressAt) {
    play.now = T0 + at
    if (way === 'forward') play.answer('a', 'progress', { at })
    else play.undone('a', 'progress')
  }
  const due = play.state && nextDueAt(play.definition, play.state)
  if (due === undefined) return undefined
  play.now = due - 1
  expect(play.give({ kind: 'timer', sagaId: play.id })).toMatchObject({ kind: 'ignored', reason: 'nothing-due' })
  play.fire()
  const failed = play.history.find(({ event }) => event.type === FAILED[way])
  const event = failed?.event
  if (!failed || event?.type !== FAILED[way]) throw new Error('nothing has failed')
  return [event.error.code, failed.at - T0, event.retryAt === null ? null : event.retryAt - T0]
}

type Case = [what: string, StepOptions, progressAt: number[], expected: unknown]

describe.each(['forward', 'undo'] as const)('the times of a step: %s', (way) => {
  it.each<Case>([
    ['an attempt, 30 s unless told otherwise', {}, [], ['timeout', 30_000, 30_100]],
    ['an attempt', { timeout: '2 s' }, [], ['timeout', 2_000, 2_100]],
    ['progress gives the attempt as long again', { timeout: '2 s' }, [1_500], ['timeout', 3_500, 3_600]],
    ['nothing heard', { takeUp: '1 s' }, [], ['not-taken-up', 1_000, 1_100]],
    ['progress is a word of it', { takeUp: '1 s', timeout: '2 s' }, [900], ['timeout', 2_900, 3_000]],
    ['no progress', { progress: '1 s' }, [500], ['no-progress', 1_500, 1_600]],
    ['no progress after some', { progress: '1 s' }, [500, 1_400], ['no-progress', 2_400, 2_500]],
    ['progress that was never heard is not waited for', { progress: '1 s' }, [], ['timeout', 30_000, 30_100]],
    [
      'with a progress time the attempt ends when it ends',
      { progress: '1 s', timeout: '2 s' },
      [900, 1_800],
      ['timeout', 2_000, 2_100],
    ],
    ['all attempts', { total: '5 s' }, [], ['total-timeout', 5_000, null]],
    [
      'progress does not move the end of all attempts',
      { total: '5 s', timeout: '4 s' },
      [3_000],
      ['total-timeout', 5_000, null],
    ],
    [
      'nothing heard first, then all',
      { takeUp: '1 s', total: '5 s', timeout: '1 day' },
      [],
      ['not-taken-up', 1_000, 1_100],
    ],
    ['no time left for another attempt', { timeout: '2 s', total: '2100 ms' }, [], ['timeout', 2_000, null]],
    ['all at once', { takeUp: '1 s', timeout: '1 s', total: '1 s' }, [], ['total-timeout', 1_000, null]],
  ])('%s', (_, options, progressAt, expected) => expect(firstExpiry(way, options, progressAt)).toEqual(expected))

  it('end all attempts when the budget says, with the deadline of each command', () => {
    const play = sent(way, { timeout: '2 s', total: '5 s' })
    while (play.history.every(({ event }) => !('error' in event) || event.error.code !== 'total-timeout')) play.fire()
    const ends = play.history.flatMap(({ event }) =>
      'timeoutAt' in event && 'giveUpAt' in event ? [[(event.timeoutAt ?? 0) - T0, (event.giveUpAt ?? 0) - T0]] : [],
    )
    expect(ends).toEqual([2_000, 4_100, 5_000].map((at) => [at, 5_000]))
    const deadlines = play.effects.flatMap((effect) => (effect.kind === 'send' ? [effect.command.deadlineAt] : []))
    expect(deadlines).toContain(T0 + 5_000)
    expect(play.now).toBe(T0 + 5_000)
  })

  it('begin no attempt after the budget because the timer came late', () => {
    const play = sent(way, { timeout: '2 s', total: '5 s' })
    play.fire()
    play.now = T0 + 5_000
    play.fire()
    const failures = play.history.flatMap(({ event }) => (event.type === FAILED[way] ? [event] : []))
    expect(failures).toMatchObject([
      { error: { code: 'timeout' } },
      { error: { code: 'total-timeout' }, retryAt: null },
    ])
    expect(play.status).toBe(way === 'forward' ? 'compensating' : 'stuck')
  })
})

it('a person begins all times anew', () => {
  const play = sent('undo', { total: '5 s' })
  play.fire()
  expect(play.status).toBe('stuck')
  play.now = T0 + 60_000
  play.act('retry')
  expect(play.history.at(-1)?.event).toMatchObject({ attempt: 2, giveUpAt: T0 + 65_000, timeoutAt: T0 + 65_000 })
})

it('an answer that comes in time after all is taken while the next attempt waits', () => {
  const play = sent('forward', { takeUp: '1 s' })
  play.fire()
  play.answer('a')
  expect(play.open).toEqual(['b'])
})

it('a step without them says nothing of them', () => {
  const { history } = sent('forward', {})
  expect(JSON.stringify(history)).not.toMatch(/takeUpAt|giveUpAt|retryUntil|progressAt/)
})

it('a time that makes no sense is refused', () => {
  for (const name of ['takeUp', 'progress', 'total'])
    expect(() => begin().step('a', shop.do, what(1), { [name]: -1 })).toThrow(TypeError)
})

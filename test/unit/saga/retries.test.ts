/** When a failed step is tried again: by backoff, by age, by the code of its error, by the participant's word. */
import { describe, expect, it } from 'vitest'
import type { Json } from '../../../shared/message/json.ts'
import {
  COMPENSATION_RETRY,
  FORWARD_RETRY,
  policyOn,
  type RetryOptions,
  retryDelayMs,
  retryPolicy,
} from '../../../shared/saga/retry-policy.ts'
import { Play } from '../../support/play.ts'
import { begin, shop, what } from './shapes/shop.ts'

const delays = (options: RetryOptions, times = 8, chance = 0.5): number[] => {
  const policy = retryPolicy({ jitter: 'none', ...options }, FORWARD_RETRY)
  return Array.from({ length: times }, (_, i) => retryDelayMs(policy, i + 1, chance))
}

describe('the delay before each attempt', () => {
  it.each<[RetryOptions, number[]]>([
    [{ firstDelay: 100, maxDelay: 1_000 }, [100, 200, 400, 800, 1_000, 1_000]],
    [{ firstDelay: 100, maxDelay: 1_000, backoff: 'exponential', multiplier: 3 }, [100, 300, 900, 1_000, 1_000]],
    [{ firstDelay: 100, multiplier: 1 }, [100, 100, 100, 100]],
    [{ firstDelay: 100, backoff: 'fixed', multiplier: 5 }, [100, 100, 100, 100]],
    [{ firstDelay: '1 min', maxDelay: '10 s', backoff: 'fixed' }, [10_000, 10_000]],
    [{ firstDelay: 100, maxDelay: 1_000, backoff: 'fibonacci' }, [100, 100, 200, 300, 500, 800, 1_000, 1_000]],
    [{ firstDelay: 0, backoff: 'fibonacci' }, [0, 0, 0]],
    [{ firstDelay: 0, multiplier: 10 }, [0, 0, 0]],
  ])('%j', (options, expected) => expect(delays(options, expected.length)).toEqual(expected))

  it.each(['fixed', 'exponential', 'fibonacci'] as const)('is a number after any number of failures: %s', (backoff) => {
    const policy = retryPolicy({ backoff, jitter: 'none', multiplier: 10, firstDelay: 1, maxDelay: 9 }, FORWARD_RETRY)
    expect(retryDelayMs(policy, 9_999, 0)).toBe(backoff === 'fixed' ? 1 : 9)
  })

  it.each(['fixed', 'exponential', 'fibonacci'] as const)(
    'is anything up to it, drawn by full jitter: %s',
    (backoff) => {
      const full = delays({ backoff }, 6)
      const drawn = (chance: number) => delays({ backoff, jitter: 'full' }, 6, chance)
      expect(drawn(0)).toEqual([0, 0, 0, 0, 0, 0])
      expect(drawn(0.25)).toEqual(full.map((delay) => Math.round(delay / 4)))
      expect(drawn(0.999_999)).toEqual(full)
    },
  )
})

describe('a policy', () => {
  it.each<[RetryOptions]>([
    [{ attempts: 0 }],
    [{ attempts: 1.5 }],
    [{ attempts: 10_001 }],
    [{ multiplier: 0.5 }],
    [{ multiplier: Number.NaN }],
    [{ maxAge: -1 }],
    [{ rules: [{ code: 'busy', attempts: 0 }] }],
    [{ rules: [{ code: 'busy', firstDelay: '5' as never }] }],
  ])('refuses %j', (options) => expect(() => retryPolicy(options, FORWARD_RETRY)).toThrow(TypeError))

  it('says only what it was told, beside its figures', () => {
    expect(retryPolicy({}, COMPENSATION_RETRY)).toEqual(COMPENSATION_RETRY)
    const rules = [
      { code: 'busy', firstDelay: '1 min' },
      { code: 'gone', fatal: true },
    ] as const
    expect(retryPolicy({ backoff: 'fixed', maxAge: '1 day', rules }, FORWARD_RETRY)).toEqual({
      ...FORWARD_RETRY,
      backoff: 'fixed',
      maxAgeMs: 86_400_000,
      rules: [
        { code: 'busy', firstDelayMs: 60_000 },
        { code: 'gone', fatal: true },
      ],
    })
  })

  it('takes the first rule for a code, and `notOn` after the rules', () => {
    const rules = [
      { code: 'busy', attempts: 9 },
      { code: 'busy', fatal: true },
      { code: 'odd', fatal: true },
    ] as const
    const policy = retryPolicy({ rules, notOn: ['busy', 'shut'] }, FORWARD_RETRY)
    expect(policyOn(policy, 'busy')).toMatchObject({ attempts: 9, firstDelayMs: 500 })
    expect(policyOn(policy, 'odd')).toBeUndefined()
    expect(policyOn(policy, 'shut')).toBeUndefined()
    expect(policyOn(policy, 'other')).toBe(policy)
  })
})

const T0 = 1_000_000

/** When a step with this policy is tried again after it failed so often, each time when it was due; `null`: it is not. */
function retriesOf(retry: RetryOptions, codes: readonly (string | readonly [string, number])[]): (number | null)[] {
  const step = begin()
    .step('a', shop.do, what(1), { retry: { jitter: 'none', ...retry } })
    .undo(shop.undo, what(1))
    .end()
  const play = new Play(step)
  play.start()
  for (const said of codes) {
    const [code, retryAfterMs] = typeof said === 'string' ? [said] : said
    const body: Json = { code, message: 'm' }
    const attempt = play.state?.root.steps[0]?.attempt ?? 0
    const reply = {
      kind: 'reply',
      sagaId: play.id,
      step: 'a',
      direction: 'forward',
      attempt,
      outcome: 'failed',
    } as const
    play.give({ ...reply, body, errorCode: code, retryAfterMs })
    if (play.state?.root.steps[0]?.status === 'retrying') play.fire()
  }
  return play.history.flatMap(({ event }) =>
    event.type === 'step-failed' ? [event.retryAt === null ? null : event.retryAt - T0] : [],
  )
}

describe('a step that fails again and again', () => {
  it.each<[string, RetryOptions, (string | readonly [string, number])[], (number | null)[]]>([
    ['as often as it may', { attempts: 3, firstDelay: 100 }, ['x', 'x', 'x'], [100, 300, null]],
    ['not for a code in `notOn`', { notOn: ['gone'] }, ['x', 'gone'], [500, null]],
    ['not for a code that is fatal', { rules: [{ code: 'gone', fatal: true }] }, ['gone'], [null]],
    [
      'slower for one code, and the others as ever',
      { firstDelay: 100, rules: [{ code: 'rate-limited', firstDelay: '1 min', maxDelay: '1 h', backoff: 'fixed' }] },
      ['x', 'rate-limited', 'x'],
      [100, 60_100, 60_500],
    ],
    ['fewer times for one code', { rules: [{ code: 'x', attempts: 1 }] }, ['x'], [null]],
    [
      'more times for one code',
      { attempts: 1, firstDelay: 0, rules: [{ code: 'x', attempts: 3 }] },
      ['x', 'x', 'y'],
      [0, 0, null],
    ],
    ['when the participant says, whatever the longest delay', { maxDelay: 10 }, [['x', 90_000]], [90_000]],
    ['not past the age', { firstDelay: 100, maxAge: 300 }, ['x', 'x', 'x'], [100, 300, null]],
    ['not when the participant says a time past the age', { maxAge: '1 min' }, [['x', 60_001]], [null]],
    ['not at all at age nothing', { maxAge: 0 }, ['x'], [null]],
  ])('is tried again %s', (_, retry, codes, expected) => expect(retriesOf(retry, codes)).toEqual(expected))

  it('is not begun past the age because its timer came late, and is undone', () => {
    const made = begin()
      .step('a', shop.do, what(1), { retry: { maxAge: '1 min' } })
      .undo(shop.undo, what(1))
      .end()
    const play = new Play(made)
    play.start()
    play.answer('a', 'failed', { code: 'busy', message: 'm' })
    play.now = T0 + 60_001
    play.fire()
    expect(play.told.slice(-3)).toEqual(['step-failed a', 'compensation-started', 'compensation-requested a'])
    expect(play.history.at(-3)?.event).toMatchObject({ retryAt: null, attempt: 1, error: { code: 'busy' } })
  })

  it('is tried by a person with a new age', () => {
    const made = begin()
      .pivot('a', shop.do, what(1), { retry: { maxAge: 100, firstDelay: 100 } })
      .end()
    const play = new Play(made)
    play.start()
    for (let i = 0; i < 2; i++) {
      play.answer('a', 'failed')
      play.now = T0 + 101
    }
    play.fire()
    expect(play.status).toBe('stuck')
    play.now = T0 + 9_000
    play.act('retry')
    expect(play.history.at(-1)?.event).toMatchObject({ type: 'step-requested', attempt: 2, retryUntil: T0 + 9_100 })
  })

  it('is not tried again when it was refused, whatever the policy says', () => {
    const rules = [{ code: 'no', attempts: 9 }] as const
    const made = begin().step('a', shop.do, what(1), { retry: { rules } }).end()
    const play = new Play(made)
    play.start()
    play.answer('a', 'rejected', { code: 'no' })
    expect(play.status).toBe('compensated')
  })
})

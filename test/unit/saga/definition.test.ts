/** What a definition refuses when it is made, and how its policies count. */
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { saga } from '../../../shared/saga/builder.ts'
import { command, participant, participantName } from '../../../shared/saga/contract.ts'
import { Definitions } from '../../../shared/saga/definition.ts'
import { type Duration, durationMs } from '../../../shared/saga/duration.ts'
import { sendingStepAt } from '../../../shared/saga/plan-tree.ts'
import { COMPENSATION_RETRY, FORWARD_RETRY, retryDelayMs, retryPolicy } from '../../../shared/saga/retry-policy.ts'
import { fulfil, stock } from '../../support/fulfil.ts'

const begin = () => saga('s', { version: 1, input: z.string() })
const map = () => ({ orderId: 'o' })

describe('a definition', () => {
  it('is data: steps, undos and the pivot can be listed', () => {
    const undoOf = (name: string) => sendingStepAt(fulfil, name)?.undo?.command.type
    expect(fulfil.steps.map(({ name, kind, after }) => [name, kind, after, undoOf(name)])).toEqual([
      ['stock', 'compensatable', [], 'stock.release.v1'],
      ['charge', 'compensatable', ['stock'], 'bank.refund.v1'],
      ['ship', 'pivot', ['charge'], undefined],
      ['notify', 'retriable', ['ship'], undefined],
    ])
    expect(fulfil.deadlineMs).toBe(3_600_000)
    expect(fulfil.compensation).toBe('parallel')
  })
  it('says how it turns back', () => {
    const made = saga('s', { version: 1, input: z.string(), compensation: 'sequential' })
      .local('one', () => 1)
      .end()
    expect(made.compensation).toBe('sequential')
  })
  it('is not changed by what is chained to it', () => {
    const base = begin().step('one', stock.reserve, map)
    const [a, b] = [base.undo(stock.release, map).end(), base.end()]
    const undoOf = (plan: typeof a) => sendingStepAt(plan, 'one')?.undo?.command.type
    expect([undoOf(a), undoOf(b)]).toEqual(['stock.release.v1', undefined])
  })
  it.each<[string, () => unknown]>([
    ['no step', () => begin().end()],
    ['a name with a blank', () => saga('a b', { version: 1, input: z.string() })],
    ['a version 0', () => saga('s', { version: 0, input: z.string() })],
    [
      'a step name that is taken',
      () =>
        begin()
          .step('one', stock.reserve, map)
          .step('one' as never, stock.reserve, map)
          .end(),
    ],
    [
      'a step called input',
      () =>
        begin()
          .step('input' as never, stock.reserve, map)
          .end(),
    ],
    ['no attempt', () => begin().step('one', stock.reserve, map, { retry: { attempts: 0 } })],
    ['a shrinking backoff', () => begin().step('one', stock.reserve, map, { retry: { multiplier: 0.5 } })],
    ['a negative timeout', () => begin().step('one', stock.reserve, map, { timeout: -1 })],
    ['a contract without commands', () => participant('p', {})],
    ['a contract with a bad name', () => participant('p', { Go: command({ input: z.string() }) })],
    ['two of one version', () => new Definitions([fulfil, fulfil])],
  ])('refuses %s', (_, make) => expect(make).toThrow(TypeError))
  it('is found by name and version, the newest when none is named', () => {
    const second = { ...fulfil, version: 2 }
    const all = new Definitions([second, fulfil])
    expect(all.find('fulfil')).toBe(second)
    expect(all.find('fulfil', 1)).toBe(fulfil)
    expect(all.find('fulfil', 3)).toBeUndefined()
    expect(all.find('other')).toBeUndefined()
  })
  it('names its participant', () => expect(participantName(stock)).toBe('stock'))
})

describe('a duration', () => {
  it.each<[Duration, number]>([
    [5, 5],
    ['250 ms', 250],
    ['1.5 s', 1_500],
    ['2 min', 120_000],
    ['1 hour', 3_600_000],
    ['2 days', 172_800_000],
    ['1 week', 604_800_000],
  ])('%s is %i ms', (duration, ms) => expect(durationMs(duration)).toBe(ms))
  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, '5', '5 years', ' s', 'x s', '5 constructor', '99999999 weeks'])(
    'refuses %s',
    (duration) => expect(() => durationMs(duration as Duration)).toThrow(TypeError),
  )
})

describe('a retry policy', () => {
  it('doubles up to its limit', () => {
    const policy = retryPolicy({ jitter: 'none', firstDelay: 100, maxDelay: 1_000 }, FORWARD_RETRY)
    expect([1, 2, 3, 4, 5, 6].map((failures) => retryDelayMs(policy, failures, 0))).toEqual([
      100, 200, 400, 800, 1_000, 1_000,
    ])
  })
  it('stays fixed with a multiplier of 1', () => {
    const policy = retryPolicy({ jitter: 'none', firstDelay: 100, multiplier: 1 }, FORWARD_RETRY)
    expect(retryDelayMs(policy, 9, 0)).toBe(100)
  })
  it('draws anything up to the delay', () => {
    expect([0, 0.5, 0.999].map((chance) => retryDelayMs(FORWARD_RETRY, 1, chance))).toEqual([0, 250, 500])
  })
  it('is a number after any number of failures', () => {
    for (const firstDelay of [0, 1]) {
      const policy = retryPolicy({ firstDelay, multiplier: 10, jitter: 'none' }, FORWARD_RETRY)
      expect(retryDelayMs(policy, 9_999, 0.5)).toBe(firstDelay === 0 ? 0 : policy.maxDelayMs)
    }
  })
  it('tries an undo longer than a step', () =>
    expect(COMPENSATION_RETRY.attempts).toBeGreaterThan(FORWARD_RETRY.attempts))
})

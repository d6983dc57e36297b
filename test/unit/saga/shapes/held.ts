/** Sagas of the shop while it is gated. */
import { expect } from 'vitest'
import type { StepOptions } from '../../../../shared/saga/builder/options.ts'
import type { Definition } from '../../../../shared/saga/definition.ts'
import { nextDueAt } from '../../../../shared/saga/timers.ts'
import { Play } from '../../../support/play.ts'
import { begin, shop, what } from './shop.ts'

export const T0 = 1_000_000
export const GATED = new Set(['shop'])
export const NONE = new Set<string>()
export const retry = { jitter: 'none', firstDelay: 100, backoff: 'fixed' } as const

export const plan = (options: StepOptions = {}) =>
  begin()
    .step('a', shop.do, what(1), { retry, ...options })
    .undo(shop.undo, what(1), { retry, ...options })
    .step('b', shop.do, what(2), { retry, ...options })
    .undo(shop.undo, what(2))
    .pivot('c', shop.do, what(3), { retry })
    .step('d', shop.do, what(4), { retry })
    .end()

export function started(definition: Definition = plan(), gated: ReadonlySet<string> = GATED): Play {
  const play = new Play(definition)
  play.gated = gated
  play.start()
  return play
}

/** A step that has failed once, and is held before its second attempt. */
export function heldAgain(options: StepOptions = {}): Play {
  const play = started(plan(options), NONE)
  play.gated = GATED
  play.answer('a', 'failed')
  play.fire()
  expect(play.held).toEqual(['a'])
  return play
}

export const last = (play: Play, count: number) => play.told.slice(-count)
export const due = (play: Play) => play.state && nextDueAt(play.definition, play.state)

/** Two versions of one order, and how a saga is played up to where it is moved. */
import { expect } from 'vitest'
import { z } from 'zod'
import { saga } from '../../../shared/saga/builder.ts'
import type { Definition } from '../../../shared/saga/definition.ts'
import { Play } from '../../support/play.ts'
import { shop, what } from './shapes/shop.ts'

export const one = () => saga('order', { version: 1, input: z.json() })
export const two = () => saga('order', { version: 2, input: z.json() }).migratesFrom(1)

/** One step that can be undone, then others. */
export const first = one()
  .step('hold', shop.do, what('hold'))
  .undo(shop.undo, what('hold'))
  .step('charge', shop.do, what('charge'))
  .undo(shop.undo, what('charge'))
  .pivot('ship', shop.do, what('ship'))
  .step('tell', shop.do, what('tell'))
  .end()

/** A check more before the pivot, and a note more after it. */
export const second = two()
  .step('hold', shop.do, what('hold'))
  .undo(shop.undo, what('hold'))
  .step('check', shop.do, what('check'))
  .undo(shop.undo, what('check'))
  .step('charge', shop.do, what('charge again'))
  .undo(shop.undo, what('charge'))
  .pivot('ship', shop.do, what('ship'))
  .step('tell', shop.do, what('tell'))
  .step('note', shop.do, what('note'))
  .end()

export function played(definition: Definition, ...steps: readonly string[]): Play {
  const play = new Play(definition)
  play.start({})
  for (const step of steps) play.answer(step)
  return play
}

export const lastSent = (play: Play) => play.effects.at(-1)
export const refusal = (play: Play, to: Definition, options?: { old: boolean }) => {
  const before = play.history.length
  const decision = play.move(to, options)
  expect(play.history).toHaveLength(before)
  return decision.kind === 'events' ? 'moved' : `${decision.reason}: ${'message' in decision ? decision.message : ''}`
}

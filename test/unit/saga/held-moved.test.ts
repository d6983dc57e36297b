/** A saga whose steps wait for their participant, moved to another version of its definition. */
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { saga } from '../../../shared/saga/builder.ts'
import { command, participant } from '../../../shared/saga/contract.ts'
import type { Definition } from '../../../shared/saga/definition.ts'
import { Play } from '../../support/play.ts'
import { refusal } from './moving.ts'
import { GATED } from './shapes/held.ts'
import { shop, what } from './shapes/shop.ts'

const bank = participant('bank', {
  do: command({ input: z.object({ what: z.json() }), output: z.object({ of: z.string() }) }),
  undo: command({ input: z.object({ what: z.json() }) }),
})
const order = (version: number) => saga('order', { version, input: z.json() })
const first = order(1)
  .step('hold', shop.do, what('h'))
  .undo(shop.undo, what('h'))
  .step('last', shop.do, what('l'))
  .end()
const renamed = order(2)
  .migratesFrom(first, undefined, { renames: { hold: 'keep' } })
  .step('keep', shop.do, what('k'))
  .undo(shop.undo, what('k'))
  .step('last', shop.do, what('l'))
  .end()
const to = (forward: typeof shop | typeof bank, undo: typeof shop | typeof bank) =>
  order(2)
    .migratesFrom(first)
    .step('hold', forward.do, what('h'))
    .undo(undo.undo, what('h'))
    .step('last', shop.do, what('l'))
    .end()

function held(definition: Definition = first): Play {
  const play = new Play(definition)
  play.gated = GATED
  play.start({})
  expect(play.held).toEqual(['hold'])
  return play
}

function undoHeld(): Play {
  const play = held()
  play.admit()
  play.answer('hold')
  play.act('cancel')
  expect(play.held).toEqual(['undo hold'])
  return play
}

describe('what is held', () => {
  it('is held on under its new name, and sent by the new plan', () => {
    const play = held()
    expect(play.move(renamed).kind).toBe('events')
    expect(play.held).toEqual(['keep'])
    play.admit()
    expect(play.effects).toMatchObject([{ command: { step: 'keep', attempt: 1, version: 2, payload: { what: 'k' } } }])
  })
  it('is undone by the new plan, when that is what is held', () => {
    const play = undoHeld()
    expect(play.move(renamed).kind).toBe('events')
    expect(play.held).toEqual(['undo keep'])
    play.admit()
    play.undone('keep')
    expect(play.status).toBe('compensated')
  })
  it('is moved to no plan that would send it to another participant', () => {
    expect(held().move(to(shop, bank)).kind).toBe('events')
    expect(refusal(held(), to(bank, shop))).toContain('hold is held for shop, and would not be sent there')
    expect(undoHeld().move(to(shop, shop)).kind).toBe('events')
    expect(refusal(undoHeld(), to(shop, bank))).toContain('hold is held for shop, and would not be sent there')
  })
})

/** Whose steps are sent first: said by the start, else by the definition, and of a child by its parent. */
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { sagaId } from '../../../shared/message/ids.ts'
import { saga } from '../../../shared/saga/builder.ts'
import type { InputOf } from '../../../shared/saga/input.ts'
import { Play } from '../../support/play.ts'
import { shop, what } from './shapes/shop.ts'

const options = { version: 1, input: z.json() } as const
const usual = saga('usual', options).step('a', shop.do, what(1)).end()
const high = saga('high', { ...options, priority: 8 })
  .step('a', shop.do, what(1))
  .end()
const parent = saga('parent', { ...options, priority: 2 })
  .child('other', high, () => ({}))
  .end()
const parentUsual = saga('parent', options)
  .child('other', high, () => ({}))
  .end()

function started(definition: typeof usual, more: Partial<InputOf<'start'>> = {}): Play {
  const play = new Play(definition)
  const { name, version } = definition
  const start = { kind: 'start', sagaId: play.id, definition: name, version, input: {}, inputHash: 'h' } as const
  play.give({ ...start, ...more })
  return play
}

const link = { sagaId: sagaId('p-1'), step: 'other', attempt: 1, waits: true } as const

describe('the priority of a saga', () => {
  it.each([
    ['5, unless told otherwise', usual, {}, 5],
    ["its definition's", high, {}, 8],
    ["its start's, before that", high, { priority: 0 }, 0],
    ["its start's", usual, { priority: 9 }, 9],
    ["its start's, also when that is the usual one", high, { priority: 5 }, 5],
    ["its parent's, and not its definition's", high, { parent: link }, 5],
    ["its parent's", high, { parent: link, priority: 2 }, 2],
  ] as const)('is %s', (_, definition, more, expected) => {
    const play = started(definition, more)
    expect(play.state?.priority).toBe(expected)
    expect(play.history[0]?.event).toEqual(
      expected === 5
        ? expect.not.objectContaining({ priority: expect.anything() })
        : expect.objectContaining({ priority: expected }),
    )
  })

  it('is told to a child', () => {
    expect(started(parent).effects).toMatchObject([{ kind: 'start-child', priority: 2 }])
    expect(started(parentUsual).effects[0]).not.toHaveProperty('priority')
  })

  it.each([-1, 10, 0.5, Number.NaN])('is refused in a definition: %d', (priority) => {
    expect(() => saga('none', { ...options, priority })).toThrow('from 0 to 9')
  })
})

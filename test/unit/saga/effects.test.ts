import { describe, expect, it } from 'vitest'
import { effectsOf } from '../../../shared/saga/effects.ts'
import { cancelCause, done, requested, started, turned, undone, undoRequested } from '../../support/fulfil-events.ts'
import { historyOf, SAGA, T0 } from '../../support/given-when-then.ts'

describe('the effects of events', () => {
  it('are the commands that they ask for, in the direction that they ask for', () => {
    const history = historyOf([
      started,
      ...done('stock'),
      requested('charge'),
      turned(cancelCause),
      undoRequested('charge'),
      undone('charge'),
    ])
    expect(
      history
        .flatMap(effectsOf)
        .map((effect) =>
          effect.kind === 'send'
            ? [effect.participant, effect.command.direction, effect.command.step, effect.command.attempt]
            : effect.kind,
        ),
    ).toEqual([
      ['stock', 'forward', 'stock', 1],
      ['bank', 'forward', 'charge', 1],
      ['bank', 'compensate', 'charge', 1],
    ])
  })
  it('say all of the command', () => {
    const [envelope] = historyOf([{ at: T0 + 7, event: requested('charge', 2) }])
    expect(envelope && effectsOf(envelope)).toEqual([
      {
        kind: 'send',
        participant: 'bank',
        command: {
          sagaId: SAGA,
          definition: 'fulfil',
          version: 1,
          step: 'charge',
          direction: 'forward',
          attempt: 2,
          commandType: 'bank.charge.v1',
          payload: { orderId: 'o-1', cents: 500 },
          at: T0 + 7,
          deadlineAt: T0 + 5_000,
        },
      },
    ])
  })
})

/** What must not compile. `tsc` checks this file: an expected error that does not come is an error. */
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { saga, signal } from '../../../shared/saga/builder.ts'
import { bank, carrier, stock } from '../../support/fulfil.ts'

const order = z.object({ id: z.string(), cents: z.int() })
const begin = () => saga('s', { version: 1, input: order })
const toCharge = () => begin().step('stock', stock.reserve, ({ input }) => ({ orderId: input.id }))

const face = {
  'the right one compiles': () =>
    toCharge()
      .undo(stock.release, ({ input, stock }) => ({ orderId: stock?.parcel ?? input.id }))
      .pivot('ship', carrier.ship, ({ stock }) => ({ parcel: stock.parcel }))
      .output(({ ship }) => ship.tracking),
  'a payload of the wrong type': () =>
    // @ts-expect-error -- cents is a number
    begin().step('charge', bank.charge, ({ input }) => ({ orderId: input.id, cents: 'five' })),
  'a payload with a field missing': () =>
    // @ts-expect-error -- cents is missing
    begin().step('charge', bank.charge, ({ input }) => ({ orderId: input.id })),
  'a field that the input does not have': () =>
    // @ts-expect-error -- the input has no name
    begin().step('stock', stock.reserve, ({ input }) => ({ orderId: input.name })),
  'the output of a step that may be skipped, taken for known': () =>
    begin()
      .when(({ input }) => input.cents > 5)
      .local('tip', ({ input }) => ({ cents: input.cents }))
      // @ts-expect-error -- the tip may have been skipped
      .output(({ tip }) => tip.cents),
  'a wait past the pivot that turns back': () =>
    toCharge()
      .pivot('ship', carrier.ship, ({ stock }) => ({ parcel: stock.parcel }))
      // @ts-expect-error -- there is no way back
      .waitFor('ok', signal('ok', z.boolean()), { deadline: '1 h', atDeadline: 'turn-back' }),
  'an output of a command that answers nothing': () =>
    begin()
      .step('notify', carrier.notify, ({ input }) => ({ tracking: input.id }))
      // @ts-expect-error -- there is nothing in it
      .output(({ notify }) => notify.anything),
  'an undo that takes its own output for known': () =>
    begin()
      .step('charge', bank.charge, ({ input }) => ({ orderId: input.id, cents: input.cents }))
      // @ts-expect-error -- the charge may be unknown
      .undo(bank.refund, ({ input, charge }) => ({ orderId: input.id, chargeId: charge.chargeId })),
  'an undo with the wrong payload': () =>
    // @ts-expect-error -- the order's id is a string
    toCharge().undo(stock.release, () => ({ orderId: 5 })),
  'a name that is taken': () =>
    expect(() =>
      toCharge()
        // @ts-expect-error -- there is a step called stock
        .step('stock', stock.reserve, ({ input }) => ({ orderId: input.id }))
        .end(),
    ).toThrow(/two steps/),
  'a step called input': () =>
    expect(() =>
      begin()
        // @ts-expect-error -- mappings see the saga's input under this name
        .step('input', stock.reserve, () => ({ orderId: 'o' }))
        .end(),
    ).toThrow(/taken/),
  'an undo after the pivot': () => {
    const passed = toCharge().pivot('ship', carrier.ship, ({ stock }) => ({ parcel: stock.parcel }))
    const made = () =>
      passed
        // @ts-expect-error -- nothing is undone after the pivot
        .undo(stock.release, () => ({ orderId: 'o' }))
        .end()
    expect(made).toThrow(/from the pivot on nothing is undone/)
    const after = passed.step('notify', carrier.notify, ({ ship }) => ({ tracking: ship.tracking }))
    const second = () =>
      after
        // @ts-expect-error -- a saga has one pivot
        .pivot('again', carrier.notify, () => ({ tracking: 't' }))
        .end()
    expect(second).toThrow(/there is a pivot before it: ship/)
  },
  'an undo with no step': () =>
    // @ts-expect-error -- there is nothing to undo yet
    expect(() => begin().undo(stock.release, () => ({ orderId: 'o' }))).toThrow(/just after the command/),
  'the output of a step that has not run': () =>
    // @ts-expect-error -- ship comes later
    begin().step('stock', stock.reserve, ({ ship }) => ({ orderId: ship.tracking })),
  'an output that no step gave': () =>
    // @ts-expect-error -- there is no step ship
    toCharge().output(({ ship }) => ship.tracking),
  'a duration that is none': () => {
    // @ts-expect-error -- a unit is missing
    const deadline = () => saga('s', { version: 1, input: order, deadline: '5' })
    const made = () => deadline().step('stock', stock.reserve, () => ({ orderId: 'o' }))
    expect(() => made().end()).toThrow(TypeError)
  },
} satisfies Record<string, () => unknown>

describe('the face of a definition', () => {
  it.each(Object.entries(face))('knows %s', (_, make) => {
    expect(make).not.toThrow()
  })
})

/** Sagas with blocks, a child, an approval and an undo by hand, over the participants of `fulfil`. */
import { z } from 'zod'
import { saga } from '../../shared/saga/builder.ts'
import { bank, carrier, stock } from './fulfil.ts'

const order = z.object({ id: z.string(), cents: z.int() })

/** Started by `tour`. */
export const leg = saga('leg', { version: 1, input: order })
  .step('stock', stock.reserve, ({ input }) => ({ orderId: input.id }))
  .undo(stock.release, ({ input }) => ({ orderId: input.id }))
  .output(({ stock }) => ({ parcel: stock.parcel }))

/** Two parts at once, then a manager's word. */
export const tour = saga('tour', { version: 1, input: order })
  .parallel('parts', {
    goods: (b) => b.child('leg', leg, ({ input }) => ({ id: input.id, cents: input.cents })),
    money: (b) =>
      b
        .step('charge', bank.charge, ({ input }) => ({ orderId: input.id, cents: input.cents }))
        .undo(bank.refund, ({ input, charge }) => ({ orderId: input.id, chargeId: charge?.chargeId })),
  })
  .approve('release', { roles: ['boss'], answers: ['yes', 'no'], turnBackOn: ['no'] })
  .output(({ release }) => ({ answer: release.answer }))

/** What was charged can only be given back by a person. */
export const manual = saga('manual', { version: 1, input: order })
  .step('charge', bank.charge, ({ input }) => ({ orderId: input.id, cents: input.cents }))
  .undoByHand('call the bank')
  .approve('release', { roles: ['boss'], answers: ['yes', 'no'], turnBackOn: ['no'] })
  .end()

/** Two who are told at the same time, past the pivot: either can be parked. */
export const twins = saga('twins', { version: 1, input: order })
  .pivot('ship', carrier.ship, ({ input }) => ({ parcel: input.id }))
  .parallel('tell', {
    sender: (b) => b.step('notify', carrier.notify, ({ ship }) => ({ tracking: ship.tracking })),
    receiver: (b) => b.step('notify', carrier.notify, ({ ship }) => ({ tracking: ship.tracking })),
  })
  .end()

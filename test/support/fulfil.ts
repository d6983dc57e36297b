/** A small order-fulfilment saga for tests of the core. */
import { z } from 'zod'
import { saga } from '../../shared/saga/builder.ts'
import { command, participant } from '../../shared/saga/contract.ts'

export const stock = participant('stock', {
  reserve: command({ input: z.object({ orderId: z.string() }), output: z.object({ parcel: z.string() }) }),
  release: command({ input: z.object({ orderId: z.string() }) }),
})

export const bank = participant('bank', {
  charge: command({
    input: z.object({ orderId: z.string(), cents: z.int() }),
    output: z.object({ chargeId: z.string() }),
    rejects: ['card-declined'],
  }),
  refund: command({ input: z.object({ orderId: z.string(), chargeId: z.string().optional() }) }),
})

export const carrier = participant('carrier', {
  ship: command({ input: z.object({ parcel: z.string() }), output: z.object({ tracking: z.string() }) }),
  notify: command({ input: z.object({ tracking: z.string() }) }),
})

export const fulfil = saga('fulfil', {
  version: 1,
  input: z.object({ id: z.string(), cents: z.int() }),
  deadline: '1 hour',
})
  .step('stock', stock.reserve, ({ input }) => ({ orderId: input.id }), { retry: { attempts: 3 } })
  .undo(stock.release, ({ input }) => ({ orderId: input.id }), { retry: { attempts: 3 } })
  .step('charge', bank.charge, ({ input }) => ({ orderId: input.id, cents: input.cents }), { timeout: '5 s' })
  .undo(bank.refund, ({ input, charge }) => ({ orderId: input.id, chargeId: charge?.chargeId }))
  .pivot('ship', carrier.ship, ({ stock }) => ({ parcel: stock.parcel }))
  .step('notify', carrier.notify, ({ ship }) => ({ tracking: ship.tracking }))
  .output(({ ship }) => ({ tracking: ship.tracking }))

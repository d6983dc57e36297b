/**
 * A shop lets its customers cancel until the parcel leaves, at whatever moment the order is in: what has been done by then
 * is undone, what is on its way is waited for and undone too, and a cancel that comes after the parcel has left is refused.
 *
 * Shapes: a cancel from outside against parallel branches, one plan for each line, a sleep and a pivot.
 */
import { z } from 'zod'
import { saga } from '../../shared/saga/builder.ts'
import { command, participant } from '../../shared/saga/contract.ts'

const orderId = z.string().min(1).max(100)

export const shelf = participant('shelf', {
  pick: command({ input: z.object({ orderId, sku: z.string() }) }),
  restore: command({ input: z.object({ orderId, sku: z.string() }) }),
})

export const till = participant('till', {
  charge: command({
    input: z.object({ orderId, cents: z.int().positive() }),
    output: z.object({ charge: z.string() }),
  }),
  /** The charge may never have been heard of: then the order says which one. */
  refund: command({ input: z.object({ orderId, charge: z.string().optional() }) }),
  points: command({ input: z.object({ orderId, points: z.int() }) }),
  forfeit: command({ input: z.object({ orderId }) }),
})

export const post = participant('post', {
  handover: command({ input: z.object({ orderId }), output: z.object({ tracking: z.string() }) }),
  tell: command({ input: z.object({ orderId, tracking: z.string() }) }),
})

export const CancellableOrder = z.object({
  id: orderId,
  cents: z.int().positive(),
  skus: z.array(z.string()).min(1).max(50),
  /** When the parcel may leave at the earliest. */
  leavesAt: z.iso.datetime(),
})

export const cancelledOrder = saga('cancelled-order', { version: 1, input: CancellableOrder })
  .parallel('prepare', {
    goods: (b) =>
      b
        .each(
          'lines',
          ({ input }) => input.skus,
          (line) =>
            line
              .step('pick', shelf.pick, ({ input, item }) => ({ orderId: input.id, sku: item }))
              .undo(shelf.restore, ({ input, item }) => ({ orderId: input.id, sku: item }))
              .end(),
          { parallel: 2 },
        )
        .end(),
    money: (b) =>
      b
        .step('charge', till.charge, ({ input }) => ({ orderId: input.id, cents: input.cents }))
        .undo(till.refund, ({ input, charge }) => ({ orderId: input.id, charge: charge?.charge }))
        .step('points', till.points, ({ input }) => ({ orderId: input.id, points: Math.floor(input.cents / 100) }))
        .undo(till.forfeit, ({ input }) => ({ orderId: input.id }))
        .end(),
  })
  .sleep('collection', ({ input }) => input.leavesAt)
  .pivot('leave', post.handover, ({ input }) => ({ orderId: input.id }))
  .step('tell', post.tell, ({ input, leave }) => ({ orderId: input.id, tracking: leave.tracking }))
  .output(({ leave }) => ({ tracking: leave.tracking }))

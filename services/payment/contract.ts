/** What the payment service can be asked. */
import { z } from 'zod'
import { command, participant } from '../../shared/saga/contract.ts'

const orderId = z.string().min(1).max(200)

export const payment = participant('payment', {
  /** Takes money for an order. */
  charge: command({
    input: z.object({ orderId, cents: z.int().positive().max(2_000_000_000), card: z.string().min(4).max(64) }),
    output: z.object({ chargeId: z.string() }),
    rejects: ['card-declined', 'order-known'],
  }),
  /** Undoes `charge`. */
  refund: command({ input: z.object({ orderId, chargeId: z.string().optional() }) }),
})

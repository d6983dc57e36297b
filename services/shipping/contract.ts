/** What shipping can be asked. There is no way back from a parcel that has left: `ship` is meant to be a pivot. */
import { z } from 'zod'
import { command, participant } from '../../shared/saga/contract.ts'

export const shipping = participant('shipping', {
  /** Hands a parcel over. */
  ship: command({
    input: z.object({
      orderId: z.string().min(1).max(200),
      country: z.string().min(2).max(64),
      parcel: z.object({ weightGrams: z.int().positive() }),
    }),
    output: z.object({ tracking: z.string() }),
    rejects: ['undeliverable-address', 'order-known'],
  }),
})

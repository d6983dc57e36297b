/** What the inventory can be asked. */
import { z } from 'zod'
import { command, participant } from '../../shared/saga/contract.ts'

export const OrderLine = z.object({
  sku: z.string().min(1).max(64),
  quantity: z.int().min(1).max(10_000),
})

/** What is to be shipped. */
export const Parcel = z.object({ weightGrams: z.int().positive() })

const orderId = z.string().min(1).max(200)

export const inventory = participant('inventory', {
  /** Sets stock aside for an order. */
  reserve: command({
    input: z.object({ orderId, lines: z.array(OrderLine).min(1).max(100) }),
    output: z.object({ reservationId: z.string(), parcel: Parcel }),
    rejects: ['never-in-stock', 'order-known'],
  }),
  /** Undoes `reserve`. */
  release: command({ input: z.object({ orderId }) }),
})

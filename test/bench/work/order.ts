/**
 * The work that is measured: reserve, charge, ship. Every tenth order is refused at shipping and undone, so a saga has 3.2
 * step executions on average. Inputs have about 200 bytes, replies about 100, and handlers do nothing.
 */
import { z } from 'zod'
import { rejected } from '../../../shared/participant/answer.ts'
import { type BatchItem, batched, type Handlers } from '../../../shared/participant/handlers.ts'
import { saga } from '../../../shared/saga/builder.ts'
import { command, participant } from '../../../shared/saga/contract.ts'
import { done, isShipped } from './order-data.ts'

export const Order = z.object({
  id: z.string(),
  nth: z.int(),
  customer: z.string(),
  street: z.string(),
  city: z.string(),
  sku: z.string(),
  quantity: z.int(),
  cents: z.int(),
})

const Asked = z.object({ orderId: z.string(), sku: z.string(), quantity: z.int() })
const Billed = z.object({ orderId: z.string(), cents: z.int() })
const Shipped = z.object({ orderId: z.string(), nth: z.int(), street: z.string(), city: z.string() })
const Done = z.object({ id: z.string(), note: z.string() })

export const stock = participant('stock', {
  reserve: command({ input: Asked, output: Done }),
  release: command({ input: z.object({ orderId: z.string() }) }),
})
export const bank = participant('bank', {
  charge: command({ input: Billed, output: Done }),
  refund: command({ input: z.object({ orderId: z.string() }) }),
})
export const carrier = participant('carrier', { ship: command({ input: Shipped, output: Done }) })

export const benchOrder = saga('bench-order', { version: 1, input: Order })
  .step('reserve', stock.reserve, ({ input: { id, sku, quantity } }) => ({ orderId: id, sku, quantity }))
  .undo(stock.release, ({ input }) => ({ orderId: input.id }))
  .step('charge', bank.charge, ({ input: { id, cents } }) => ({ orderId: id, cents }))
  .undo(bank.refund, ({ input }) => ({ orderId: input.id }))
  .pivot('ship', carrier.ship, ({ input: { id, nth, street, city } }) => ({ orderId: id, nth, street, city }))
  .output(({ ship }) => ({ shipment: ship.id }))

export interface BenchHandlers<Tx> {
  readonly stock: Handlers<typeof stock, Tx>
  readonly bank: Handlers<typeof bank, Tx>
  readonly carrier: Handlers<typeof carrier, Tx>
}

/** One command of several that came together. */
export type BenchItem = BatchItem<{ readonly orderId: string }>

/** What is done with the commands besides answering them. */
export type Effect<Tx> = (items: readonly BenchItem[], tx: Tx) => Promise<void>

/** They do nothing, unless told otherwise: what is measured is all around them. */
export function benchHandlers<Tx>(effect: Effect<Tx> = async () => {}): BenchHandlers<Tx> {
  return {
    stock: {
      reserve: batched(async (items, { tx }) => {
        await effect(items, tx)
        return items.map(({ input }) => done('re', input.orderId))
      }),
      release: undoing(effect),
    },
    bank: {
      charge: batched(async (items, { tx }) => {
        await effect(items, tx)
        return items.map(({ input }) => done('ch', input.orderId))
      }),
      refund: undoing(effect),
    },
    carrier: {
      ship: batched(async (items, { tx }) => {
        await effect(
          items.filter(({ input }) => isShipped(input.nth)),
          tx,
        )
        return items.map(({ input: { orderId, nth } }) =>
          isShipped(nth) ? done('sh', orderId) : rejected('no-carrier', 'nobody goes there'),
        )
      }),
    },
  }
}

function undoing<Tx>(effect: Effect<Tx>) {
  return batched<{ readonly orderId: string }, null, Tx>(async (items, { tx }) => {
    await effect(items, tx)
    return items.map(() => null)
  })
}

/** What is run: the measured saga, and others that wait, or do much at once. */
import { z } from 'zod'
import { saga, signal } from '../../../shared/saga/builder.ts'
import { Definitions } from '../../../shared/saga/definition.ts'
import { benchOrder, Order, stock } from './order.ts'

const arrived = signal('arrived', z.object({}))

/** Reserves, and then waits for a signal that nobody gives. */
export const waitingOrder = saga('bench-waiting-order', { version: 1, input: Order })
  .step('reserve', stock.reserve, ({ input: { id, sku, quantity } }) => ({ orderId: id, sku, quantity }))
  .undo(stock.release, ({ input }) => ({ orderId: input.id }))
  .waitFor('arrived', arrived)
  .end()

/** Sleeps until a time; asks nobody anything. */
export const reminder = saga('bench-reminder', { version: 1, input: z.object({ id: z.string(), until: z.int() }) })
  .sleep('rest', ({ input }) => input.until)
  .end()

/** Reserves each of many parcels, a hundred at once. */
export const wideOrder = saga('bench-wide-order', {
  version: 1,
  input: z.object({ id: z.string(), parcels: z.array(z.int()) }),
})
  .each(
    'parcels',
    ({ input }) => input.parcels,
    (b) =>
      b
        .step('reserve', stock.reserve, ({ item }) => ({ orderId: `parcel-${item}`, sku: 'sku-1', quantity: 1 }))
        .undo(stock.release, ({ item }) => ({ orderId: `parcel-${item}` })),
    { parallel: 100 },
  )
  .end()

export const BENCH_DEFINITIONS = new Definitions([benchOrder, waitingOrder, reminder, wideOrder])

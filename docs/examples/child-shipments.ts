/**
 * A wholesaler delivers one sale to many shops. Each delivery is a saga of its own, with its own id, history and retries;
 * the sale starts them, waits for them, and invoices. When the invoice is refused, the deliveries are undone by their own
 * plans, those that had completed too.
 *
 * Shapes: a child saga for each item; a parent whose way back undoes its children; a child that is undone after its end.
 */
import { z } from 'zod'
import { saga } from '../../shared/saga/builder.ts'
import { command, participant } from '../../shared/saga/contract.ts'

const saleId = z.string().min(1).max(100)

export const depot = participant('depot', {
  load: command({
    input: z.object({ saleId, shop: z.string() }),
    output: z.object({ pallet: z.string() }),
    rejects: ['no-pallets'],
  }),
  unload: command({ input: z.object({ saleId, shop: z.string() }) }),
})

export const trucks = participant('trucks', {
  book: command({
    input: z.object({ saleId, shop: z.string(), pallet: z.string() }),
    output: z.object({ truck: z.string() }),
    rejects: ['no-road'],
  }),
  unbook: command({ input: z.object({ saleId, shop: z.string() }) }),
})

export const invoices = participant('invoices', {
  open: command({ input: z.object({ saleId }) }),
  void: command({ input: z.object({ saleId }) }),
  send: command({
    input: z.object({ saleId, trucks: z.array(z.string()) }),
    output: z.object({ invoice: z.string() }),
    rejects: ['customer-bankrupt'],
  }),
})

export const Delivery = z.object({ saleId, shop: z.string() })
export const Sale = z.object({ id: saleId, shops: z.array(z.string()).min(1).max(1_000) })

export const delivery = saga('delivery', { version: 1, input: Delivery })
  .step('load', depot.load, ({ input }) => input)
  .undo(depot.unload, ({ input }) => input)
  .step('truck', trucks.book, ({ input, load }) => ({ ...input, pallet: load.pallet }))
  .undo(trucks.unbook, ({ input }) => input)
  .output(({ truck }) => ({ truck: truck.truck }))

export const childShipments = saga('child-shipments', { version: 1, input: Sale, deadline: '5 days' })
  .step('open', invoices.open, ({ input }) => ({ saleId: input.id }))
  .undo(invoices.void, ({ input }) => ({ saleId: input.id }))
  .each(
    'deliveries',
    ({ input }) => input.shops,
    (b) =>
      b
        .child('deliver', delivery, ({ input, item }) => ({ saleId: input.id, shop: item }), {
          id: ({ input, item }) => `${input.id}.${item}`,
          undo: 'compensate',
        })
        .output(({ deliver }) => deliver.truck),
    { parallel: 20 },
  )
  .pivot('invoice', invoices.send, ({ input, deliveries }) => ({ saleId: input.id, trucks: [...deliveries] }))
  .output(({ invoice, deliveries }) => ({ invoice: invoice.invoice, trucks: deliveries }))

/** The order-fulfilment saga: reserve the stock, charge the card, ship. What is refused is undone, last step first. */
import { saga } from '../../shared/saga/builder.ts'
import { inventory } from '../inventory/contract.ts'
import { payment } from '../payment/contract.ts'
import { shipping } from '../shipping/contract.ts'
import { Order } from './order.ts'

export const fulfilOrder = saga('fulfil-order', { version: 1, input: Order, deadline: '2 days' })
  .step('stock', inventory.reserve, ({ input }) => ({
    orderId: input.id,
    lines: input.lines.map(({ sku, quantity }) => ({ sku, quantity })),
  }))
  .undo(inventory.release, ({ input }) => ({ orderId: input.id }))
  .step('charge', payment.charge, ({ input }) => ({ orderId: input.id, cents: input.cents, card: input.card }), {
    retry: { attempts: 8 },
  })
  // The charge may have been made without our hearing of it, so its id is possibly unknown: the type says so.
  .undo(payment.refund, ({ input, charge }) => ({ orderId: input.id, chargeId: charge?.chargeId }))
  .pivot('ship', shipping.ship, ({ input, stock }) => ({
    orderId: input.id,
    country: input.country,
    parcel: stock.parcel,
  }))
  .output(({ ship }) => ({ tracking: ship.tracking }))

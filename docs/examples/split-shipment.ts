/**
 * A shop fulfils an order whose lines lie in several warehouses. Stock is set aside and the card is charged once; then
 * each parcel is packed and handed over by itself, some at a time.
 *
 * Shapes: an undo beside its step; a pivot (once the money is taken, the order is only carried forward); past the pivot
 * one plan for each parcel, where a carrier that is down is asked again until it answers, and one parcel that needs a
 * person does not hold up the others.
 */
import { z } from 'zod'
import { saga } from '../../shared/saga/builder.ts'
import { command, participant } from '../../shared/saga/contract.ts'

const orderId = z.string().min(1).max(100)
const Line = z.object({ sku: z.string(), quantity: z.int().positive() })
const Parcel = z.object({ warehouse: z.string(), lines: z.array(Line) })

export const warehouses = participant('warehouses', {
  /** Sets the lines aside, wherever they lie; answers which parcels they make. */
  allocate: command({
    input: z.object({ orderId, lines: z.array(Line) }),
    output: z.object({ parcels: z.array(Parcel) }),
    rejects: ['out-of-stock'],
  }),
  /** Undoes `allocate`. */
  release: command({ input: z.object({ orderId }) }),
  pack: command({ input: Parcel.extend({ orderId, parcel: z.int() }), output: z.object({ weightGrams: z.int() }) }),
})

export const cards = participant('cards', {
  charge: command({
    input: z.object({ orderId, cents: z.int().positive(), card: z.string() }),
    output: z.object({ chargeId: z.string() }),
    rejects: ['card-declined'],
  }),
})

export const carrier = participant('carrier', {
  handover: command({
    input: z.object({ orderId, parcel: z.int(), from: z.string(), weightGrams: z.int() }),
    output: z.object({ tracking: z.string() }),
  }),
})

export const PartedOrder = z.object({
  id: orderId,
  cents: z.int().positive(),
  card: z.string(),
  lines: z.array(Line).min(1).max(100),
})

export const splitShipment = saga('split-shipment', { version: 1, input: PartedOrder, deadline: '1 day' })
  .step('stock', warehouses.allocate, ({ input }) => ({ orderId: input.id, lines: input.lines }))
  .undo(warehouses.release, ({ input }) => ({ orderId: input.id }))
  .pivot('pay', cards.charge, ({ input }) => ({ orderId: input.id, cents: input.cents, card: input.card }))
  .each(
    'parcels',
    ({ stock }) => stock.parcels,
    (b) =>
      b
        .step('pack', warehouses.pack, ({ input, item, index }) => ({ orderId: input.id, parcel: index, ...item }))
        .step(
          'handover',
          carrier.handover,
          ({ input, item, index, pack }) => ({
            orderId: input.id,
            parcel: index,
            from: item.warehouse,
            weightGrams: pack.weightGrams,
          }),
          { retry: { attempts: 100, firstDelay: '100 ms', maxDelay: '10 min' } },
        )
        .output(({ handover }) => handover.tracking),
    { parallel: 4 },
  )
  .output(({ pay, parcels }) => ({ chargeId: pay.chargeId, trackings: parcels }))

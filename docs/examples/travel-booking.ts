/**
 * A travel agency books a trip: a way to get there and a hotel, at the same time. The way is by plane; when no plane
 * will do, what was held of it is given back and the train is tried instead. The money is taken when all of it stands.
 *
 * Shapes: parallel branches; inside one of them an attempt, whose first branch is undone by itself while the hotel goes
 * on; a pivot after the two have met.
 */
import { z } from 'zod'
import { saga } from '../../shared/saga/builder.ts'
import { command, participant } from '../../shared/saga/contract.ts'

const tripId = z.string().min(1).max(100)
const Leg = z.object({ tripId, from: z.string(), to: z.string(), day: z.iso.date() })

export const airline = participant('airline', {
  hold: command({ input: Leg, output: z.object({ seat: z.string() }), rejects: ['no-seats'] }),
  unhold: command({ input: z.object({ tripId }) }),
  luggage: command({
    input: z.object({ tripId, seat: z.string(), bags: z.int() }),
    output: z.object({ tag: z.string() }),
    rejects: ['hold-is-full'],
  }),
  unload: command({ input: z.object({ tripId }) }),
})

export const railway = participant('railway', {
  reserve: command({ input: Leg, output: z.object({ seat: z.string() }), rejects: ['sold-out'] }),
  cancel: command({ input: z.object({ tripId }) }),
})

export const hotels = participant('hotels', {
  reserve: command({
    input: z.object({ tripId, town: z.string(), nights: z.int() }),
    output: z.object({ room: z.string() }),
    rejects: ['no-rooms'],
  }),
  cancel: command({ input: z.object({ tripId }) }),
})

export const travelPay = participant('travel-pay', {
  charge: command({ input: z.object({ tripId, cents: z.int().positive() }), rejects: ['card-declined'] }),
})

export const Trip = z.object({
  id: tripId,
  from: z.string(),
  to: z.string(),
  day: z.iso.date(),
  nights: z.int().positive(),
  bags: z.int().nonnegative(),
  cents: z.int().positive(),
})
type Trip = z.infer<typeof Trip>

const legOf = ({ id, from, to, day }: Trip) => ({ tripId: id, from, to, day })
const tripOf = ({ input }: { readonly input: Trip }) => ({ tripId: input.id })

export const travelBooking = saga('travel-booking', { version: 1, input: Trip, deadline: '1 hour' })
  .parallel('book', {
    way: (b) =>
      b
        .attempt('by', {
          plane: (way) =>
            way
              .step('hold', airline.hold, ({ input }) => legOf(input))
              .undo(airline.unhold, tripOf)
              .step('bags', airline.luggage, ({ input, hold }) => ({
                tripId: input.id,
                seat: hold.seat,
                bags: input.bags,
              }))
              .undo(airline.unload, tripOf)
              .output(({ hold }) => `plane, seat ${hold.seat}`),
          train: (way) =>
            way
              .step('seat', railway.reserve, ({ input }) => legOf(input))
              .undo(railway.cancel, tripOf)
              .output(({ seat }) => `train, seat ${seat.seat}`),
        })
        .output(({ by }) => by.plane ?? by.train ?? 'none'),
    hotel: (b) =>
      b
        .step('room', hotels.reserve, ({ input }) => ({ tripId: input.id, town: input.to, nights: input.nights }))
        .undo(hotels.cancel, tripOf)
        .output(({ room }) => room.room),
  })
  .pivot('pay', travelPay.charge, ({ input }) => ({ tripId: input.id, cents: input.cents }))
  .output(({ book }) => book)

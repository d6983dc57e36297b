/** One saga with every shape in it, as it is written: it compiles, its types read through, and its graph is what it says. */
import { describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { type Last, saga, signal } from '../../../shared/saga/builder.ts'
import { command, participant } from '../../../shared/saga/contract.ts'
import { fulfil } from '../../support/fulfil.ts'

const agency = participant('agency', {
  quote: command({ input: z.object({ city: z.string() }), output: z.object({ cents: z.int() }) }),
  book: command({ input: z.object({ trip: z.string() }), output: z.object({ ref: z.string() }) }),
  cancel: command({ input: z.object({ trip: z.string(), ref: z.string().optional() }) }),
  pay: command({ input: z.object({ cents: z.int() }), output: z.object({ receipt: z.string() }) }),
  mail: command({ input: z.object({ to: z.string() }) }),
})
const Trip = z.object({ id: z.string(), city: z.string(), guests: z.array(z.object({ mail: z.string() })) })
const review = signal('review', z.string())
type See = { input: { id: string } }
const trip = ({ input }: See) => ({ trip: input.id })

const quoted = saga('trip', { version: 1, input: Trip, deadline: '2 days', compensation: 'sequential' })
  .step('near', agency.quote, ({ input }) => ({ city: input.city }))
  .keep()
  .after()
  .step('far', agency.quote, () => ({ city: 'Rome' }))
  .keep()
  .afterAny('near', 'far')
  .local('price', ({ near, far }) => near?.cents ?? far?.cents ?? 0)

const booked = quoted
  .parallel(
    'book',
    {
      hotel: (b) =>
        b
          .step('room', agency.book, trip)
          .undo(agency.cancel, ({ input, room }) => ({ trip: input.id, ref: room?.ref })),
      car: (b) =>
        b
          .step('hire', agency.book, trip)
          .undoByHand('ring the garage')
          .output(({ hire }) => hire.ref),
    },
    { enough: 1 },
  )
  .attempt('travel', {
    plane: (b) => b.step('fly', agency.book, trip).undo(agency.cancel, trip),
    train: (b) => b.step('ride', agency.book, trip).undo(agency.cancel, trip),
  })
  .choose(
    'size',
    {
      group: {
        when: ({ input }) => input.guests.length > 5,
        do: (b) => b.approve('ok', { roles: ['sales'], answers: ['yes', 'no'], turnBackOn: ['no'] }),
      },
    },
    (b) => b.sleep('coolOff', '1 hour'),
  )
  .each(
    'seats',
    ({ input }) => input.guests,
    (b) =>
      b
        .step('seat', agency.book, ({ item, index }) => ({ trip: `${item.mail}-${index}` }))
        .undo(agency.cancel, ({ item }) => ({ trip: item.mail })),
    { parallel: 5, tolerate: '10%' },
  )

const whole = booked
  .repeat(
    'poll',
    (b, last: Last<{ cents: number }>) =>
      b
        .sleep('pause', '5 s')
        .step('ask', agency.quote, (seen) => ({ city: last(seen) ? 'Rome' : 'Pisa' }))
        .output(({ ask }) => ask),
    { until: ({ poll }) => poll.cents > 0, roundsMax: 20, atLimit: 'go-on' },
  )
  .child('visa', fulfil, ({ price, input }) => ({ id: input.id, cents: price }), { undo: 'cancel' })
  .pivot('pay', agency.pay, ({ price, near }) => ({ cents: price + near.cents }))
  .irreversible()
  .each(
    'tell',
    ({ input }) => input.guests,
    (b) => b.step('mail', agency.mail, ({ item }) => ({ to: item.mail })),
  )
  .after('pay')
  .waitFor('opinion', review, { deadline: '2 weeks', atDeadline: 'go-on' })
  .output(({ pay, book, travel, seats, size, opinion, visa }) => ({
    receipt: pay.receipt,
    room: book.hotel?.room.ref,
    car: book.car,
    ride: travel.train?.ride.ref,
    seats: seats.map((each) => each?.seat.ref ?? null),
    answer: size.group?.ok.answer,
    opinion,
    tracking: visa.tracking,
  }))

describe('a saga of every shape', () => {
  it('gives what its steps gave', () => {
    type Output = ReturnType<typeof whole.output>
    expectTypeOf<Output>().toEqualTypeOf<{
      receipt: string
      room: string | undefined
      car: string | undefined
      ride: string | undefined
      seats: (string | null)[]
      answer: 'yes' | undefined
      opinion: string | null
      tracking: string
    }>()
    const done = {
      pay: { receipt: 'r' },
      book: { car: 'c' },
      travel: {},
      seats: [null],
      size: {},
      opinion: null,
      visa: {},
    }
    expect(whole.output(done)).toMatchObject({ receipt: 'r', car: 'c', seats: [null], opinion: null })
  })
  it('has the graph that it says', () => {
    expect(whole.steps.map(({ name, after, needs }) => [name, needs, ...after].join(' '))).toEqual([
      'near 0',
      'far 0',
      'price 1 near far',
      'book 1 price',
      'travel 1 book',
      'size 1 travel',
      'seats 1 size',
      'poll 1 seats',
      'visa 1 poll',
      'pay 3 near far visa',
      'tell 1 pay',
      'opinion 1 pay',
    ])
  })
})

import { airline, hotels, railway, travelBooking, travelPay } from '../../../../docs/examples/travel-booking.ts'
import { rejected } from '../../../../shared/participant/answer.ts'
import { bookkeeper, does, undoes } from '../deeds.ts'
import { type Example, run } from '../run.ts'

const trip = { from: 'Vienna', to: 'Rome', day: '2027-05-01', nights: 3, bags: 1, cents: 52_000 }

export const travelBookingExample: Example = {
  title: 'travel booking with alternatives',
  definitions: [travelBooking],
  bookkeepers: [
    bookkeeper(airline, {
      hold: does(
        () => 'plane',
        () => ({ seat: '12A' }),
      ),
      unhold: undoes(() => 'plane'),
      luggage: does(
        () => 'luggage',
        ({ bags }) => (bags > 3 ? rejected('hold-is-full', `no room for ${bags} bags`) : { tag: 'VIE-1' }),
      ),
      unload: undoes(() => 'luggage'),
    }),
    bookkeeper(railway, {
      reserve: does(
        () => 'train',
        ({ from }) => (from === 'Nowhere' ? rejected('sold-out', 'no seat is left') : { seat: '7-42' }),
      ),
      cancel: undoes(() => 'train'),
    }),
    bookkeeper(hotels, {
      reserve: does(
        () => 'room',
        ({ town }) => (town === 'Fulltown' ? rejected('no-rooms', 'the town is full') : { room: '101' }),
      ),
      cancel: undoes(() => 'room'),
    }),
    bookkeeper(travelPay, {
      charge: does(
        () => 'money',
        ({ cents }) => (cents > 1_000_000 ? rejected('card-declined', 'too much') : null),
      ),
    }),
  ],
  runs: [
    run(travelBooking, {
      name: 'goes by plane',
      sagaId: 'trip-plane',
      input: (id) => ({ id, ...trip }),
      ends: 'completed',
      output: { way: 'plane, seat 12A', hotel: '101' },
      net: { plane: 'kept', luggage: 'kept', room: 'kept', money: 'kept' },
    }),
    run(travelBooking, {
      name: 'goes by train when the plane does not take the bags: its seat is given back, the hotel stays',
      sagaId: 'trip-train',
      input: (id) => ({ id, ...trip, bags: 5 }),
      ends: 'completed',
      output: { way: 'train, seat 7-42', hotel: '101' },
      net: { plane: 'undone', train: 'kept', room: 'kept', money: 'kept' },
      inOrder: [
        'step-rejected book[way].by[plane].bags',
        'compensation-succeeded book[way].by[plane].hold',
        'step-requested book[way].by[train].seat',
        'step-requested pay',
      ],
    }),
    run(travelBooking, {
      name: 'gives all of it back when the card is declined',
      sagaId: 'trip-dear',
      input: (id) => ({ id, ...trip, bags: 5, cents: 2_000_000 }),
      ends: 'compensated',
      net: { plane: 'undone', train: 'undone', room: 'undone' },
    }),
    run(travelBooking, {
      name: 'gives the room back when neither will do',
      sagaId: 'trip-nowhere',
      input: (id) => ({ id, ...trip, from: 'Nowhere', bags: 5 }),
      ends: 'compensated',
      net: { plane: 'undone', room: 'undone' },
    }),
  ],
}

import { cards, carrier, splitShipment, warehouses } from '../../../../docs/examples/split-shipment.ts'
import { failed, rejected } from '../../../../shared/participant/answer.ts'
import { bookkeeper, does, undoes } from '../deeds.ts'
import { type Example, run } from '../run.ts'

const order = {
  cents: 4200,
  card: '4242',
  lines: ['desk', 'lamp', 'chair'].map((sku) => ({ sku, quantity: 1 })),
}

export const splitShipmentExample: Example = {
  title: 'order fulfilment with split shipment',
  definitions: [splitShipment],
  bookkeepers: [
    bookkeeper(warehouses, {
      allocate: does(
        () => 'stock',
        ({ lines }) => ({ parcels: lines.map((line) => ({ warehouse: `hall-${line.sku}`, lines: [line] })) }),
      ),
      release: undoes(() => 'stock'),
      pack: does(
        ({ parcel }) => `pack ${parcel}`,
        () => ({ weightGrams: 900 }),
      ),
    }),
    bookkeeper(cards, {
      charge: does(
        () => 'money',
        ({ card }) =>
          card === 'stolen' ? rejected('card-declined', 'the card was declined') : { chargeId: `charge-${card}` },
      ),
    }),
    bookkeeper(carrier, {
      handover: does(
        ({ parcel }) => `handover ${parcel}`,
        ({ orderId, parcel, from }, { attempt }) => {
          if (orderId.endsWith('strike') && attempt < 3) throw failed('on-strike', 'nobody is at the ramp')
          return { tracking: `${from}/${parcel}` }
        },
      ),
    }),
  ],
  runs: [
    run(splitShipment, {
      name: 'leaves in three parcels, although the carrier has to be asked three times for each',
      sagaId: 'split-strike',
      input: (id) => ({ id, ...order }),
      ends: 'completed',
      output: { chargeId: 'charge-4242', trackings: ['hall-desk/0', 'hall-lamp/1', 'hall-chair/2'] },
      net: {
        stock: 'kept',
        money: 'kept',
        'pack 0': 'kept',
        'pack 1': 'kept',
        'pack 2': 'kept',
        'handover 0': 'kept',
        'handover 1': 'kept',
        'handover 2': 'kept',
      },
    }),
    run(splitShipment, {
      name: 'gives the stock back when the card is declined',
      sagaId: 'split-stolen',
      input: (id) => ({ id, ...order, card: 'stolen' }),
      ends: 'compensated',
      net: { stock: 'undone' },
    }),
  ],
}

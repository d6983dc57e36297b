import { cards, carrier, splitShipment, warehouses } from '../../../../docs/examples/split-shipment.ts'
import { failed, fatal, rejected } from '../../../../shared/participant/answer.ts'
import { bookkeeper, does, type Net, undoes } from '../deeds.ts'
import { type Example, run } from '../run.ts'

const order = {
  cents: 4200,
  card: '4242',
  lines: ['desk', 'lamp', 'chair'].map((sku) => ({ sku, quantity: 1 })),
}

const LEFT: Readonly<Record<string, Net>> = Object.fromEntries(
  ['stock', 'money', ...[0, 1, 2].flatMap((parcel) => [`pack ${parcel}`, `handover ${parcel}`])].map((entry) => [
    entry,
    'kept',
  ]),
)

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
          if (orderId.endsWith('lost') && parcel === 1 && attempt === 1) throw fatal('lost', 'nobody knows where it is')
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
      net: LEFT,
    }),
    run(splitShipment, {
      name: 'waits for a person who finds a parcel again, while the others leave',
      sagaId: 'split-lost',
      input: (id) => ({ id, ...order }),
      meanwhile: (installation, id) =>
        installation.whenStuck(id, () =>
          installation.client.retry(id, { actor: 'ann', reason: 'it was behind the lamp' }),
        ),
      ends: 'completed',
      output: { chargeId: 'charge-4242', trackings: ['hall-desk/0', 'hall-lamp/1', 'hall-chair/2'] },
      net: LEFT,
      inOrder: ['saga-stuck parcels[1].handover', 'retry-requested ', 'step-succeeded parcels[1].handover'],
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

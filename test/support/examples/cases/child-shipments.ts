import { childShipments, delivery, depot, invoices, trucks } from '../../../../docs/examples/child-shipments.ts'
import { rejected } from '../../../../shared/participant/answer.ts'
import { bookkeeper, does, type Net, undoes } from '../deeds.ts'
import { type Example, run } from '../run.ts'

const SHOPS = ['north', 'east', 'south']
const of = (net: Net, ...things: string[]): Record<string, Net> =>
  Object.fromEntries(SHOPS.flatMap((shop) => things.map((thing) => [`${thing} ${shop}`, net])))

export const childShipmentsExample: Example = {
  title: 'a child saga for each shipment',
  definitions: [childShipments, delivery],
  bookkeepers: [
    bookkeeper(depot, {
      load: does(
        ({ shop }) => `pallet ${shop}`,
        ({ shop }) => ({ pallet: `p-${shop}` }),
      ),
      unload: undoes(({ shop }) => `pallet ${shop}`),
    }),
    bookkeeper(trucks, {
      book: does(
        ({ shop }) => `truck ${shop}`,
        ({ shop, pallet }) => (shop === 'island' ? rejected('no-road', 'only water') : { truck: `t-${pallet}` }),
      ),
      unbook: undoes(({ shop }) => `truck ${shop}`),
    }),
    bookkeeper(invoices, {
      open: does(
        () => 'file',
        () => null,
      ),
      void: undoes(() => 'file'),
      send: does(
        () => 'invoice',
        ({ saleId }) => (saleId.endsWith('broke') ? rejected('customer-bankrupt', 'no money') : { invoice: 'i-1' }),
      ),
    }),
  ],
  runs: [
    run(childShipments, {
      name: 'delivers to all shops, each by a saga of its own',
      sagaId: 'sale-good',
      input: (id) => ({ id, shops: SHOPS }),
      afterwards: (installation, id) => installation.until(`${id}.east`, ({ status }) => status === 'completed'),
      ends: 'completed',
      output: { invoice: 'i-1', trucks: ['t-p-north', 't-p-east', 't-p-south'] },
      net: { file: 'kept', invoice: 'kept', ...of('kept', 'pallet', 'truck') },
    }),
    run(childShipments, {
      name: 'undoes deliveries that had completed when the invoice is refused',
      sagaId: 'sale-broke',
      input: (id) => ({ id, shops: SHOPS }),
      async afterwards(installation, id) {
        for (const shop of SHOPS) await installation.until(`${id}.${shop}`, ({ status }) => status === 'compensated')
      },
      ends: 'compensated',
      net: { file: 'undone', ...of('undone', 'pallet', 'truck') },
    }),
    run(childShipments, {
      name: 'is undone when one of its deliveries cannot be made',
      sagaId: 'sale-island',
      input: (id) => ({ id, shops: ['north', 'island'] }),
      ends: 'compensated',
      net: 'all undone',
    }),
  ],
}

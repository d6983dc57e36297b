import { cancelledOrder, post, shelf, till } from '../../../../docs/examples/cancelled-order.ts'
import { bookkeeper, does, type Net, undoes } from '../deeds.ts'
import { type Example, run } from '../run.ts'

export const SKUS = ['pen', 'ink', 'pad', 'cap']

/** An order whose parcel leaves so many milliseconds from now. */
export const orderLeavingIn = (id: string, ms: number) => ({
  id,
  cents: 4_200,
  skus: SKUS,
  leavesAt: new Date(Date.now() + ms).toISOString(),
})

/** What an order has done whose parcel has left. */
export const LEFT: Readonly<Record<string, Net>> = Object.fromEntries(
  [...SKUS, 'money', 'points', 'parcel', 'word'].map((entry) => [entry, 'kept']),
)

const done = () => null

export const cancelledOrderExample: Example = {
  title: 'an order that its customer cancels',
  definitions: [cancelledOrder],
  bookkeepers: [
    bookkeeper(shelf, { pick: does(({ sku }) => sku, done), restore: undoes(({ sku }) => sku) }),
    bookkeeper(till, {
      charge: does(
        () => 'money',
        ({ orderId }) => ({ charge: `ch-${orderId}` }),
      ),
      refund: undoes(() => 'money'),
      points: does(() => 'points', done),
      forfeit: undoes(() => 'points'),
    }),
    bookkeeper(post, {
      handover: does(
        () => 'parcel',
        ({ orderId }) => ({ tracking: `tr-${orderId}` }),
      ),
      tell: does(() => 'word', done),
    }),
  ],
  runs: [
    run(cancelledOrder, {
      name: 'leaves when nobody cancels it',
      sagaId: 'cancel-never',
      input: (id) => orderLeavingIn(id, 0),
      ends: 'completed',
      output: { tracking: 'tr-cancel-never' },
      net: LEFT,
    }),
    run(cancelledOrder, {
      name: 'is undone when it is cancelled before it leaves',
      sagaId: 'cancel-early',
      input: (id) => orderLeavingIn(id, 3_600_000),
      async meanwhile(installation, id) {
        await installation.happened(id, ({ type }) => type === 'wait-started')
        await installation.client.cancel(id, { actor: 'customer', reason: 'found it cheaper' })
      },
      ends: 'compensated',
      net: Object.fromEntries([...SKUS, 'money', 'points'].map((entry) => [entry, 'undone'])),
    }),
    run(cancelledOrder, {
      name: 'is past help when the parcel has left: the cancel is refused',
      sagaId: 'cancel-late',
      input: (id) => orderLeavingIn(id, 0),
      async meanwhile(installation, id) {
        await installation.happened(id, ({ type, data }) => type === 'step-succeeded' && isOf(data, 'leave'))
        await installation.client.cancel(id, { actor: 'customer', reason: 'too late' })
      },
      ends: 'completed',
      output: { tracking: 'tr-cancel-late' },
      net: LEFT,
    }),
  ],
}

function isOf(data: unknown, step: string): boolean {
  return (data as { step?: string }).step === step
}

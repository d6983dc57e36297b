import { access, billing, reminders, subscription } from '../../../../docs/examples/subscription.ts'
import { bookkeeper, does, tells, undoes } from '../deeds.ts'
import { type Example, run } from '../run.ts'

/** A month, and the days of grace, in tests. */
const SOON_MS = 60

const soon = () => new Date(Date.now() + SOON_MS).toISOString()

export const subscriptionExample: Example = {
  title: 'a subscription with sleeps and dunning',
  definitions: [subscription],
  bookkeepers: [
    bookkeeper(access, {
      grant: does(
        () => 'access',
        () => null,
      ),
      revoke: undoes(() => 'access'),
    }),
    bookkeeper(billing, {
      charge: tells(({ subscriptionId, period, attempt }) => {
        const poor = period === 1 && (subscriptionId.endsWith('broke') || attempt < 2)
        return { paid: !poor, nextAt: soon() }
      }),
    }),
    bookkeeper(reminders, {
      send: does(
        ({ period, attempt }) => `reminder ${period}/${attempt}`,
        () => null,
      ),
    }),
  ],
  runs: [
    run(subscription, {
      name: 'is paid to its end, the second period at the third attempt',
      sagaId: 'subscription-late',
      input: (id) => ({ id, plan: 'films', cents: 999, periods: 3 }),
      ends: 'completed',
      output: { periods: 3 },
      net: { access: 'kept', 'reminder 1/0': 'kept', 'reminder 1/1': 'kept' },
    }),
    run(subscription, {
      name: 'loses its access when it is not paid after all reminders; they stay sent',
      sagaId: 'subscription-broke',
      input: (id) => ({ id, plan: 'films', cents: 999, periods: 3 }),
      ends: 'compensated',
      net: { access: 'undone', 'reminder 1/0': 'kept', 'reminder 1/1': 'kept', 'reminder 1/2': 'kept' },
    }),
  ],
}

import {
  crm,
  emailConfirmed,
  greetings,
  newsletterChosen,
  onboarding,
  onboardingVersion,
  papersHandedIn,
} from '../../../../docs/examples/onboarding.ts'
import { bookkeeper, does, undoes } from '../deeds.ts'
import { type Example, run } from '../run.ts'

/** Who does not answer at once is forgotten. */
const hurried = onboardingVersion(2, '400 ms')

const email = 'ann@example.org'
const at = '2027-03-01T12:00:00.000Z'

export const onboardingExample: Example = {
  title: 'an onboarding that waits for signals',
  definitions: [onboarding, hurried],
  bookkeepers: [
    bookkeeper(crm, {
      open: does(
        () => 'account',
        ({ customerId }) => ({ account: `acc-${customerId}` }),
      ),
      forget: undoes(() => 'account'),
      activate: does(
        ({ newsletter }) => `active, ${newsletter ? 'with' : 'without'} newsletter`,
        () => null,
      ),
    }),
    bookkeeper(greetings, {
      ask: does(
        () => 'question',
        () => null,
      ),
      welcome: does(
        () => 'welcome',
        () => null,
      ),
    }),
  ],
  runs: [
    run(onboarding, {
      name: 'takes signals in any order, one of them before it is waited for',
      sagaId: 'onboarding-eager',
      input: (id) => ({ id, email }),
      async meanwhile({ client }, id) {
        await client.signal(id, { name: papersHandedIn.name, payload: { document: 'passport' } })
        await client.signal(id, { name: newsletterChosen.name, payload: { wanted: true } })
        await client.signal(id, { name: emailConfirmed.name, payload: { at } })
      },
      ends: 'completed',
      output: { account: 'acc-onboarding-eager', newsletter: true },
      net: { account: 'kept', question: 'kept', 'active, with newsletter': 'kept', welcome: 'kept' },
    }),
    run(hurried, {
      name: 'goes on without the newsletter when that is not chosen in time',
      sagaId: 'onboarding-quiet',
      input: (id) => ({ id, email }),
      async meanwhile({ client }, id) {
        await client.signal(id, { name: emailConfirmed.name, payload: { at } })
        await client.signal(id, { name: papersHandedIn.name, payload: { document: 'passport' } })
      },
      ends: 'completed',
      output: { account: 'acc-onboarding-quiet', newsletter: false },
      net: { account: 'kept', question: 'kept', 'active, without newsletter': 'kept', welcome: 'kept' },
    }),
    run(hurried, {
      name: 'forgets who does not hand papers in; the question stays asked',
      sagaId: 'onboarding-expired',
      input: (id) => ({ id, email }),
      meanwhile: ({ client }, id) => client.signal(id, { name: emailConfirmed.name, payload: { at } }),
      ends: 'compensated',
      net: { account: 'undone', question: 'kept' },
    }),
  ],
}

import { claims, experts, insuranceClaim, insuranceClaimVersion } from '../../../../docs/examples/insurance-claim.ts'
import { rejected } from '../../../../shared/participant/answer.ts'
import { bookkeeper, does, tells, undoes } from '../deeds.ts'
import { type Example, run } from '../run.ts'

/** Nobody answers it in time. */
const hurried = insuranceClaimVersion(2, '300 ms')

const claim = { policy: 'P-1', photos: ['a.jpg'], cents: 900_000 }

export const insuranceClaimExample: Example = {
  title: 'an insurance claim with an approval',
  definitions: [insuranceClaim, hurried],
  bookkeepers: [
    bookkeeper(claims, {
      reserve: does(
        () => 'reserve',
        () => null,
      ),
      free: undoes(() => 'reserve'),
      pay: does(
        ({ cents }) => `payment of ${cents}`,
        ({ claimId }) => ({ payment: `pay-${claimId}` }),
      ),
    }),
    bookkeeper(experts, {
      policy: tells(({ policy }) =>
        policy === 'none' ? rejected('not-covered', 'no cover') : { excessCents: 10_000 },
      ),
      damage: tells(({ photos }) => ({ cents: photos.length * 400_000 })),
    }),
  ],
  runs: [
    run(insuranceClaim, {
      name: 'is paid when an adjuster says so; who is none is not heard',
      sagaId: 'claim-large',
      input: (id) => ({ id, ...claim }),
      async meanwhile(installation, id) {
        const answer = (actor: string, role: string, word: string) =>
          installation.client.signal(id, {
            name: 'adjuster',
            payload: { answer: word, by: 'somebody else' },
            actor,
            roles: [role],
          })
        await installation.happened(id, ({ type }) => type === 'wait-started')
        await answer('eve', 'guest', 'refuse')
        await answer('ann', 'adjuster', 'pay')
      },
      ends: 'completed',
      output: { cents: 390_000, by: 'ann', payment: 'pay-claim-large' },
      net: { reserve: 'kept', 'payment of 390000': 'kept' },
      deadLetters: { 'not-allowed': 1 },
    }),
    run(insuranceClaim, {
      name: 'is refused by an adjuster',
      sagaId: 'claim-refused',
      input: (id) => ({ id, ...claim }),
      meanwhile: ({ client }, id) =>
        client.signal(id, { name: 'adjuster', payload: { answer: 'refuse' }, actor: 'ann', roles: ['adjuster'] }),
      ends: 'compensated',
      net: { reserve: 'undone' },
    }),
    run(hurried, {
      name: 'is closed when no adjuster answers in time',
      sagaId: 'claim-expired',
      input: (id) => ({ id, ...claim }),
      ends: 'compensated',
      net: { reserve: 'undone' },
    }),
    run(insuranceClaim, {
      name: 'is closed at once where the policy does not cover it',
      sagaId: 'claim-uncovered',
      input: (id) => ({ id, ...claim, policy: 'none' }),
      ends: 'compensated',
      net: { reserve: 'undone' },
    }),
  ],
}

import { accounts, compliance, letters, moneyTransfer } from '../../../../docs/examples/money-transfer.ts'
import { rejected } from '../../../../shared/participant/answer.ts'
import { bookkeeper, does, undoes } from '../deeds.ts'
import { type Example, run } from '../run.ts'

export const moneyTransferExample: Example = {
  title: 'money transfer with a pivot',
  definitions: [moneyTransfer],
  bookkeepers: [
    bookkeeper(accounts, {
      debit: does(
        ({ account, cents }) => `-${cents} ${account}`,
        () => ({ balance: 10 }),
      ),
      refund: undoes(({ account, cents }) => `-${cents} ${account}`),
      credit: does(
        ({ account, cents }) => `+${cents} ${account}`,
        ({ account }) => (account === 'closed' ? rejected('account-closed', 'it was closed') : { balance: 90 }),
      ),
    }),
    bookkeeper(compliance, {
      look: does(
        () => 'case',
        ({ cents }) => (cents > 9_000_000 ? rejected('suspicious', 'so much at once') : { caseId: 'c-1' }),
      ),
    }),
    bookkeeper(letters, {
      send: does(
        ({ to }) => `letter ${to}`,
        () => null,
      ),
    }),
  ],
  runs: [
    run(moneyTransfer, {
      name: 'moves little without a look at it',
      sagaId: 'transfer-little',
      input: (id) => ({ id, from: 'ann', to: 'bob', cents: 500 }),
      ends: 'completed',
      output: { giver: 10, taker: 90 },
      net: { '-500 ann': 'kept', '+500 bob': 'kept', 'letter ann': 'kept', 'letter bob': 'kept' },
    }),
    run(moneyTransfer, {
      name: 'puts much back when the other account is closed, and waits for the officer who closes the case',
      sagaId: 'transfer-closed',
      input: (id) => ({ id, from: 'ann', to: 'closed', cents: 2_000_000 }),
      meanwhile: (installation, id) =>
        installation.whenStuck(id, () =>
          installation.client.resolve(id, { step: 'look', actor: 'officer', reason: 'closed' }),
        ),
      ends: 'compensated',
      net: { '-2000000 ann': 'undone', case: 'kept' },
    }),
  ],
}

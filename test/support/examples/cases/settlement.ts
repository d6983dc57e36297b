import { clearing, ledger, settlement } from '../../../../docs/examples/settlement.ts'
import { bookkeeper, does, undoes } from '../deeds.ts'
import { type Example, run } from '../run.ts'

/** From one window to the next, in tests. */
const WINDOW_MS = 40
/** Shares that the other side has in each window. */
const THERE = 40

export const settlementExample: Example = {
  title: 'a settlement that goes on until nothing is open',
  definitions: [settlement],
  bookkeepers: [
    bookkeeper(clearing, {
      settle: does(
        ({ window }) => `window ${window}`,
        ({ shares }) => ({
          settled: Math.min(shares, THERE),
          nextWindowAt: new Date(Date.now() + WINDOW_MS).toISOString(),
        }),
      ),
      reverse: undoes(({ window }) => `window ${window}`),
    }),
    bookkeeper(ledger, {
      open: does(
        () => 'entry',
        () => null,
      ),
      strike: undoes(() => 'entry'),
      close: does(
        ({ windows }) => `closed after ${windows}`,
        () => null,
      ),
    }),
  ],
  runs: [
    run(settlement, {
      name: 'is settled in three windows',
      sagaId: 'settle-100',
      input: (id) => ({ id, shares: 100 }),
      ends: 'completed',
      output: { windows: 3 },
      net: {
        entry: 'kept',
        'window 0': 'kept',
        'window 1': 'kept',
        'window 2': 'kept',
        'closed after 3': 'kept',
      },
    }),
    run(settlement, {
      name: 'is given back when five windows are not enough, the last one first',
      sagaId: 'settle-1000',
      input: (id) => ({ id, shares: 1_000 }),
      ends: 'compensated',
      net: {
        entry: 'undone',
        'window 0': 'undone',
        'window 1': 'undone',
        'window 2': 'undone',
        'window 3': 'undone',
        'window 4': 'undone',
      },
      inOrder: [
        'compensation-succeeded windows[4].settle',
        'compensation-requested windows[3].settle',
        'compensation-succeeded windows[0].settle',
        'compensation-requested entry',
      ],
    }),
  ],
}

/**
 * A broker settles a trade in the clearing house. A window settles as much as there is on the other side; what stays open
 * goes into the next one, until all of it is settled. When the windows run out, what was settled is given back, newest first.
 *
 * Shapes: a repeat until a condition holds, with a limit; a round that sees what the last one gave; a sleep until a time
 * that an answer told; rounds that are undone one after the other.
 */
import { z } from 'zod'
import { saga } from '../../shared/saga/builder.ts'
import { command, participant } from '../../shared/saga/contract.ts'

const tradeId = z.string().min(1).max(100)

export const clearing = participant('clearing', {
  settle: command({
    input: z.object({ tradeId, window: z.int(), shares: z.int().positive() }),
    output: z.object({ settled: z.int().nonnegative(), nextWindowAt: z.iso.datetime() }),
  }),
  /** Undoes one window. */
  reverse: command({ input: z.object({ tradeId, window: z.int() }) }),
})

export const ledger = participant('ledger', {
  open: command({ input: z.object({ tradeId, shares: z.int().positive() }) }),
  strike: command({ input: z.object({ tradeId }) }),
  close: command({ input: z.object({ tradeId, windows: z.int() }) }),
})

export const Trade = z.object({ id: tradeId, shares: z.int().positive() })

interface Round {
  readonly window: number
  readonly open: number
}

const WINDOWS_MAX = 5

export const settlement = saga('settlement', { version: 1, input: Trade })
  .step('entry', ledger.open, ({ input }) => ({ tradeId: input.id, shares: input.shares }))
  .undo(ledger.strike, ({ input }) => ({ tradeId: input.id }))
  .repeat(
    'windows',
    (b, last: (seen: object) => Round | undefined) =>
      b
        .local('before', (seen) => last(seen)?.open ?? seen.input.shares)
        .step('settle', clearing.settle, ({ input, index, before }) => ({
          tradeId: input.id,
          window: index,
          shares: before,
        }))
        .undo(clearing.reverse, ({ input, index }) => ({ tradeId: input.id, window: index }))
        .local('open', ({ before, settle }) => before - settle.settled)
        .when(({ open }) => open > 0)
        .sleep('next', ({ settle }) => settle.nextWindowAt)
        .output(({ index, open }): Round => ({ window: index, open })),
    { until: ({ open }) => open === 0, roundsMax: WINDOWS_MAX, atLimit: 'turn-back' },
  )
  .pivot('close', ledger.close, ({ input, windows }) => ({ tradeId: input.id, windows: windows.window + 1 }))
  .output(({ windows }) => ({ windows: windows.window + 1 }))

/**
 * A bank moves money from one account to another. It is taken from the first, looked at by the compliance service when
 * it is much, and put on the second; from then on nothing is undone, and both owners are told. A case that was opened for
 * a transfer that then failed is closed by an officer, for whom the saga waits.
 *
 * Shapes: an undo beside its step; a step under a condition, that a person undoes; a pivot; two steps past it that do not wait for each other.
 */
import { z } from 'zod'
import { saga } from '../../shared/saga/builder.ts'
import { command, participant } from '../../shared/saga/contract.ts'

const transferId = z.string().min(1).max(100)
const Booking = z.object({ transferId, account: z.string(), cents: z.int().positive() })

export const accounts = participant('accounts', {
  debit: command({ input: Booking, output: z.object({ balance: z.int() }), rejects: ['too-little-money'] }),
  /** Undoes `debit`. */
  refund: command({ input: Booking }),
  credit: command({ input: Booking, output: z.object({ balance: z.int() }), rejects: ['account-closed'] }),
})

export const compliance = participant('compliance', {
  look: command({ input: Booking, output: z.object({ caseId: z.string() }), rejects: ['suspicious'] }),
})

export const letters = participant('letters', {
  send: command({ input: z.object({ transferId, to: z.string(), text: z.string() }) }),
})

export const Transfer = z.object({ id: transferId, from: z.string(), to: z.string(), cents: z.int().positive() })

/** From so much on a transfer is looked at. */
const LOOKED_AT_CENTS = 1_000_000

export const moneyTransfer = saga('money-transfer', { version: 1, input: Transfer, deadline: '1 hour' })
  .step('debit', accounts.debit, ({ input: { id, from, cents } }) => ({ transferId: id, account: from, cents }))
  .undo(accounts.refund, ({ input: { id, from, cents } }) => ({ transferId: id, account: from, cents }))
  .when(({ input }) => input.cents >= LOOKED_AT_CENTS)
  .step('look', compliance.look, ({ input: { id, from, cents } }) => ({ transferId: id, account: from, cents }))
  .undoByHand('close the case')
  .pivot('credit', accounts.credit, ({ input: { id, to, cents } }) => ({ transferId: id, account: to, cents }))
  .after()
  .step('tell-giver', letters.send, ({ input: { id, from, to } }) => ({ transferId: id, to: from, text: `to ${to}` }))
  .after()
  .step('tell-taker', letters.send, ({ input: { id, from, to } }) => ({ transferId: id, to, text: `from ${from}` }))
  .output(({ debit, credit }) => ({ giver: debit.balance, taker: credit.balance }))

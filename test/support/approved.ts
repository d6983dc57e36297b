/** A saga that waits: dear orders need a word of approval before the card is charged. */
import { z } from 'zod'
import { saga, signal } from '../../shared/saga/builder.ts'
import { bank } from './fulfil.ts'

export const approval = signal('approval', z.object({ by: z.string() }))

export const approved = saga('approved', { version: 1, input: z.object({ id: z.string(), cents: z.int() }) })
  .local('isDear', ({ input }) => input.cents > 100)
  .when(({ isDear }) => isDear)
  .waitFor('ok', approval, { deadline: '1 day', atDeadline: 'turn-back' })
  .sleep('settle', 20)
  .step('charge', bank.charge, ({ input }) => ({ orderId: input.id, cents: input.cents }))
  .undo(bank.refund, ({ input, charge }) => ({ orderId: input.id, chargeId: charge?.chargeId }))
  .output(({ ok, charge }) => ({ approvedBy: ok?.by ?? null, chargeId: charge.chargeId }))

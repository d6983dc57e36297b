/**
 * A company takes a customer on. The account is opened at once; the customer confirms the address and hands papers in,
 * in any order and whenever they like, also before the saga asks; who does not do it in time is forgotten again.
 *
 * Shapes: waits for signals side by side, with a payload that is checked; a deadline that turns the saga back, and one
 * after which it goes on without an answer.
 */
import { z } from 'zod'
import { saga, signal } from '../../shared/saga/builder.ts'
import { command, participant } from '../../shared/saga/contract.ts'
import type { Duration } from '../../shared/saga/duration.ts'

const customerId = z.string().min(1).max(100)

export const crm = participant('crm', {
  open: command({ input: z.object({ customerId, email: z.email() }), output: z.object({ account: z.string() }) }),
  /** Undoes `open`: nothing of the customer is left. */
  forget: command({ input: z.object({ customerId }) }),
  activate: command({
    input: z.object({ customerId, account: z.string(), document: z.string(), newsletter: z.boolean() }),
  }),
})

export const greetings = participant('greetings', {
  ask: command({ input: z.object({ customerId, email: z.email() }) }),
  welcome: command({ input: z.object({ customerId }) }),
})

export const emailConfirmed = signal('email-confirmed', z.object({ at: z.iso.datetime() }))
export const papersHandedIn = signal('papers-handed-in', z.object({ document: z.string().min(1) }))
export const newsletterChosen = signal('newsletter-chosen', z.object({ wanted: z.boolean() }))

export const Customer = z.object({ id: customerId, email: z.email() })

/** A version whose customers have so long to answer. */
export const onboardingVersion = (version: number, answerWithin: Duration) =>
  saga('onboarding', { version, input: Customer })
    .step('account', crm.open, ({ input }) => ({ customerId: input.id, email: input.email }))
    .undo(crm.forget, ({ input }) => ({ customerId: input.id }))
    .step('ask', greetings.ask, ({ input }) => ({ customerId: input.id, email: input.email }))
    .keep()
    .after('ask')
    .waitFor('email', emailConfirmed, { deadline: answerWithin, atDeadline: 'turn-back' })
    .after('ask')
    .waitFor('papers', papersHandedIn, { deadline: answerWithin, atDeadline: 'turn-back' })
    .after('ask')
    .waitFor('newsletter', newsletterChosen, { deadline: answerWithin, atDeadline: 'go-on' })
    .pivot('activate', crm.activate, ({ input, account, papers, newsletter }) => ({
      customerId: input.id,
      account: account.account,
      document: papers.document,
      newsletter: newsletter?.wanted ?? false,
    }))
    .step('welcome', greetings.welcome, ({ input }) => ({ customerId: input.id }))
    .output(({ account, newsletter }) => ({ account: account.account, newsletter: newsletter?.wanted ?? false }))

export const onboarding = onboardingVersion(1, '30 days')

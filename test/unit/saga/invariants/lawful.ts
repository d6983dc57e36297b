/** What is lawful: a history, and the plan that it follows. */

import type { SagaEvent } from '../../../../shared/message/events.ts'
import type { Definition } from '../../../../shared/saga/definition.ts'
import type { Happened } from '../../../support/given-when-then.ts'

export interface Lawful {
  readonly what: string
  readonly plan: Definition
  readonly events: readonly Happened[]
}

export const lawful = (what: string, plan: Definition, ...events: readonly Happened[]): Lawful => ({
  what,
  plan,
  events,
})
export const at = (time: number, event: SagaEvent): Happened => ({ at: time, event })

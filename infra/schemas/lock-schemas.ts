/** The values of locks' events as zod schemas: the last lines do not compile when one says anything else than its type. */
import { z } from 'zod'
import type { LockEvent, LockEventType } from '../../shared/message/lock-events.ts'
import type { Same } from './same.ts'

const asker = {
  saga: z.string().describe('the saga that asks'),
  step: z.string().describe('path of its step'),
  attempt: z.int().min(1),
}
const AskedAt = z.int().describe('when the saga decided to ask, or that it is over; milliseconds since the epoch')

export const LOCK_EVENT_VALUES = {
  'lock-asked': z.object({
    ...asker,
    permits: z.int().min(1).describe('how many sagas may hold it at the same time'),
    askedAt: AskedAt,
  }),
  'lock-granted': z.object({
    ...asker,
    token: z.int().min(1).describe('higher than all that were given before, but for those of the saga itself'),
  }),
  'lock-refused': z.object({
    ...asker,
    askedAt: AskedAt,
    outcome: z.enum(['rejected', 'failed']),
    code: z.string(),
    message: z.string(),
  }),
  'lock-freed': z.object({ ...asker, askedAt: AskedAt }),
  'lock-left': z.object({ saga: asker.saga, askedAt: AskedAt }),
  'lock-taken-away': z.object({ saga: asker.saga, requestId: z.string(), actor: z.string(), reason: z.string() }),
} as const

type ValueOf<Type extends LockEventType> = Omit<Extract<LockEvent, { type: Type }>, 'type'>

export const LOCK_SCHEMAS_ARE_TYPES: {
  readonly [Type in LockEventType]: Same<z.input<(typeof LOCK_EVENT_VALUES)[Type]>, ValueOf<Type>>
} = {
  'lock-asked': true,
  'lock-granted': true,
  'lock-refused': true,
  'lock-freed': true,
  'lock-left': true,
  'lock-taken-away': true,
}

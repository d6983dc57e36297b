/** Sagas that go through a door, one at a time for each, and the participant that sees who is inside. */
import { z } from 'zod'
import { saga } from '../../../shared/saga/builder.ts'
import { command, participant } from '../../../shared/saga/contract.ts'

const Passage = z.object({ door: z.string(), who: z.string(), token: z.int() })
export type Passage = z.infer<typeof Passage>

export const doorman = participant('doorman', {
  enter: command({ input: Passage }),
  exit: command({ input: Passage }),
})

/** Long enough to outlast a process that is killed, and all that wait before it. */
const PATIENT = { timeout: '5 minutes' } as const

export const visit = saga('visit', { version: 1, input: z.object({ door: z.string(), who: z.string() }) })
  .lock('door', ({ input }) => `door:${input.door}`, PATIENT)
  .step('enter', doorman.enter, ({ input, door }) => ({ ...input, token: door.token }), PATIENT)
  .undo(doorman.exit, ({ input, door }) => ({ ...input, token: door.token }))
  .step('exit', doorman.exit, ({ input, door }) => ({ ...input, token: door.token }), PATIENT)
  .output(({ door }) => door.token)

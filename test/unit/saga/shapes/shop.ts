/** One participant for the examples of shapes: it does anything, and undoes it. */
import { z } from 'zod'
import { saga } from '../../../../shared/saga/builder.ts'
import { command, participant } from '../../../../shared/saga/contract.ts'

export const shop = participant('shop', {
  do: command({ input: z.object({ what: z.json() }), output: z.object({ of: z.string() }) }),
  undo: command({ input: z.object({ what: z.json() }) }),
})

/** A command about something, and its undo. */
export const what = (what: z.infer<ReturnType<typeof z.json>>) => () => ({ what })

export const begin = (name = 'shape') => saga(name, { version: 1, input: z.json() })

/** The participant that all golden sagas ask, and a payload for it. */
import { z } from 'zod'
import { command, participant } from '../../../shared/saga/contract.ts'

export const shop = participant('shop', {
  do: command({ input: z.object({ what: z.json() }), output: z.object({ of: z.string() }) }),
  undo: command({ input: z.object({ what: z.json() }) }),
})

export const of = (what: string) => () => ({ what })

/** A saga that waits for a word that never comes: what bulk acts are asked of while the process around them is killed. */
import { z } from 'zod'
import { saga, signal } from '../../../shared/saga/builder.ts'
import { Definitions } from '../../../shared/saga/definition.ts'

export const PREFIX = 'bulked'
const word = signal('word', z.object({}))

export const definitions = new Definitions([
  saga('waiting', { version: 1, input: z.object({}) })
    .waitFor('word', word, { deadline: '1 day', atDeadline: 'turn-back' })
    .output(() => null),
])

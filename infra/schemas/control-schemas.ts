/** Values of the records on the control topic. */
import { z } from 'zod'
import { Limits, ParticipantName } from '../../shared/client/participant-api.ts'
import { type JsonSchema, jsonSchemaOf } from '../../shared/contracts/json-schema.ts'
import type { ControlFact } from '../../shared/message/control-record.ts'

const Breaker = z.object({
  participant: ParticipantName,
  process: z.string().describe('the orchestrator that says so'),
  since: z.int().describe('when it opened first, milliseconds since the epoch'),
  failures: z.int().min(0).describe('of how many calls it opened'),
  calls: z.int().min(0),
})

const Saga = z.object({
  sagaId: z.string().regex(/^(?!lock:)[A-Za-z0-9._:-]{1,200}$/),
  partition: z.int().min(0),
  process: z.string().describe('the orchestrator that says so'),
  since: z.int().describe('when it stopped, milliseconds since the epoch'),
  why: z.string().describe('what went wrong'),
})

export const CONTROL_VALUES: Readonly<Record<ControlFact['kind'], JsonSchema>> = {
  'limits-set': jsonSchemaOf(
    z.object({ participant: ParticipantName, limits: Limits.nullable().describe('null: none any more') }),
    'draft-7',
  ),
  'breaker-opened': jsonSchemaOf(Breaker, 'draft-7'),
  'breaker-closed': jsonSchemaOf(Breaker, 'draft-7'),
  'saga-stopped': jsonSchemaOf(Saga, 'draft-7'),
  'saga-tried-again': jsonSchemaOf(Saga, 'draft-7'),
}

/** What operators ask of all sagas together, in the gateway's HTTP API. */
import { z } from 'zod'
import { Actor, Id } from './http-api.ts'

const Time = z.string().describe('RFC 3339, UTC')

export const INCIDENT_SAGAS_MAX = 1_000
export const ACTS_LIMIT_MAX = 200

export const FingerprintParams = z.strictObject({
  fingerprint: z.string().regex(/^[0-9a-f]{12}$/, 'the fingerprint of an incident: 12 hexadecimal digits'),
})

export const IncidentAnswer = z.object({
  fingerprint: z.string().describe('the same for as long as it fails in the same way'),
  state: z.enum(['stuck', 'retrying']),
  definition: z.string().nullable(),
  step: z.string().nullable().describe('path without the indexes of items; null: the output of the saga'),
  participant: z.string().nullable(),
  code: z.string().nullable(),
  message: z.string().nullable().describe('of one of them'),
  sagas: z.int(),
  oldestAt: Time.describe('when something happened last in the saga that has stood still for longest'),
  newestAt: Time,
  examples: z.array(z.string()).describe('ids of some of the sagas, those that have stood still for longest first'),
})

export const IncidentList = z.object({ incidents: z.array(IncidentAnswer).describe('most sagas first') })

export const IncidentSagasQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(INCIDENT_SAGAS_MAX).default(100),
})

export const IncidentSagas = z.object({ fingerprint: z.string(), sagas: z.array(z.string()) })

export const AuditQuery = z.strictObject({
  actor: Actor.optional(),
  type: Id.optional().describe('type of the event, as retry-requested'),
  saga: Id.optional(),
  after: z
    .string()
    .regex(/^\d{1,15}:\d{1,9}:[A-Za-z0-9._:-]{1,200}$/, '`next` of the page before')
    .optional(),
  limit: z.coerce.number().int().min(1).max(ACTS_LIMIT_MAX).default(50),
})

export const AuditEntry = z.object({
  saga: z.string(),
  seq: z.int().describe('of the event in the history of the saga'),
  type: z.string(),
  at: Time,
  actor: z.string(),
  reason: z.string().nullable(),
  requestId: z.string().nullable(),
  step: z.string().nullable(),
})

export const AuditList = z.object({
  acts: z.array(AuditEntry).describe('newest first'),
  next: z.string().nullable().describe('null: there are no more'),
})

export const DefinitionCount = z.object({
  name: z.string(),
  version: z.int(),
  isKnown: z.boolean().describe('whether this gateway has it'),
  running: z.int(),
  compensating: z.int(),
  stuck: z.int(),
  paused: z.int(),
  oldestAt: Time.nullable().describe('when the oldest of them was started'),
})

export const DefinitionCounts = z.object({ definitions: z.array(DefinitionCount) })

export const LagAnswer = z.object({
  stages: z.array(
    z.object({
      stage: z.enum(['commands', 'replies', 'views']),
      partition: z.int(),
      records: z.int().describe('that wait'),
      oldestAt: Time.nullable().describe('when the oldest of them was appended; null: none waits'),
    }),
  ),
  at: Time.describe('when this was looked at'),
})

export type IncidentAnswer = z.infer<typeof IncidentAnswer>
export type IncidentList = z.infer<typeof IncidentList>
export type IncidentSagas = z.infer<typeof IncidentSagas>
export type AuditEntry = z.infer<typeof AuditEntry>
export type AuditList = z.infer<typeof AuditList>
export type DefinitionCount = z.infer<typeof DefinitionCount>
export type DefinitionCounts = z.infer<typeof DefinitionCounts>
export type LagAnswer = z.infer<typeof LagAnswer>

/** For operators: what is wrong, who did what, which versions live, what waits. */
import type { IncidentRow } from '../../../shared/adapters/postgres/operator-queries.ts'
import { Problem as ProblemSchema } from '../../../shared/client/http-api.ts'
import {
  type AuditEntry,
  AuditList,
  AuditQuery,
  DefinitionCounts,
  FingerprintParams,
  type IncidentAnswer,
  IncidentList,
  IncidentSagas,
  IncidentSagasQuery,
  LagAnswer,
} from '../../../shared/client/operator-api.ts'
import type { ActRow } from '../../../shared/view/saga-tables.ts'
import type { App, Parts } from '../app.ts'
import { definitionCounts } from '../definition-counts.ts'
import { lagOf } from '../lag.ts'
import { Problem } from '../problem.ts'

const TAGS = ['operators']
const time = (at: number) => new Date(at).toISOString()

/** Adds `GET /v1/incidents`, `/v1/incidents/:fingerprint`, `/v1/audit`, `/v1/definitions` and `/v1/lag`. */
export function operatorRoutes(app: App, parts: Parts): void {
  incidentRoutes(app, parts)
  auditRoute(app, parts)
  app.get(
    '/v1/definitions',
    {
      schema: { summary: 'How many sagas of each version live', tags: TAGS, response: { 200: DefinitionCounts } },
    },
    async () => ({ definitions: definitionCounts(await parts.operators.liveCounts(), parts.definitions) }),
  )
  app.get(
    '/v1/lag',
    {
      schema: {
        summary: 'What waits between the parts, by partition',
        description:
          'Commands and replies wait until the batch that decided on them is in the views; the log, until it is in the views.',
        tags: TAGS,
        response: { 200: LagAnswer },
      },
    },
    async () => lagOf(parts),
  )
}

function incidentRoutes(app: App, { operators }: Parts): void {
  app.get(
    '/v1/incidents',
    {
      schema: {
        summary: 'What is wrong: sagas that fail in the same way, together',
        tags: TAGS,
        response: { 200: IncidentList },
      },
    },
    async () => ({ incidents: (await operators.incidents()).map(incidentAnswer) }),
  )
  app.get(
    '/v1/incidents/:fingerprint',
    {
      schema: {
        summary: 'The sagas that fail in this way',
        tags: TAGS,
        params: FingerprintParams,
        querystring: IncidentSagasQuery,
        response: { 200: IncidentSagas, 400: ProblemSchema, 404: ProblemSchema },
      },
    },
    async ({ params: { fingerprint }, query: { limit } }) => {
      const sagas = await operators.incidentSagas(fingerprint, limit)
      if (sagas.length === 0) throw new Problem(404, 'unknown-incident', `no saga fails in the way ${fingerprint}`)
      return { fingerprint, sagas: [...sagas] }
    },
  )
}

function auditRoute(app: App, { operators }: Parts): void {
  app.get(
    '/v1/audit',
    {
      schema: {
        summary: 'What persons have asked of sagas: who, when and why; newest first',
        tags: TAGS,
        querystring: AuditQuery,
        response: { 200: AuditList, 400: ProblemSchema },
      },
    },
    async ({ query: { actor, type, saga, after, limit } }) => {
      const { acts, next } = await operators.acts({
        limit,
        ...(actor !== undefined && { actor }),
        ...(type !== undefined && { type }),
        ...(saga !== undefined && { saga }),
        ...(after !== undefined && { after: markIn(after) }),
      })
      return { acts: acts.map(auditEntry), next: next ? `${next.at}:${next.seq}:${next.saga_id}` : null }
    },
  )
}

function markIn(text: string): { at: number; seq: number; saga_id: string } {
  const [, at, seq, saga_id] = /^(\d{1,15}):(\d{1,9}):(.+)$/.exec(text) ?? []
  if (at === undefined || seq === undefined || saga_id === undefined)
    throw new Problem(400, 'invalid-request', 'after is no mark of a page')
  return { at: Number(at), seq: Number(seq), saga_id }
}

function incidentAnswer({ oldest_at, newest_at, examples, ...row }: IncidentRow): IncidentAnswer {
  return { ...row, oldestAt: time(oldest_at), newestAt: time(newest_at), examples: [...examples] }
}

function auditEntry({ saga_id: saga, request_id: requestId, at, type, actor, ...row }: ActRow): AuditEntry {
  return { ...row, saga, requestId, at: time(at ?? 0), type: type ?? '', actor: actor ?? '' }
}

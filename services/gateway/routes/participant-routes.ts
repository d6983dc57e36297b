/** Participants: how hard they may be asked, and what waits for them. */
import { ActBody, Problem as ProblemSchema } from '../../../shared/client/http-api.ts'
import {
  type HeldAnswer,
  LimitsAnswer,
  LimitsBody,
  type ParticipantAnswer,
  ParticipantDetail,
  ParticipantList,
  ParticipantParams,
  ParticipantsQuery,
} from '../../../shared/client/participant-api.ts'
import { limitsFault, type ParticipantLimits } from '../../../shared/flow/limits.ts'
import { SILENT_BREAKER_MS } from '../../../shared/runtime/flow-control.ts'
import { placeAnswer } from '../answers.ts'
import type { App, Parts } from '../app.ts'
import { Problem } from '../problem.ts'
import { requestIdOf } from '../request-id.ts'

/** Held steps that are shown one by one. */
const WAITING_MAX = 100

/** Who acts when nothing else is said. */
const ANONYMOUS = 'http:anonymous'
const TAGS = ['participants']
const ANSWERS = { 202: LimitsAnswer, 400: ProblemSchema }

function limitRoutes(app: App, { client, ids }: Parts): void {
  const limit = async (
    participant: string,
    asked: {
      readonly limits: ParticipantLimits | null
      readonly actor: string
      readonly reason: string
      readonly requestId: string
    },
  ) => {
    const place = await client.limit(participant, asked.limits, asked)
    return { participant, requestId: asked.requestId, place: placeAnswer(place) }
  }
  app.put(
    '/v1/participants/:name/limits',
    {
      schema: {
        summary: 'Say how hard a participant may be asked, in place of all that was said before',
        tags: TAGS,
        params: ParticipantParams,
        body: LimitsBody,
        response: ANSWERS,
      },
    },
    async (request, reply) => {
      const { limits, reason, actor = ANONYMOUS } = request.body
      const fault = limitsFault(limits)
      if (fault !== undefined) throw new Problem(400, 'invalid-request', `limits: ${fault}`)
      const asked = { limits: limits as ParticipantLimits, actor, reason, requestId: requestIdOf(request, ids) }
      return reply.code(202).send(await limit(request.params.name, asked))
    },
  )
  app.delete(
    '/v1/participants/:name/limits',
    {
      schema: {
        summary: 'Take the limits of a participant away',
        tags: TAGS,
        params: ParticipantParams,
        body: ActBody,
        response: ANSWERS,
      },
    },
    async (request, reply) => {
      const { reason, actor = ANONYMOUS } = request.body
      const asked = { limits: null, actor, reason, requestId: requestIdOf(request, ids) }
      return reply.code(202).send(await limit(request.params.name, asked))
    },
  )
}

function nothingOf(name: string): ParticipantAnswer {
  const unset = { limits: null, setBy: null, setAt: null, reason: null }
  const nothing = { held: 0, oldestHeldAt: null, inFlight: 0, oldestUnansweredAt: null, recent: null }
  return { name, ...unset, openBreakers: [], ...nothing }
}

function readRoutes(app: App, { participants, clock }: Parts): void {
  const all = (minutes: number) => {
    const now = clock.now()
    return participants.withRecent(now - SILENT_BREAKER_MS, { minutes, endedFrom: now - minutes * 60_000 })
  }
  app.get(
    '/v1/participants',
    {
      schema: {
        summary:
          'Participants that have limits, an open breaker, something under way, or something that ended just now',
        tags: TAGS,
        querystring: ParticipantsQuery,
        response: { 200: ParticipantList, 400: ProblemSchema, 503: ProblemSchema },
      },
    },
    async ({ query: { minutes } }) => ({ participants: [...(await all(minutes))] }),
  )
  app.get(
    '/v1/participants/:name',
    {
      schema: {
        summary: 'One participant, with the steps that wait for it',
        tags: TAGS,
        params: ParticipantParams,
        querystring: ParticipantsQuery,
        response: { 200: ParticipantDetail, 400: ProblemSchema, 503: ProblemSchema },
      },
    },
    async (request) => {
      const { name } = request.params
      const found = (await all(request.query.minutes)).find((one) => one.name === name) ?? nothingOf(name)
      const rows = await participants.waiting(name, WAITING_MAX)
      const waiting = rows.map(({ saga_id, step, direction, limit_key, priority, paused, held_at }): HeldAnswer => {
        const heldAt = held_at === null ? null : new Date(Number(held_at)).toISOString()
        const way = direction === 'compensate' ? 'compensate' : 'forward'
        return { saga: saga_id, step, direction: way, key: limit_key, priority: Number(priority), paused, heldAt }
      })
      return { ...found, waiting }
    },
  )
}

/** Adds `GET /v1/participants` and `/v1/participants/:name`, and `PUT` and `DELETE /v1/participants/:name/limits`. */
export function participantRoutes(app: App, parts: Parts): void {
  limitRoutes(app, parts)
  readRoutes(app, parts)
}

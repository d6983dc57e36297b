/** Locks: who holds them and who waits, and a person who takes one away. */
import {
  FreeLockAnswer,
  FreeLockBody,
  LockAnswer,
  LockList,
  LockListQuery,
  Problem as ProblemSchema,
  ResourceParams,
} from '../../../shared/client/http-api.ts'
import { placeAnswer } from '../answers.ts'
import type { App, Parts } from '../app.ts'
import { lockAnswer } from '../lock-answers.ts'
import { Problem } from '../problem.ts'
import { requestIdOf } from '../request-id.ts'
import { ANONYMOUS } from './act-routes.ts'

const TAGS = ['locks']

/** Adds `GET /v1/locks`, `GET /v1/locks/:resource` and `POST /v1/locks/:resource/free`. */
export function lockRoutes(app: App, parts: Parts): void {
  listRoute(app, parts)
  showRoute(app, parts)
  freeRoute(app, parts)
}

function listRoute(app: App, { reads }: Parts): void {
  app.get(
    '/v1/locks',
    {
      schema: {
        summary: 'List the locks that sagas hold or wait for, by resource',
        tags: TAGS,
        querystring: LockListQuery,
        response: { 200: LockList, 400: ProblemSchema },
      },
    },
    async ({ query: { limit, after } }) => {
      const { locks, next = null } = await reads.locks({ limit, ...(after !== undefined && { after }) })
      return { locks: locks.map(lockAnswer), next }
    },
  )
}

async function known(parts: Parts, resource: string): Promise<LockAnswer> {
  const [row] = await parts.reads.locksNamed([resource])
  if (!row) throw new Problem(404, 'unknown-lock', `no saga has asked for the lock ${resource}`)
  return lockAnswer(row)
}

function showRoute(app: App, parts: Parts): void {
  app.get(
    '/v1/locks/:resource',
    {
      schema: {
        summary: 'Show a lock: who holds it, and who waits',
        tags: TAGS,
        params: ResourceParams,
        response: { 200: LockAnswer, 400: ProblemSchema, 404: ProblemSchema },
      },
    },
    async ({ params: { resource } }) => known(parts, resource),
  )
}

function freeRoute(app: App, parts: Parts): void {
  app.post(
    '/v1/locks/:resource/free',
    {
      schema: {
        summary: 'Take a lock away from a saga, which does not know',
        description:
          'What the saga does next it still does under its token; participants that look at tokens refuse it once another saga holds the lock.',
        tags: TAGS,
        params: ResourceParams,
        body: FreeLockBody,
        response: { 202: FreeLockAnswer, 400: ProblemSchema, 404: ProblemSchema },
      },
    },
    async (request, reply) => {
      const { resource } = request.params
      const { saga, reason, actor = ANONYMOUS } = request.body
      await known(parts, resource)
      const requestId = requestIdOf(request, parts.ids)
      const place = await parts.client.freeLock(resource, { saga, actor, reason, requestId })
      return reply.code(202).send({ resource, requestId, place: placeAnswer(place) })
    },
  )
}

/** Starting a saga: checked against its definition, and idempotent by its id. */
import type { FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { Problem as ProblemSchema, StartAnswer, StartRequest } from '../../../shared/client/http-api.ts'
import type { Place } from '../../../shared/client/place.ts'
import { type SagaId, sagaId } from '../../../shared/message/ids.ts'
import type { Json } from '../../../shared/message/json.ts'
import { inputHash } from '../../../shared/runtime/input-hash.ts'
import { linksOf, placeAnswer } from '../answers.ts'
import type { App, Parts } from '../app.ts'
import { idOfKey } from '../key-id.ts'
import { Problem } from '../problem.ts'
import type { RecentStart, RecentStarts } from '../recent-starts.ts'
import { requestIdOf } from '../request-id.ts'

interface Start {
  readonly id: SagaId
  readonly definition: string
  readonly version: number | undefined
  readonly priority: number | undefined
  readonly input: Json
  readonly hash: string
}

/** The body was made by the JSON decoder, so what the schema leaves open is JSON. */
function checkedStart(parts: Parts, body: z.infer<typeof StartRequest>): Start {
  const { definition, version, priority } = body
  const id = body.id === undefined ? idOfKey(definition, body.key ?? '') : sagaId(body.id)
  const found = parts.definitions.forStart(definition, version, id)
  const named = version === undefined ? definition : `${definition} version ${version}`
  if (!found) throw new Problem(422, 'unknown-definition', `there is no definition ${named}`)
  const input = (body.input ?? null) as Json
  const checked = found.input.safeParse(input)
  if (!checked.success)
    throw new Problem(422, 'invalid-input', `the input does not fit ${named}`, { issues: checked.error.issues })
  return {
    id,
    definition,
    version,
    priority,
    input,
    hash: inputHash(input),
  }
}

interface Known {
  readonly hash: string | null
  readonly definition: string | null
  readonly place?: Place | undefined
}

async function knownStart(parts: Parts, recent: RecentStarts, id: string): Promise<Known | undefined> {
  const remembered = recent.get(id)
  if (remembered) return remembered
  const row = await parts.reads.saga(id)
  // Another start may have come in while the views were asked.
  return row ? { hash: row.input_hash, definition: row.definition } : recent.get(id)
}

function sameOrConflict(start: Start, known: Known): void {
  if (known.hash === start.hash && known.definition === start.definition) return
  const what = known.definition === start.definition ? 'input' : 'definition'
  throw new Problem(409, 'start-conflict', `saga ${start.id} was started with another ${what}`)
}

async function append(parts: Parts, start: Start, requestId: string): Promise<Place> {
  const { id, definition, version, priority, input } = start
  return parts.client.send({ kind: 'start', sagaId: id, requestId, definition, version, priority, input })
}

async function appendRemembered(
  parts: Parts,
  { start, requestId }: { readonly start: Start; readonly requestId: string },
  recent: RecentStarts,
): Promise<Place> {
  const claimed: RecentStart = recent.claim(start.id, start.hash, start.definition)
  try {
    claimed.place = await append(parts, start, requestId)
    return claimed.place
  } catch (error) {
    recent.forget(start.id, claimed)
    throw error
  }
}

/** Adds `POST /v1/sagas`. */
export function startRoute(app: App, parts: Parts, recent: RecentStarts): void {
  const answerOf = (id: string, place: Place | undefined) => ({
    id,
    ...(place && { place: placeAnswer(place) }),
    links: linksOf(id, place),
  })
  app.post(
    '/v1/sagas',
    {
      schema: {
        summary: 'Start a saga',
        description:
          'Idempotent by id, or by business key: the same start again is the same saga (200); another input is refused (409).',
        tags: ['sagas'],
        body: StartRequest,
        response: { 200: StartAnswer, 202: StartAnswer, 400: ProblemSchema, 409: ProblemSchema, 422: ProblemSchema },
      },
    },
    async (request, reply) => {
      const start = checkedStart(parts, request.body)
      const requestId = requestIdOf(request as FastifyRequest, parts.ids)
      const known = await knownStart(parts, recent, start.id)
      if (known) {
        sameOrConflict(start, known)
        return reply.code(200).send(answerOf(start.id, known.place))
      }
      const place = await appendRemembered(parts, { start, requestId }, recent)
      return reply.code(202).send(answerOf(start.id, place))
    },
  )
}

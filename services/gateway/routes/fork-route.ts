/** Forking a saga: written to the origin; the new saga begins when the origin's owner has sent its start. */
import type { z } from 'zod'
import { ForkAnswer, ForkBody, IdParams, Problem as ProblemSchema } from '../../../shared/client/http-api.ts'
import { type SagaId, sagaId } from '../../../shared/message/ids.ts'
import type { Json } from '../../../shared/message/json.ts'
import { inputHash } from '../../../shared/runtime/input-hash.ts'
import { linksOf, placeAnswer } from '../answers.ts'
import type { App, Parts } from '../app.ts'
import { Problem } from '../problem.ts'
import type { RecentStarts } from '../recent-starts.ts'
import { requestIdOf } from '../request-id.ts'
import { ANONYMOUS } from './act-routes.ts'

interface Forked {
  readonly id: SagaId
  readonly fork: SagaId
}

/** A saga can be forked after its end. Its fork's id must be free; the fork that was asked for before is no other saga. */
async function refuseUnfit(parts: Parts, recent: RecentStarts, { id, fork }: Forked): Promise<void> {
  const [origin, taken] = await Promise.all([parts.reads.saga(id), parts.reads.saga(fork)])
  if (!origin && !recent.get(id)?.place) throw new Problem(404, 'unknown-saga', `there is no saga ${id}`)
  if (taken ? taken.origin_saga_id !== id : recent.get(fork))
    throw new Problem(409, 'start-conflict', `the id ${fork} is taken by another saga`)
}

/** Made of the request, so that one which is made again makes no other saga. */
function idFor({ id, requestId, named }: { id: SagaId; requestId: string; named: string | undefined }): SagaId {
  return sagaId(named ?? `fork-${inputHash([id, requestId]).slice(0, 32)}`)
}

function otherInput({ input }: z.infer<typeof ForkBody>): { readonly input?: Json } {
  return input === undefined ? {} : { input: input as Json }
}

const ANSWERS = { 202: ForkAnswer, 400: ProblemSchema, 404: ProblemSchema, 409: ProblemSchema }

/** Adds `POST /v1/sagas/:id/fork`. */
export function forkRoute(app: App, parts: Parts, recent: RecentStarts): void {
  app.post(
    '/v1/sagas/:id/fork',
    {
      schema: {
        summary: 'Let a new saga go on from a step of this one, with what this one has done before it',
        description: 'The new saga never undoes what it was given. With another input, approvals are asked for anew.',
        tags: ['sagas'],
        params: IdParams,
        body: ForkBody,
        response: ANSWERS,
      },
    },
    async (request, reply) => {
      const { step, version, fork: named, reason, actor = ANONYMOUS } = request.body
      const id = sagaId(request.params.id)
      const requestId = requestIdOf(request, parts.ids)
      const fork = idFor({ id, requestId, named })
      await refuseUnfit(parts, recent, { id, fork })
      const act = { sagaId: id, requestId, actor, reason, ...otherInput(request.body) }
      const place = await parts.client.send({ kind: 'fork', ...act, step, fork, version })
      return reply.code(202).send({ id, requestId, fork, place: placeAnswer(place), links: linksOf(fork) })
    },
  )
}

/** Forking a saga: a new one goes on from a step of it. */
import type { z } from 'zod'
import { ForkAnswer, ForkBody, IdParams, Problem as ProblemSchema } from '../../../shared/client/http-api.ts'
import { type SagaId, sagaId } from '../../../shared/message/ids.ts'
import type { Json } from '../../../shared/message/json.ts'
import { inputHash } from '../../../shared/runtime/input-hash.ts'
import { linksOf, placeAnswer } from '../answers.ts'
import type { App, Parts } from '../app.ts'
import { type ForkDesk, handIn } from '../forks.ts'
import { requestIdOf } from '../request-id.ts'
import { ANONYMOUS } from './act-routes.ts'

/** Made of the request, so that one which is made again makes no other saga. */
function idFor({ id, requestId, named }: { id: SagaId; requestId: string; named: string | undefined }): SagaId {
  return sagaId(named ?? `fork-${inputHash([id, requestId]).slice(0, 32)}`)
}

function otherInput({ input }: z.infer<typeof ForkBody>): { readonly input?: Json } {
  return input === undefined ? {} : { input: input as Json }
}

const ANSWERS = { 202: ForkAnswer, 400: ProblemSchema, 404: ProblemSchema, 409: ProblemSchema, 422: ProblemSchema }

/** Adds `POST /v1/sagas/:id/fork`. */
export function forkRoute(app: App, parts: Parts, known: Pick<ForkDesk, 'recent' | 'waits'>): void {
  app.post(
    '/v1/sagas/:id/fork',
    {
      schema: {
        summary: 'Let a new saga go on from a step of this one, with what this one has done before it',
        description:
          'The new saga never undoes what it was given. With another input, approvals are asked for anew. ' +
          'A saga that has ended can be forked as well; where it is not possible the reason is answered at once.',
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
      const act = { sagaId: id, requestId, actor, reason, ...otherInput(request.body) }
      const place = await handIn({ ...parts, ...known }, { kind: 'fork', ...act, step, fork, version })
      return reply.code(202).send({ id, requestId, fork, place: placeAnswer(place), links: linksOf(fork) })
    },
  )
}

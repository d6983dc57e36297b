/** Signals, cancels and retries: written to the log; what came of them is in the saga's history. */
import {
  ActAnswer,
  ActBody,
  IdParams,
  Problem as ProblemSchema,
  SignalParams,
  SignalRequest,
} from '../../../shared/client/http-api.ts'
import type { ClientCommand } from '../../../shared/message/client-command-record.ts'
import { type SagaId, sagaId } from '../../../shared/message/ids.ts'
import type { Json } from '../../../shared/message/json.ts'
import { linksOf, placeAnswer } from '../answers.ts'
import type { App, Parts } from '../app.ts'
import { Problem } from '../problem.ts'
import type { RecentStarts } from '../recent-starts.ts'
import { requestIdOf } from '../request-id.ts'

/** Who acts when nothing else is said. */
const ANONYMOUS = 'http:anonymous'

/** The views may be behind, so only what they can be sure of is refused here: a saga that has ended stays so. */
async function refuseUnfit(parts: Parts, recent: RecentStarts, id: SagaId): Promise<void> {
  if (recent.get(id)?.place) return refuseEnded(parts, id)
  const row = await parts.reads.saga(id)
  if (!row) throw new Problem(404, 'unknown-saga', `there is no saga ${id}`)
  if (row.ended_at !== null) throw ended(id)
}

async function refuseEnded(parts: Parts, id: SagaId): Promise<void> {
  const row = await parts.reads.saga(id)
  if (row && row.ended_at !== null) throw ended(id)
}

function ended(id: SagaId): Problem {
  return new Problem(409, 'saga-ended', `saga ${id} has ended; nothing can be asked of it any more`)
}

const ANSWERS = { 202: ActAnswer, 400: ProblemSchema, 404: ProblemSchema, 409: ProblemSchema }

/** Adds `POST /v1/sagas/:id/signals/:name`, `/cancel` and `/retry`. */
export function actRoutes(app: App, parts: Parts, recent: RecentStarts): void {
  const carryOut = async (command: ClientCommand) => {
    await refuseUnfit(parts, recent, command.sagaId)
    const place = await parts.client.send(command)
    const { sagaId: id, requestId } = command
    return { id, requestId, place: placeAnswer(place), links: linksOf(id, place) }
  }

  app.post(
    '/v1/sagas/:id/signals/:name',
    {
      schema: {
        summary: 'Send a signal to a saga',
        tags: ['sagas'],
        params: SignalParams,
        body: SignalRequest,
        response: ANSWERS,
      },
    },
    async (request, reply) => {
      const { id, name } = request.params
      const payload = (request.body.payload ?? null) as Json
      const requestId = requestIdOf(request, parts.ids)
      return reply.code(202).send(await carryOut({ kind: 'signal', sagaId: sagaId(id), requestId, name, payload }))
    },
  )

  const act = (kind: 'cancel' | 'retry', summary: string) =>
    app.post(
      `/v1/sagas/:id/${kind}`,
      { schema: { summary, tags: ['sagas'], params: IdParams, body: ActBody, response: ANSWERS } },
      async (request, reply) => {
        const { reason, actor = ANONYMOUS } = request.body
        const requestId = requestIdOf(request, parts.ids)
        return reply
          .code(202)
          .send(await carryOut({ kind, sagaId: sagaId(request.params.id), requestId, actor, reason }))
      },
    )
  act('cancel', 'Ask a saga to turn back')
  act('retry', 'Ask a stuck saga to go on')
}

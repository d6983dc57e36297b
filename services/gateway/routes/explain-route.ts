/** Why a saga stands where it stands. */
import { ExplainAnswer } from '../../../shared/client/explain-api.ts'
import { IdParams, Problem as ProblemSchema } from '../../../shared/client/http-api.ts'
import { sagaId } from '../../../shared/message/ids.ts'
import type { App, Parts } from '../app.ts'
import { explainSaga } from '../explain-saga.ts'

export function explainRoute(app: App, parts: Parts): void {
  app.get(
    '/v1/sagas/:id/explain',
    {
      schema: {
        summary: 'Say what a saga waits for, what holds that up, what comes next, and what a cancel would undo',
        description: 'As far as this gateway has the definition that the saga runs on, and its views have come.',
        tags: ['sagas'],
        params: IdParams,
        response: {
          200: ExplainAnswer,
          400: ProblemSchema,
          404: ProblemSchema,
          409: ProblemSchema,
          422: ProblemSchema,
        },
      },
    },
    async ({ params: { id } }) => explainSaga(sagaId(id), parts),
  )
}

/** What a saga has sent, and what was answered. */
import { type CommandAnswer, CommandList, CommandsQuery } from '../../../shared/client/command-api.ts'
import { IdParams, Problem as ProblemSchema } from '../../../shared/client/http-api.ts'
import { sagaId } from '../../../shared/message/ids.ts'
import type { SentCommandRow } from '../../../shared/view/saga-commands.ts'
import type { App, Parts } from '../app.ts'
import { Problem } from '../problem.ts'
import { commandsOf } from '../saga-commands.ts'

/** Adds `GET /v1/sagas/:id/commands`. */
export function commandRoutes(app: App, parts: Parts): void {
  app.get(
    '/v1/sagas/:id/commands',
    {
      schema: {
        summary: 'The commands of a saga, each attempt by itself, with what was answered and when',
        tags: ['sagas'],
        params: IdParams,
        querystring: CommandsQuery,
        response: { 200: CommandList, 400: ProblemSchema, 404: ProblemSchema, 409: ProblemSchema, 422: ProblemSchema },
      },
    },
    async ({ params: { id }, query }) => {
      const { commands, more } = await commandsOf(sagaId(id), parts, query)
      if (commands.length === 0 && !(await parts.reads.saga(id)))
        throw new Problem(404, 'unknown-saga', `there is no saga ${id}`)
      return { id, commands: commands.map(commandAnswer), next: more ? (commands.at(-1)?.seq ?? null) : null }
    },
  )
}

const time = (at: number | null) => (at === null ? null : new Date(at).toISOString())

/** One of them, as the API says it. */
export function commandAnswer({ commandType, sentAt, answeredAt, ...row }: SentCommandRow): CommandAnswer {
  return {
    ...row,
    command: commandType,
    sentAt: new Date(sentAt).toISOString(),
    timeoutAt: time(row.timeoutAt),
    takenUpAt: time(row.takenUpAt),
    answeredAt: time(answeredAt),
    tookMs: answeredAt === null ? null : answeredAt - sentAt,
  }
}

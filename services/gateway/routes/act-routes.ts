/** Signals, and what persons ask of a saga: written to the log; what came of them is in the saga's history. */
import type { FastifyRequest } from 'fastify'
import type { z } from 'zod'
import {
  ActAnswer,
  ActBody,
  EditBody,
  IdParams,
  MigrateBody,
  PauseBody,
  Problem as ProblemSchema,
  ResolveBody,
  RetryAnswer,
  RetryBody,
  SignalByKeyParams,
  SignalParams,
  SignalRequest,
  SkipBody,
} from '../../../shared/client/http-api.ts'
import type { ClientCommand, PersonsAct } from '../../../shared/message/client-command-record.ts'
import { type SagaId, sagaId } from '../../../shared/message/ids.ts'
import type { Json } from '../../../shared/message/json.ts'
import { linksOf, placeAnswer } from '../answers.ts'
import type { App, Parts } from '../app.ts'
import { putBackLeftOver } from '../dead-letters/left-over.ts'
import { idOfKey } from '../key-id.ts'
import { Problem } from '../problem.ts'
import type { RecentStarts } from '../recent-starts.ts'
import { requestIdOf } from '../request-id.ts'

/** Who acts when nothing else is said. */
export const ANONYMOUS = 'http:anonymous'

/** The views may be behind, so only what they can be sure of is refused here: a saga that has ended stays so. */
async function refuseUnfit(parts: Parts, recent: RecentStarts, id: SagaId): Promise<void> {
  const row = await parts.reads.saga(id)
  if (!row && !recent.get(id)?.place) throw new Problem(404, 'unknown-saga', `there is no saga ${id}`)
  // One that is stuck on an undo after its end still waits for a person.
  if (row && row.ended_at !== null && row.status !== 'stuck' && row.stopped_why === null)
    throw new Problem(409, 'saga-ended', `saga ${id} has ended; nothing can be asked of it any more`)
}

type Answer = z.infer<typeof ActAnswer>
/** Puts a command into the log, unless its saga is known to be past it. */
type CarryOut = (command: ClientCommand) => Promise<Answer>

const ANSWERS = { 202: ActAnswer, 400: ProblemSchema, 404: ProblemSchema, 409: ProblemSchema }
const TAGS = ['sagas']

function signalOf(
  request: Pick<FastifyRequest, 'headers'> & { readonly body: z.infer<typeof SignalRequest> },
  { id, name, parts }: { readonly id: SagaId; readonly name: string; readonly parts: Parts },
): ClientCommand {
  const { payload = null, actor, roles = [] } = request.body
  const requestId = requestIdOf(request, parts.ids)
  return { kind: 'signal', sagaId: id, requestId, name, payload: payload as Json, actor, roles }
}

function signalRoutes(app: App, parts: Parts, carryOut: CarryOut): void {
  app.post(
    '/v1/sagas/:id/signals/:name',
    {
      schema: {
        summary: 'Send a signal to a saga',
        description: 'An answer to an approval names its `actor` and the `roles` that one says to have.',
        tags: TAGS,
        params: SignalParams,
        body: SignalRequest,
        response: ANSWERS,
      },
    },
    async (request, reply) => {
      const { id, name } = request.params
      return reply.code(202).send(await carryOut(signalOf(request, { id: sagaId(id), name, parts })))
    },
  )
  app.post(
    '/v1/sagas/by-key/:definition/:key/signals/:name',
    {
      schema: {
        summary: 'Send a signal to the saga that was started under a business key',
        tags: TAGS,
        params: SignalByKeyParams,
        body: SignalRequest,
        response: ANSWERS,
      },
    },
    async (request, reply) => {
      const { definition, key, name } = request.params
      return reply.code(202).send(await carryOut(signalOf(request, { id: idOfKey(definition, key), name, parts })))
    },
  )
}

const ACTS = {
  cancel: 'Ask a saga to turn back',
  resume: 'Let a paused saga go on',
  kill: 'End a saga as it is, with nothing undone: an incident',
} as const

function personRoutes(app: App, parts: Parts, carryOut: CarryOut): void {
  for (const kind of ['cancel', 'kill', 'resume'] as const)
    app.post(
      `/v1/sagas/:id/${kind}`,
      { schema: { summary: ACTS[kind], tags: TAGS, params: IdParams, body: ActBody, response: ANSWERS } },
      async (request, reply) => {
        const { reason, actor = ANONYMOUS } = request.body
        const requestId = requestIdOf(request, parts.ids)
        const id = sagaId(request.params.id)
        return reply.code(202).send(await carryOut({ kind, sagaId: id, requestId, actor, reason }))
      },
    )
}

/** What every act says, whatever else it does. */
function askedBy(
  request: Pick<FastifyRequest, 'headers'> & {
    readonly params: z.infer<typeof IdParams>
    readonly body: z.infer<typeof ActBody>
  },
  parts: Parts,
): PersonsAct {
  const { reason, actor = ANONYMOUS } = request.body
  return { sagaId: sagaId(request.params.id), requestId: requestIdOf(request, parts.ids), actor, reason }
}

const ABOUT_STEPS = { tags: TAGS, params: IdParams, response: ANSWERS }

/** JSON was parsed, so it is JSON; absent: null. */
const jsonOf = (value: unknown): Json => (value ?? null) as Json

function stepRoutes(app: App, parts: Parts, carryOut: CarryOut): void {
  app.post(
    '/v1/sagas/:id/retry',
    {
      schema: {
        ...ABOUT_STEPS,
        summary: 'Ask a stuck or stopped saga to go on: at one step, or at all',
        description: 'Where nothing was decided for it, its inputs since then are put back from the dead letters too.',
        body: RetryBody,
        response: { ...ANSWERS, 202: RetryAnswer },
      },
    },
    async (request, reply) => {
      const { step } = request.body
      const asked = askedBy(request, parts)
      const stopped = (await parts.reads.saga(asked.sagaId))?.stopped_why ?? null
      const answer = await carryOut({ kind: 'retry', ...asked, step })
      const putBack = stopped === null ? 0 : await putBackLeftOver(parts, asked)
      return reply.code(202).send({ ...answer, putBack })
    },
  )
  app.post(
    '/v1/sagas/:id/pause',
    { schema: { ...ABOUT_STEPS, summary: 'Hold a saga: nothing new is begun until it is resumed', body: PauseBody } },
    async (request, reply) => {
      const { timers } = request.body
      return reply.code(202).send(await carryOut({ kind: 'pause', ...askedBy(request, parts), timers }))
    },
  )
  app.post(
    '/v1/sagas/:id/migrate',
    { schema: { ...ABOUT_STEPS, summary: 'Move a saga to another version of its definition', body: MigrateBody } },
    async (request, reply) => {
      const { toVersion } = request.body
      return reply.code(202).send(await carryOut({ kind: 'migrate', ...askedBy(request, parts), toVersion }))
    },
  )
  app.post(
    '/v1/sagas/:id/resolve',
    { schema: { ...ABOUT_STEPS, summary: 'Say what became of a step that waits for a person', body: ResolveBody } },
    async (request, reply) => {
      const { step, as, output } = request.body
      const said = { step, as, ...(as === 'done' ? { output: jsonOf(output) } : {}) }
      return reply.code(202).send(await carryOut({ kind: 'resolve', ...askedBy(request, parts), ...said }))
    },
  )
  app.post(
    '/v1/sagas/:id/skip',
    { schema: { ...ABOUT_STEPS, summary: 'Take a step as done, with a result', body: SkipBody } },
    async (request, reply) => {
      const { step, output, notDone } = request.body
      const said = { step, output: jsonOf(output), notDone }
      return reply.code(202).send(await carryOut({ kind: 'skip', ...askedBy(request, parts), ...said }))
    },
  )
  app.post(
    '/v1/sagas/:id/edit',
    { schema: { ...ABOUT_STEPS, summary: 'Try a parked step again with another payload', body: EditBody } },
    async (request, reply) => {
      const { step, payload } = request.body
      return reply
        .code(202)
        .send(await carryOut({ kind: 'edit', ...askedBy(request, parts), step, payload: jsonOf(payload) }))
    },
  )
}

/** Adds `POST /v1/sagas/:id/signals/:name` (also by key), `/cancel`, `/kill`, `/retry`, `/resolve`, `/skip`, `/edit`, `/pause`, `/resume`, `/migrate`. */
export function actRoutes(app: App, parts: Parts, recent: RecentStarts): void {
  const carryOut: CarryOut = async (command) => {
    await refuseUnfit(parts, recent, command.sagaId)
    const place = await parts.client.send(command)
    const { sagaId: id, requestId } = command
    return { id, requestId, place: placeAnswer(place), links: linksOf(id, place) }
  }
  signalRoutes(app, parts, carryOut)
  personRoutes(app, parts, carryOut)
  stepRoutes(app, parts, carryOut)
}

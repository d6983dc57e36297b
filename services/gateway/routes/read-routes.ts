/** Reading sagas: lists, one saga (as it is, or once it has come as far as asked), its history, and counts. */
import type { z } from 'zod'
import type { SagaView } from '../../../shared/adapters/postgres/view-queries.ts'
import {
  CountsAnswer,
  HistoryAnswer,
  HistoryQuery,
  IdParams,
  Problem as ProblemSchema,
  SagaDetail,
  SagaList,
  ShowQuery,
} from '../../../shared/client/http-api.ts'
import { attributesIn, ListQuery } from '../../../shared/client/saga-filter.ts'
import { eventAnswer, locksAwaited, markOf, markText, sagaAnswer, sagaDetail } from '../answers.ts'
import type { App, Parts } from '../app.ts'
import { criteriaOf } from '../criteria.ts'
import { holdersOf } from '../lock-answers.ts'
import { Problem } from '../problem.ts'
import type { ListFilter, SagaReads } from '../saga-reads.ts'
import { untilShown } from '../view-place.ts'
import type { ViewWaits } from '../view-waits.ts'

/** Waits until the view has seen the outcome of the command at this place. */
async function waitForPlace(
  { reads, waits }: { readonly reads: SagaReads; readonly waits: ViewWaits },
  atLeast: string,
  untilMs: number,
): Promise<void> {
  const [first = '', second = ''] = atLeast.split(':')
  const partition = Number(first)
  const wanted = BigInt(second)
  const { found, value } = await untilShown({ reads, waits }, { partition, offset: wanted }, untilMs)
  if (found) return
  const lag = { partition, wanted: String(wanted), consumed: String(value) }
  throw new Problem(504, 'view-behind', 'the view has not come that far yet; ask again', { lag })
}

function atRest(row: SagaView, until: 'ended' | 'settled'): boolean {
  return (
    row.ended_at !== null ||
    (until === 'settled' && (row.status === 'stuck' || row.status === 'paused' || row.quarantined !== null))
  )
}

function listFilter({ limit, after, ...rest }: z.infer<typeof ListQuery>): ListFilter {
  const criteria = criteriaOf({ ...rest, attributes: attributesIn(rest) })
  return { ...criteria, limit, ...(after !== undefined && { after: markOf(after) }) }
}

function unknown(id: string): Problem {
  return new Problem(404, 'unknown-saga', `there is no saga ${id}`)
}

function listRoute(app: App, { reads, definitions }: Pick<Parts, 'reads' | 'definitions'>): void {
  app.get(
    '/v1/sagas',
    {
      schema: {
        summary: 'List sagas, newest first',
        description: '`attribute.<name>=<value>` lists only sagas that have that attribute; several must all hold.',
        tags: ['sagas'],
        querystring: ListQuery,
        response: { 200: SagaList, 400: ProblemSchema },
      },
    },
    async ({ query }) => {
      const page = await reads.list(listFilter(query))
      return { sagas: page.sagas.map((row) => sagaAnswer(row, definitions)), next: markText(page.next) }
    },
  )
}

function showRoute(app: App, parts: Pick<Parts, 'reads' | 'clock' | 'definitions'>, waits: ViewWaits): void {
  const { reads, clock, definitions } = parts
  app.get(
    '/v1/sagas/:id',
    {
      schema: {
        summary: 'Show a saga with its steps',
        description:
          '`atLeast` waits until the view has seen the outcome of a command (504 with the lag if it does not in time); ' +
          '`until` then waits until the saga has ended, and answers it as it is when the time is over.',
        tags: ['sagas'],
        params: IdParams,
        querystring: ShowQuery,
        response: { 200: SagaDetail, 400: ProblemSchema, 404: ProblemSchema, 504: ProblemSchema },
      },
    },
    async ({ params: { id }, query: { atLeast, until, timeoutMs } }) => {
      const untilMs = clock.now() + timeoutMs
      if (atLeast !== undefined) await waitForPlace({ reads, waits }, atLeast, untilMs)
      const look = async () => {
        const row = await reads.saga(id)
        if (!row) throw unknown(id)
        return { found: until === undefined || atRest(row, until), value: row }
      }
      const { value } = await waits.until(untilMs, look)
      const [steps, attributes] = await Promise.all([reads.steps(id), reads.attributes(id)])
      const held = holdersOf(await reads.locksNamed(locksAwaited(value, steps)))
      return sagaDetail(sagaAnswer(value, definitions), { row: value, steps, attributes, held })
    },
  )
}

function historyRoute(app: App, reads: SagaReads): void {
  app.get(
    '/v1/sagas/:id/history',
    {
      schema: {
        summary: 'The events of a saga, with their places in the log',
        tags: ['sagas'],
        params: IdParams,
        querystring: HistoryQuery,
        response: { 200: HistoryAnswer, 400: ProblemSchema, 404: ProblemSchema },
      },
    },
    async ({ params: { id }, query: { limit, after } }) => {
      const rows = await reads.events(id, after, limit)
      if (rows.length === 0 && !(await reads.saga(id))) throw unknown(id)
      const last = rows.length === limit ? rows.at(-1) : undefined
      return { id, events: rows.map(eventAnswer), next: last?.seq ?? null }
    },
  )
}

function countsRoute(app: App, reads: SagaReads): void {
  app.get(
    '/v1/counts',
    { schema: { summary: 'How many sagas have which status', tags: ['sagas'], response: { 200: CountsAnswer } } },
    async () => {
      const { counts, ...apart } = await reads.counts()
      return { counts, ...apart, total: Object.values(counts).reduce((sum, count) => sum + count, 0) }
    },
  )
}

/** Adds the routes under `GET /v1`. */
export function readRoutes(app: App, parts: Parts, waits: ViewWaits): void {
  listRoute(app, parts)
  showRoute(app, parts, waits)
  historyRoute(app, parts.reads)
  countsRoute(app, parts.reads)
}

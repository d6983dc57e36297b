/** Bulk acts: what one would come to, asking for it, how far it is, and ending it. Whoever holds their topic carries them out. */
import { isDeepStrictEqual } from 'node:util'
import type { FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { appendCommands } from '../../../shared/client/append-commands.ts'
import {
  BULK_OPEN_MAX,
  BULK_SAGAS_MAX,
  BULK_SAMPLE,
  BulkAnswer,
  BulkBody,
  BulkId,
  BulkList,
  BulkListQuery,
  BulkParams,
  BulkPreview,
  BulkPreviewBody,
} from '../../../shared/client/bulk-api.ts'
import { ActBody, Problem as ProblemSchema } from '../../../shared/client/http-api.ts'
import { isEmptyFilter, type SagaFilterBody } from '../../../shared/client/saga-filter.ts'
import { OperationalError } from '../../../shared/message/errors.ts'
import type { App, Parts } from '../app.ts'
import { bulkAnswer, bulkPreview } from '../bulk/bulk-answer.ts'
import { type Bulk, BulkBook } from '../bulk/bulk-book.ts'
import { type BulkAsked, type BulkFact, factRecord } from '../bulk/bulk-record.ts'
import { criteriaOf } from '../criteria.ts'
import { Problem } from '../problem.ts'
import { requestIdOf } from '../request-id.ts'
import { ANONYMOUS } from './act-routes.ts'

const TAGS = ['operators']
const ERRORS = { 400: ProblemSchema, 404: ProblemSchema, 409: ProblemSchema, 422: ProblemSchema, 503: ProblemSchema }

/** Adds `POST /v1/bulk/preview`, `POST /v1/bulk`, `GET /v1/bulk`, `GET /v1/bulk/:id` and `POST /v1/bulk/:id/abort`. */
export function bulkRoutes(app: App, parts: Parts): void {
  const desk = new BulkDesk(parts)
  previewRoute(app, parts)
  askRoute(app, parts, desk)
  readRoutes(app, desk)
  abortRoute(app, parts, desk)
}

function previewRoute(app: App, { bulk }: Parts): void {
  app.post(
    '/v1/bulk/preview',
    {
      schema: {
        summary: 'What a bulk act would be asked of, as the sagas stand now; nothing is asked',
        tags: TAGS,
        body: BulkPreviewBody,
        response: { 200: BulkPreview, 400: ProblemSchema, 503: ProblemSchema },
      },
    },
    async ({ body: { act, filter } }) => {
      refuseEmpty(filter)
      const step = 'step' in act ? act.step : undefined
      const criteria = criteriaOf(filter)
      const counts = await bulk.count(criteria, step)
      const some = await bulk.meant(criteria, { limit: BULK_SAMPLE })
      const ids = some.map(({ saga_id }) => saga_id)
      const rows = new Map((await bulk.standings(ids, step)).map((row) => [row.saga_id, row]))
      return bulkPreview(
        act,
        counts,
        ids.flatMap((id) => rows.get(id) ?? []),
      )
    },
  )
}

function askRoute(app: App, parts: Parts, desk: BulkDesk): void {
  app.post(
    '/v1/bulk',
    {
      schema: {
        summary: 'Ask one act of every saga that a filter finds, so many a second',
        description:
          `The sagas are listed once, and at most ${BULK_SAGAS_MAX}: what begins to match later is not touched. ` +
          'Under the same `Idempotency-Key` it is one bulk act.',
        tags: TAGS,
        body: BulkBody,
        response: { 202: BulkAnswer, ...ERRORS },
      },
    },
    async (request, reply) => {
      const { act, filter, rate, reason, actor = ANONYMOUS } = request.body
      refuseEmpty(filter)
      const id = newId(request, parts)
      const asked = { act, filter, rate, reason, actor, at: parts.clock.now() }
      return reply.code(202).send(bulkAnswer(await desk.ask(id, asked)))
    },
  )
}

function readRoutes(app: App, desk: BulkDesk): void {
  app.get(
    '/v1/bulk',
    {
      schema: {
        summary: 'List bulk acts, newest first',
        tags: TAGS,
        querystring: BulkListQuery,
        response: { 200: BulkList, 400: ProblemSchema, 503: ProblemSchema },
      },
    },
    async ({ query: { limit } }) => ({ bulks: (await desk.all()).toReversed().slice(0, limit).map(bulkAnswer) }),
  )
  app.get(
    '/v1/bulk/:id',
    {
      schema: {
        summary: 'Show a bulk act: what was asked, by whom, how far it is',
        tags: TAGS,
        params: BulkParams,
        response: { 200: BulkAnswer, 400: ProblemSchema, 404: ProblemSchema, 503: ProblemSchema },
      },
    },
    async ({ params: { id } }) => bulkAnswer(await desk.known(id)),
  )
}

function abortRoute(app: App, { clock }: Parts, desk: BulkDesk): void {
  app.post(
    '/v1/bulk/:id/abort',
    {
      schema: {
        summary: 'End a bulk act: what was not asked yet is not asked any more',
        tags: TAGS,
        params: BulkParams,
        body: ActBody,
        response: { 202: BulkAnswer, ...ERRORS },
      },
    },
    async ({ params: { id }, body: { reason, actor = ANONYMOUS } }, reply) => {
      const { ended, aborted } = await desk.known(id)
      if (ended && !aborted) throw new Problem(409, 'bulk-ended', `${id} has ended`)
      if (!aborted) await desk.say(id, { kind: 'aborted', actor, reason, at: clock.now() })
      return reply.code(202).send(bulkAnswer(await desk.known(id)))
    },
  )
}

function refuseEmpty(filter: SagaFilterBody): void {
  if (isEmptyFilter(filter))
    throw new Problem(400, 'empty-filter', 'the filter is empty: every saga would be meant; say which')
}

function newId(request: Pick<FastifyRequest, 'headers'>, { ids }: Parts): string {
  const id = `bulk-${requestIdOf(request, ids)}`
  if (BulkId.safeParse(id).success) return id
  throw new Problem(400, 'invalid-request', 'Idempotency-Key: 1 to 64 characters of A-Z a-z 0-9 . _ : - of a bulk act')
}

/** Reads and writes the topic of bulk acts. */
class BulkDesk {
  readonly #parts: Parts
  readonly #book: BulkBook

  constructor(parts: Parts) {
    this.#parts = parts
    this.#book = new BulkBook({ ...parts, topic: parts.topics.bulk })
  }

  all(): Promise<readonly Bulk[]> {
    return this.#tried(() => this.#book.all())
  }

  async known(id: string): Promise<Bulk> {
    const bulk = await this.#tried(() => this.#book.find(id))
    if (!bulk) throw new Problem(404, 'unknown-bulk', `there is no bulk act ${id}`)
    return bulk
  }

  async ask(id: string, asked: BulkAsked): Promise<Bulk> {
    const all = await this.all()
    const known = all.find((bulk) => bulk.id === id)
    if (known) return same(known, asked)
    if (all.filter(({ ended }) => !ended).length >= BULK_OPEN_MAX)
      throw new Problem(409, 'too-many-bulks', `${BULK_OPEN_MAX} bulk acts go on already: wait for one, or abort it`)
    const counts = await this.#parts.bulk.count(criteriaOf(asked.filter))
    const sagas = counts.reduce((sum, count) => sum + count.sagas, 0)
    if (sagas > BULK_SAGAS_MAX)
      throw new Problem(
        422,
        'too-many-sagas',
        `${sagas} sagas match, and at most ${BULK_SAGAS_MAX} may: narrow the filter`,
      )
    await this.say(id, { kind: 'asked', ...asked })
    return same(await this.known(id), asked)
  }

  async say(id: string, fact: BulkFact): Promise<void> {
    const { broker, clock, topics } = this.#parts
    const record = factRecord(id, fact, clock.now())
    await this.#tried(() => appendCommands({ broker, clock }, topics.bulk, [{ partition: 0, record }]))
  }

  async #tried<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof OperationalError) || error.code !== 'topic-missing') throw error
      const { bulk } = this.#parts.topics
      throw new Problem(503, 'no-bulk-topic', `there is no topic ${bulk}: make it with \`kasaga topics apply\``)
    }
  }
}

type Repeatable = Omit<z.output<typeof BulkBody>, 'actor'> & { readonly actor: string }

/** The same request again is the same bulk act. */
function same(known: Bulk, { at: _, ...asked }: BulkAsked): Bulk {
  const { at: __, ...before }: BulkAsked = known.asked
  const isSame = isDeepStrictEqual(plain(before), plain(asked))
  if (!isSame) throw new Problem(409, 'bulk-conflict', `${known.id} was asked for already, and otherwise`)
  return known
}

/** As it is in the topic: what is `undefined` is not there. */
const plain = (asked: Repeatable): unknown => JSON.parse(JSON.stringify(asked))

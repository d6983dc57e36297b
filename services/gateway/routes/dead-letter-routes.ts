/** Dead letters: what could not be used, why, and putting it back. */
import type { z } from 'zod'
import {
  LETTERS_SCANNED,
  LetterDetail,
  LetterList,
  LetterListQuery,
  LetterParams,
  RedriveAnswer,
  RedriveBody,
} from '../../../shared/client/dead-letter-api.ts'
import { Problem as ProblemSchema } from '../../../shared/client/http-api.ts'
import { type LetterPlace, letterOf, placeFrom, placeText } from '../../../shared/message/redrive.ts'
import { placeAnswer } from '../answers.ts'
import type { App, Parts } from '../app.ts'
import { groupsOf, letterAnswer, letterDetail } from '../dead-letters/letter-answers.ts'
import { newestLetters, recordsAt, type SeenLetter } from '../dead-letters/letter-scan.ts'
import { type Redriven, redrive } from '../dead-letters/redrive.ts'
import { Problem } from '../problem.ts'
import { ANONYMOUS } from './act-routes.ts'

const TAGS = ['dead letters']

/** Adds `GET /v1/dead-letters`, `GET /v1/dead-letters/:id` and `POST /v1/dead-letters/redrive`. */
export function deadLetterRoutes(app: App, parts: Parts): void {
  listRoute(app, parts)
  showRoute(app, parts)
  redriveRoute(app, parts)
}

function listRoute(app: App, { broker, topics }: Parts): void {
  app.get(
    '/v1/dead-letters',
    {
      schema: {
        summary: 'List the records that could not be used, newest first',
        description: `Looks at the newest ${LETTERS_SCANNED} records of the topic.`,
        tags: TAGS,
        querystring: LetterListQuery,
        response: { 200: LetterList, 400: ProblemSchema },
      },
    },
    async ({ query }) => {
      const seen = await newestLetters({ broker, topic: topics.deadLetters }, LETTERS_SCANNED)
      const letters = pageOf(seen.letters, query).map(letterAnswer)
      return { groups: groupsOf(seen.letters), letters, scanned: seen.records, hasOlder: seen.hasOlder }
    },
  )
}

type Asked = z.infer<typeof LetterListQuery>

function pageOf(letters: readonly SeenLetter[], asked: Asked): readonly SeenLetter[] {
  const all = letters.filter((letter) => isMeant(letter, asked))
  const ordered = asked.order === 'newest' ? all.reverse() : all
  const after = asked.after === undefined ? undefined : placeFrom(asked.after)
  const rest = after ? ordered.filter(({ place }) => isBehind(place, after) === (asked.order === 'oldest')) : ordered
  return rest.filter(({ place }) => placeText(place) !== asked.after).slice(0, asked.limit)
}

function isBehind(place: LetterPlace, other: LetterPlace): boolean {
  return place.partition === other.partition ? place.offset > other.offset : place.partition > other.partition
}

function isMeant(letter: SeenLetter, { reason, topic, key, redriven }: Asked): boolean {
  const isOfKind = redriven === 'all' || (redriven === 'yes') === (letter.redriven !== undefined)
  const has = (wanted: string | undefined, given: string | undefined) => wanted === undefined || wanted === given
  return isOfKind && has(reason, letter.reason) && has(topic, letter.origin.topic) && has(key, letter.key)
}

function showRoute(app: App, { broker, topics }: Parts): void {
  app.get(
    '/v1/dead-letters/:id',
    {
      schema: {
        summary: 'Show a dead letter with its headers and value',
        tags: TAGS,
        params: LetterParams,
        response: { 200: LetterDetail, 400: ProblemSchema, 404: ProblemSchema },
      },
    },
    async ({ params: { id } }) => {
      const place = placeFrom(id)
      const found = await recordsAt({ broker, topic: topics.deadLetters }, place ? [place] : [])
      const record = found.records.get(id)
      const letter = record && letterOf(record)
      if (!record || !letter) throw new Problem(404, 'unknown-letter', `there is no dead letter ${id}`)
      const redriven = found.notes.get(id)
      return letterDetail({ ...letter, ...(redriven && { redriven }) }, record)
    },
  )
}

function redriveRoute(app: App, parts: Parts): void {
  app.post(
    '/v1/dead-letters/redrive',
    {
      schema: {
        summary: 'Put dead letters back where they came from, in the order given',
        description:
          'Each is handled as if it came for the first time; what was done already is not done again. One that fails again is a letter of its own.',
        tags: TAGS,
        body: RedriveBody,
        response: { 200: RedriveAnswer, 400: ProblemSchema },
      },
    },
    async ({ body: { ids, force, reason, actor = ANONYMOUS } }) =>
      redriveAnswer(await redrive(parts, { ids, force, reason, actor, at: parts.clock.now() })),
  )
}

function redriveAnswer(all: readonly Redriven[]): z.infer<typeof RedriveAnswer> {
  return {
    redriven: all.flatMap((one) => ('place' in one ? [{ id: one.id, place: placeAnswer(one.place) }] : [])),
    refused: all.flatMap((one) => ('code' in one ? [{ id: one.id, code: one.code, detail: one.detail }] : [])),
  }
}

/** Dead letters: what could not be used, why, and putting it back. */
import type { z } from 'zod'
import {
  LETTER_IDS_MAX,
  LETTERS_SCANNED,
  LetterDetail,
  type LetterFilter,
  LetterIds,
  LetterIdsQuery,
  LetterList,
  LetterListQuery,
  LetterParams,
  RedriveAnswer,
  RedriveBody,
} from '../../../shared/client/dead-letter-api.ts'
import { Problem as ProblemSchema } from '../../../shared/client/http-api.ts'
import { placeText } from '../../../shared/message/redrive.ts'
import { placeAnswer } from '../answers.ts'
import type { App, Parts } from '../app.ts'
import { letterAnswer, letterDetail } from '../dead-letters/letter-answers.ts'
import { isMeant, LetterPage } from '../dead-letters/letter-filter.ts'
import { LetterGroups } from '../dead-letters/letter-groups.ts'
import { type LetterTopic, newestLetters, type ScanOptions, type SeenLetter } from '../dead-letters/letter-scan.ts'
import { checkOpened, decodedValue, openLetter } from '../dead-letters/open-letter.ts'
import { type Redriven, redrive } from '../dead-letters/redrive.ts'
import { ANONYMOUS } from './act-routes.ts'

const TAGS = ['dead letters']

/** Adds `GET /v1/dead-letters`, `/v1/dead-letters/ids`, `/v1/dead-letters/:id` and `POST /v1/dead-letters/redrive`. */
export function deadLetterRoutes(app: App, parts: Parts): void {
  listRoute(app, parts)
  idsRoute(app, parts)
  showRoute(app, parts)
  redriveRoute(app, parts)
}

const ALL_LOOKED_AT = `Looks at the newest ${LETTERS_SCANNED} records of each partition of the topic.`

function listRoute(app: App, { broker, topics }: Parts): void {
  app.get(
    '/v1/dead-letters',
    {
      schema: {
        summary: 'List the records that could not be used, and how they failed',
        description: ALL_LOOKED_AT,
        tags: TAGS,
        querystring: LetterListQuery,
        response: { 200: LetterList, 400: ProblemSchema },
      },
    },
    async ({ query }) => {
      const page = new LetterPage(query)
      const groups = new LetterGroups()
      const seen = await eachMeant({ broker, topic: topics.deadLetters }, query, (letter) => {
        groups.take(letter)
        page.take(letter)
      })
      const { groups: kinds, ungrouped } = groups.answer()
      return { groups: [...kinds], ungrouped, letters: page.letters.map(letterAnswer), ...seen }
    },
  )
}

function idsRoute(app: App, { broker, topics }: Parts): void {
  app.get(
    '/v1/dead-letters/ids',
    {
      schema: {
        summary: 'Name the records that could not be used, and count them',
        description: ALL_LOOKED_AT,
        tags: TAGS,
        querystring: LetterIdsQuery,
        response: { 200: LetterIds, 400: ProblemSchema },
      },
    },
    async ({ query }) => {
      const ids: string[] = []
      const asked = { ...query, order: 'oldest' } as const
      const { total, hasOlder } = await eachMeant({ broker, topic: topics.deadLetters }, asked, ({ place }) => {
        if (ids.length < LETTER_IDS_MAX) ids.push(placeText(place))
      })
      return { ids, total, isCut: total > ids.length, hasOlder }
    },
  )
}

/** Shows each letter that is meant; answers how many there are, and what was looked at. */
async function eachMeant(
  from: LetterTopic,
  asked: LetterFilter & Pick<ScanOptions, 'order'>,
  see: (letter: SeenLetter) => void,
): Promise<Pick<LetterList, 'total' | 'scanned' | 'hasOlder'>> {
  const far = { total: 0, scanned: 0, hasOlder: false }
  for await (const part of newestLetters(from, { recordsMax: LETTERS_SCANNED, order: asked.order })) {
    far.scanned += part.records
    far.hasOlder ||= part.hasOlder
    for (const letter of part.letters) {
      if (!isMeant(letter, asked)) continue
      far.total++
      see(letter)
    }
  }
  return far
}

function showRoute(app: App, parts: Parts): void {
  app.get(
    '/v1/dead-letters/:id',
    {
      schema: {
        summary: 'Show a dead letter with its headers and value, and what would become of it now',
        tags: TAGS,
        params: LetterParams,
        response: { 200: LetterDetail, 400: ProblemSchema, 404: ProblemSchema },
      },
    },
    async ({ params: { id } }) => {
      const opened = await openLetter(parts, id)
      return letterDetail(opened, { decoded: decodedValue(parts, opened), check: await checkOpened(parts, opened) })
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

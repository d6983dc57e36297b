/** Dead letters in the gateway's HTTP API: what could not be used, why, and putting it back. */
import { z } from 'zod'
import { ActBody, PlaceAnswer } from './http-api.ts'

const Time = z.string().describe('RFC 3339, UTC')

export const LETTERS_LIMIT_MAX = 200
/** Letters that are put back with one request. */
export const REDRIVES_AT_ONCE_MAX = 50
/** How many of the newest records of the topic a list looks at. */
export const LETTERS_SCANNED = 10_000

export const LetterId = z.string().regex(/^\d{1,6}-\d{1,19}$/, 'the id of a dead letter: partition-offset')
export const LetterParams = z.strictObject({ id: LetterId })

export const LetterListQuery = z.strictObject({
  reason: z.string().max(100).optional(),
  topic: z.string().max(249).optional().describe('where it came from'),
  key: z.string().max(200).optional().describe('key of the record: mostly the id of a saga'),
  redriven: z.enum(['no', 'yes', 'all']).default('no').describe('whether it has been put back'),
  order: z.enum(['newest', 'oldest']).default('newest').describe('which come first'),
  after: LetterId.optional().describe('go on behind this one, in that order'),
  limit: z.coerce.number().int().min(1).max(LETTERS_LIMIT_MAX).default(50),
})

export const LetterAnswer = z.object({
  id: z.string(),
  reason: z.string(),
  message: z.string(),
  service: z.string().describe('who gave up on it'),
  origin: PlaceAnswer.describe('where it stood'),
  key: z.string().nullable(),
  failedAt: Time,
  redrives: z.int().describe('how often it was put back before it became this letter'),
  redriven: z.object({ at: Time, by: z.string(), reason: z.string() }).nullable().describe('null: it was not put back'),
})

export const LetterGroup = z.object({
  reason: z.string(),
  service: z.string(),
  topic: z.string(),
  count: z.int().describe('those that were not put back'),
  newestAt: Time,
})

export const LetterList = z.object({
  groups: z.array(LetterGroup).describe('all that were not put back, the most frequent first'),
  letters: z.array(LetterAnswer).describe('those that were asked for'),
  scanned: z.int().describe('records of the topic that were looked at, the newest'),
  hasOlder: z.boolean().describe('whether there are older ones, which were not looked at'),
})

const Bytes = z.object({
  encoding: z.enum(['utf-8', 'base64']),
  text: z.string(),
  bytes: z.int().describe('length of the whole'),
  isCut: z.boolean(),
})

export const LetterDetail = LetterAnswer.extend({
  headers: z.array(z.object({ name: z.string(), value: Bytes })).describe('as the record came, in order'),
  value: Bytes.nullable().describe('null: it has none, or it stands only where it came from'),
})

export const RedriveBody = ActBody.extend({
  ids: z.array(LetterId).min(1).max(REDRIVES_AT_ONCE_MAX),
  force: z.boolean().default(false).describe('also those that were put back already, or too often'),
})

export const RedriveAnswer = z.object({
  redriven: z.array(z.object({ id: z.string(), place: PlaceAnswer })),
  refused: z.array(z.object({ id: z.string(), code: z.string(), detail: z.string() })),
})

export type LetterAnswer = z.infer<typeof LetterAnswer>
export type LetterGroup = z.infer<typeof LetterGroup>
export type LetterList = z.infer<typeof LetterList>
export type LetterDetail = z.infer<typeof LetterDetail>
export type RedriveAnswer = z.infer<typeof RedriveAnswer>

/** Dead letters in the gateway's HTTP API: what could not be used, why, and putting it back. */
import { z } from 'zod'
import { ActBody, PlaceAnswer } from './http-api.ts'

const Time = z.string().describe('RFC 3339, UTC')

export const LETTERS_LIMIT_MAX = 200
/** Letters that are put back with one request. */
export const REDRIVES_AT_ONCE_MAX = 50
/** How many of the newest records of each partition of the topic a list looks at. */
export const LETTERS_SCANNED = 10_000
/** Ids that one answer names. */
export const LETTER_IDS_MAX = 10_000

export const LetterId = z.string().regex(/^\d{1,6}-\d{1,19}$/, 'the id of a dead letter: partition-offset')
const Fingerprint = z.string().regex(/^[0-9a-f]{12}$/, 'a fingerprint: 12 hexadecimal digits')
export const LetterParams = z.strictObject({ id: LetterId })

const Moment = z.iso.datetime({ offset: true })

const filter = {
  reason: z.string().max(100).optional(),
  topic: z.string().max(249).optional().describe('where it came from'),
  key: z.string().max(200).optional().describe('key of the record: mostly the id of a saga'),
  saga: z.string().max(200).optional().describe('the saga that its headers name; where they name none, its key'),
  fingerprint: Fingerprint.optional().describe('those that failed in this way'),
  since: Moment.optional().describe('given up then or later: RFC 3339'),
  until: Moment.optional().describe('given up before then: RFC 3339'),
  redriven: z.enum(['no', 'yes', 'all']).default('no').describe('whether it has been put back'),
}

export const LetterIdsQuery = z.strictObject(filter)

export const LetterListQuery = z.strictObject({
  ...filter,
  order: z.enum(['newest', 'oldest']).default('newest').describe('which come first, in each partition'),
  after: LetterId.optional().describe('go on behind this one, in that order'),
  limit: z.coerce.number().int().min(1).max(LETTERS_LIMIT_MAX).default(50),
})

export const LetterIds = z.object({
  ids: z.array(z.string()).describe('oldest first, in each partition'),
  total: z.int().describe('how many are meant'),
  isCut: z.boolean().describe('whether there are more than are named'),
  hasOlder: z.boolean().describe('whether there are older records, which were not looked at'),
})

const EditMark = z
  .object({
    before: z.string().describe('hash of the record as it came'),
    after: z.string().describe('hash of the record as it was put back'),
    changed: z.array(z.string()).describe('key, value, and names of headers'),
  })
  .describe('what was put back in its place; null: it was put back as it came')

export const LetterAnswer = z.object({
  id: z.string(),
  reason: z.string(),
  message: z.string(),
  service: z.string().describe('who gave up on it'),
  origin: PlaceAnswer.describe('where it stood'),
  key: z.string().nullable(),
  saga: z.string().nullable().describe('that its headers name; where they name none, its key'),
  fingerprint: z.string().describe('of how it failed'),
  failedAt: Time,
  redrives: z.int().describe('how often it was put back before it became this letter'),
  redriven: z
    .object({ at: Time, by: z.string(), reason: z.string(), edited: EditMark.nullable().default(null) })
    .nullable()
    .describe('null: it was not put back'),
})

export const LetterGroup = z.object({
  fingerprint: z.string().describe('the same for as long as records fail there in the same way'),
  reason: z.string(),
  service: z.string(),
  topic: z.string(),
  pattern: z.string().describe('the error, with ids and figures taken out'),
  count: z.int(),
  firstAt: Time,
  newestAt: Time,
  example: z.string().describe('the newest of them'),
})

export const LetterList = z.object({
  groups: z
    .array(LetterGroup)
    .describe('all that are asked for by how they failed, the most frequent first, at most 100'),
  ungrouped: z.int().describe('those that are in none of the groups, because there are too many kinds'),
  total: z.int().describe('all that are asked for'),
  letters: z.array(LetterAnswer).describe('a page of them'),
  scanned: z.int().describe('records of the topic that were looked at, the newest of each partition'),
  hasOlder: z.boolean().describe('whether there are older ones, which were not looked at'),
})

const Bytes = z.object({
  encoding: z.enum(['utf-8', 'base64']),
  text: z.string(),
  bytes: z.int().describe('length of the whole'),
  isCut: z.boolean(),
})

const SchemaError = z.object({
  path: z.string().describe('where in the value: lines[0].quantity; empty: the value itself'),
  message: z.string(),
})

export const LetterCheck = z.object({
  verdict: z
    .enum(['taken', 'ignored', 'refused', 'unknown'])
    .describe('what would become of it now. ignored: it would change nothing; unknown: this gateway cannot tell'),
  reason: z.string().nullable().describe('why it would be ignored, or a dead letter again'),
  says: z.string(),
  errors: z.array(SchemaError).describe('what its schema says against the value, at most 20'),
  errorsTotal: z.int(),
})

const DecodedValue = z.object({
  form: z.enum(['none', 'json', 'registry', 'other']).describe('registry: in the wire format of a schema registry'),
  schemaId: z.int().nullable().describe('that the format names'),
  json: z.unknown().describe('the value; null where there is none to show'),
  why: z.string().nullable().describe('why there is none to show'),
})

export const LetterDetail = LetterAnswer.extend({
  headers: z.array(z.object({ name: z.string(), value: Bytes })).describe('as the record came, in order'),
  value: Bytes.nullable().describe('null: it has none, or it stands only where it came from'),
  decoded: DecodedValue,
  check: LetterCheck,
})

const HeaderName = z.string().min(1).max(200)

export const LetterEdit = z
  .strictObject({
    key: z.string().max(200).optional().describe('another key'),
    value: z.unknown().optional().describe('another value'),
    headers: z
      .record(HeaderName, z.string().max(8_000).nullable())
      .optional()
      .describe('headers said anew; null: taken away'),
  })
  .describe('what is mended of the record; what is not named stays as it is')

export const ValidateBody = z.strictObject({ edit: LetterEdit.optional().describe('absent: it is put back as it is') })

export const LetterValidation = z.object({
  check: LetterCheck,
  changed: z.array(z.string()).describe('key, value, and names of headers that are not as they were'),
  identity: z.array(z.string()).describe('those of them that a record is known by'),
  before: z.string().describe('hash of the record as it came'),
  after: z.string().describe('hash of the record as it would be put back'),
})

export const EditLetterBody = ActBody.extend({
  edit: LetterEdit,
  identity: z.boolean().default(false).describe('also where that changes what the record is known by'),
  force: z
    .boolean()
    .default(false)
    .describe('also one that was put back already, or too often, or of which it is not known what would become'),
})

export const EditAnswer = z.object({
  id: z.string(),
  place: PlaceAnswer.describe('where the mended record stands'),
  isNoted: z.boolean().describe('false: it is put back, and no note says so'),
  before: z.string(),
  after: z.string(),
  changed: z.array(z.string()),
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
export type SchemaError = z.infer<typeof SchemaError>
export type LetterCheck = z.infer<typeof LetterCheck>
export type DecodedValue = z.infer<typeof DecodedValue>
export type LetterEdit = z.infer<typeof LetterEdit>
export type LetterValidation = z.infer<typeof LetterValidation>
export type EditAnswer = z.infer<typeof EditAnswer>
export type LetterFilter = z.infer<typeof LetterIdsQuery>
export type LetterListQuery = z.infer<typeof LetterListQuery>
export type LetterIds = z.infer<typeof LetterIds>
export type LetterList = z.infer<typeof LetterList>
export type LetterDetail = z.infer<typeof LetterDetail>
export type RedriveAnswer = z.infer<typeof RedriveAnswer>

/** Which sagas are meant: the one filter of lists, in an address, and of bulk acts, as JSON. */
import { z } from 'zod'
import { PRIORITY_MAX } from '../message/priority.ts'
import { Count, Id, LIST_LIMIT_MAX, ListedStatusName } from './http-api.ts'

const VERSION_MAX = 999_999_999
const ATTRIBUTE = /^attribute\.([a-z][A-Za-z0-9-]{0,63})$/
/** A value as text, without what no database's text can hold. */
const AttributeText = z
  .string()
  .max(256)
  .regex(/^[^\0]*$/)

const TEXTS = {
  status: ListedStatusName.optional(),
  definition: z
    .string()
    .min(1)
    .max(64)
    .regex(/^[^\0]*$/)
    .optional(),
  step: z
    .string()
    .regex(/^[A-Za-z0-9.[\]-]{1,780}$/, 'the path of a step')
    .optional()
    .describe('a step that is under way or waits for a person; parcels[].label is that of any parcel'),
  participant: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,63}$/, 'the name of a participant')
    .optional()
    .describe('that such a step is waited for of'),
  incident: z
    .string()
    .regex(/^[0-9a-f]{12}$/, 'the fingerprint of an incident: 12 hexadecimal digits')
    .optional(),
  idPrefix: Id.optional(),
  startedFrom: z.iso.datetime({ offset: true }).optional(),
  startedBefore: z.iso.datetime({ offset: true }).optional(),
}

const LIST_QUERY = z.strictObject({
  ...TEXTS,
  version: z
    .string()
    .regex(/^[1-9]\d{0,8}$/, 'a version')
    .transform(Number)
    .optional(),
  priority: z.string().regex(/^\d$/, 'a whole number from 0 to 9').transform(Number).optional(),
  limit: Count(LIST_LIMIT_MAX, 50),
  after: z
    .string()
    .regex(/^\d{1,15}~[A-Za-z0-9._:-]{1,200}$/, '`next` of the page before')
    .optional(),
})

/** Besides these, `attribute.<name>=<value>`: only sagas that have it; several must all hold. */
export const ListQuery = LIST_QUERY.catchall(z.unknown()).superRefine((query, context) => {
  for (const [key, value] of Object.entries(query)) {
    if (Object.hasOwn(LIST_QUERY.shape, key)) continue
    const fits = ATTRIBUTE.test(key) && AttributeText.safeParse(value).success
    if (!fits) context.addIssue({ code: 'custom', path: [key], message: 'is none, or no value of an attribute' })
  }
})

/** What a list is asked for by `attribute.<name>=<value>`. */
export function attributesIn(query: Readonly<Record<string, unknown>>): Record<string, string> {
  const entries = Object.entries(query).map(([key, value]) => [ATTRIBUTE.exec(key)?.[1] ?? '', value] as const)
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => entry[0] !== '' && typeof entry[1] === 'string'),
  )
}

/** The same as JSON. */
export const SagaFilterBody = z.strictObject({
  ...TEXTS,
  version: z.int().min(1).max(VERSION_MAX).optional(),
  priority: z.int().min(0).max(PRIORITY_MAX).optional(),
  attributes: z
    .record(z.string().regex(/^[a-z][A-Za-z0-9-]{0,63}$/, 'the name of an attribute'), AttributeText)
    .optional()
    .describe('each as text; all must hold'),
})

export type SagaFilterBody = z.infer<typeof SagaFilterBody>

/** Whether nothing is asked for: every saga is meant. */
export function isEmptyFilter({ attributes = {}, ...rest }: SagaFilterBody): boolean {
  return Object.keys(attributes).length === 0 && Object.values(rest).every((value) => value === undefined)
}

/**
 * What gateways write of bulk acts to a topic of their own, which is compacted: of each key the newest record stays.
 *
 *     <id>/asked       what was asked, by whom, why: for ever
 *     <id>/<list>/<n>  ids of the sagas that matched, a part of them; gone once it has ended
 *     <id>/progress    which list it goes through, how far it is, what came of it so far
 *     <id>/aborted     who ended it, and why
 *     <id>/ended       what came of it
 *
 * A record that is late can only replace one of its own key: an old progress is a place to go on from, too.
 */
import { z } from 'zod'
import { BulkAct, NotOpenReason } from '../../../shared/client/bulk-api.ts'
import { SagaFilterBody } from '../../../shared/client/saga-filter.ts'
import { H, rfc3339 } from '../../../shared/message/headers.ts'
import { parseJson } from '../../../shared/message/json.ts'
import { keyOf, type LogRecord, type NewRecord } from '../../../shared/message/record.ts'

const At = z.int().min(0)
const Person = z.object({ actor: z.string(), reason: z.string(), at: At })
const Counts = z.object({ done: z.int(), refused: z.partialRecord(NotOpenReason, z.int()) })

const Asked = Person.extend({ act: BulkAct, filter: SagaFilterBody, rate: z.int().min(1) })
/** `part` and `index` say which saga of the list is next. */
const Progress = Counts.extend({ list: z.string(), sagas: z.int(), part: z.int(), index: z.int() })
const Ended = Counts.extend({
  as: z.enum(['done', 'aborted', 'failed']),
  sagas: z.int().nullable(),
  why: z.string().nullable(),
  at: At,
})
const Part = z.object({ sagas: z.array(z.string()) })

export type BulkAsked = z.infer<typeof Asked>
export type BulkProgress = z.infer<typeof Progress>
export type BulkEnded = z.infer<typeof Ended>
export type BulkAborted = z.infer<typeof Person>

export type BulkFact =
  | ({ readonly kind: 'asked' } & BulkAsked)
  | ({ readonly kind: 'progress' } & BulkProgress)
  | ({ readonly kind: 'aborted' } & BulkAborted)
  | ({ readonly kind: 'ended' } & BulkEnded)

const FACTS = { asked: Asked, progress: Progress, aborted: Person, ended: Ended } as const

const TYPE = 'kasaga.bulk.v1'

function recordOf(key: string, body: object | null, at: number): NewRecord {
  return {
    key,
    value: body === null ? null : JSON.stringify(body),
    headers: [
      [H.type, TYPE],
      [H.time, rfc3339(at)],
    ],
  }
}

export function factRecord(id: string, { kind, ...body }: BulkFact, at: number): NewRecord {
  return recordOf(`${id}/${kind}`, body, at)
}

/** A part of a list; `null`: it is needed no more. */
export function partRecord(part: PartName & { readonly sagas: readonly string[] | null }, at: number): NewRecord {
  const { id, list, part: n, sagas } = part
  return recordOf(`${id}/${list}/${n}`, sagas && { sagas }, at)
}

export interface PartName {
  readonly id: string
  readonly list: string
  readonly part: number
}

export type BulkRead =
  | { readonly kind: 'fact'; readonly id: string; readonly fact: BulkFact }
  /** `isGone`: it is needed no more. Its sagas are read only when their turn comes. */
  | ({ readonly kind: 'part'; readonly isGone: boolean } & PartName)

const KEY =
  /^(?<id>bulk-[A-Za-z0-9._:-]{1,64})\/(?:(?<kind>asked|progress|aborted|ended)|(?<list>[A-Za-z0-9._:-]+)\/(?<part>\d{1,9}))$/

/** `undefined`: it is none that this version knows. */
export function readBulk(record: LogRecord): BulkRead | undefined {
  const { id = '', kind, list = '', part } = KEY.exec(keyOf(record) ?? '')?.groups ?? {}
  if (part !== undefined) return { kind: 'part', id, list, part: Number(part), isGone: record.value === null }
  if (kind === undefined) return undefined
  const known = kind as BulkFact['kind']
  const value = parseJson(record.value)
  const read = FACTS[known].safeParse(value.kind === 'ok' ? value.value : undefined)
  return read.success ? { kind: 'fact', id, fact: { kind: known, ...read.data } as BulkFact } : undefined
}

/** The sagas of a part; `undefined`: it holds none. */
export function sagasIn(record: LogRecord): readonly string[] | undefined {
  const value = parseJson(record.value)
  const read = Part.safeParse(value.kind === 'ok' ? value.value : undefined)
  return read.success ? read.data.sagas : undefined
}

/**
 * Puts dead letters back where they came from, and notes it behind them.
 *
 * Guarantee: a letter is noted only once its record is stored; one that was stored and not noted can be put back again,
 * which the ids of what it carries make harmless (S18). Letters are put back in the order in which they are named.
 */
import type { Place } from '../../../shared/client/place.ts'
import { partitionOf } from '../../../shared/message/murmur2.ts'
import { type LogRecord, recordWith } from '../../../shared/message/record.ts'
import {
  type DeadLetter,
  letterOf,
  noteRecord,
  placeFrom,
  placeText,
  type RedriveAct,
  type RedriveNote,
  type RedrivenBy,
  redriveRecord,
  takesRedrives,
} from '../../../shared/message/redrive.ts'
import type { KasagaTopics } from '../../../shared/message/topics.ts'
import type { Broker } from '../../../shared/ports/broker.ts'
import type { Log, Metrics } from '../../../shared/ports/telemetry.ts'
import { type FoundRecords, recordsAt } from './letter-scan.ts'
import { recordAtOrigin } from './letter-value.ts'

/** A letter that was put back so often and failed again is mended by no further time: only by force. */
export const REDRIVES_MAX = 5

export interface RedrivePorts {
  readonly broker: Broker
  readonly topics: KasagaTopics
  readonly log: Log
  readonly metrics: Metrics
}

export interface Redrive extends RedriveAct {
  /** Ids of letters. */
  readonly ids: readonly string[]
  /** Also those that were put back already, or too often. */
  readonly force: boolean
}

export type Redriven =
  | { readonly id: string; readonly place: Place }
  | { readonly id: string; readonly code: string; readonly detail: string }

/** Answers what became of each letter, in the order given. */
export async function redrive(ports: RedrivePorts, asked: Redrive): Promise<readonly Redriven[]> {
  const { broker, topics } = ports
  const places = asked.ids.flatMap((id) => placeFrom(id) ?? [])
  const found = await recordsAt({ broker, topic: topics.deadLetters }, places)
  const results: Redriven[] = []
  for (const id of new Set(asked.ids)) results.push(await redriveOne(ports, { asked, found, id }))
  return results
}

interface One {
  readonly asked: Redrive
  readonly found: FoundRecords
  readonly id: string
}

async function redriveOne(ports: RedrivePorts, one: One): Promise<Redriven> {
  const { id } = one
  const record = one.found.records.get(id)
  const letter = record && letterOf(record)
  if (!record || !letter) return { id, code: 'unknown-letter', detail: `there is no dead letter ${id}` }
  const refused = whyNot(ports, letter, { force: one.asked.force, note: one.found.notes.get(id) })
  if (refused) return { id, ...refused }
  const value = letter.isValueOmitted ? (await recordAtOrigin(ports.broker, letter))?.value : record.value
  if (value === undefined) return { id, code: 'value-gone', detail: 'its value is kept no longer where it came from' }
  const place = await putBack(ports, { record: recordWith(record, { value }), letter, actor: one.asked.actor })
  if (!place) return { id, code: 'not-stored', detail: 'the log did not say that it is stored; try again' }
  await noted(ports, { record, letter, act: one.asked })
  return { id, place }
}

interface Guards {
  readonly force: boolean
  /** That it was put back before. */
  readonly note: RedriveNote | undefined
}

/** Why a letter may not be put back; `undefined`: it may. */
export function whyNot(
  { topics }: Pick<RedrivePorts, 'topics'>,
  { origin, redrives }: DeadLetter,
  { force, note }: Guards,
): { readonly code: string; readonly detail: string } | undefined {
  if (!takesRedrives(origin.topic, topics))
    return { code: 'not-redrivable', detail: `${origin.topic} takes neither commands nor replies` }
  if (force) return undefined
  if (note) return { code: 'already-redriven', detail: `${note.by} put it back at ${note.at}` }
  if (redrives >= REDRIVES_MAX)
    return { code: 'redriven-too-often', detail: `it was put back ${redrives} times and failed again each time` }
  return undefined
}

interface PuttingBack extends RedrivenBy {
  /** The letter's, with the value that it is put back with. */
  readonly record: LogRecord
  readonly letter: DeadLetter
}

/** Where it stands now; `undefined`: it may be stored or not. */
export async function putBack(
  { broker }: Pick<RedrivePorts, 'broker'>,
  { record, letter, ...by }: PuttingBack,
): Promise<Place | undefined> {
  const { topic, partition: before } = letter.origin
  const partition = record.key === null ? before : partitionOf(record.key, await broker.partitions(topic))
  const [result] = await broker.append([{ topic, partition, records: [redriveRecord(record, by)] }])
  return result?.kind === 'appended' ? { topic, partition, offset: result.baseOffset } : undefined
}

interface Noting {
  readonly record: LogRecord
  readonly letter: DeadLetter
  readonly act: RedriveAct
}

/** Answers whether the note stands. */
export async function noted({ broker, log, metrics }: RedrivePorts, { record, letter, act }: Noting): Promise<boolean> {
  const { topic, partition } = record
  const [result] = await broker.append([{ topic, partition, records: [noteRecord(record, act)] }])
  const how = act.edited ? 'edited' : 'as it came'
  metrics.count('kasaga_dead_letters_redriven_total', { reason: letter.reason, how })
  const changed = act.edited && { changed: act.edited.changed.join(',') }
  const fields = {
    letter: placeText(letter.place),
    reason: letter.reason,
    actor: act.actor,
    why: act.reason,
    ...changed,
  }
  log.info('dead letter put back', fields)
  const isNoted = result?.kind === 'appended'
  if (!isNoted) log.warn('that a dead letter was put back could not be noted', fields)
  return isNoted
}

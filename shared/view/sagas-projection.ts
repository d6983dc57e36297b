/** The projection that Kasaga brings: sagas, steps, events, attributes and locks, from the events alone, with no definition at hand. */
import { isLockId, type LockId, resourceOf } from '../message/ids.ts'
import { capped } from './capped.ts'
import { lockChange } from './lock-changes.ts'
import { type LogEvent, projection, type UnreadableEvent } from './projection.ts'
import { sagaChange } from './saga-changes.ts'
import { acts, events, locks, sagaAttributes, sagas, steps } from './saga-tables.ts'
import { renamedRows, stepChange } from './step-changes.ts'
import type { ChangeOf } from './table.ts'

/** Longest text of an event's data in the views: what no event had before large values were kept aside. */
export const VIEW_DATA_CHARS_MAX = 900_000

/** The data as JSON text; where it is too long, how long it is: the whole stands in the log, at the place that the row names. */
function dataText(data: object): string {
  const text = JSON.stringify(data)
  if (text.length <= VIEW_DATA_CHARS_MAX) return text
  return JSON.stringify({ 'kasaga:omitted': { bytes: Buffer.byteLength(text) } })
}

function eventRow(entry: LogEvent): ChangeOf<typeof events> {
  const { type, ...data } = entry.event
  const { sagaId, seq, at, causationId, topic, partition, offset } = entry
  const where = { topic, partition, offset }
  return { saga_id: sagaId, seq, type, at, causation_id: causationId, ...where, data: dataText(data) }
}

function attributeRows({ sagaId, event }: LogEvent): ChangeOf<typeof sagaAttributes>[] {
  const { attributes = {} } = 'attributes' in event ? event : {}
  return Object.entries(attributes).map(([name, value]) => {
    const type = typeof value === 'string' ? 'text' : typeof value
    const number = typeof value === 'number' ? value : null
    return { saga_id: sagaId, name, type, value: String(value), number }
  })
}

/** Who asked for it, and why: of events that say so. */
function actRow({ sagaId, seq, at, causationId, event }: LogEvent): ChangeOf<typeof acts> | undefined {
  if (!('actor' in event) || event.actor === undefined) return undefined
  const { type, actor } = event
  const why = 'reason' in event ? event.reason : 'why' in event ? event.why : null
  const request_id = 'requestId' in event ? event.requestId : causationId
  const step = 'step' in event ? event.step : null
  return {
    saga_id: sagaId,
    seq,
    type,
    at,
    actor,
    reason: typeof why === 'string' ? capped(why) : null,
    request_id,
    step,
  }
}

/** What a fork was given: steps that are done, and that it never began. */
function givenRows({ sagaId, seq, at, event }: LogEvent): ChangeOf<typeof steps>[] {
  if (event.type !== 'saga-started') return []
  return (event.given ?? []).map(({ step }) => {
    const key = { saga_id: sagaId, step, direction: 'forward' }
    return { ...key, first_seq: seq, status: 'given', attempts: 0, requested_at: at, finished_at: at }
  })
}

function quarantine(entry: UnreadableEvent, sagaId: string): ChangeOf<typeof sagas> {
  const { partition, at } = entry
  return { saga_id: sagaId, partition, started_at: at, updated_at: at, quarantined: whyUnreadable(entry) }
}

function lockQuarantine(entry: UnreadableEvent, id: LockId): ChangeOf<typeof locks> {
  const { partition, at } = entry
  return { resource: resourceOf(id), partition, updated_at: at, quarantined: whyUnreadable(entry) }
}

function whyUnreadable({ offset, partition, why }: UnreadableEvent): string {
  return `the record at offset ${offset} of partition ${partition} cannot be read: ${why}`
}

/** Versioned with its tables: a change of either is a higher version, built again from the log. */
export const sagasProjection = projection({
  name: 'sagas',
  version: 9,
  tables: { sagas, steps, events, acts, saga_attributes: sagaAttributes, locks },
  event(entry, changes) {
    changes.put('sagas', sagaChange(entry))
    const step = stepChange(entry)
    // A scope that was undone with the scope around it never had a row of its own.
    if (step && entry.event.type === 'scope-compensated') changes.amend('steps', step)
    else if (step) changes.put('steps', step)
    for (const row of renamedRows(entry)) changes.amend('steps', row)
    changes.put('events', eventRow(entry))
    const act = actRow(entry)
    if (act) changes.put('acts', act)
    for (const row of givenRows(entry)) changes.put('steps', row)
    for (const row of attributeRows(entry)) changes.put('saga_attributes', row)
  },
  lock(entry, changes) {
    changes.put('locks', lockChange(entry))
  },
  unreadable(entry, changes) {
    if (entry.sagaId === undefined) return
    if (isLockId(entry.sagaId)) changes.put('locks', lockQuarantine(entry, entry.sagaId))
    else changes.put('sagas', quarantine(entry, entry.sagaId))
  },
})

/** Points in a saga's life, for a person to read and for programs. */
import type { HistoryMoment, SagaHistory } from '../../../shared/runtime/saga-history.ts'
import { plain } from './plain.ts'

/** `order-1 after event 7 of 12, at 2026-01-31T10:00:00.000Z, place 0/1234`. */
export function pointText({ id, moments }: SagaHistory, { event }: HistoryMoment): string {
  const { seq, at, partition, offset } = event
  return `${id} after event ${seq} of ${moments.length}, at ${new Date(at).toISOString()}, place ${partition}/${offset}`
}

/** The same as JSON; offsets are text, because they may be past 2^53. */
export function pointAnswer({ moments }: SagaHistory, { event }: HistoryMoment) {
  const { seq, at, topic, partition, offset, type } = { ...event, type: event.event.type }
  const place = { topic, partition, offset: String(offset) }
  return { seq, of: moments.length, type, at: new Date(at).toISOString(), place }
}

/** Where a saga's events end before their time. */
export function brokenText({ id, moments, partition, broken }: SagaHistory): string {
  return plain(
    `${id} can be read up to event ${moments.length} and no further: at ${partition}/${broken?.offset}, ${broken?.why}`,
    400,
  )
}

import { OperationalError } from '../../message/errors.ts'
import type { LogStore, Place } from './log-store.ts'

/** The error of an offset that the partition does not have: no longer, or not yet. */
export function outOfRange(store: LogStore, place: Place, from: bigint): OperationalError | undefined {
  const [start, end] = [store.start(place), store.end(place)]
  if (from >= start && from <= end) return undefined
  const why = `${place.topic}/${place.partition} has offsets ${start} to ${end}, asked for ${from}`
  return new OperationalError('offset-out-of-range', why, { where: store.where, retriable: false })
}

/** A point in a saga's life, as an option or an argument names it. */
import { InvalidArgumentError } from 'commander'
import type { SagaPoint } from '../../shared/runtime/saga-history.ts'

/** How it is told in `--help`. */
export const POINT = 'seq (7), time (2026-01-31T10:00:00Z), or place (0/1234, as history says it)'

const SEQ = /^[1-9]\d{0,8}$/
const PLACE = /^(?<partition>\d{1,6})\/(?<offset>\d{1,18})$/
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/

/** Reads one. A time says its zone: who is paged at night must not have to think of it. */
export function sagaPoint(text: string): SagaPoint {
  if (SEQ.test(text)) return { at: 'seq', seq: Number(text) }
  const place = PLACE.exec(text)?.groups
  if (place) return { at: 'place', partition: Number(place.partition), offset: BigInt(place.offset ?? 0) }
  const ms = TIME.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(ms)) return { at: 'time', ms }
  throw new InvalidArgumentError(`a point in its life is wanted: ${POINT}`)
}

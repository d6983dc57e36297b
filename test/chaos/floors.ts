/** What must have come in a run of so many minutes, or it says too little: a run that disturbs nothing proves nothing. */
import { FAULT_KINDS } from './faults/fault-kinds.ts'
import type { Summary } from './summary.ts'

/** From here on every kind of fault is dealt. */
const WHOLE_MINUTES = 1.5
const SHORT_KINDS_MIN = 8
/** Of the orders that the rate makes in that time: while nothing is acknowledged no more are asked for. */
const ENDED_SHARE_MIN = 0.3
const COMPENSATED_SHARE_MIN = 0.03
const MOVES_PER_MINUTE = 4
const TAKE_OVERS_PER_MINUTE = 1
const DUPLICATES_PER_MINUTE = 5

type Seen = Pick<
  Summary,
  'minutes' | 'rate' | 'sagas' | 'takeOvers' | 'voidBatches' | 'duplicates' | 'faults' | 'deadLetters'
>

/** What came too seldom, in words. */
export function belowFloor(seen: Seen): readonly string[] {
  const { minutes, rate, sagas, takeOvers, voidBatches, duplicates, faults, deadLetters } = seen
  const ended = sagas.completed + sagas.compensated
  const whole = minutes >= WHOLE_MINUTES
  const kinds = FAULT_KINDS.filter((kind) => faults[kind] > 0)
  const least: readonly (readonly [what: string, is: number, min: number])[] = [
    ['sagas ended', ended, minutes * 60 * rate * ENDED_SHARE_MIN],
    ['sagas compensated', sagas.compensated, ended * COMPENSATED_SHARE_MIN],
    ['partitions that changed hands', takeOvers.all, minutes * MOVES_PER_MINUTE],
    [
      'partitions taken over from a process that was gone',
      takeOvers.count,
      whole ? minutes * TAKE_OVERS_PER_MINUTE : 0,
    ],
    ['void batches', voidBatches, whole ? 1 : 0],
    ['duplicates written', duplicates.written, whole ? minutes * DUPLICATES_PER_MINUTE : 0],
    ['inputs ignored', duplicates.ignored, 1],
    ['dead letters', deadLetters, whole ? 1 : 0],
    ['kinds of faults', kinds.length, whole ? FAULT_KINDS.length : SHORT_KINDS_MIN],
  ]
  return least.filter(([, is, min]) => is < min).map(([what, is, min]) => `${what}: ${is}, at least ${Math.ceil(min)}`)
}

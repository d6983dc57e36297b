/** How a saga's status is told: from its phase, and from what is parked. */
import { afterNotes, type SagaStatus, standingOf } from './standing.ts'
import type { Reading, Value, Values } from './table.ts'

const asText = (value: Value | undefined): string => (typeof value === 'string' ? value : '')

function read(row: Values | undefined, change: Values): Values {
  const notes = asText(change.standing)
  if (notes === '' && !change.phase) return change
  const before = asText(row?.standing)
  const standing = notes === '' ? before : afterNotes(before, notes)
  const read = { ...change, standing }
  const phase = asText(change.phase) || asText(row?.phase)
  const stuck = phase === 'failed' ? undefined : standingOf(standing).parked.at(-1)
  if (phase !== 'failed' && standingOf(standing).paused) {
    const status: SagaStatus = 'paused'
    return { ...read, status, stuck_step: null, error_code: null, error_message: null }
  }
  if (stuck) {
    const [stuck_step, error_code, error_message] = stuck
    return { ...read, status: 'stuck' satisfies SagaStatus, stuck_step, error_code, error_message }
  }
  // Where nothing was parked before, the status can only change with the phase.
  return phase === '' ? read : { ...read, status: phase, stuck_step: null, error_code: null, error_message: null }
}

/** Reads the notes of `standing` into `status`, `stuck_step`, `error_code` and `error_message`. */
export const statusReading: Reading = { column: 'standing', looksAt: ['phase', 'standing'], read }

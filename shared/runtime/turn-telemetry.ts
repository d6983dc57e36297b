/** What a turn that has landed says to whoever watches. */
import type { Log, Metrics } from '../ports/telemetry.ts'
import type { Turn } from './turn.ts'

/** Counts a turn; a killed saga is an incident, and is logged as one. */
export function tellTurn(
  { metrics, log }: { readonly metrics: Metrics; readonly log: Log },
  partition: number,
  turn: Turn,
): void {
  metrics.count('kasaga_batches_total')
  metrics.count('kasaga_events_total', {}, turn.events.length)
  for (const [reason, count] of Object.entries(turn.inputs.ignored))
    metrics.count('kasaga_inputs_ignored_total', { reason }, count)
  for (const [participant, count] of turn.admitted) metrics.count('kasaga_admitted_total', { participant }, count)
  for (const { definition, attribute } of turn.missed) {
    metrics.count('kasaga_saga_attributes_missed_total', { definition })
    log.warn('a saga goes without an attribute: its mapping failed', { partition, definition, attribute })
  }
  for (const { saga, actor, reason } of turn.killed) {
    metrics.count('kasaga_sagas_killed_total')
    log.warn('a saga was killed: nothing of it was undone', { partition, saga, actor, reason })
  }
}

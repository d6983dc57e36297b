/** What a turn says to whoever watches. */
import type { Log, Metrics } from '../ports/telemetry.ts'
import { tellQuarantined } from './take-over-telemetry.ts'
import type { Turn } from './turn.ts'

/** Sagas that nothing is decided for any more, or is again: known before the turn lands, if it has anything that lands. */
export function tellStops(log: Log, partition: number, { stalled, quarantined, triedAgain }: Turn): void {
  for (const { saga, why } of stalled) log.error('a saga stands still', { partition, saga, why })
  for (const saga of triedAgain) log.info('a saga that was quarantined is tried again', { partition, saga })
  tellQuarantined(log, partition, quarantined)
}

/** Counts a turn that has landed; a killed saga is an incident, and is logged as one. */
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

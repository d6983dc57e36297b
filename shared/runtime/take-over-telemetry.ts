/** What taking a partition over says to whoever watches. */
import { messageOf, OperationalError } from '../message/errors.ts'
import type { Clock } from '../ports/clock.ts'
import { OngoingTrouble } from '../ports/ongoing-trouble.ts'
import type { Log, Metrics } from '../ports/telemetry.ts'
import type { Definitions } from '../saga/definition.ts'
import type { Unused } from './snapshot/snapshot-shelf.ts'
import type { MissingPlan } from './waiting-for-plan.ts'

/** What passes by itself is a warning; a log that is not what it was needs a person. */
export class TakeOverTrouble {
  readonly #partition: number
  readonly #passing: OngoingTrouble
  readonly #lasting: OngoingTrouble

  constructor(partition: number, ports: { readonly clock: Clock; readonly log: Log }) {
    const over = 'the partition can be taken over again'
    this.#partition = partition
    this.#passing = new OngoingTrouble(ports, { met: 'take-over failed; trying again', over })
    const met = 'the partition cannot be taken over and stands still'
    this.#lasting = new OngoingTrouble(ports, { met, over, level: 'error' })
  }

  met(error: unknown): void {
    const isPassing = error instanceof OperationalError && error.retriable
    const kind = error instanceof OperationalError ? error.code : 'bug'
    const trouble = isPassing ? this.#passing : this.#lasting
    trouble.met(kind, { partition: this.#partition, error: messageOf(error) })
  }

  over(): void {
    for (const trouble of [this.#passing, this.#lasting]) trouble.over({ partition: this.#partition })
  }
}

/** Once for each definition, whatever number of sagas wait for it. */
export function tellMissing(
  { log, definitions }: { readonly log: Log; readonly definitions: Definitions },
  partition: number,
  missing: readonly MissingPlan[],
): void {
  for (const { definition, version, hash, sagas } of missing) {
    const known = definitions.find(definition, version) !== undefined
    const why = known ? 'it was changed under the same version' : 'it is not known here'
    const fields = { partition, definition, version, startedOn: hash ?? null, sagas, why }
    log.error('sagas wait for their definition', fields)
  }
}

/** A partition that has none yet is no trouble: it is read from its start. */
export function tellUnused(
  { log, metrics }: { readonly log: Log; readonly metrics: Metrics },
  partition: number,
  unused: readonly Unused[],
): void {
  for (const reason of unused) {
    if (reason === 'none') continue
    metrics.count('kasaga_snapshots_unused_total', { reason })
    log.warn('a snapshot was left alone: more of the log is read', { partition, reason })
  }
}

/** Sagas that are told one by one at a take-over; of the others, how many. */
const TOLD_MAX = 20

/** Sagas and locks that nothing is decided for: each is an incident, and a person can still look at it. */
export function tellQuarantined(log: Log, partition: number, quarantined: ReadonlyMap<string, string>): void {
  for (const [saga, why] of [...quarantined].slice(0, TOLD_MAX))
    log.error('a saga is quarantined', { partition, saga, why })
  const more = quarantined.size - TOLD_MAX
  if (more > 0) log.error('more sagas are quarantined', { partition, sagas: more })
}

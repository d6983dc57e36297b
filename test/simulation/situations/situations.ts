/** Sees, in the log and around it, which of the situations come. It finds no fault with anything. */
import type { EventEnvelope, SagaEvent } from '../../../shared/message/events.ts'
import { H } from '../../../shared/message/headers.ts'
import type { NewRecord } from '../../../shared/message/record.ts'
import type { LogListener, ReadBatch } from '../checks/accepted-log.ts'
import { type Landed, type Sender, TOPICS } from '../world/network.ts'
import { headerIn } from '../world/probes.ts'
import type { Tally } from '../world/tally.ts'
import type { Situation } from './names.ts'
import { SagaSight } from './saga-sight.ts'

interface PartitionSight {
  /** Who appended the newest accepted batch. */
  by: Sender | undefined
  owner: string
  /** That batch had been given up by its sender, and landed all the same. */
  wasLate: boolean
  /** While nobody owned it, before the newest claim. */
  ownerless: readonly [from: number, to: number] | undefined
}

export class Situations implements LogListener {
  readonly seen: Tally
  readonly #now: () => number
  readonly #sagas = new Map<string, SagaSight>()
  readonly #partitions = new Map<number, PartitionSight>()
  claims = 0

  constructor(seen: Tally, now: () => number) {
    this.seen = seen
    this.#now = now
  }

  came(situation: Situation): void {
    this.seen.add(situation)
  }

  /** Sagas of that definition and version that have not ended. */
  hasLive(definition: string, version: number): boolean {
    return [...this.#sagas.values()].some(
      (saga) => saga.isLive && saga.definition === definition && saga.version === version,
    )
  }

  accepted({ partition, header, events, landed }: ReadBatch): void {
    const at = this.#partitions.get(partition) ?? { by: undefined, owner: '', wasLate: false, ownerless: undefined }
    this.#partitions.set(partition, at)
    if (at.owner !== header.owner) this.#claimed(at, landed)
    if (events.some(({ event }) => event.type.endsWith('-held'))) this.came('stepHeld')
    for (const envelope of events) this.#event(envelope, at)
    if (events.some(({ event }) => isProgress(event)) && events.some(({ event }) => isTimeout(event)))
      this.came('progressAndTimeout')
    for (const [reason, situation] of IGNORED) if (header.inputs.ignored[reason]) this.came(situation)
    Object.assign(at, { by: landed.by, owner: header.owner, wasLate: landed.isLate })
  }

  #claimed(at: PartitionSight, { by }: Landed): void {
    this.claims++
    if (at.wasLate) this.came('lateBeforeClaim')
    const from = at.by?.diedAt
    at.ownerless = from === undefined || at.by === by ? undefined : [from, this.#now()]
  }

  #event(envelope: EventEnvelope, { ownerless }: PartitionSight): void {
    const { sagaId, causationId } = envelope
    const saga = this.#sagas.get(sagaId) ?? new SagaSight()
    this.#sagas.set(sagaId, saga)
    if (ownerless && causationId.startsWith('timer/') && saga.wasDueWithin(ownerless)) this.came('ownerless')
    const came = saga.take(envelope)
    if (came) this.came(came)
  }

  void({ partition, header, landed }: ReadBatch): void {
    if (landed.by.wasPaused && header.count > 0) this.came('pausedOwner')
    const owner = this.#partitions.get(partition)?.owner
    if (landed.isLate && owner !== undefined && owner !== header.owner) this.came('lateAfterClaim')
  }

  other({ topic, records }: Landed): void {
    for (const record of records) {
      if (topic === TOPICS.replies) this.#reply(record)
      else if (topic === TOPICS.commands) this.#command(record)
      else if (topic === TOPICS.deadLetters) this.#deadLetter(record)
    }
  }

  #reply(record: NewRecord): void {
    if (headerIn(record, H.outcome) !== 'success' || headerIn(record, H.direction) !== 'forward') return
    const undo = this.#sagas.get(headerIn(record, H.sagaId) ?? '')?.undoOf(headerIn(record, H.stepId) ?? '')
    if (undo) this.came(undo === 'done' ? 'lateDone' : 'lateDecided')
  }

  #command(record: NewRecord): void {
    if (headerIn(record, H.type) !== 'kasaga.cancel.v1') return
    if (this.#sagas.get(headerIn(record, H.sagaId) ?? '')?.isPivotOut) this.came('cancelRace')
  }

  #deadLetter(record: NewRecord): void {
    if (headerIn(record, 'dlq-original-topic') !== TOPICS.replies) return
    const reason = headerIn(record, 'dlq-reason')
    if (reason === 'unknown-saga') this.came('replyUnknown')
    if (reason === 'unknown-step') this.came('replyOtherStep')
  }
}

const IGNORED: readonly (readonly [string, Situation])[] = [
  ['saga-ended', 'replyEnded'],
  ['old-attempt', 'replyOldAttempt'],
]

function isProgress({ type }: SagaEvent): boolean {
  return type === 'step-progressed' || type === 'compensation-progressed'
}

function isTimeout(event: SagaEvent): boolean {
  return (event.type === 'step-failed' || event.type === 'compensation-failed') && event.error.kind === 'timeout'
}

/** Checked whenever a batch is accepted: S1, S11, S12, S15 and S23 on its own terms, and all of a saga's history (S3-S7, S10, S14). */
import type { EventEnvelope } from '../../../shared/message/events.ts'
import type { Definitions } from '../../../shared/saga/definition.ts'
import { FollowedSaga, outlineOf, type PlanOutline } from '../../../shared/saga/invariants.ts'
import type { LogListener, ReadBatch } from './accepted-log.ts'
import type { Breaches } from './breaches.ts'

interface Place {
  number: number
  commands: number
  replies: number
  sentThrough: number
}

export class LogChecks implements LogListener {
  readonly histories = new Map<string, EventEnvelope[]>()
  readonly #followed = new Map<string, FollowedSaga>()
  readonly #places = new Map<number, Place>()
  readonly #outlines = new Map<string, PlanOutline | undefined>()
  readonly #definitions: Definitions
  readonly #breaches: Breaches

  constructor(definitions: Definitions, breaches: Breaches) {
    this.#definitions = definitions
    this.#breaches = breaches
  }

  accepted(batch: ReadBatch): void {
    this.#headers(batch)
    for (const envelope of batch.events) this.#event(envelope)
  }

  void({ header, partition }: ReadBatch): void {
    const last = this.#places.get(partition)?.number ?? 0
    const message = () => `batch ${header.number} of partition ${partition} comes when ${last} was the last`
    this.#breaches.expect('S11', header.number <= last, message)
  }

  #headers({ header, partition }: ReadBatch): void {
    const last = this.#places.get(partition) ?? { number: 0, commands: 0, replies: 0, sentThrough: 0 }
    const { applied, deadLettered, ignored } = header.inputs
    const taken = Object.values(ignored).reduce((sum, count) => sum + count, applied + deadLettered)
    const passed = header.commands - last.commands + header.replies - last.replies
    const told = () => `batch ${header.number} of partition ${partition}: ${JSON.stringify({ last, header })}`
    this.#breaches.expect('S12', header.commands >= last.commands && header.replies >= last.replies, told)
    this.#breaches.expect('S12', taken === passed, told)
    this.#breaches.expect('S10', header.sentThrough >= last.sentThrough && header.sentThrough < header.number, told)
    this.#places.set(partition, header)
  }

  #event(envelope: EventEnvelope): void {
    const { sagaId, seq } = envelope
    const history = this.histories.get(sagaId) ?? []
    if (history.length === 0) this.histories.set(sagaId, history)
    this.#breaches.expect('S1', seq === history.length + 1, () => `${sagaId}: seq ${seq} follows ${history.length}`)
    history.push(envelope)
    this.#cause(envelope)
    let followed = this.#followed.get(sagaId)
    if (!followed) {
      followed = new FollowedSaga(this.#outlineOf(envelope), ({ toVersion }) =>
        this.#outline(nameOf(history), toVersion),
      )
      this.#followed.set(sagaId, followed)
    }
    for (const { invariant, message } of followed.take(envelope))
      this.#breaches.add(invariant, `${sagaId} at ${seq}, ${message}`)
  }

  /** S14: what an attempt came to is said by that attempt's answer; a participant's reply names the command that it answers. */
  #cause({ sagaId, seq, causationId, event }: EventEnvelope): void {
    if (event.type !== 'step-failed' && event.type !== 'compensation-failed') return
    const answered = /\/(?:forward|compensate)\/(\d+)\/reply$/.exec(causationId)?.[1]
    const told = () => `${sagaId} at ${seq}: attempt ${event.attempt} of ${event.step} fails by ${causationId}`
    this.#breaches.expect('S14', answered === undefined || Number(answered) === event.attempt, told)
  }

  #outlineOf({ event }: EventEnvelope): PlanOutline | undefined {
    return event.type === 'saga-started' ? this.#outline(event.definition, event.version) : undefined
  }

  #outline(name: string, version: number): PlanOutline | undefined {
    const key = `${name}@${version}`
    if (!this.#outlines.has(key)) {
      const definition = this.#definitions.find(name, version)
      this.#outlines.set(key, definition && outlineOf(definition))
    }
    return this.#outlines.get(key)
  }
}

function nameOf([first]: readonly EventEnvelope[]): string {
  return first?.event.type === 'saga-started' ? first.event.definition : ''
}

/** Asks for the move of many sagas, so many a second, and reads in the log and the dead letters what became of each. */
import { BatchReader } from '../message/batch.ts'
import { H } from '../message/headers.ts'
import type { SagaId } from '../message/ids.ts'
import { headerOf } from '../message/record.ts'
import type { KasagaTopics } from '../message/topics.ts'
import type { Broker } from '../ports/broker.ts'
import { type Clock, sleep } from '../ports/clock.ts'

/** `unanswered`: neither the log nor the dead letters have said anything by the end of the wait. */
export interface MigrationOutcome {
  readonly saga: SagaId
  readonly became: 'moved' | 'refused' | 'unanswered'
  /** Of one that was refused: the dead letter's reason and message. */
  readonly why?: string
}

export interface MigrationRun {
  readonly broker: Broker
  readonly topics: KasagaTopics
  readonly clock: Clock
  /** Appends the act for one saga. */
  readonly ask: (saga: SagaId) => Promise<unknown>
  /** Under which all of them are asked. */
  readonly requestId: string
  readonly perSecondMax: number
  /** How long is waited after the last one was asked. */
  readonly waitMsMax: number
}

/** How often it is looked for what became of them. */
const LOOK_MS = 200

export async function runMigration(sagas: readonly SagaId[], run: MigrationRun): Promise<readonly MigrationOutcome[]> {
  const watch = await Watch.begin(run)
  const began = run.clock.now()
  for (const [i, saga] of sagas.entries()) {
    const early = began + (i * 1_000) / run.perSecondMax - run.clock.now()
    if (early > 0) await sleep(run.clock, early)
    await run.ask(saga)
  }
  const until = run.clock.now() + run.waitMsMax
  await watch.look()
  while (sagas.some((saga) => !watch.found.has(saga)) && run.clock.now() < until) {
    await sleep(run.clock, LOOK_MS)
    await watch.look()
  }
  return sagas.map((saga) => watch.found.get(saga) ?? { saga, became: 'unanswered' })
}

/** Reads on from where the topics ended when it began. */
class Watch {
  readonly found = new Map<SagaId, MigrationOutcome>()
  readonly #run: MigrationRun
  readonly #next = new Map<string, bigint>()
  readonly #readers = new Map<number, BatchReader>()

  private constructor(run: MigrationRun) {
    this.#run = run
  }

  static async begin(run: MigrationRun): Promise<Watch> {
    const watch = new Watch(run)
    const { broker, topics } = run
    for (const { partition } of await broker.offsets(topics.events))
      watch.#next.set(`${topics.events}/${partition}`, 0n)
    for (const { partition, end } of await broker.offsets(topics.deadLetters))
      watch.#next.set(`${topics.deadLetters}/${partition}`, end)
    return watch
  }

  async look(): Promise<void> {
    const { topics } = this.#run
    for (const [place, from] of this.#next) {
      const slash = place.lastIndexOf('/')
      const [topic, partition] = [place.slice(0, slash), Number(place.slice(slash + 1))]
      const next =
        topic === topics.events ? await this.#lookAtEvents(partition, from) : await this.#lookAtDead(partition, from)
      this.#next.set(place, next)
    }
  }

  async #lookAtEvents(partition: number, from: bigint): Promise<bigint> {
    const { broker, topics, requestId } = this.#run
    const reader = this.#readers.get(partition) ?? new BatchReader()
    this.#readers.set(partition, reader)
    let next = from
    for await (const records of broker.read(topics.events, partition, from))
      for (const record of records) {
        next = record.offset + 1n
        for (const { decoded } of reader.read(record)?.events ?? []) {
          if (decoded.kind !== 'event') continue
          const { sagaId: saga, event } = decoded.envelope
          const isOurs = event.type === 'saga-migrated' && event.requestId === requestId
          if (isOurs) this.found.set(saga, { saga, became: 'moved' })
        }
      }
    return next
  }

  async #lookAtDead(partition: number, from: bigint): Promise<bigint> {
    const { broker, topics, requestId } = this.#run
    let next = from
    for await (const records of broker.read(topics.deadLetters, partition, from))
      for (const record of records) {
        next = record.offset + 1n
        const saga = headerOf(record, H.sagaId) as SagaId | undefined
        if (saga === undefined || headerOf(record, H.id) !== requestId) continue
        const why = `${headerOf(record, 'dlq-reason')}: ${headerOf(record, 'dlq-error-message')}`
        this.found.set(saga, { saga, became: 'refused', why })
      }
    return next
  }
}

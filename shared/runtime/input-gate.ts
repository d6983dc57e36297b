/**
 * The inputs of one partition on their way to its owner.
 *
 *     open --queuedInputsMax or queuedBytesMax wait--> held --half of them are taken--> open
 *
 * Each topic is so for itself: commands that wait for long must not hold up the replies by which sagas end. While one is held
 * no more of its records are fetched; what had been fetched is kept, and nothing is lost.
 */
import type { LogRecord } from '../message/record.ts'
import type { KasagaTopics } from '../message/topics.ts'
import type { GroupMember } from '../ports/broker.ts'
import { InputQueue, type InputSource } from './input-queue.ts'
import type { OrchestratorLimits } from './limits.ts'
import type { ConsumedMarks } from './partition-state.ts'

/** What an owner needs of its membership in the group. */
export type Holding = Pick<GroupMember, 'open' | 'pause' | 'resume' | 'owns'>

export interface InputGatePorts {
  readonly partition: number
  readonly topics: KasagaTopics
  readonly limits: OrchestratorLimits
  readonly holding: () => Holding
}

const SOURCES: readonly InputSource[] = ['commands', 'replies']

export class InputGate {
  readonly queue = new InputQueue()
  readonly #ports: InputGatePorts
  readonly #held = new Set<InputSource>()

  constructor(ports: InputGatePorts) {
    this.#ports = ports
  }

  /** Takes records in. Returns at once. */
  push(topic: string, records: readonly LogRecord[]): void {
    const { topics } = this.#ports
    const source = topic === topics.commands ? 'commands' : 'replies'
    for (const record of records) this.queue.push({ source, record })
    if (this.#held.has(source) || !this.#isFull(source, 1)) return
    this.#held.add(source)
    this.#ports.holding().pause(topic, this.#ports.partition)
  }

  /** A turn has taken some: there may be room again. */
  eased(): void {
    const { topics, partition, holding } = this.#ports
    for (const source of this.#held) {
      if (this.#isFull(source, 1 / 2)) continue
      this.#held.delete(source)
      holding().resume(topics[source], partition)
    }
  }

  #isFull(source: InputSource, share: number): boolean {
    const { queuedInputsMax, queuedBytesMax } = this.#ports.limits
    const { length, bytes } = this.queue.of(source)
    return length > 0 && (length >= queuedInputsMax * share || bytes >= queuedBytesMax * share)
  }

  /** Begins to fetch at the marks. */
  open(marks: ConsumedMarks): void {
    const { topics, partition, holding } = this.#ports
    const member = holding()
    this.#held.clear()
    for (const source of SOURCES) member.open(topics[source], partition, marks[source])
  }

  /** Fetches no more, until it is opened again. */
  close(): void {
    const { topics, partition, holding } = this.#ports
    for (const source of SOURCES) holding().pause(topics[source], partition)
  }
}

/**
 * The inputs of one partition on their way to its owner.
 *
 *     open --queuedInputsMax or queuedBytesMax wait--> held --half of them are taken--> open
 *
 * While it is held no more records are fetched of either topic; what had been fetched is kept, and nothing is lost.
 */
import type { LogRecord } from '../message/record.ts'
import type { KasagaTopics } from '../message/topics.ts'
import type { GroupMember } from '../ports/broker.ts'
import { InputQueue } from './input-queue.ts'
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

export class InputGate {
  readonly queue = new InputQueue()
  readonly #ports: InputGatePorts
  #held = false

  constructor(ports: InputGatePorts) {
    this.#ports = ports
  }

  /** Takes records in. Returns at once. */
  push(topic: string, records: readonly LogRecord[]): void {
    const { topics } = this.#ports
    const source = topic === topics.commands ? 'commands' : 'replies'
    for (const record of records) this.queue.push({ source, record })
    if (!this.#held && this.#isFull(1)) this.#setHeld(true)
  }

  /** A turn has taken some: there may be room again. */
  eased(): void {
    if (this.#held && !this.#isFull(1 / 2)) this.#setHeld(false)
  }

  #isFull(share: number): boolean {
    const { queuedInputsMax, queuedBytesMax } = this.#ports.limits
    const { length, bytes } = this.queue
    return length > 0 && (length >= queuedInputsMax * share || bytes >= queuedBytesMax * share)
  }

  /** Begins to fetch at the marks. */
  open(marks: ConsumedMarks): void {
    const { topics, partition, holding } = this.#ports
    const member = holding()
    this.#held = false
    member.open(topics.commands, partition, marks.commands)
    member.open(topics.replies, partition, marks.replies)
  }

  /** Fetches no more, until it is opened again. */
  close(): void {
    const { topics, partition, holding } = this.#ports
    for (const topic of [topics.commands, topics.replies]) holding().pause(topic, partition)
  }

  #setHeld(held: boolean): void {
    if (held) this.close()
    else this.#resume()
    this.#held = held
  }

  #resume(): void {
    const { topics, partition, holding } = this.#ports
    for (const topic of [topics.commands, topics.replies]) holding().resume(topic, partition)
  }
}

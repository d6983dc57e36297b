/**
 * What a partition has to say, on its way to the broker.
 *
 *     idle --add--> publishing --nothing more--> idle          publishing --given up--> over
 *
 * In the order that it was given, one append at a time: what comes meanwhile goes with the next one. A record is done
 * with when all that it led to is durable.
 */
import type { Clock } from '../ports/clock.ts'
import type { HeldRecord } from './finished-prefix.ts'
import type { Outgoing } from './publisher.ts'

export interface AnswerQueuePorts {
  readonly clock: Clock
  /** True when all is durable; false when it was given up, and nothing more is to be published. */
  readonly publish: (outgoing: readonly Outgoing[]) => Promise<boolean>
  readonly done: (records: readonly HeldRecord[]) => void
}

interface Said {
  readonly record: HeldRecord
  readonly outgoing: readonly Outgoing[]
}

export class AnswerQueue {
  readonly #ports: AnswerQueuePorts
  #waiting: Said[] = []
  #publishing: Promise<void> | undefined
  #isOver = false

  constructor(ports: AnswerQueuePorts) {
    this.#ports = ports
  }

  /** All that a record leads to. Returns at once. */
  add(record: HeldRecord, outgoing: readonly Outgoing[]): void {
    if (this.#isOver) return
    this.#waiting.push({ record, outgoing })
    this.#publishing ??= this.#run()
  }

  /** Settles when nothing is being published. */
  async ended(): Promise<void> {
    await this.#publishing
  }

  async #run(): Promise<void> {
    // A moment later, so that what is answered together is published together.
    await new Promise<void>((resolve) => this.#ports.clock.soon(resolve))
    while (this.#waiting.length > 0) {
      const said = this.#waiting
      this.#waiting = []
      if (await this.#ports.publish(said.flatMap(({ outgoing }) => outgoing))) {
        this.#ports.done(said.map(({ record }) => record))
        continue
      }
      this.#isOver = true
      this.#waiting = []
    }
    this.#publishing = undefined
  }
}

/** Orchestrators on one log in memory, in virtual time, under a seed: their broker lies, and they are killed and taken over. */
import { Orchestrator } from '../../../services/orchestrator/orchestrator.ts'
import { ManualClock } from '../../../shared/adapters/memory/manual-clock.ts'
import { MemoryLog } from '../../../shared/adapters/memory/memory-log.ts'
import { seededRandom } from '../../../shared/adapters/system/seeded-random.ts'
import { type SagaClient, sagaClient } from '../../../shared/client/saga-client.ts'
import { kasagaTopics } from '../../../shared/message/topics.ts'
import type { Random } from '../../../shared/ports/clock.ts'
import { noLog, noMetrics } from '../../../shared/ports/telemetry.ts'
import { participantsOf, topicSpecs } from '../../../shared/runtime/topic-specs.ts'
import type { Definitions } from '../../../shared/saga/definition.ts'
import { FaultyBroker } from '../../support/faulty-broker.ts'

export const TOPICS = kasagaTopics('kasaga')

export class FaultySystem {
  readonly clock = new ManualClock()
  readonly log = new MemoryLog({ clock: this.clock })
  /** How often each kind of trouble came. */
  readonly faults: Record<string, number> = {}
  /** Share of the appends that meet a fault. */
  faultShare: number
  readonly #definitions: Definitions
  readonly #travelMsMax: number
  readonly #random: Random
  #ids = 0

  constructor(seed: number, definitions: Definitions) {
    this.#definitions = definitions
    this.#random = seededRandom(seed)
    this.faultShare = this.#random.next() * 0.3
    this.#travelMsMax = 1 + Math.floor(this.#random.next() * 150)
  }

  get chance(): number {
    return this.#random.next()
  }

  broker(): FaultyBroker {
    return new FaultyBroker(this.log.connect(), this.log.connect(), {
      clock: this.clock,
      random: this.#random,
      faultShare: () => this.faultShare,
      travelMsMax: this.#travelMsMax,
      onFault: (fault) => this.#count(fault),
    })
  }

  /** Makes the topics, of so many partitions each. */
  async open(partitions: number): Promise<void> {
    const counts = { partitions, participantPartitions: partitions }
    await this.log.connect().createTopics(topicSpecs('kasaga', counts, participantsOf(this.#definitions)))
  }

  client(): SagaClient {
    const ids = { next: () => `req-${++this.#ids}` }
    return sagaClient({ broker: this.broker(), topics: TOPICS, clock: this.clock, ids, source: '/test' })
  }

  /** Starts one; what is answered ends it, as a kill does or as a long pause does. */
  async orchestrator(): Promise<() => void> {
    const broker = this.broker()
    const ids = { next: () => `id-${++this.#ids}` }
    const ports = { broker, clock: this.clock, random: this.#random, ids, log: noLog, metrics: noMetrics }
    const orchestrator = new Orchestrator({
      ...ports,
      definitions: this.#definitions,
      topics: TOPICS,
      prefix: 'kasaga',
    })
    await this.inTime(orchestrator.start())
    return () => {
      if (this.chance < 0.5) broker.kill()
      else broker.pauseThroughTakeOver()
      this.#count('taken over')
    }
  }

  /** Waits for work that needs the clock to go on. */
  async inTime<T>(work: Promise<T>): Promise<T> {
    let settled = false
    const done = () => {
      settled = true
    }
    work.then(done, done)
    while (!settled) await this.clock.advance(1)
    return work
  }

  #count(what: string): void {
    this.faults[what] = (this.faults[what] ?? 0) + 1
  }
}

/** Orchestrators on one log in memory, in virtual time, under a seed: their broker lies, and they are killed and taken over. */
import { expect } from 'vitest'
import { Orchestrator } from '../../../services/orchestrator/orchestrator.ts'
import { ManualClock } from '../../../shared/adapters/memory/manual-clock.ts'
import { MemoryLog } from '../../../shared/adapters/memory/memory-log.ts'
import { seededRandom } from '../../../shared/adapters/system/seeded-random.ts'
import { type SagaClient, sagaClient } from '../../../shared/client/saga-client.ts'
import { kasagaTopics } from '../../../shared/message/topics.ts'
import type { Random } from '../../../shared/ports/clock.ts'
import { type Metrics, noLog } from '../../../shared/ports/telemetry.ts'
import { ORCHESTRATOR_LIMITS, type OrchestratorLimits } from '../../../shared/runtime/limits.ts'
import { participantsOf, topicSpecs } from '../../../shared/runtime/topic-specs.ts'
import type { Definitions } from '../../../shared/saga/definition.ts'
import { FaultyBroker } from '../../support/faulty-broker.ts'
import { memoryDifferences } from '../snapshots/same-memory.ts'

export const TOPICS = kasagaTopics('kasaga')

/** Records of the log between two snapshots; in some systems there are none. */
const SNAPSHOTS_EVERY = [0, 1, 7, 40]

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
  readonly #limits: OrchestratorLimits
  #ids = 0

  constructor(seed: number, definitions: Definitions) {
    this.#definitions = definitions
    this.#random = seededRandom(seed)
    this.faultShare = this.#random.next() * 0.3
    this.#travelMsMax = 1 + Math.floor(this.#random.next() * 150)
    // By the seed alone, so that a seed means the same whatever else is drawn.
    this.#limits = { ...ORCHESTRATOR_LIMITS, snapshotEvery: SNAPSHOTS_EVERY[seed % SNAPSHOTS_EVERY.length] ?? 0 }
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
    const ports = { broker, clock: this.clock, random: this.#random, ids, log: noLog, metrics: this.#metrics }
    const orchestrator = new Orchestrator({
      ...ports,
      definitions: this.#definitions,
      topics: TOPICS,
      prefix: 'kasaga',
      limits: this.#limits,
    })
    await this.inTime(orchestrator.start())
    return () => {
      if (this.chance < 0.5) broker.kill()
      else broker.pauseThroughTakeOver()
      this.#count('taken over')
    }
  }

  async expectSameMemory(): Promise<void> {
    const ports = { broker: this.log.connect(), clock: this.clock, definitions: this.#definitions, topics: TOPICS }
    const { differences, restored } = await this.inTime(memoryDifferences({ ...ports, limits: this.#limits }))
    expect(differences).toEqual([])
    if (restored > 0) this.#count('restored')
  }

  get #metrics(): Metrics {
    return {
      count: (name, labels = {}) => {
        if (name.startsWith('kasaga_snapshot')) this.#count([name, ...Object.values(labels)].join(' '))
      },
      gauge() {},
      observe() {},
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

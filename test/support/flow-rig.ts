/** Orchestrators before two participants that can be made slow or broken: what limits and breakers are tested with. */
import { z } from 'zod'
import { Orchestrator } from '../../services/orchestrator/orchestrator.ts'
import { MemoryInbox } from '../../shared/adapters/memory/memory-inbox.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import { systemIds } from '../../shared/adapters/system/system-ids.ts'
import { systemRandom } from '../../shared/adapters/system/system-random.ts'
import { type SagaClient, sagaClient } from '../../shared/client/saga-client.ts'
import type { ParticipantLimits } from '../../shared/flow/limits.ts'
import { type ControlFact, decodeControl } from '../../shared/message/control-record.ts'
import type { EventEnvelope } from '../../shared/message/events.ts'
import { kasagaTopics } from '../../shared/message/topics.ts'
import { type ParticipantService, participantService } from '../../shared/participant/participant-service.ts'
import type { Broker } from '../../shared/ports/broker.ts'
import { type Clock, sleep } from '../../shared/ports/clock.ts'
import { type Log, noLog, noMetrics } from '../../shared/ports/telemetry.ts'
import { participantsOf, topicSpecs } from '../../shared/runtime/topic-specs.ts'
import { saga } from '../../shared/saga/builder.ts'
import { command, participant } from '../../shared/saga/contract.ts'
import { Definitions } from '../../shared/saga/definition.ts'
import { EventTail } from './event-tail.ts'

const input = z.object({ id: z.string(), tenant: z.string() })

export const till = participant('till', {
  charge: command({ input, output: z.object({ charged: z.string() }) }),
  refund: command({ input }),
})
export const ledger = participant('ledger', { note: command({ input }) })

export const RETRY = { attempts: 100, firstDelay: '10 ms', maxDelay: '50 ms' } as const

/** Charges at a participant that may be limited. */
export const pay = saga('pay', { version: 1, input })
  .step('charge', till.charge, ({ input }) => input, {
    retry: RETRY,
    limitBy: ({ input }) => input.tenant,
    timeout: '20 s',
  })
  .undo(till.refund, ({ input }) => input, { retry: RETRY })
  .pivot('settle', ledger.note, ({ input }) => input)
  .output(({ charge }) => charge)

/** Asks a participant that nothing limits. */
export const note = saga('note', { version: 1, input })
  .pivot('note', ledger.note, ({ input }) => input)
  .output(() => null)

/** What the payment participant does. */
export class Till {
  /** It fails whatever it is asked. */
  isDown = false
  handlingMs = 0
  /** Ids that were charged, and when, in order. */
  readonly charged: { readonly id: string; readonly at: number }[] = []
  asked = 0
  /** Most calls that were under way at one time, of all and of one tenant. */
  mostAtOnce = 0
  mostOfTenant = 0
  #now = new Map<string, number>()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async charge({ id, tenant }: { readonly id: string; readonly tenant: string }): Promise<{ charged: string }> {
    this.asked++
    this.#now.set(tenant, (this.#now.get(tenant) ?? 0) + 1)
    const all = [...this.#now.values()]
    this.mostAtOnce = Math.max(
      this.mostAtOnce,
      all.reduce((sum, one) => sum + one, 0),
    )
    this.mostOfTenant = Math.max(this.mostOfTenant, ...all)
    try {
      if (this.handlingMs > 0) await sleep(this.#clock, this.handlingMs)
      if (this.isDown) throw new Error('the till is closed')
      this.charged.push({ id, at: this.#clock.now() })
      return { charged: id }
    } finally {
      this.#now.set(tenant, (this.#now.get(tenant) ?? 1) - 1)
    }
  }
}

export interface FlowRig {
  readonly till: Till
  readonly client: SagaClient
  readonly topics: ReturnType<typeof kasagaTopics>
  /** Starts one more orchestrator. */
  orchestrator(log?: Log, broker?: Broker, definitions?: Definitions): Promise<Orchestrator>
  /** Stops one in order. */
  end(orchestrator: Orchestrator): Promise<void>
  /** Says them, and waits until the orchestrators here follow; answers under which id. */
  limit(participant: string, limits: ParticipantLimits | null): Promise<string>
  /** Starts sagas, from a number on. */
  pay(count: number, options?: { readonly from?: number; readonly tenants?: number }): Promise<void>
  /** Every event of the log. */
  history(): Promise<EventEnvelope[]>
  /** How many sagas have completed. */
  completed(): Promise<number>
  /** What stands on the control topic. */
  control(): Promise<ControlFact[]>
  close(): Promise<void>
}

const LOOK_AGAIN_MS = 10
/** More than any test asks for. */
const INBOX_ENTRIES_MAX = 1_000_000

export interface FlowOptions {
  readonly prefix?: string
  readonly partitions?: number
  readonly withControl?: boolean
  /** Commands that each participant handles at a time. */
  readonly slots?: number
  /** The time that all of it lives in; the system's unless told otherwise. */
  readonly clock?: Clock
}

export const FLOW_DEFINITIONS = new Definitions([pay, note])

/** Makes the topics, and starts the participants. */
export async function openFlow(broker: Broker, options: FlowOptions = {}): Promise<FlowRig> {
  const { prefix = 'kasaga', partitions = 4, withControl = true, slots, clock = systemClock } = options
  const topics = kasagaTopics(prefix)
  const specs = topicSpecs(prefix, { partitions, participantPartitions: partitions }, participantsOf(FLOW_DEFINITIONS))
  await broker.createTopics(specs.filter(({ name }) => withControl || name !== topics.control))
  const shared = { broker, clock, ids: systemIds }
  const behaviour = new Till(clock)
  const services = participants(broker, { prefix, behaviour, slots, clock })
  await Promise.all(services.map((service) => service.start()))
  const client = sagaClient({ ...shared, topics, source: '/test' })
  const orchestrators = new Set<Orchestrator>()
  const history = () => new EventTail(broker, topics.events).readOn()
  return {
    till: behaviour,
    client,
    topics,
    async orchestrator(log = noLog, own = broker, definitions = FLOW_DEFINITIONS) {
      const parts = { definitions, topics, prefix, log, metrics: noMetrics, random: systemRandom }
      const orchestrator = new Orchestrator({ ...shared, ...parts, broker: own })
      orchestrators.add(orchestrator)
      await orchestrator.start()
      return orchestrator
    },
    async end(orchestrator) {
      orchestrators.delete(orchestrator)
      await orchestrator.stop()
    },
    async limit(participant, limits) {
      const requestId = systemIds.next()
      const { offset } = await client.limit(participant, limits, { requestId, actor: 'ada', reason: 'a test' })
      const follow = () => [...orchestrators].every(({ controlOffset }) => controlOffset > offset)
      while (!follow()) await sleep(clock, LOOK_AGAIN_MS)
      return requestId
    },
    async pay(count, { from = 0, tenants = 3 } = {}) {
      const ids = Array.from({ length: count }, (_, i) => from + i)
      await client.startMany(
        pay,
        ids.map((i) => ({ sagaId: `pay-${i}`, input: { id: `pay-${i}`, tenant: `t${i % tenants}` } })),
      )
    },
    history,
    completed: async () => (await history()).filter(({ event }) => event.type === 'saga-completed').length,
    control: () => controlOf(broker, topics.control),
    async close() {
      for (const orchestrator of orchestrators) await orchestrator.stop()
      await Promise.all(services.map((service) => service.stop()))
    },
  }
}

interface Parts {
  readonly prefix: string
  readonly behaviour: Till
  readonly slots: number | undefined
  readonly clock: Clock
}

function participants(broker: Broker, { prefix, behaviour, slots, clock }: Parts): ParticipantService[] {
  const concurrency = slots === undefined ? {} : { concurrency: { max: slots } }
  const inbox = () => new MemoryInbox({ entriesMax: INBOX_ENTRIES_MAX })
  const options = () => ({ broker, clock, inbox: inbox(), prefix, ...concurrency })
  return [
    participantService(till, { charge: (one) => behaviour.charge(one), refund: async () => null }, options()),
    participantService(ledger, { note: async () => null }, options()),
  ]
}

async function controlOf(broker: Broker, topic: string): Promise<ControlFact[]> {
  const found: ControlFact[] = []
  for await (const records of broker.read(topic, 0, 0n))
    for (const record of records) {
      const decoded = decodeControl(record)
      if (decoded.kind === 'ok') found.push(decoded.value)
    }
  return found
}

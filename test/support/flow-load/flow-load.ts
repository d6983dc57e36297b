/** Two orchestrators as processes of their own on a real Kafka, the participants before them, and sagas at a steady rate. */
import type { KafkaBroker } from '../../../shared/adapters/kafka/kafka-broker.ts'
import type { ParticipantLimits } from '../../../shared/flow/limits.ts'
import type { EventEnvelope } from '../../../shared/message/events.ts'
import { EventTail } from '../event-tail.ts'
import { type FlowRig, note, openFlow, pay } from '../flow-rig.ts'
import { Fleet } from '../kafka-home/fleet.ts'
import { openTestKafka } from '../open-test-kafka.ts'
import { endsIn } from './measures.ts'

export interface Load {
  /** Sagas a second that ask the till and then the ledger. */
  readonly pays: number
  /** Sagas a second that ask the ledger alone. */
  readonly notes: number
  readonly forMs: number
}

/** When each saga was offered, milliseconds since the epoch. */
export interface Offered {
  readonly pays: ReadonlyMap<string, number>
  readonly notes: ReadonlyMap<string, number>
}

/** What was offered, and what the log then had of it. */
export interface Window extends Offered {
  readonly history: readonly EventEnvelope[]
}

const PARTITIONS = 12
const TICK_MS = 50
const LOOK_AGAIN_MS = 200
const TENANTS = 7
/** Far more than any limit that is tried. */
const SLOTS = 200
const FOLLOWED_MS_MAX = 20_000

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

export class FlowLoad {
  readonly flow: FlowRig
  readonly fleet: Fleet
  readonly #broker: KafkaBroker
  readonly #tail: EventTail
  #sagas = 0

  private constructor(broker: KafkaBroker, flow: FlowRig, fleet: Fleet) {
    this.#broker = broker
    this.flow = flow
    this.fleet = fleet
    this.#tail = new EventTail(broker, flow.topics.events)
  }

  static async open(kafka: string, prefix: string): Promise<FlowLoad> {
    const broker = await openTestKafka(kafka)
    const flow = await openFlow(broker, { prefix, partitions: PARTITIONS, slots: SLOTS })
    const mains = { orchestrator: 'test/support/flow-load/orchestrate.ts' }
    const load = new FlowLoad(broker, flow, new Fleet({ kafka, prefix, mains }))
    await load.fleet.start('orchestrator', 'orchestrator')
    return load
  }

  /** Sets limits, and waits until every orchestrator follows them. */
  async limit(limits: ParticipantLimits | null): Promise<void> {
    const set = await this.flow.limit('till', limits)
    const until = Date.now() + FOLLOWED_MS_MAX
    const follows = ({ lines }: Fleet['all'][number]) =>
      lines.some(({ msg, requestId }) => msg === 'limits are set' && requestId === set)
    while (!this.fleet.of('orchestrator').every(follows)) {
      if (Date.now() > until) throw new Error(`limits are not followed after ${FOLLOWED_MS_MAX} ms`)
      await pause(20)
    }
  }

  /** Offers sagas evenly over a time. */
  async offer({ pays, notes, forMs }: Load): Promise<Offered> {
    const offered = { pays: new Map<string, number>(), notes: new Map<string, number>() }
    const began = Date.now()
    for (let passed = 0; passed < forMs; passed = Date.now() - began) {
      const due = (perSecond: number) => Math.ceil((perSecond * Math.min(forMs, passed + TICK_MS)) / 1_000)
      await Promise.all([
        this.#start(pay, offered.pays, due(pays) - offered.pays.size),
        this.#start(note, offered.notes, due(notes) - offered.notes.size),
      ])
      await pause(Math.max(0, began + passed + TICK_MS - Date.now()))
    }
    return offered
  }

  /** Reads the log on until all that was offered has ended. */
  async untilEnded({ pays, notes }: Offered, withinMs: number): Promise<Window> {
    const until = Date.now() + withinMs
    const history: EventEnvelope[] = []
    let ended = 0
    while (ended < pays.size + notes.size) {
      if (Date.now() > until) throw new Error(`${ended} of ${pays.size + notes.size} have ended after ${withinMs} ms`)
      const read = await this.#tail.readOn()
      history.push(...read)
      ended += endsIn(read)
      await pause(LOOK_AGAIN_MS)
    }
    return { pays, notes, history }
  }

  /** What the orchestrators have used of the processor since they were started, as they said it last. */
  get cpuMs(): number {
    return this.fleet.of('orchestrator').reduce((sum, { lines }) => {
      const cpuMs = lines.findLast(({ msg }) => msg === 'cpu')?.cpuMs
      return sum + (typeof cpuMs === 'number' ? cpuMs : 0)
    }, 0)
  }

  /** Records on the log: the events, and a header for each batch of them. */
  async logRecords(): Promise<number> {
    const partitions = await this.#broker.offsets(this.flow.topics.events)
    return partitions.reduce((sum, { end }) => sum + Number(end), 0)
  }

  async close(): Promise<void> {
    await this.fleet.end()
    await this.flow.close()
    await this.#broker.close()
  }

  get broker(): KafkaBroker {
    return this.#broker
  }

  async #start(definition: typeof pay | typeof note, offered: Map<string, number>, count: number): Promise<void> {
    if (count <= 0) return
    const sagas = Array.from({ length: count }, () => {
      const sagaId = `${definition.name}-${this.#sagas++}`
      offered.set(sagaId, Date.now())
      return { sagaId, input: { id: sagaId, tenant: `t${this.#sagas % TENANTS}` } }
    })
    await this.flow.client.startMany(definition, sagas)
  }
}

/** A whole installation in this process: log in memory, views on PGlite, three participants, and the gateway in front. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Registry } from 'prom-client'
import { createGateway, type Gateway, type GatewayOptions } from '../../services/gateway/gateway.ts'
import { Orchestrator } from '../../services/orchestrator/orchestrator.ts'
import { ControlFeed } from '../../services/projector/control-feed.ts'
import { Projector } from '../../services/projector/projector.ts'
import { MemoryInbox } from '../../shared/adapters/memory/memory-inbox.ts'
import { MemoryLog } from '../../shared/adapters/memory/memory-log.ts'
import { openPgliteViewStore } from '../../shared/adapters/pglite/pglite-view-store.ts'
import { KyselyControlViews } from '../../shared/adapters/postgres/control-views.ts'
import type { ViewTables } from '../../shared/adapters/postgres/view-schema.ts'
import { KyselyViewWriter } from '../../shared/adapters/postgres/view-writer.ts'
import { prometheusMetrics } from '../../shared/adapters/prometheus/prometheus-metrics.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import { systemIds } from '../../shared/adapters/system/system-ids.ts'
import { systemRandom } from '../../shared/adapters/system/system-random.ts'
import { type SagaClient, sagaClient } from '../../shared/client/saga-client.ts'
import { kasagaTopics } from '../../shared/message/topics.ts'
import { fatal, rejected } from '../../shared/participant/answer.ts'
import { type ParticipantService, participantService } from '../../shared/participant/participant-service.ts'
import type { Broker } from '../../shared/ports/broker.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import type { ViewStore } from '../../shared/ports/view-store.ts'
import { participantsOf, topicSpecs } from '../../shared/runtime/topic-specs.ts'
import { type Definition, Definitions } from '../../shared/saga/definition.ts'
import { sagasProjection } from '../../shared/view/sagas-projection.ts'
import { approved } from './approved.ts'
import { bank, carrier, fulfil, stock } from './fulfil.ts'

export const TOPICS = kasagaTopics('kasaga')
const PARTITIONS = 2

/** What the participants do: `held-*` waits until released, `dear` orders are declined, `lost-*` get stuck while it is so. */
export class Behaviour {
  carrierIsDown = true
  #held = Promise.withResolvers<void>()

  release(): void {
    this.#held.resolve()
    this.#held = Promise.withResolvers<void>()
  }

  async reserve(orderId: string): Promise<{ parcel: string }> {
    if (orderId.startsWith('held-')) await this.#held.promise
    return { parcel: `parcel-${orderId}` }
  }

  notify(tracking: string): null {
    if (this.carrierIsDown && tracking.includes('lost-')) throw fatal('no-address', 'nobody to notify')
    return null
  }
}

/** More cents than the bank's limit: the card is declined. */
export const DEAR = 1_000_000

function participants(broker: Broker, behaviour: Behaviour): ParticipantService[] {
  const options = () => ({ broker, clock: systemClock, inbox: new MemoryInbox() })
  return [
    participantService(
      stock,
      { reserve: ({ orderId }) => behaviour.reserve(orderId), release: async () => null },
      options(),
    ),
    participantService(
      bank,
      {
        charge: async ({ orderId, cents }) =>
          cents >= DEAR ? rejected('card-declined', 'the card was declined') : { chargeId: `charge-${orderId}` },
        refund: async () => null,
      },
      options(),
    ),
    participantService(
      carrier,
      {
        ship: async ({ parcel }) => ({ tracking: `t-${parcel}` }),
        notify: async ({ tracking }) => behaviour.notify(tracking),
      },
      options(),
    ),
  ]
}

export interface SystemRig {
  readonly broker: Broker
  readonly client: SagaClient
  readonly views: ViewStore<ViewTables>
  readonly behaviour: Behaviour
  readonly definitions: Definitions
  /** The orchestrator follows all limits that were set. */
  limitsFollowed(): Promise<boolean>
  /** Another gateway on the same installation. */
  gateway(options?: Partial<GatewayOptions>): Promise<Gateway>
  /** The orchestrator stops, and another one reads the log and goes on. */
  takeOver(): Promise<void>
  close(): Promise<void>
}

/** Opens it all; `close` ends it all and removes the folder. `more`: further definitions. */
export async function openSystem(more: readonly Definition[] = []): Promise<SystemRig> {
  const folder = await mkdtemp(join(tmpdir(), 'kasaga-system-'))
  const log = new MemoryLog({ clock: systemClock })
  const broker = log.connect()
  const definitions = new Definitions([fulfil, approved, ...more])
  await broker.createTopics(
    topicSpecs('kasaga', { partitions: PARTITIONS, participantPartitions: PARTITIONS }, participantsOf(definitions)),
  )
  const views = await openPgliteViewStore<ViewTables>({ folder: join(folder, 'views'), log: noLog })
  const registry = new Registry()
  const metrics = prometheusMetrics(registry)
  const shared = { broker, clock: systemClock, ids: systemIds, log: noLog, metrics, topics: TOPICS }
  const projector = await Projector.start({
    ...shared,
    writer: new KyselyViewWriter(views.db),
    projections: [sagasProjection],
    topic: TOPICS.events,
    group: 'kasaga.projector.sagas',
    onShorterLog: 'refuse',
    alongside: new ControlFeed({
      broker,
      clock: systemClock,
      log: noLog,
      topic: TOPICS.control,
      writer: new KyselyControlViews(views.db),
    }),
  })
  const orchestrate = async () => {
    const made = new Orchestrator({ ...shared, random: systemRandom, definitions, prefix: 'kasaga' })
    await made.start()
    return made
  }
  let orchestrator = await orchestrate()
  const behaviour = new Behaviour()
  const services = participants(broker, behaviour)
  await Promise.all(services.map((service) => service.start()))
  const client = sagaClient({ ...shared, source: '/test' })
  const gateways: Gateway[] = []
  return {
    broker,
    client,
    views,
    behaviour,
    definitions,
    async limitsFollowed() {
      const [{ end = 0n } = {}] = await broker.offsets(TOPICS.control)
      return orchestrator.controlOffset >= end
    },
    async gateway(options = {}) {
      const gateway = await createGateway({ ...shared, client, definitions, views, registry, ...options })
      gateways.push(gateway)
      return gateway
    },
    async takeOver() {
      await orchestrator.stop()
      orchestrator = await orchestrate()
    },
    async close() {
      behaviour.release()
      await Promise.all(gateways.map((gateway) => gateway.close()))
      await Promise.all(services.map((service) => service.stop()))
      await orchestrator.stop()
      await projector.close()
      await views.close()
      await broker.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Every service in one process, on whichever home: what `kasaga dev` and `kasaga demo` run with the shop's sagas. */
import type { Registry } from 'prom-client'
import { type SagaClient, sagaClient } from '../../shared/client/saga-client.ts'
import { messageOf, type OperationalError } from '../../shared/message/errors.ts'
import { type KasagaTopics, kasagaTopics } from '../../shared/message/topics.ts'
import type { ParticipantService } from '../../shared/participant/participant-service.ts'
import { ORCHESTRATOR_LIMITS, type OrchestratorLimits } from '../../shared/runtime/limits.ts'
import { asThere, participantsOf, topicSpecs } from '../../shared/runtime/topic-specs.ts'
import type { Definitions } from '../../shared/saga/definition.ts'
import { startBulkDriver } from '../gateway/bulk/start-driver.ts'
import { createGateway, type Gateway } from '../gateway/gateway.ts'
import type { Home } from '../home.ts'
import { Orchestrator } from '../orchestrator/orchestrator.ts'
import { definitions } from '../orders/definitions.ts'
import { PARTICIPANTS, type ParticipantSettings } from '../participants/home.ts'
import { type ProjectorSettings, startProjector } from '../projector/home.ts'
import type { Projector } from '../projector/projector.ts'

/** What an installation is for: its sagas, and the services that carry their commands out. */
export interface Business {
  readonly definitions: Definitions
  /** Each makes the tables that are missing, and the service over them. */
  readonly participants: readonly ((home: Home, settings: ParticipantSettings) => Promise<ParticipantService>)[]
  /** Views; the shop's unless told otherwise. */
  readonly projections?: NonNullable<ProjectorSettings['projections']>
  /** Of its orchestrator; the usual ones unless told otherwise. */
  readonly limits?: OrchestratorLimits
}

/** What the shop sells. */
export const SHOP: Business = { definitions, participants: Object.values(PARTICIPANTS) }

export interface Everything {
  readonly topics: KasagaTopics
  readonly client: SagaClient
  readonly orchestrator: Orchestrator
  /** Settles when the views are open and the HTTP API answers from them; sagas run before that. */
  readonly open: Promise<{ readonly gateway: Gateway; readonly projector: Projector }>
  /** Settles when a service has stopped by itself: the log is of a newer format. */
  readonly halted: Promise<OperationalError>
  /** Stops the services, in the order in which work flows; the home stays open. */
  stop(): Promise<void>
}

/** Makes the topics that are missing and starts the services. The views and the API open meanwhile: they only follow. */
export async function startEverything(home: Home, prefix: string, business: Business = SHOP): Promise<Everything> {
  const { definitions, limits = ORCHESTRATOR_LIMITS } = business
  const { broker, clock, ids, log, metrics, registry } = home
  const topics = kasagaTopics(prefix)
  await broker.createTopics(await asThere(broker, prefix, topicSpecs(prefix, home, participantsOf(definitions))))
  const client = sagaClient({ broker, topics, clock, ids, source: `/kasaga/${prefix}/client` })
  const orchestrator = new Orchestrator({ ...home, metrics, definitions, topics, prefix, limits })
  const settings = { prefix, metrics, sagas: definitions.all }
  const participants = await Promise.all(business.participants.map((prepare) => prepare(home, settings)))
  await Promise.all([orchestrator.start(), ...participants.map((participant) => participant.start())])
  const open = openReads(home, { ...business, topics, client, metrics, registry, prefix })
  open.catch((error) => log.error('the views did not open', { error: messageOf(error) }))
  return {
    topics,
    client,
    orchestrator,
    open,
    halted: Promise.race([orchestrator.halted, open.then(({ projector }) => projector.halted).catch(never)]),
    async stop() {
      const reads = await open.catch(() => undefined)
      await reads?.gateway.close()
      await reads?.bulk.stop()
      await orchestrator.stop()
      await Promise.all(participants.map((participant) => participant.stop()))
      await reads?.projector.close()
    },
  }
}

/** Views that do not open halt nothing. */
const never = () => new Promise<never>(() => {})

interface ReadParts extends ProjectorSettings, Business {
  readonly topics: KasagaTopics
  readonly client: SagaClient
  readonly registry: Registry
}

async function openReads(home: Home, parts: ReadParts) {
  const { store: views } = await home.views()
  const projector = await startProjector(home, parts)
  const gateway = await createGateway({ ...home, ...parts, views, claims: home.broker.claims })
  const bulk = startBulkDriver({ ...home, ...parts, views })
  return { gateway, projector, bulk }
}

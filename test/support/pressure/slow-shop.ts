/** Sagas with large inputs before a participant that takes its time and one that does not, on a log on disk. */
import { z } from 'zod'
import { Orchestrator } from '../../../services/orchestrator/orchestrator.ts'
import { MemoryInbox } from '../../../shared/adapters/memory/memory-inbox.ts'
import { systemClock } from '../../../shared/adapters/system/system-clock.ts'
import { systemIds } from '../../../shared/adapters/system/system-ids.ts'
import { systemRandom } from '../../../shared/adapters/system/system-random.ts'
import { sagaClient } from '../../../shared/client/saga-client.ts'
import { kasagaTopics } from '../../../shared/message/topics.ts'
import { participantService } from '../../../shared/participant/participant-service.ts'
import type { Broker } from '../../../shared/ports/broker.ts'
import { type Metrics, noLog } from '../../../shared/ports/telemetry.ts'
import type { OrchestratorLimits } from '../../../shared/runtime/limits.ts'
import { participantsOf, topicSpecs } from '../../../shared/runtime/topic-specs.ts'
import { saga } from '../../../shared/saga/builder.ts'
import { command, participant } from '../../../shared/saga/contract.ts'
import { Definitions } from '../../../shared/saga/definition.ts'

export const PARTITIONS = 1
export const TEXT_BYTES = 20_000
const SLOTS = 8
const OFFERED_TOGETHER = 50
const ENTRIES_MAX = 100_000
/** Together a few megabytes over all partitions. */
const PARTICIPANT_LIMITS = { windowRecordsMax: 20, queueRecordsMax: 20 }

const input = z.object({ id: z.string(), text: z.string() })
const slow = participant('slow', { work: command({ input }) })
const quick = participant('quick', { work: command({ input }) })
const slowly = saga('slowly', { version: 1, input })
  .pivot('work', slow.work, ({ input }) => input, { timeout: '10 minutes' })
  .output(() => null)
const quickly = saga('quickly', { version: 1, input })
  .pivot('work', quick.work, ({ input }) => input)
  .output(() => null)
const definitions = new Definitions([slowly, quickly])

export const topics = kasagaTopics('kasaga')

export interface SlowShop {
  readonly orchestrator: Orchestrator
  /** Ids of sagas whose work was done, in order. */
  readonly done: { readonly slow: string[]; readonly quick: string[] }
  offer(kind: 'slow' | 'quick', count: number): Promise<void>
  stop(): Promise<void>
}

export interface ShopOptions {
  readonly broker: Broker
  /** As the orchestrator has it. */
  readonly seen?: Broker
  readonly limits: OrchestratorLimits
  readonly metrics: Metrics
  readonly handlingMs: number
}

export async function openSlowShop({
  broker,
  seen = broker,
  limits,
  metrics,
  handlingMs,
}: ShopOptions): Promise<SlowShop> {
  const counts = { partitions: PARTITIONS, participantPartitions: PARTITIONS }
  await broker.createTopics(topicSpecs('kasaga', counts, participantsOf(definitions)))
  const done = { slow: [] as string[], quick: [] as string[] }
  const shared = { clock: systemClock, ids: systemIds, log: noLog }
  const options = () => ({
    ...{ broker, clock: systemClock, inbox: new MemoryInbox({ entriesMax: ENTRIES_MAX }) },
    ...{ concurrency: { max: SLOTS }, limits: PARTICIPANT_LIMITS },
  })
  const work = (kind: 'slow' | 'quick', ms: number) => async (one: { readonly id: string }) => {
    if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms))
    done[kind].push(one.id)
    return null
  }
  const services = [
    participantService(slow, { work: work('slow', handlingMs) }, options()),
    participantService(quick, { work: work('quick', 0) }, options()),
  ]
  await Promise.all(services.map((service) => service.start()))
  const parts = { definitions, topics, prefix: 'kasaga', metrics, random: systemRandom, limits }
  const orchestrator = new Orchestrator({ ...shared, ...parts, broker: seen })
  await orchestrator.start()
  const client = sagaClient({ broker, clock: systemClock, ids: systemIds, topics, source: '/test' })
  return {
    orchestrator,
    done,
    async offer(kind, count) {
      for (let from = 0; from < count; from += OFFERED_TOGETHER) {
        const ids = Array.from({ length: Math.min(OFFERED_TOGETHER, count - from) }, (_, i) => `${kind}-${from + i}`)
        const sagas = ids.map((id) => ({ sagaId: id, input: { id, text: 'x'.repeat(TEXT_BYTES) } }))
        await client.startMany(kind === 'slow' ? slowly : quickly, sagas)
      }
    },
    async stop() {
      await orchestrator.stop()
      await Promise.all(services.map((service) => service.stop()))
    },
  }
}

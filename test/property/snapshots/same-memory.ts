/** S2 in a partition at rest: what a snapshot and the rest of the log come to is what the whole log comes to. */
import { isDeepStrictEqual } from 'node:util'
import type { KasagaTopics } from '../../../shared/message/topics.ts'
import type { Broker } from '../../../shared/ports/broker.ts'
import type { Clock } from '../../../shared/ports/clock.ts'
import { noLog, noMetrics } from '../../../shared/ports/telemetry.ts'
import type { OrchestratorLimits } from '../../../shared/runtime/limits.ts'
import { OwnLog } from '../../../shared/runtime/own-log.ts'
import type { Definitions } from '../../../shared/saga/definition.ts'
import { told } from './told.ts'

export interface MemoryPorts {
  readonly broker: Broker
  readonly clock: Clock
  readonly definitions: Definitions
  readonly limits: OrchestratorLimits
  readonly topics: KasagaTopics
}

/** What differs in any partition, as text; and how many partitions have a snapshot that is used. */
export async function memoryDifferences(ports: MemoryPorts): Promise<{ differences: string[]; restored: number }> {
  const { broker, topics } = ports
  const differences: string[] = []
  let restored = 0
  for (let partition = 0; partition < (await broker.partitions(topics.events)); partition++) {
    const whole = told((await read(ports, partition, undefined)).replay)
    const log = await read(ports, partition, topics.snapshots)
    if (log.shelved.segments.length > 0) restored++
    const own = told(log.replay)
    if (!isDeepStrictEqual(own, whole)) differences.push(`partition ${partition}\n${text(own)}\n${text(whole)}`)
  }
  return { differences, restored }
}

async function read(ports: MemoryPorts, partition: number, snapshots: string | undefined): Promise<OwnLog> {
  const place = { topic: ports.topics.events, snapshots, partition, ownerId: 'nobody', source: '/test' }
  const log = new OwnLog({ ...ports, ...place, log: noLog, metrics: noMetrics })
  await log.readOn()
  return log
}

const text = (value: unknown): string =>
  JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? `${item}n` : item))

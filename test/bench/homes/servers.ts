/** The servers that are measured on: set up as one would for work, not for a test that is to start soon. */
import { kafkaClusterFromJars, type RunningKafkaCluster } from '../../../infra/servers/kafka-from-jars.ts'
import type { RunningPostgres } from '../../../infra/servers/postgres-from-binaries.ts'
import { startOwnPostgres } from '../../../infra/servers/start-real.ts'

const HEAP_MB = 1_024
/** What is committed is on disk. */
const DURABLE = ['fsync=on', 'shared_buffers=512MB', 'max_wal_size=4GB']

/** @throws when this machine has no Java. */
export async function benchKafka(): Promise<RunningKafkaCluster> {
  const found = await kafkaClusterFromJars(1, { heapMb: HEAP_MB, jvm: 'usual' })
  if (typeof found === 'string') throw new Error(found)
  return found
}

/** @throws when this machine has no Postgres. */
export async function benchPostgres(): Promise<RunningPostgres> {
  const found = await startOwnPostgres(DURABLE)
  if (found.kind === 'absent') throw new Error(found.reason)
  return found
}

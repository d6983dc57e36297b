import { messageOf } from '../../shared/message/errors.ts'
import { kafkaInContainer, postgresInContainer } from './containers.ts'
import { kafkaClusterFromJars, kafkaFromJars, type OpenDoor, type RunningKafkaCluster } from './kafka-from-jars.ts'
import {
  type PostgresSettings,
  postgresFromPackage,
  postgresFromSystem,
  type RunningPostgres,
} from './postgres-from-binaries.ts'
import { type RunningRegistry, registryFromJar } from './registry-from-jar.ts'
import { type AbsentServer, firstServer, type Server, serverFromEnvironment } from './server.ts'

/** A real Kafka: the one named in the environment, else a container, else its own jars. */
export function startKafka(): Promise<Server> {
  return firstServer([serverFromEnvironment('KASAGA_TEST_KAFKA'), kafkaInContainer, kafkaFromJars])
}

/** A real Postgres: the one named in the environment, else a container, else binaries from npm, else the system's. */
export function startPostgres(): Promise<Server> {
  const named = serverFromEnvironment('KASAGA_TEST_DATABASE_URL')
  return firstServer([named, postgresInContainer, () => postgresFromPackage(), () => postgresFromSystem()])
}

/** A real Kafka of three brokers or more that a test may kill: only ever our own. */
export async function startKafkaCluster(
  brokers: number,
  doors: readonly OpenDoor[] = [],
): Promise<RunningKafkaCluster | AbsentServer> {
  const found = await kafkaClusterFromJars(brokers, { doors }).catch((error: unknown) => messageOf(error))
  return typeof found === 'string' ? { kind: 'absent', reason: found } : found
}

/** A real Postgres that a test may take down: only ever our own. Without fsync, unless settings are given. */
export async function startOwnPostgres(settings?: PostgresSettings): Promise<RunningPostgres | AbsentServer> {
  const reasons: string[] = []
  for (const source of [postgresFromPackage, postgresFromSystem]) {
    const found = await source(settings).catch((error: unknown) => messageOf(error))
    if (typeof found !== 'string') return found
    reasons.push(found)
  }
  return { kind: 'absent', reason: reasons.join('; ') }
}

/** A schema registry with Confluent's API: the one named in the environment, else Apicurio from its jar. */
export function startRegistry(): Promise<Server> {
  return firstServer([serverFromEnvironment('KASAGA_TEST_REGISTRY'), registryFromJar])
}

/** A schema registry that a test may take down: only ever our own. */
export async function startOwnRegistry(): Promise<RunningRegistry | AbsentServer> {
  const found = await registryFromJar().catch((error: unknown) => messageOf(error))
  return typeof found === 'string' ? { kind: 'absent', reason: found } : found
}

import { randomUUID } from 'node:crypto'
import { request } from 'node:http'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { RunningServer } from './server.ts'

const PING_WITHIN_MS = 1_000
const KAFKA_IMAGE = 'confluentinc/cp-kafka:7.9.1'
const POSTGRES_IMAGE = 'postgres:18'
const RUN_LABEL = 'dev.kasaga.run'

/** Kafka in a container, where a Docker engine answers. */
export function kafkaInContainer(): Promise<RunningServer | string> {
  return inContainer(async (labels) => {
    const { KafkaContainer } = await import('@testcontainers/kafka')
    const container = await new KafkaContainer(KAFKA_IMAGE)
      .withKraft()
      .withExposedPorts(9093)
      .withLabels(labels)
      .withEnvironment({
        KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
        KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
        KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS: '1000',
      })
      .start()
    return { address: `${container.getHost()}:${container.getMappedPort(9093)}`, stop: () => container.stop() }
  })
}

/** PostgreSQL in a container, where a Docker engine answers. */
export function postgresInContainer(): Promise<RunningServer | string> {
  return inContainer(async (labels) => {
    const { PostgreSqlContainer } = await import('@testcontainers/postgresql')
    const container = await new PostgreSqlContainer(POSTGRES_IMAGE).withLabels(labels).start()
    return { address: container.getConnectionUri(), stop: () => container.stop() }
  })
}

type Start = (labels: Record<string, string>) => Promise<{ address: string; stop: () => Promise<unknown> }>

async function inContainer(start: Start): Promise<RunningServer | string> {
  if (!(await dockerAnswers())) return 'no Docker engine answers'
  const labels = { [RUN_LABEL]: randomUUID() }
  try {
    const { address, stop } = await start(labels)
    return { kind: 'running', address, from: 'container', stop: async () => void (await stop()) }
  } catch (error) {
    // A start that failed leaves its container behind, and without Ryuk nobody else would remove it.
    await removeContainers(labels)
    throw error
  }
}

async function removeContainers(labels: Record<string, string>): Promise<void> {
  const { getContainerRuntimeClient } = await import('testcontainers')
  const { dockerode } = (await getContainerRuntimeClient()).container
  const filters = { label: Object.entries(labels).map(([name, value]) => `${name}=${value}`) }
  for (const { Id } of await dockerode.listContainers({ all: true, filters })) {
    await dockerode.getContainer(Id).remove({ force: true })
  }
}

/** A look at the engine's socket: quick, so that machines without Docker lose no time. */
async function dockerAnswers(): Promise<boolean> {
  const host = process.env.DOCKER_HOST
  if (host?.startsWith('tcp://')) return ping({ host: new URL(host).hostname, port: new URL(host).port })
  const places = host?.startsWith('unix://')
    ? [host.slice('unix://'.length)]
    : ['/var/run/docker.sock', join(homedir(), '.docker', 'run', 'docker.sock')]
  for (const socketPath of places) if (await ping({ socketPath })) return true
  return false
}

function ping(at: { socketPath: string } | { host: string; port: string }): Promise<boolean> {
  return new Promise((resolve) => {
    const call = request({ ...at, path: '/_ping', timeout: PING_WITHIN_MS }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    call.once('timeout', () => call.destroy())
    call.once('error', () => resolve(false))
    call.once('close', () => resolve(false))
    call.end()
  })
}

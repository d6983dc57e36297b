/**
 * `node infra/real-servers.ts`: a real Kafka and a real Postgres to try things on, until Ctrl-C. With `--brokers 3`
 * Kafka is a cluster of three processes on this machine.
 */
import { parseArgs } from 'node:util'
import type { Server } from './servers/server.ts'
import { startKafka, startKafkaCluster, startPostgres } from './servers/start-real.ts'

const BROKERS_MAX = 9
const { values } = parseArgs({ options: { brokers: { type: 'string', default: '1' } } })
const brokers = Number(values.brokers)
if (!Number.isInteger(brokers) || brokers < 1 || brokers > BROKERS_MAX) {
  process.stderr.write(`--brokers is a number from 1 to ${BROKERS_MAX}, not ${values.brokers}\n`)
  process.exit(2)
}
const started = Promise.all([brokers === 1 ? startKafka() : startKafkaCluster(brokers), startPostgres()])
let stopping = false

async function stop(): Promise<void> {
  if (stopping) return
  stopping = true
  const servers = await started
  await Promise.all(servers.map((server) => (server.kind === 'running' ? server.stop() : undefined)))
  process.exit(servers.every((server) => server.kind === 'running') ? 0 : 1)
}

function print(name: string, server: Server): void {
  if (server.kind === 'running') process.stdout.write(`${name}=${server.address}\n`)
  else process.stderr.write(`${name}: none, because ${server.reason}\n`)
}

process.on('SIGINT', () => void stop())
process.on('SIGTERM', () => void stop())
// Keeps the process alive, whatever the servers' pipes do.
setInterval(() => {}, 60_000)

const [kafka, postgres] = await started
print('KAFKA', kafka)
print('DATABASE_URL', postgres)
if (kafka.kind === 'absent' || postgres.kind === 'absent') await stop()

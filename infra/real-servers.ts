/** `node infra/real-servers.ts`: a real Kafka and a real Postgres to try things on, until Ctrl-C. */
import type { Server } from './servers/server.ts'
import { startKafka, startPostgres } from './servers/start-real.ts'

const started = Promise.all([startKafka(), startPostgres()])
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

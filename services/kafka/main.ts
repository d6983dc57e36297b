/**
 * A process of the Kafka home: reads its environment, opens the home, runs one service until it is told to stop.
 * SIGTERM and Ctrl-C drain: partitions are handed over, what is in flight lands. A second signal ends it at once.
 * Exit codes: 0 drained, 1 could not start, failed or did not drain in time, 3 older than the log, 130 a second signal.
 */
import closeWithGrace from 'close-with-grace'
import type { Registry } from 'prom-client'
import { pinoLog } from '../../shared/adapters/pino/pino-log.ts'
import type { WireContracts } from '../../shared/contracts/wire-contracts.ts'
import { messageOf, type OperationalError } from '../../shared/message/errors.ts'
import { type KasagaTopics, kasagaTopics } from '../../shared/message/topics.ts'
import type { Log, Metrics } from '../../shared/ports/telemetry.ts'
import type { Home } from '../home.ts'
import { type HealthOptions, serveHealth } from './health-server.ts'
import { openKafkaHome } from './home.ts'
import { type ProcessSettings, settingsFrom } from './settings.ts'

export interface ProcessParts {
  readonly home: Home
  readonly settings: ProcessSettings
  readonly topics: KasagaTopics
  readonly metrics: Metrics
  readonly registry: Registry
}

/** A service that runs. */
export interface Service {
  stop(): Promise<void>
  /** What `/readyz` asks: what it waits for, in words. Absent in a service that answers it, `/healthz` and `/metrics` itself. */
  readonly notReady?: () => readonly string[]
  /** What `/healthz` asks; absent where a process that answers is alive. */
  readonly live?: () => boolean
  /** Settles when it has stopped by itself, with why; absent: it never does. */
  readonly halted?: Promise<OperationalError>
}

const DRAIN_MS = 20_000
/** The service has stopped by itself: the log is of a newer format, and to start again does not help. */
const EXIT_OUTDATED = 3
/** It did not drain, because somebody was in a hurry. */
const EXIT_HURRIED = 130

export interface ProcessPlan {
  readonly name: string
  /** What it writes and reads on the wire. */
  readonly contracts: WireContracts
  readonly start: (parts: ProcessParts) => Promise<Service>
}

/** Runs a service as this process. Ends the process with 1 when it cannot start. */
export async function runProcess(plan: ProcessPlan): Promise<void> {
  const { name } = plan
  let log: Log = pinoLog({ level: 'info', fields: { service: name } })
  try {
    const settings = settingsFrom(process.env)
    log = pinoLog({ level: settings.logLevel, fields: { service: name } })
    await run(plan, { settings, log })
  } catch (error) {
    log.error('cannot start', { error: messageOf(error) })
    process.exit(1)
  }
}

async function run(
  { name, contracts, start }: ProcessPlan,
  { settings, log }: { settings: ProcessSettings; log: Log },
): Promise<void> {
  const { brokers, security, registry: choice, prefix, databaseUrl, payloads } = settings
  const kafka = { ...security, brokers, clientId: `kasaga-${name}` }
  const framing = choice && { ...choice, contracts, prefix }
  const home = await openKafkaHome({ kafka, databaseUrl, payloads, framing, log })
  const { metrics, registry } = home
  if (home.broker.claims) void tellPayloads(home, log)
  const service = await start({ home, settings, topics: kasagaTopics(prefix), metrics, registry })
  const { notReady: own, live = () => true } = service
  const notReady = () => [...home.notReady(), ...(own?.() ?? [])]
  const health = own && (await openHealth(settings, { registry, notReady, live, log }))
  log.info('running')
  let outdated: OperationalError | undefined
  endOnSecondSignal(log)
  const { close } = closeWithGrace({ delay: DRAIN_MS, ...toldBy(log) }, async ({ err, signal }) => {
    if (outdated) log.error('stopping', { code: outdated.code, error: outdated.message })
    else if (err) log.error('stopping after an error', { error: messageOf(err) })
    else log.info('stopping', { signal })
    await service.stop()
    await health?.close()
    await home.close()
    if (outdated) process.exit(EXIT_OUTDATED)
  })
  void service.halted?.then((why) => {
    outdated = why
    return close()
  })
}

/** What cuts the drain short is told as all else is. */
function toldBy(log: Log) {
  return {
    logger: { error: (why: unknown) => log.error('ended before it had drained', { error: messageOf(why) }) },
    onTimeout: () => log.error('ended before it had drained', { error: `it took more than ${DRAIN_MS} ms` }),
  }
}

/** Listens as long as the process lives: who listens anew for the second signal misses one that comes with the first. */
function endOnSecondSignal(log: Log): void {
  let signals = 0
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      if (signals++ === 0) return
      log.warn('a second signal: ended before it had drained', { signal })
      process.exit(EXIT_HURRIED)
    })
}

/** A store that cannot be used now holds up what needs it; whoever starts the process is told before anything does. */
async function tellPayloads({ payloads }: Home, log: Log): Promise<void> {
  try {
    await payloads.health()
  } catch (error) {
    log.warn('the payload store cannot be used yet', { error: messageOf(error) })
  }
}

interface HealthParts extends Pick<HealthOptions, 'registry' | 'notReady' | 'live'> {
  readonly log: Log
}

/** Only where a port is named: several processes of one machine would take the same one. */
async function openHealth({ port, listen: host }: ProcessSettings, { log, ...parts }: HealthParts) {
  if (port === undefined) return undefined
  const health = await serveHealth({ port, host, ...parts })
  log.info('health and metrics answer', { host, port: health.port })
  return health
}

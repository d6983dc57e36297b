/**
 * The gateway: sagas over HTTP.
 *
 * States: made, listening (by `listen`, once), closed (by `close`, from either).
 * Guarantee: a change that was answered 202 is in the log. What is under way when `close` is called is answered, up to
 * `drainMsMax`; nothing new is taken.
 */
import type { Registry } from 'prom-client'
import type { ViewTables } from '../../shared/adapters/postgres/view-schema.ts'
import type { SagaClient } from '../../shared/client/saga-client.ts'
import type { ClaimRule } from '../../shared/message/claim.ts'
import { messageOf, OperationalError } from '../../shared/message/errors.ts'
import type { KasagaTopics } from '../../shared/message/topics.ts'
import type { Broker } from '../../shared/ports/broker.ts'
import type { Clock, Ids } from '../../shared/ports/clock.ts'
import type { Log, Metrics } from '../../shared/ports/telemetry.ts'
import type { ViewStore } from '../../shared/ports/view-store.ts'
import type { Definitions } from '../../shared/saga/definition.ts'
import type { App } from './app.ts'
import { bulkReads } from './bulk-reads.ts'
import { isLoopback } from './callers.ts'
import { httpApp } from './http-app.ts'
import { type GatewayLimits, gatewayLimitsFor } from './limits.ts'
import { operatorReads } from './operator-reads.ts'
import { participantReads } from './participant-reads.ts'
import { sagaReads } from './saga-reads.ts'

export interface GatewayOptions {
  readonly client: SagaClient
  /** The log that the client writes to: what is too long for the views is read there. */
  readonly broker: Broker
  readonly topics: KasagaTopics
  readonly definitions: Definitions
  readonly views: ViewStore<ViewTables>
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  readonly metrics: Metrics
  /** What `/metrics` gives out. */
  readonly registry: Registry
  /** Present where large values are kept aside: larger bodies are taken then. */
  readonly claims?: ClaimRule | undefined
  readonly limits?: Partial<GatewayLimits>
  /** What keeps commands from being written, in words, besides what is asked of the views. */
  readonly notReady?: () => readonly string[]
  /** Lets it listen on other addresses than this machine's own, open to anyone who reaches them. */
  readonly insecureAllowAnonymous?: boolean
}

export interface Gateway {
  /**
   * Listens; port 0 takes a free one. Answers where.
   * @throws OperationalError `authentication-missing` for an address that others reach, `address-unusable` when it cannot be had.
   */
  listen(at: {
    readonly port: number
    readonly host?: string
  }): Promise<{ readonly url: string; readonly port: number }>
  close(): Promise<void>
  /** The app itself, for tests that ask it without a socket. */
  readonly app: App
}

const WARNING_EVERY_MS = 60_000
const LOOPBACK = '127.0.0.1'

function refuseOpenHost(host: string, allowed: boolean): void {
  if (allowed || isLoopback(host)) return
  const message = `will not listen on ${host} without authentication: listen on 127.0.0.1, or set KASAGA_INSECURE_ALLOW_ANONYMOUS=1 to let everyone who reaches it ask for anything`
  throw new OperationalError('authentication-missing', message, { where: 'gateway', retriable: false })
}

/** Warns now and every minute; answers what ends it. */
function warnEachMinute(clock: Clock, log: Log, host: string): () => void {
  let cancel = () => {}
  const warn = () => {
    log.warn('the gateway is open to anyone who can reach it: no authentication is set up', { host })
    cancel = clock.schedule(WARNING_EVERY_MS, warn)
  }
  warn()
  return () => cancel()
}

async function closeApp(app: App, clock: Clock, drainMsMax: number): Promise<void> {
  const cancel = clock.schedule(drainMsMax, () => app.server.closeAllConnections())
  try {
    await app.close()
  } finally {
    cancel()
  }
}

function boundPort(app: App): number | undefined {
  const address = app.server.address()
  return typeof address === 'object' ? address?.port : undefined
}

/** Makes a gateway. It closes neither the views nor the client's broker: whoever made them does. */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const { views, insecureAllowAnonymous: anonymous = false, clock, log } = options
  const limits = { ...gatewayLimitsFor(options.claims), ...options.limits }
  const reads = {
    reads: sagaReads(views),
    participants: participantReads(views),
    operators: operatorReads(views),
    bulk: bulkReads(views),
  }
  const app = await httpApp({ notReady: () => [], ...options, limits, ...reads }, { anonymous })
  let stopWarning = () => {}
  return {
    app,
    async listen({ port, host = LOOPBACK }) {
      refuseOpenHost(host, anonymous)
      try {
        await app.listen({ port, host })
      } catch (cause) {
        throw new OperationalError('address-unusable', `cannot listen on ${host}:${port}: ${messageOf(cause)}`, {
          where: 'gateway',
          retriable: false,
          cause,
        })
      }
      if (!isLoopback(host)) stopWarning = warnEachMinute(clock, log, host)
      const bound = boundPort(app) ?? port
      return { url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`, port: bound }
    },
    async close() {
      stopWarning()
      await closeApp(app, clock, limits.drainMsMax)
    },
  }
}

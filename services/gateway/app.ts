/** The types that all routes share. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Registry } from 'prom-client'
import type { SagaClient } from '../../shared/client/saga-client.ts'
import type { KasagaTopics } from '../../shared/message/topics.ts'
import type { Broker } from '../../shared/ports/broker.ts'
import type { Clock, Ids } from '../../shared/ports/clock.ts'
import type { Log, Metrics } from '../../shared/ports/telemetry.ts'
import type { Definitions } from '../../shared/saga/definition.ts'
import type { BulkReads } from './bulk-reads.ts'
import type { GatewayLimits } from './limits.ts'
import type { OperatorReads } from './operator-reads.ts'
import type { ParticipantReads } from './participant-reads.ts'
import type { SagaReads } from './saga-reads.ts'

export type App = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, ZodTypeProvider>

/** What the routes work with. */
export interface Parts {
  readonly client: SagaClient
  readonly broker: Broker
  readonly topics: KasagaTopics
  readonly definitions: Definitions
  readonly reads: SagaReads
  readonly participants: ParticipantReads
  readonly operators: OperatorReads
  readonly bulk: BulkReads
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  readonly metrics: Metrics
  readonly registry: Registry
  readonly limits: GatewayLimits
  /** What keeps the home waiting, in words. */
  readonly notReady: () => readonly string[]
}

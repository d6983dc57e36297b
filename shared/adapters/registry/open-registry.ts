/** Puts a registry in front of a broker. */
import type { KasagaTopics } from '../../message/topics.ts'
import type { Broker } from '../../ports/broker.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log, Metrics } from '../../ports/telemetry.ts'
import type { ValueSchemas } from '../../ports/value-schemas.ts'
import { RegistryBroker } from './registry-broker.ts'
import { RegistryClient, type RegistrySettings } from './registry-client.ts'
import { RegistryValues } from './registry-values.ts'

export interface RegistryOptions {
  readonly settings: RegistrySettings
  readonly schemas: ValueSchemas
  readonly topics: Pick<KasagaTopics, 'events' | 'deadLetters'>
  readonly clock: Clock
  readonly log: Log
  readonly metrics?: Metrics | undefined
}

export interface OpenRegistry {
  readonly broker: Broker
  /** Whether nothing waits for the registry. */
  ready(): boolean
}

/**
 * Has the schemas taken, and frames and opens values from there on. A registry that does not answer is waited for.
 * @throws OperationalError `contract-refused` when it will not take a schema; the inner broker is closed then.
 */
export async function openRegistry(inner: Broker, options: RegistryOptions): Promise<OpenRegistry> {
  const { settings, topics, clock } = options
  const values = new RegistryValues({ ...options, client: new RegistryClient(settings) })
  const plainTopics = new Set([topics.events, topics.deadLetters])
  const broker = new RegistryBroker({ inner, values, clock, plainTopics })
  try {
    await values.prepare()
  } catch (error) {
    await broker.close()
    throw error
  }
  return { broker, ready: () => values.ready }
}

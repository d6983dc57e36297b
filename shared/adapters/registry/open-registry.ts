/** A schema registry, opened: what puts its wire format around the values of a broker. */
import type { KasagaTopics } from '../../message/topics.ts'
import type { Broker } from '../../ports/broker.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log, Metrics } from '../../ports/telemetry.ts'
import type { ValueSchemas } from '../../ports/value-schemas.ts'
import type { RegistrySettings } from './registry-api.ts'
import { RegistryBroker } from './registry-broker.ts'
import { RegistryClient } from './registry-client.ts'
import { RegistryValues } from './registry-values.ts'

export interface RegistryOptions {
  readonly settings: RegistrySettings
  readonly schemas: ValueSchemas
  readonly topics: Pick<KasagaTopics, 'events' | 'snapshots' | 'deadLetters' | 'bulk'>
  readonly clock: Clock
  readonly log: Log
  readonly metrics?: Metrics | undefined
}

export interface OpenRegistry {
  /** The broker for those who read and write JSON. Closing it closes the one inside, and this. */
  readonly around: (inner: Broker) => Broker
  /** What waits for the registry, in words. */
  readonly notReady: () => readonly string[]
  close(): void
}

/**
 * Has the schemas taken. A registry that does not answer is waited for later.
 * @throws OperationalError `contract-refused` when it will not take a schema.
 */
export async function openRegistry(options: RegistryOptions): Promise<OpenRegistry> {
  const { settings, topics, clock } = options
  const values = new RegistryValues({ ...options, client: new RegistryClient(settings) })
  const plainTopics = new Set([topics.events, topics.snapshots, topics.deadLetters, topics.bulk])
  try {
    await values.prepare()
  } catch (error) {
    values.close()
    throw error
  }
  return {
    around: (inner) => new RegistryBroker({ inner, values, clock, plainTopics }),
    notReady: () => (values.ready ? [] : ['what is read or written waits for the schema registry']),
    close: () => values.close(),
  }
}

import { type KafkaBroker, openKafkaBroker } from '../../shared/adapters/kafka/kafka-broker.ts'
import { noLog } from '../../shared/ports/telemetry.ts'

export function openTestKafka(address: string): Promise<KafkaBroker> {
  return openKafkaBroker({ brokers: address.split(','), clientId: 'tests' }, { log: noLog, clock: { now: Date.now } })
}

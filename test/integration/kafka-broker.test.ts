import { openKafkaBroker } from '../../shared/adapters/kafka/kafka-broker.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import { brokerContract } from '../contract/broker-suite.ts'
import { describeReal } from '../support/real-servers/describe-real.ts'

await describeReal('Kafka', ['kafka'], ({ kafka }) => {
  const open = () => openKafkaBroker({ brokers: [kafka], clientId: 'contract' }, { log: noLog, now: () => Date.now() })

  brokerContract('a real Kafka', async () => ({
    broker: open(),
    reopen: async () => open(),
    close: async () => {},
  }))
})

import { openKafkaHome } from '../../services/kafka/home.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import { openInstallation } from '../support/kafka-home/fresh-installation.ts'
import { lettersSuite } from '../support/letters/letters-suite.ts'
import { describeReal } from '../support/real-servers/describe-real.ts'

await describeReal('dead letters on Kafka', ['kafka', 'postgres'], (servers) => {
  lettersSuite(async () => {
    const installation = await openInstallation(servers, 'letters')
    const { databaseUrl, prefix } = installation
    const kafka = { brokers: [installation.kafka], clientId: 'letters' }
    const home = await openKafkaHome({ kafka, databaseUrl, log: noLog })
    return {
      home,
      prefix,
      async close() {
        await home.close()
        await installation.close()
      },
    }
  })
})

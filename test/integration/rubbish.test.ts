import { openKafkaHome } from '../../services/kafka/home.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import { openInstallation } from '../support/kafka-home/fresh-installation.ts'
import { describeReal } from '../support/real-servers/describe-real.ts'
import { rubbishSuite } from '../support/rubbish/rubbish-suite.ts'

await describeReal('rubbish on Kafka', ['kafka', 'postgres'], (servers) => {
  rubbishSuite(async () => {
    const installation = await openInstallation(servers, 'scrap')
    const { databaseUrl, prefix } = installation
    const kafka = { brokers: [installation.kafka], clientId: 'rubbish' }
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

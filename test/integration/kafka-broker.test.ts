import { test } from 'vitest'
import { expectCode } from '../contract/broker/support.ts'
import { brokerContract } from '../contract/broker-suite.ts'
import { openTestKafka } from '../support/open-test-kafka.ts'
import { describeReal } from '../support/real-servers/describe-real.ts'

await describeReal('Kafka', ['kafka'], ({ kafka }) => {
  brokerContract('a real Kafka', async () => ({
    broker: await openTestKafka(kafka),
    reopen: () => openTestKafka(kafka),
    close: async () => {},
  }))

  test('a cluster that cannot be reached is said so at once', async () => {
    await expectCode(openTestKafka('127.0.0.1:1'), 'broker-unreachable')
  })
})

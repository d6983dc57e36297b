import kafkajs, { Kafka, logLevel } from 'kafkajs'
import { expect, onTestFinished, test } from 'vitest'
import { fresh } from '../contract/broker/support.ts'
import { openTestKafka } from '../support/open-test-kafka.ts'
import { describeReal } from '../support/real-servers/describe-real.ts'

await describeReal('settings of topics on Kafka', ['kafka'], ({ kafka }) => {
  test('settings that somebody has changed to the harm of what is kept are told', async () => {
    const broker = await openTestKafka(kafka)
    onTestFinished(() => broker.close())
    const spec = { name: fresh('kept'), partitions: 1, retention: 'forever' } as const
    await broker.createTopics([spec])
    expect(await broker.topicDrift([spec, { ...spec, name: fresh('absent') }])).toEqual([])
    const configEntries = [
      { name: 'cleanup.policy', value: 'delete' },
      { name: 'retention.ms', value: '60000' },
    ]
    const resources = [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: spec.name, configEntries }]
    const admin = new Kafka({ brokers: [kafka], logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
    await admin.alterConfigs({ validateOnly: false, resources }).finally(() => admin.disconnect())
    const told = { topic: spec.name, setting: 'retention.ms', is: '60000', wanted: '-1', losesLog: true }
    await expect.poll(() => broker.topicDrift([spec]), { timeout: 10_000 }).toEqual([told])
  })
})

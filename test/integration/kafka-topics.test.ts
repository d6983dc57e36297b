import { type Admin, Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { KafkaBroker } from '../../shared/adapters/kafka/kafka-broker.ts'
import { GroupRecorder } from '../contract/broker/group-recorder.ts'
import { appendTo, expectCode, fresh, freshTopic, numbered, readAll, values } from '../contract/broker/support.ts'
import { openTestKafka } from '../support/open-test-kafka.ts'
import { describeReal } from '../support/real-servers/describe-real.ts'

await describeReal('topics on Kafka that others change', ['kafka'], ({ kafka }) => {
  let broker: KafkaBroker
  beforeAll(async () => {
    broker = await openTestKafka(kafka)
  })
  afterAll(() => broker.close())

  const client = new Kafka({ brokers: [kafka], logLevel: logLevel.NOTHING })
  async function admin(work: (admin: Admin) => Promise<void>): Promise<void> {
    const one = client.admin()
    await one.connect()
    await work(one).finally(() => one.disconnect())
  }

  test('an append to a topic that was deleted is answered, and the other topics go on', async () => {
    const [doomed, other] = [await freshTopic(broker), await freshTopic(broker)]
    await appendTo(broker, [doomed, 0], numbered('a', 0, 1))
    await admin((client) => client.deleteTopics({ topics: [doomed] }))
    const one = [{ key: null, value: 'x', headers: [] }]
    await expect
      .poll(
        async () => {
          const [result] = await broker.append([{ topic: doomed, partition: 0, records: one }])
          return result?.kind === 'refused' ? result.error.code : result?.kind
        },
        { timeout: 10_000 },
      )
      .toBe('topic-missing')
    expect(await appendTo(broker, [other, 0], numbered('b', 0, 2))).toBe(0n)
    expect(values(await readAll(broker, other))).toEqual(['b0', 'b1'])
    await expectCode(readAll(broker, doomed), 'topic-missing')
  })

  test('reading from before the oldest record kept is an error, in a group it is trouble', async () => {
    const topic = await freshTopic(broker)
    await appendTo(broker, [topic, 0], numbered('a', 0, 10))
    await admin(async (client) => {
      // Loads the metadata, without which the next call fails.
      await client.fetchTopicOffsets(topic)
      await client.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '6' }] })
    })
    expect(await broker.offsets(topic)).toEqual([{ partition: 0, start: 6n, end: 10n }])
    await expectCode(readAll(broker, topic, 0, 3n), 'offset-out-of-range')
    expect(values(await readAll(broker, topic, 0, 6n))).toEqual(['a6', 'a7', 'a8', 'a9'])
    const group = await GroupRecorder.join(broker, { group: fresh('group'), topics: [topic], openAt: 3n })
    onTestFinished(() => group.member.close())
    await expect
      .poll(() => group.troubles.map(({ code }) => code), { timeout: 10_000 })
      .toEqual(['offset-out-of-range'])
  })

  test('records of an aborted transaction are not read, and reading ends behind them', async () => {
    const topic = await freshTopic(broker)
    const producer = client.producer({ transactionalId: fresh('tx'), maxInFlightRequests: 1, idempotent: true })
    await producer.connect()
    const transaction = await producer.transaction()
    await transaction.send({ topic, messages: [{ partition: 0, value: 'lost' }] })
    await transaction.abort()
    await producer.disconnect()
    const end = async () => (await broker.offsets(topic))[0]?.end
    await expect.poll(end, { timeout: 10_000 }).toBe(2n)
    expect(await appendTo(broker, [topic, 0], numbered('kept', 0, 1))).toBe(2n)
    expect(values(await readAll(broker, topic))).toEqual(['kept0'])
  })
})

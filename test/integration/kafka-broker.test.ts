import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type KafkaBroker, openKafkaBroker } from '../../shared/adapters/kafka/kafka-broker.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import { GroupRecorder } from '../contract/broker/group-recorder.ts'
import { appendTo, expectCode, fresh, freshTopic, numbered, readAll, values } from '../contract/broker/support.ts'
import { brokerContract } from '../contract/broker-suite.ts'
import { describeReal } from '../support/real-servers/describe-real.ts'

const TAKE_OVER_MS = 10_000

const open = (address: string) =>
  openKafkaBroker({ brokers: [address], clientId: 'tests' }, { log: noLog, clock: { now: Date.now } })

await describeReal('Kafka', ['kafka'], ({ kafka }) => {
  brokerContract('a real Kafka', async () => ({
    broker: await open(kafka),
    reopen: () => open(kafka),
    close: async () => {},
  }))

  describe('beyond the contract', () => {
    let broker: KafkaBroker
    beforeAll(async () => {
      broker = await open(kafka)
    })
    afterAll(() => broker.close())
    const admin = async <T>(work: (admin: ReturnType<Kafka['admin']>) => Promise<T>): Promise<T> => {
      const client = new Kafka({ brokers: [kafka], logLevel: logLevel.NOTHING }).admin()
      await client.connect()
      return work(client).finally(() => client.disconnect())
    }

    test('the partitions of a member that was killed are taken over when its session has ended', async () => {
      const [group, topic] = [fresh('group'), await freshTopic(broker, 4)]
      const killed = await memberProcess(kafka, group, topic)
      await expect.poll(() => killed.held.size, { timeout: 10_000 }).toBe(4)
      const staying = await GroupRecorder.join(broker, { group, topics: [topic], openAt: 0n })
      onTestFinished(() => staying.member.close())
      await expect.poll(() => [killed.held.size, staying.held.size], { timeout: 10_000 }).toEqual([2, 2])
      const at = Date.now()
      killed.child.kill('SIGKILL')
      await expect.poll(() => staying.held.size, { timeout: TAKE_OVER_MS }).toBe(4)
      expect(Date.now() - at).toBeLessThan(TAKE_OVER_MS)
      for (const partition of [0, 1, 2, 3]) {
        await appendTo(broker, [topic, partition], numbered('a', 0, 2))
        await staying.receives(topic, partition, ['a0', 'a1'])
      }
    })

    test('a kept partition goes on without gap or repetition while members come and go', async () => {
      const [group, topic] = [fresh('group'), await freshTopic(broker, 1)]
      const staying = await GroupRecorder.join(broker, { group, topics: [topic], openAt: 0n })
      onTestFinished(() => staying.member.close())
      await staying.holds(1)
      let appended = 0
      for (let i = 0; i < 3; i++) {
        const passing = await GroupRecorder.join(broker, { group, topics: [topic] })
        const until = Date.now() + 1_200
        while (Date.now() < until) {
          await appendTo(broker, [topic, 0], numbered('a', appended, appended + 5))
          appended += 5
        }
        await passing.member.close()
        expect(passing.journal).toEqual([])
      }
      await staying.receives(
        topic,
        0,
        Array.from({ length: appended }, (_, i) => `a${i}`),
      )
      expect(staying.journal).toEqual(['assigned 0'])
    })

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
      const client = new Kafka({ brokers: [kafka], logLevel: logLevel.NOTHING })
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

    test('a cluster that cannot be reached is said so at once', async () => {
      await expectCode(open('127.0.0.1:1'), 'broker-unreachable')
    })
  })
})

async function memberProcess(address: string, group: string, topic: string) {
  const program = fileURLToPath(new URL('../support/kafka-member.ts', import.meta.url))
  const child = spawn(process.execPath, [program, address, group, topic], { stdio: ['ignore', 'pipe', 'inherit'] })
  const held = new Set<string>()
  createInterface(child.stdout).on('line', (line) => {
    const [what, partition = ''] = line.split(' ')
    if (what === 'assigned') held.add(partition)
    else held.delete(partition)
  })
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  return { child, held }
}

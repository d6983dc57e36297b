import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { KafkaBroker } from '../../shared/adapters/kafka/kafka-broker.ts'
import { GroupRecorder } from '../contract/broker/group-recorder.ts'
import { appendTo, fresh, freshTopic, numbered } from '../contract/broker/support.ts'
import { openTestKafka } from '../support/open-test-kafka.ts'
import { describeReal } from '../support/real-servers/describe-real.ts'

const TAKE_OVER_MS = 10_000

await describeReal('a group on Kafka', ['kafka'], ({ kafka }) => {
  let broker: KafkaBroker
  beforeAll(async () => {
    broker = await openTestKafka(kafka)
  })
  afterAll(() => broker.close())

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

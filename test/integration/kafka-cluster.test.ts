/** Three real brokers, of which one at a time is killed, stopped, frozen or relieved of its partitions under load. */
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { KafkaNodeProcess } from '../../infra/servers/kafka-node.ts'
import type { KafkaBroker } from '../../shared/adapters/kafka/kafka-broker.ts'
import { openKafkaBroker } from '../../shared/adapters/kafka/kafka-broker.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import { GroupRecorder } from '../contract/broker/group-recorder.ts'
import { fresh, freshTopic } from '../contract/broker/support.ts'
import { clusterView } from '../support/kafka-cluster/cluster-view.ts'
import { describeCluster } from '../support/kafka-cluster/describe-cluster.ts'
import { SteadyAppends } from '../support/kafka-cluster/steady-appends.ts'
import { openTestKafka } from '../support/open-test-kafka.ts'

const PARTITIONS = 6
/** A broker is missed after 4 s; where it led the controllers too, they elect first. */
const ELECTION_MS_MAX = 15_000
const ORDERLY_WAIT_MS_MAX = 8_000
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

await describeCluster('a cluster of three brokers', (cluster) => {
  let broker: KafkaBroker
  beforeAll(async () => {
    broker = await openTestKafka(cluster.address)
  })
  afterAll(() => broker.close())

  async function underLoad(topic: string, trouble: (load: SteadyAppends) => Promise<void>): Promise<SteadyAppends> {
    const load = new SteadyAppends(broker, topic, PARTITIONS)
    onTestFinished(() => load.end())
    await load.goesOn(ELECTION_MS_MAX)
    await trouble(load)
    await load.goesOn(ELECTION_MS_MAX)
    await load.end()
    return load
  }

  async function back(node: KafkaNodeProcess): Promise<void> {
    node.start()
    await node.untilReady()
  }

  /** A member that holds all of a topic and is given it from its first record on. */
  async function reading(topic: string): Promise<GroupRecorder> {
    const reader = await GroupRecorder.join(broker, { group: fresh('group'), topics: [topic], openAt: 0n })
    onTestFinished(() => reader.member.close())
    await reader.holds(PARTITIONS)
    return reader
  }

  async function expectAllDelivered(reader: GroupRecorder, topic: string, log: readonly string[][]): Promise<void> {
    const got = () => log.map((_, partition) => reader.from(topic, partition).length)
    await expect.poll(got, { timeout: ELECTION_MS_MAX }).toEqual(log.map((values) => values.length))
    for (const [partition, values] of log.entries()) expect(reader.from(topic, partition)).toEqual(values)
    expect(reader.faults).toEqual([])
    expect(reader.troubles).toEqual([])
  }

  test('what was acknowledged is in the log, there and in order, when the broker of the group is killed', async () => {
    const topic = await freshTopic(broker, PARTITIONS)
    const reader = await reading(topic)
    const coordinator = await clusterView(cluster.address, (view) => view.coordinator(reader.options.group))
    const killed = cluster.nodes.find(({ nodeId }) => nodeId === coordinator)
    if (killed === undefined) throw new Error(`node ${coordinator} coordinates, which is none of ours`)
    const load = await underLoad(topic, async (running) => {
      await killed.kill()
      await running.goesOn(ELECTION_MS_MAX)
      await back(killed)
    })
    console.info(JSON.stringify({ test: 'kill -9', longestWaitMs: load.longestWaitMs, codes: load.codes }))
    await expectAllDelivered(reader, topic, await load.check())
    expect(load.longestWaitMs).toBeLessThan(ELECTION_MS_MAX)
  })

  test('all brokers are restarted in turn: each hands its partitions over, and nobody waits long', async () => {
    const topic = await freshTopic(broker, PARTITIONS)
    const reader = await reading(topic)
    const load = await underLoad(topic, async (running) => {
      for (const node of cluster.nodes) {
        await node.shutDown()
        await running.goesOn(ELECTION_MS_MAX)
        await back(node)
        await clusterView(cluster.address, (view) => view.inSync(topic))
      }
    })
    console.info(JSON.stringify({ test: 'restarts', longestWaitMs: load.longestWaitMs, codes: load.codes }))
    await expectAllDelivered(reader, topic, await load.check())
    expect(load.longestWaitMs).toBeLessThan(ORDERLY_WAIT_MS_MAX)
  })

  test('with fewer copies than asked for nothing is acknowledged, and all goes on when they are back', async () => {
    const settings = { brokers: cluster.address.split(','), clientId: 'strict', minInsyncReplicas: 3 }
    const strict = await openKafkaBroker(settings, { log: noLog, clock: { now: Date.now } })
    onTestFinished(() => strict.close())
    const topic = await freshTopic(strict, PARTITIONS)
    const [first] = cluster.nodes
    if (first === undefined) throw new Error('no nodes')
    const load = await underLoad(topic, async (running) => {
      await first.shutDown()
      // What was under way waits for its copies first.
      const refusals = () => running.codes['unknown replicas-too-few'] ?? 0
      await expect.poll(refusals, { timeout: ELECTION_MS_MAX }).toBeGreaterThan(PARTITIONS)
      const before = running.acknowledged
      await pause(1_000)
      expect(running.acknowledged).toEqual(before)
      await back(first)
    })
    console.info(JSON.stringify({ test: 'too few copies', longestWaitMs: load.longestWaitMs, codes: load.codes }))
    await load.check()
  })
})

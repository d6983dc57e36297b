/**
 * Every service as processes of its own on a real Kafka and a real Postgres, some of which are killed, stopped or
 * paused under load. One installation goes through all of it: after each test it is audited from its first order on.
 */
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Fleet, type ServiceName } from '../support/kafka-home/fleet.ts'
import { type Installation, openInstallation } from '../support/kafka-home/fresh-installation.ts'
import { Shop } from '../support/kafka-home/shop.ts'
import { describeReal } from '../support/real-servers/describe-real.ts'
import { heldBy, TAKEN } from '../support/take-over/partition-moves.ts'

const ONE_OF_EACH: readonly ServiceName[] = ['orchestrator', 'inventory', 'payment', 'shipping', 'projector']
const ALL_KINDS: readonly ServiceName[] = ['gateway', ...ONE_OF_EACH]
const SLOW_TO_STOP = 'test/support/kafka-home/slow-to-stop.ts'
const ALL_END_MS = 60_000
/** A session of 6 s, and the reading of the log. */
const AFTER_KILL_MS_MAX = 15_000
/** Less than a session: the others did not have to find it out by themselves. */
const AFTER_STOP_MS_MAX = 5_900
const LONGER_THAN_A_SESSION_MS = 15_000
const PARTITIONS = 12
const ERROR = 50
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

await describeReal('processes on Kafka and Postgres', ['kafka', 'postgres'], (servers) => {
  let installation: Installation & { close(): Promise<void> }
  let fleet: Fleet
  let shop: Shop

  beforeAll(async () => {
    installation = await openInstallation(servers, 'processes')
    fleet = new Fleet(installation)
    shop = await Shop.open(installation)
    await fleet.start('gateway', ...ONE_OF_EACH, ...ONE_OF_EACH)
  })
  afterAll(async () => {
    await fleet?.end()
    await shop?.close()
    await installation?.close()
  })

  async function endsClean(): Promise<void> {
    const ends = await shop.allEnd(ALL_END_MS)
    const report = await shop.audit()
    expect(report.violations).toEqual([])
    const { completed, compensated, stuck, running } = report.sagas
    expect({ completed, compensated, stuck, running }).toEqual({ ...ends, stuck: 0, running: 0 })
    expect(report.deadLetters.total).toBe(0)
  }

  /** The orchestrators that run have shared all partitions out among them. */
  async function shared(): Promise<void> {
    const each = PARTITIONS / fleet.of('orchestrator').length
    const held = () => fleet.of('orchestrator').map((orchestrator) => heldBy(orchestrator).size)
    await expect.poll(held, { timeout: AFTER_KILL_MS_MAX }).toEqual(fleet.of('orchestrator').map(() => each))
  }

  /** How long after a moment the others had taken over the last of the partitions that one of them held then. */
  function takenOverAfterMs(held: ReadonlySet<number>, at: number): number {
    const taken = fleet.all
      .flatMap(({ lines }) => lines)
      .filter(({ msg, time, partition = -1 }) => msg === TAKEN && Date.parse(time) >= at && held.has(partition))
    expect(new Set(taken.map(({ partition }) => partition))).toEqual(held)
    return Math.max(...taken.map(({ time }) => Date.parse(time))) - at
  }

  test('one of each kind is killed under load, and nothing is started in its place', async () => {
    await shared()
    const began = Date.now()
    const published = shop.publish(2_000, 6_000)
    const held = heldBy(fleet.one('orchestrator'))
    let killedAt = 0
    for (const name of ONE_OF_EACH) {
      await pause(900)
      const at = fleet.one(name).signal('SIGKILL')
      if (name === 'orchestrator') killedAt = at
    }
    const orders = await published
    await endsClean()
    const tookOverMs = takenOverAfterMs(held, killedAt)
    console.info(JSON.stringify({ test: 'kill -9', allEndedMs: Date.now() - began, tookOverMs }))
    expect(tookOverMs).toBeLessThan(AFTER_KILL_MS_MAX)
    const { url } = await fleet.one('gateway').said('the API answers', 1_000)
    const answer = await fetch(`${url}/v1/sagas/${orders[0]?.id}`)
    expect(await answer.json()).toMatchObject({ status: expect.stringMatching(/completed|compensated/) })
  })

  test('one of each kind is killed and started again under load', async () => {
    await fleet.start(...ONE_OF_EACH)
    const published = shop.publish(800, 5_000)
    for (const name of ONE_OF_EACH) {
      await pause(500)
      await fleet.one(name).end('SIGKILL')
      await fleet.start(name)
    }
    await published
    await endsClean()
  })

  test('an orchestrator that is told to stop hands its partitions over at once', async () => {
    await shared()
    const published = shop.publish(800, 4_000)
    await pause(1_500)
    const stopping = fleet.one('orchestrator')
    const held = heldBy(stopping)
    const at = Date.now()
    expect(await stopping.end('SIGTERM')).toBe(0)
    const stoppedMs = Date.now() - at
    await published
    await endsClean()
    const tookOverMs = takenOverAfterMs(held, at)
    console.info(JSON.stringify({ test: 'SIGTERM', stoppedMs, tookOverMs }))
    expect(tookOverMs).toBeLessThan(AFTER_STOP_MS_MAX)
  })

  test('an orchestrator and a participant that are paused for longer than their session do no harm when they wake', async () => {
    await fleet.start('orchestrator')
    await shared()
    const published = shop.publish(1_000, LONGER_THAN_A_SESSION_MS)
    await pause(2_000)
    const paused = [fleet.one('orchestrator'), fleet.one('payment')]
    for (const service of paused) service.signal('SIGSTOP')
    await pause(LONGER_THAN_A_SESSION_MS)
    for (const service of paused) service.signal('SIGCONT')
    await published
    await endsClean()
    expect(paused.map(({ alive }) => alive)).toEqual([true, true])
  })

  test('whatever watches the lag of groups sees that of the orchestrators', async () => {
    const { commands, replies } = shop.topics
    const ends = await Promise.all([commands, replies].map((topic) => shop.home.broker.offsets(topic)))
    const admin = new Kafka({ brokers: [installation.kafka], logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
    const told = async () => {
      const groupId = `${installation.prefix}.orchestrator`
      const offsets = await admin.fetchOffsets({ groupId, topics: [commands, replies] })
      return offsets.map(({ partitions }) =>
        partitions.toSorted((a, b) => a.partition - b.partition).map((one) => one.offset),
      )
    }
    await expect
      .poll(told, { timeout: AFTER_KILL_MS_MAX })
      .toEqual(ends.map((all) => all.map(({ end }) => String(end))))
    await admin.disconnect()
  })

  test('every kind of process drains on SIGTERM, and ends with 0', async () => {
    const missing = ALL_KINDS.filter((name) => fleet.of(name).length === 0)
    await fleet.start(...missing)
    const running = fleet.all.filter(({ alive }) => alive)
    const codes = await Promise.all(running.map(async (service) => [service.name, await service.end('SIGTERM')]))
    expect(codes).toEqual(running.map(({ name }) => [name, 0]))
    expect(new Set(running.map(({ name }) => name))).toEqual(new Set(ALL_KINDS))
  })

  test('nothing of this is an error in the logs', () => {
    expect(fleet.lines(ERROR)).toEqual([])
    expect(fleet.all.flatMap(({ raw }) => raw)).toEqual([])
  })

  test('a second signal ends a process that still drains at once, with 130', async () => {
    const slow = new Fleet({ ...installation, mains: { orchestrator: SLOW_TO_STOP } })
    try {
      const [service] = await slow.start('orchestrator')
      service?.signal('SIGTERM')
      await service?.said('stopping', AFTER_KILL_MS_MAX)
      service?.signal('SIGINT')
      expect(await service?.exitCode()).toBe(130)
      await service?.said('a second signal: ended before it had drained', AFTER_KILL_MS_MAX)
    } finally {
      await slow.end()
    }
  })
})

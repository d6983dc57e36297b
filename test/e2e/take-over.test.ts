/**
 * Orchestrators come and go under load, on a real Kafka: partitions that stay with one are neither let go, nor read again,
 * nor held up; and where nobody comes or goes nothing moves. `KASAGA_CALM_SECONDS=60` looks on for longer.
 */
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { AcceptedBatch } from '../../shared/message/batch.ts'
import { FlowLoad, type Offered } from '../support/flow-load/flow-load.ts'
import type { ServiceProcess } from '../support/kafka-home/fleet.ts'
import { describeReal } from '../support/real-servers/describe-real.ts'
import { batchesOf, heldBy, LET_GO, movesOf, roundsSince } from '../support/take-over/partition-moves.ts'
import { joinAndFallSilent } from '../support/take-over/silent-guest.ts'

const PREFIX = 'moves'
const PARTITIONS = 12
const SAGAS_PER_SECOND = 60
const CALM_MS = Number(process.env.KASAGA_CALM_SECONDS ?? 8) * 1_000
const SETTLES_MS = 60_000
const ALL_END_MS = 90_000
/** The session of a member that joins and says nothing more. */
const SILENT_MS = 12_000
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

interface Kept {
  readonly process: ServiceProcess
  readonly partition: number
  /** How much of the partition's log stood when it was looked at first. */
  readonly from: number
  /** How much the process had said then. */
  readonly said: number
}

await describeReal('orchestrators that come and go', ['kafka'], (servers) => {
  let load: FlowLoad
  const offered: Offered[] = []
  beforeAll(async () => {
    load = await FlowLoad.open(servers.kafka, PREFIX)
  })
  afterAll(() => load?.close())

  const running = () => load.fleet.of('orchestrator')
  const log = async (partition: number) => batchesOf(load.broker, load.flow.topics.events, partition)
  const offer = (forMs: number) => load.offer({ pays: SAGAS_PER_SECOND / 3, notes: (SAGAS_PER_SECOND * 2) / 3, forMs })

  /** The orchestrators that run have shared all partitions out among them. */
  async function settled(): Promise<void> {
    const sizes = () => running().map((process) => heldBy(process).size)
    const each = PARTITIONS / running().length
    await expect.poll(sizes, { timeout: SETTLES_MS }).toEqual(running().map(() => each))
  }

  async function holdings(processes = running()): Promise<readonly Kept[]> {
    const all = processes.flatMap((process) => [...heldBy(process)].map((partition) => ({ process, partition })))
    return Promise.all(
      all.map(async (one) => ({
        ...one,
        said: one.process.lines.length,
        from: (await log(one.partition)).accepted.length,
      })),
    )
  }

  /** Those that have never let go of the partition. */
  const still = (held: readonly Kept[]) =>
    held.filter(({ process, partition, said }) => {
      const lines = process.lines.slice(said)
      return !lines.some((line) => line.msg === LET_GO && line.partition === partition)
    })

  async function since({ partition, from }: Kept): Promise<readonly AcceptedBatch[]> {
    return (await log(partition)).accepted.slice(from)
  }

  /** One owner wrote all of it, and never had to read the log again: that shows as a claim, which is empty. */
  async function expectUndisturbed(kept: readonly Kept[]): Promise<void> {
    for (const one of kept) {
      const batches = await since(one)
      expect(batches.length).toBeGreaterThan(0)
      expect(new Set(batches.map(({ header }) => header.owner)).size).toBe(1)
      expect(batches.filter(({ events, header }) => events.length === 0 && header.inputs.applied === 0)).toEqual([])
      expect((await log(one.partition)).isVoid).toBe(0)
    }
  }

  test('while nobody comes or goes nothing moves', async () => {
    await settled()
    const before = movesOf(running())
    const kept = await holdings()
    offered.push(await offer(CALM_MS))
    expect(movesOf(running())).toBe(before)
    await expectUndisturbed(kept)
  })

  test('one that comes takes its share, and what stays goes on undisturbed', async () => {
    const held = await holdings()
    const offering = offer(6_000)
    await load.fleet.start('orchestrator')
    await settled()
    offered.push(await offering)
    const kept = still(held)
    expect(kept).toHaveLength(PARTITIONS - PARTITIONS / 3)
    await expectUndisturbed(kept)
  })

  test('while the group waits for one that is silent, what stays goes on', async () => {
    const held = await holdings()
    const offering = offer(SILENT_MS + 4_000)
    await pause(1_000)
    const { kafka } = servers
    const { commands, replies, events } = load.flow.topics
    const guest = { kafka, group: `${PREFIX}.orchestrator`, topics: [commands, replies, events], sessionMs: SILENT_MS }
    const joinedAt = Date.now()
    const close = await joinAndFallSilent(guest)
    onTestFinished(close)
    // A round with it, and one without it once its session has ended.
    const rounds = () => roundsSince(running(), joinedAt)
    await expect.poll(() => rounds().length, { timeout: SILENT_MS + SETTLES_MS }).toBeGreaterThan(1)
    await settled()
    offered.push(await offering)
    const kept = still(held)
    expect(kept.length).toBeGreaterThanOrEqual(PARTITIONS / 2)
    await expectUndisturbed(kept)
    const [from = 0, to = 0] = rounds()
    console.info(JSON.stringify({ test: 'silent', waitedMs: to - from, kept: kept.length }))
    expect(to - from).toBeGreaterThan(SILENT_MS / 3)
    for (const one of kept) {
      const waiting = (await since(one)).filter(({ at }) => at > from && at < to)
      expect(waiting.length).toBeGreaterThan(0)
    }
  })

  test('one that is told to stop hands its partitions over, and the others never let go of their own', async () => {
    const [leaving, ...staying] = running()
    const held = await holdings(staying)
    const offering = offer(4_000)
    await pause(1_000)
    expect(await leaving?.end('SIGTERM')).toBe(0)
    await settled()
    offered.push(await offering)
    expect(still(held)).toHaveLength((PARTITIONS * 2) / 3)
    await expectUndisturbed(held)
  })

  test('all that was asked for has been done, once', async () => {
    const pays = new Map(offered.flatMap((one) => [...one.pays]))
    const notes = new Map(offered.flatMap((one) => [...one.notes]))
    await load.untilEnded({ pays, notes }, ALL_END_MS)
    expect(load.flow.till.charged.length).toBe(pays.size)
  })
})

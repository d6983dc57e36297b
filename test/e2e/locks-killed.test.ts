/**
 * Locks on a real Kafka: two orchestrators share three partitions out, one of them is killed while sagas wait for each
 * other. No two are ever behind one door, tokens grow from one to the next, and every saga ends.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { audit } from '../../services/auditor/audit.ts'
import { MemoryInbox } from '../../shared/adapters/memory/memory-inbox.ts'
import { systemClock } from '../../shared/adapters/system/system-clock.ts'
import { systemIds } from '../../shared/adapters/system/system-ids.ts'
import { sagaClient } from '../../shared/client/saga-client.ts'
import { kasagaTopics } from '../../shared/message/topics.ts'
import { participantService } from '../../shared/participant/participant-service.ts'
import { noLog } from '../../shared/ports/telemetry.ts'
import { topicSpecs } from '../../shared/runtime/topic-specs.ts'
import { Definitions } from '../../shared/saga/definition.ts'
import { doorman, type Passage, visit } from '../support/locks/hall.ts'
import { openTestKafka } from '../support/open-test-kafka.ts'
import { describeReal } from '../support/real-servers/describe-real.ts'

const PREFIX = 'visits'
const TOPICS = kasagaTopics(PREFIX)
const PARTITIONS = 3
const SAGAS = 200
const DOORS = 5
/** Of visits that must have ended when an orchestrator is killed, and of those that must not have. */
const KILL_AFTER = SAGAS / 5
const ALL_END_MS = 120_000
const script = fileURLToPath(new URL('../support/locks/orchestrate.ts', import.meta.url))

async function orchestrate(kafka: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [script, kafka, PREFIX], { stdio: ['ignore', 'pipe', 'inherit'] })
  await Promise.race([once(child.stdout as NonNullable<typeof child.stdout>, 'data'), once(child, 'exit')])
  expect(child.exitCode).toBe(null)
  return child
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

/** Who is behind each door, as the participant sees it. */
class Doors {
  readonly #inside = new Map<string, Passage>()
  readonly #newest = new Map<string, number>()
  readonly wrong: string[] = []
  left = 0

  enter(passage: Passage): null {
    const { door, who, token } = passage
    const inside = this.#inside.get(door)
    if (inside) this.wrong.push(`${who} enters ${door}, where ${inside.who} is`)
    const newest = this.#newest.get(door) ?? 0
    if (token <= newest) this.wrong.push(`${who} has token ${token} of ${door}, after ${newest}`)
    this.#newest.set(door, token)
    this.#inside.set(door, passage)
    return null
  }

  exit(passage: Passage): null {
    const { door, who, token } = passage
    const inside = this.#inside.get(door)
    if (inside?.who !== who || inside.token !== token) this.wrong.push(`${who} leaves ${door}, and is not inside`)
    this.#inside.delete(door)
    this.left++
    return null
  }
}

await describeReal('locks on Kafka', ['kafka'], ({ kafka }) => {
  test(
    `${SAGAS} sagas go through ${DOORS} doors one at a time, also when an orchestrator is killed`,
    async () => {
      const broker = await openTestKafka(kafka)
      await broker.createTopics(
        topicSpecs(PREFIX, { partitions: PARTITIONS, participantPartitions: PARTITIONS }, ['doorman']),
      )
      const doors = new Doors()
      const parts = { broker, clock: systemClock, inbox: new MemoryInbox() }
      const handlers = { enter: async (it: Passage) => doors.enter(it), exit: async (it: Passage) => doors.exit(it) }
      const service = participantService(doorman, handlers, parts)
      const orchestrators: ChildProcess[] = []
      try {
        await service.start()
        orchestrators.push(await orchestrate(kafka), await orchestrate(kafka))
        const client = sagaClient({
          broker,
          clock: systemClock,
          ids: systemIds,
          topics: TOPICS,
          source: '/test/visits',
        })
        const visits = Array.from({ length: SAGAS }, (_, i) => {
          return { sagaId: `visit-${i}`, input: { who: `visit-${i}`, door: `${i % DOORS}` } }
        })
        await client.startMany(visit, visits)
        await expect.poll(() => doors.left, { timeout: ALL_END_MS }).toBeGreaterThan(KILL_AFTER)
        expect(doors.left).toBeLessThan(SAGAS)
        await end(orchestrators[0] as ChildProcess)
        await expect.poll(() => doors.left, { timeout: ALL_END_MS }).toBe(SAGAS)
        expect(doors.wrong).toEqual([])
        const look = async () => {
          const atRest = { now: Date.now() }
          const report = await audit({
            broker,
            topics: TOPICS,
            definitions: new Definitions([visit]),
            atRest,
            log: noLog,
          })
          return { violations: report.violations, completed: report.sagas.completed, total: report.sagas.total }
        }
        await expect.poll(look, { timeout: ALL_END_MS }).toEqual({ violations: [], completed: SAGAS, total: SAGAS })
      } finally {
        for (const orchestrator of orchestrators) await end(orchestrator)
        await service.stop()
        await broker.close()
      }
    },
    3 * ALL_END_MS,
  )
})

/** The embedded log with snapshots, over restarts: each start reads a part of the log that does not grow with it. */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Orchestrator } from '../../../services/orchestrator/orchestrator.ts'
import { MemoryInbox } from '../../../shared/adapters/memory/memory-inbox.ts'
import { openSqliteLog } from '../../../shared/adapters/sqlite/sqlite-log.ts'
import { systemClock } from '../../../shared/adapters/system/system-clock.ts'
import { systemIds } from '../../../shared/adapters/system/system-ids.ts'
import { systemRandom } from '../../../shared/adapters/system/system-random.ts'
import { sagaClient } from '../../../shared/client/saga-client.ts'
import { kasagaTopics } from '../../../shared/message/topics.ts'
import { participantService } from '../../../shared/participant/participant-service.ts'
import { noLog } from '../../../shared/ports/telemetry.ts'
import { ORCHESTRATOR_LIMITS } from '../../../shared/runtime/limits.ts'
import { participantsOf, topicSpecs } from '../../../shared/runtime/topic-specs.ts'
import { Definitions } from '../../../shared/saga/definition.ts'
import { memoryDifferences } from '../../property/snapshots/same-memory.ts'
import { bank, carrier, fulfil, stock } from '../../support/fulfil.ts'

const TOPICS = kasagaTopics('kasaga')
const DEFINITIONS = new Definitions([fulfil])
const SAGAS = 150
const RESTARTS = 4
const LIMITS = { ...ORCHESTRATOR_LIMITS, snapshotEvery: 50 }

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kasaga-snapshots-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

/** One life of the process: some sagas run to their ends. Answers how many records it read at its start. */
async function life(number: number): Promise<{ read: number; end: number; sameMemory: boolean }> {
  const broker = await openSqliteLog({ clock: systemClock, directory })
  await broker.createTopics(
    topicSpecs('kasaga', { partitions: 1, participantPartitions: 1 }, participantsOf(DEFINITIONS)),
  )
  let read = 0
  const gauge = (name: string, value: number) => {
    if (name === 'kasaga_take_over_records') read = value
  }
  const ports = { broker, clock: systemClock, ids: systemIds, log: noLog, topics: TOPICS }
  const metrics = { gauge, count() {}, observe() {} }
  const own = { ...ports, metrics, random: systemRandom, definitions: DEFINITIONS, prefix: 'kasaga', limits: LIMITS }
  const orchestrator = new Orchestrator(own)
  const options = { broker, clock: systemClock, inbox: new MemoryInbox() }
  let notified = 0
  const services = [
    participantService(
      stock,
      { reserve: async ({ orderId }) => ({ parcel: orderId }), release: async () => null },
      options,
    ),
    participantService(bank, { charge: async () => ({ chargeId: 'c' }), refund: async () => null }, options),
    participantService(
      carrier,
      {
        ship: async () => ({ tracking: 't' }),
        notify: async () => {
          notified++
          return null
        },
      },
      options,
    ),
  ]
  await orchestrator.start()
  for (const service of services) await service.start()
  const sagas = Array.from({ length: SAGAS }, (_, i) => ({
    sagaId: `s-${number}-${i}`,
    input: { id: `${i}`, cents: 1 },
  }))
  await sagaClient({ ...ports, source: '/test' }).startMany(fulfil, sagas)
  await expect.poll(() => notified, { timeout: 20_000 }).toBe(SAGAS)
  await expect.poll(() => orchestrator.load.liveSagas, { timeout: 20_000 }).toBe(0)
  await orchestrator.stop()
  for (const service of services) await service.stop()
  const [bounds] = await broker.offsets(TOPICS.events)
  const { differences } = await memoryDifferences({ ...ports, definitions: DEFINITIONS, limits: LIMITS })
  await broker.close()
  return { read, end: Number(bounds?.end), sameMemory: differences.length === 0 }
}

test('a start reads what came after the last snapshot, whatever the log has grown to', {
  timeout: 60_000,
}, async () => {
  const lives: Awaited<ReturnType<typeof life>>[] = []
  for (let number = 0; number < RESTARTS; number++) lives.push(await life(number))
  expect(lives.map(({ sameMemory }) => sameMemory)).toEqual(lives.map(() => true))
  // Less than one life has written, while the log has that of all of them.
  const one = lives[0]?.end ?? 0
  for (const { read } of lives.slice(1)) expect(read).toBeLessThan(one)
  expect(lives.at(-1)?.end).toBeGreaterThan((RESTARTS - 1) * one)
  expect(statSync(join(directory, 'log.db')).size).toBeGreaterThan(0)
})

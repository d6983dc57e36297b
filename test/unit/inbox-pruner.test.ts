import { expect, test } from 'vitest'
import { ManualClock } from '../../shared/adapters/memory/manual-clock.ts'
import { MemoryInbox } from '../../shared/adapters/memory/memory-inbox.ts'
import { idempotencyKey, sagaId } from '../../shared/message/ids.ts'
import {
  INBOX_PRUNE_ENTRIES_MAX,
  INBOX_PRUNE_EVERY_MS,
  INBOX_PRUNE_FIRST_MS,
  INBOX_PRUNE_PAUSE_MS,
  InboxPruner,
} from '../../shared/participant/inbox-pruner.ts'
import type { InboxEntry } from '../../shared/ports/inbox.ts'
import { type Duration, durationMs } from '../../shared/saga/duration.ts'
import { NotedLog, NotedMetrics } from '../support/telemetry-notes.ts'

const DAY = durationMs('1 day')

function pruning(retention: Duration | 'forever' = '30 days') {
  const clock = new ManualClock()
  const inbox = new MemoryInbox()
  const log = new NotedLog()
  const metrics = new NotedMetrics()
  const steps: number[] = []
  const forget = async (beforeMs: number, entriesMax: number) => {
    const forgotten = await inbox.forget(beforeMs, entriesMax)
    steps.push(forgotten)
    return forgotten
  }
  const pruner = new InboxPruner({ inbox: { forget }, clock, log, metrics, participant: 'p' }, retention)
  const fill = (count: number, ageMs: number) => {
    const entries = Array.from({ length: count }, (_, index): InboxEntry => {
      const saga = `s${ageMs}-${index}`
      const key = idempotencyKey({ sagaId: sagaId(saga), step: 's', direction: 'forward' })
      const handledAt = clock.now() - ageMs
      return { key, outcome: 'success', body: '1', errorCode: undefined, sagaId: saga, commandType: 't', handledAt }
    })
    return inbox.transaction((scope) => scope.store(entries))
  }
  return { clock, inbox, log, metrics, steps, pruner, fill }
}

test('forgets what is older than 30 days, in small steps, then once an hour', async () => {
  const { clock, inbox, metrics, steps, pruner, fill } = pruning()
  await fill(2 * INBOX_PRUNE_ENTRIES_MAX + 5, 31 * DAY)
  await fill(7, 30 * DAY - INBOX_PRUNE_FIRST_MS - 1_000)
  pruner.start()
  await clock.advance(INBOX_PRUNE_FIRST_MS - 1)
  expect(steps).toEqual([])
  await clock.advance(1)
  expect(steps).toEqual([INBOX_PRUNE_ENTRIES_MAX])
  await clock.advance(INBOX_PRUNE_PAUSE_MS)
  await clock.advance(INBOX_PRUNE_PAUSE_MS)
  expect(steps).toEqual([INBOX_PRUNE_ENTRIES_MAX, INBOX_PRUNE_ENTRIES_MAX, 5])
  expect(inbox.entries()).toHaveLength(7)
  expect(metrics.counts.get('kasaga_participant_inbox_forgotten_total')).toBe(2 * INBOX_PRUNE_ENTRIES_MAX + 5)
  await clock.advance(INBOX_PRUNE_EVERY_MS - 1)
  expect(steps).toHaveLength(3)
  await clock.advance(1)
  expect(steps.at(-1)).toBe(7)
  await pruner.stop()
  expect(clock.nextDue()).toBeUndefined()
})

test('goes on an hour later after trouble, and says so', async () => {
  const clock = new ManualClock()
  const log = new NotedLog()
  let calls = 0
  const forget = async () => {
    if (calls++ === 0) throw new Error('the database is away')
    return 0
  }
  const ports = { inbox: { forget }, clock, log, metrics: new NotedMetrics(), participant: 'p' }
  const pruner = new InboxPruner(ports, '30 days')
  pruner.start()
  await clock.advance(INBOX_PRUNE_FIRST_MS)
  expect(log.lines.map(({ level, message }) => `${level}: ${message}`)).toEqual([
    'warn: the inbox could not forget old entries yet',
  ])
  await clock.advance(INBOX_PRUNE_EVERY_MS)
  expect(calls).toBe(2)
  await pruner.stop()
})

test('a stop waits for the step in work, and nothing comes after it', async () => {
  const clock = new ManualClock()
  const step = Promise.withResolvers<number>()
  const inbox = { forget: () => step.promise }
  const ports = { inbox, clock, log: new NotedLog(), metrics: new NotedMetrics(), participant: 'p' }
  const pruner = new InboxPruner(ports, '30 days')
  pruner.start()
  await clock.advance(INBOX_PRUNE_FIRST_MS)
  let stopped = false
  const stopping = pruner.stop().then(() => {
    stopped = true
  })
  await clock.advance(0)
  expect(stopped).toBe(false)
  step.resolve(INBOX_PRUNE_ENTRIES_MAX)
  await stopping
  expect(clock.nextDue()).toBeUndefined()
})

test('forgets nothing for ever when told so', async () => {
  const { clock, pruner } = pruning('forever')
  pruner.start()
  expect(clock.nextDue()).toBeUndefined()
  await pruner.stop()
})

test('refuses what is no duration', () => {
  expect(() => pruning('7 dogs' as Duration)).toThrow('not a duration')
})

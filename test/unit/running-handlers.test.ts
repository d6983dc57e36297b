import { expect, test } from 'vitest'
import { ManualClock } from '../../shared/adapters/memory/manual-clock.ts'
import { idempotencyKey, sagaId } from '../../shared/message/ids.ts'
import type { CommandInfo } from '../../shared/participant/handlers.ts'
import { RUNNING_LOOK_MS, RunningHandlers } from '../../shared/participant/running-handlers.ts'
import { NotedLog, NotedMetrics } from '../support/telemetry-notes.ts'

function info(saga: string): CommandInfo {
  const address = { sagaId: sagaId(saga), step: 's', direction: 'forward' } as const
  const key = idempotencyKey(address)
  const times = { attempt: 1, at: 0, deadlineAt: undefined }
  return { id: `${key}/1`, type: 'p.do.v1', ...address, definition: 'd', idempotencyKey: key, ...times }
}

const never = new AbortController().signal

function watching(handlerLongMs: number) {
  const clock = new ManualClock()
  const log = new NotedLog()
  const metrics = new NotedMetrics()
  const running = new RunningHandlers({ clock, log, metrics, participant: 'p', handlerLongMs, abortGraceMs: 5_000 })
  const told = () => [
    metrics.gauges.get('kasaga_participant_handlers_running'),
    metrics.gauges.get('kasaga_participant_handlers_oldest_seconds'),
  ]
  return { clock, log, metrics, running, told }
}

test('tells how many run and since when the oldest', async () => {
  const { clock, running, told } = watching(60_000)
  const endFirst = running.begin([info('a')], never)
  await clock.advance(RUNNING_LOOK_MS)
  expect(told()).toEqual([1, 5])
  const endSecond = running.begin([info('b')], never)
  await clock.advance(RUNNING_LOOK_MS)
  expect(told()).toEqual([2, 10])
  endFirst()
  expect(told()).toEqual([1, 5])
  endSecond()
  expect(told()).toEqual([0, 0])
  expect(clock.nextDue()).toBeUndefined()
})

test('warns of a handler that runs for long, once, with its command', async () => {
  const { clock, log, running } = watching(60_000)
  const end = running.begin([info('a'), info('b')], never)
  await clock.advance(59_999)
  expect(log.lines).toEqual([])
  await clock.advance(1)
  const runsMs = 60_000
  const fields = { command: 'a/s/forward/1', type: 'p.do.v1', sagaId: 'a', step: 's', runsMs, commands: 2 }
  expect(log.lines).toEqual([{ level: 'warn', message: 'a handler has been running for long', fields }])
  await clock.advance(600_000)
  expect(log.lines).toHaveLength(1)
  end()
})

test('looks at nothing after it was closed, and again when a handler begins', async () => {
  const { clock, log, running } = watching(20)
  running.begin([info('left-behind')], never)
  running.close()
  expect(clock.nextDue()).toBeUndefined()
  running.begin([info('next')], never)
  await clock.advance(20)
  expect(log.lines).toHaveLength(2)
  running.close()
})

test('counts a handler as hanging once its grace after its signal is over, until it ends', async () => {
  const { clock, running } = watching(60_000)
  const asked = new AbortController()
  const end = running.begin([info('a')], asked.signal)
  running.begin([info('b')], never)()
  await clock.advance(100_000)
  expect(running.hanging).toBe(0)
  asked.abort()
  await clock.advance(4_999)
  expect(running.hanging).toBe(0)
  await clock.advance(1)
  expect(running.hanging).toBe(1)
  end()
  expect(running.hanging).toBe(0)
})

test('measures how long a handler took, and with how many commands', async () => {
  const { clock, metrics, running } = watching(60_000)
  const end = running.begin([info('a'), info('b')], never)
  await clock.advance(30)
  end()
  expect(metrics.observed('kasaga_participant_handler_ms')).toEqual([30])
  expect(metrics.observed('kasaga_participant_handler_records')).toEqual([2])
})

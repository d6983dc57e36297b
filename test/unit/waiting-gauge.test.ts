import { expect, test } from 'vitest'
import { ManualClock } from '../../shared/adapters/memory/manual-clock.ts'
import { WAITING_LOOK_MS, type Waiting, WaitingGauge } from '../../shared/participant/waiting-gauge.ts'
import { NotedMetrics } from '../support/telemetry-notes.ts'

function gauging() {
  const clock = new ManualClock()
  const metrics = new NotedMetrics()
  let waiting: readonly Waiting[] = []
  const gauge = new WaitingGauge({ clock, metrics, participant: 'p', waiting: () => waiting })
  const told = () => [
    metrics.gauges.get('kasaga_participant_waiting_records'),
    metrics.gauges.get('kasaga_participant_waiting_oldest_seconds'),
  ]
  const is = (...now: readonly Waiting[]) => {
    waiting = now
  }
  return { clock, gauge, told, is }
}

test('tells what waits over all partitions and how old the oldest is, for as long as any waits', async () => {
  const { clock, gauge, told, is } = gauging()
  const [first, second] = [clock.now() - 2_000, clock.now() - 1_000]
  is({ records: 3, oldestAt: second }, { records: 0, oldestAt: undefined }, { records: 4, oldestAt: first })
  gauge.seen()
  gauge.seen()
  await clock.advance(WAITING_LOOK_MS)
  expect(told()).toEqual([7, 7])
  is({ records: 1, oldestAt: second }, { records: 0, oldestAt: undefined })
  await clock.advance(WAITING_LOOK_MS)
  expect(told()).toEqual([1, 11])
  is({ records: 0, oldestAt: undefined })
  await clock.advance(WAITING_LOOK_MS)
  expect(told()).toEqual([0, 0])
  expect(clock.nextDue()).toBeUndefined()
})

test('looks at nothing once it is closed, and leaves no old figure', async () => {
  const { clock, gauge, told, is } = gauging()
  is({ records: 3, oldestAt: clock.now() })
  gauge.seen()
  await clock.advance(WAITING_LOOK_MS)
  expect(told()[0]).toBe(3)
  is()
  gauge.close()
  expect(told()).toEqual([0, 0])
  expect(clock.nextDue()).toBeUndefined()
})

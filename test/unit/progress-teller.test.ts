import { expect, test } from 'vitest'
import { ManualClock } from '../../shared/adapters/memory/manual-clock.ts'
import { longRunning } from '../../shared/participant/handlers.ts'
import { type ProgressPace, ProgressTeller } from '../../shared/participant/progress.ts'
import { NotedLog } from '../support/telemetry-notes.ts'

function telling(pace: Partial<ProgressPace> = {}, send: (body: string) => Promise<boolean> = async () => true) {
  const clock = new ManualClock()
  const log = new NotedLog()
  const bodies: string[] = []
  const sendNoted = (body: string) => {
    bodies.push(body)
    return send(body)
  }
  const teller = new ProgressTeller({ clock, log, send: sendNoted }, { everyMs: 1_000, ...pace })
  return { clock, log, bodies, teller }
}

test('sends the first at once, and at most one in each interval', async () => {
  const { clock, bodies, teller } = telling()
  teller.tell({ done: 1 })
  expect(bodies).toEqual(['{"done":1}'])
  for (let done = 2; done <= 30; done++) {
    await clock.advance(100)
    teller.tell({ done })
  }
  expect(bodies).toEqual(['{"done":1}', '{"done":11}', '{"done":21}'])
})

test('sends none while one is on its way', async () => {
  const sent = Promise.withResolvers<boolean>()
  const { clock, bodies, teller } = telling({}, () => sent.promise)
  teller.tell(1)
  await clock.advance(5_000)
  teller.tell(2)
  expect(bodies).toEqual(['1'])
  sent.resolve(false)
  await clock.advance(0)
  teller.tell(3)
  expect(bodies).toEqual(['1', '3'])
})

test('a heartbeat tells the last one again, until the end', async () => {
  const { clock, bodies, teller } = telling({ heartbeatMs: 10_000 })
  await clock.advance(10_000)
  teller.tell('half')
  await clock.advance(20_000)
  expect(bodies).toEqual(['null', '"half"', '"half"'])
  teller.end()
  expect(clock.nextDue()).toBeUndefined()
  await clock.advance(60_000)
  teller.tell('all')
  expect(bodies).toHaveLength(3)
})

test('settles when what is on its way has arrived', async () => {
  const sent = Promise.withResolvers<boolean>()
  const { clock, teller } = telling({}, () => sent.promise)
  teller.tell(1)
  teller.end()
  let isSettled = false
  const settling = teller.settled().then(() => {
    isSettled = true
  })
  await clock.advance(0)
  expect(isSettled).toBe(false)
  sent.resolve(true)
  await settling
})

test('a payload that cannot go, and a broker that throws, are not the handler’s trouble', async () => {
  const { clock, log, bodies, teller } = telling({ everyMs: 0 }, () => Promise.reject(new Error('away')))
  for (const payload of ['x'.repeat(20_000), 10n, undefined]) {
    teller.tell(payload)
    await clock.advance(0)
  }
  expect(bodies).toEqual(['null', 'null', 'null'])
  expect(log.lines.map(({ message }) => message)).toEqual([
    'the payload of a progress is too large',
    'progress could not be told',
    'the payload of a progress is no JSON',
    'progress could not be told',
    'progress could not be told',
  ])
})

test('a heartbeat is a duration', () => {
  const handle = async () => null
  expect(longRunning({ heartbeat: '10 s' }, handle)).toMatchObject({ heartbeatMs: 10_000 })
  expect(() => longRunning({ heartbeat: 0 }, handle)).toThrow('not a heartbeat')
})

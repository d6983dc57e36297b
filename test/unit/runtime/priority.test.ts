/** Who is sent to a limited participant first, in a whole orchestrator with all its partitions, in virtual time. */
import { afterEach, expect, test } from 'vitest'
import { ManualClock } from '../../../shared/adapters/memory/manual-clock.ts'
import { MemoryLog } from '../../../shared/adapters/memory/memory-log.ts'
import { seededRandom } from '../../../shared/adapters/system/seeded-random.ts'
import { AGEING_MS } from '../../../shared/flow/limits.ts'
import type { Priority } from '../../../shared/message/priority.ts'
import { type FlowRig, openFlow, pay } from '../../support/flow-rig.ts'

const PRIORITIES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] as const satisfies readonly Priority[]
/** A call in so long: who waits is seen to wait. */
const EACH_MS = 10_000

class World {
  readonly clock = new ManualClock()
  readonly #broker = new MemoryLog({ clock: this.clock }).connect()
  #flow: FlowRig | undefined

  async open(): Promise<FlowRig> {
    const flow = await this.inTime(openFlow(this.#broker, { clock: this.clock }))
    this.#flow = flow
    await this.inTime(flow.limit('till', { ratePerSecond: 1_000 / EACH_MS }))
    await this.inTime(flow.orchestrator())
    return flow
  }

  /** Starts one; answers when, milliseconds since the epoch. */
  async start(flow: FlowRig, id: string, priority: Priority): Promise<number> {
    const at = this.clock.now()
    await this.inTime(flow.client.start(pay, id, { id, tenant: 't' }, { priority }))
    return at
  }

  async inTime<T>(work: Promise<T>): Promise<T> {
    let settled = false
    const done = () => {
      settled = true
    }
    work.then(done, done)
    while (!settled) await this.clock.advance(1)
    return work
  }

  async close(): Promise<void> {
    if (this.#flow) await this.inTime(this.#flow.close())
    await this.#broker.close()
  }
}

let world: World
afterEach(() => world.close())

test('those of the highest priority go first, and of one priority those that came first', async () => {
  world = new World()
  const flow = await world.open()
  // Takes the token that a bucket begins with: all others wait.
  await world.start(flow, 'first', 5)
  await world.clock.advance(1_000)
  const random = seededRandom(3)
  const waiting = [...PRIORITIES, ...PRIORITIES, ...PRIORITIES]
    .map((priority, i) => ({ id: `saga-${i}`, priority, at: random.next() }))
    .toSorted((a, b) => a.at - b.at)
  for (const { id, priority } of waiting) {
    await world.start(flow, id, priority)
    await world.clock.advance(100)
  }
  await world.clock.advance((waiting.length + 1) * EACH_MS)
  const expected = waiting.toSorted((a, b) => b.priority - a.priority).map(({ id }) => id)
  expect(flow.till.charged.map(({ id }) => id)).toEqual(['first', ...expected])
})

test('one of the lowest goes before all that come nine ageing times after it, however many come before them', async () => {
  world = new World()
  const flow = await world.open()
  await world.start(flow, 'first', 5)
  await world.clock.advance(1_000)
  const since = await world.start(flow, 'lowest', 0)
  const came = new Map<string, number>()
  // Twice as many come as may go: there is always one of the highest priority that waits.
  for (let i = 0; flow.till.charged.every(({ id }) => id !== 'lowest'); i++) {
    expect(i, 'it is never let go').toBeLessThan(200)
    await world.clock.advance(EACH_MS / 2)
    came.set(`high-${i}`, await world.start(flow, `high-${i}`, 9))
  }
  const before = flow.till.charged.map(({ id }) => id).slice(1, -1)
  const passedBy = [...came].filter(([, at]) => at < since + 9 * AGEING_MS - 100).map(([id]) => id)
  expect(before).toEqual(passedBy)
  expect(came.size).toBeGreaterThan(1.8 * before.length)
})

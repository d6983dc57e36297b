/** Who drives bulk acts, how fast, and that nobody is asked twice under another id, whoever dies when. */
import { expect, test } from 'vitest'
import { seededRandom } from '../../shared/adapters/system/seeded-random.ts'
import { BulkWorld, stuck } from '../support/bulk-world.ts'

const SECOND_MS = 1_000
const LONG_MS = 3_600_000

async function worldOf(count: number): Promise<BulkWorld> {
  const world = await new BulkWorld().open()
  for (let i = 0; i < count; i++)
    world.sagas.push(stuck(`s-${String(i).padStart(5, '0')}`, world.clock.now() - 1 - (i % 7)))
  return world
}

async function untilEnded(world: BulkWorld, id: string) {
  for (let waited = 0; waited < LONG_MS; waited += SECOND_MS) {
    const bulk = await world.bulk(id)
    if (bulk?.ended && bulk.lists.size === 0) return bulk.ended
    await world.clock.advance(SECOND_MS)
  }
  throw new Error(`${id} does not end`)
}

/** Acts in the fullest second. */
function busiest(world: BulkWorld): number {
  const times = world.sent.map(({ at }) => at)
  let [from, most] = [0, 0]
  for (const [to, at] of times.entries()) {
    while ((times[from] ?? at) <= at - SECOND_MS) from++
    most = Math.max(most, to - from + 1)
  }
  return most
}

const all = (world: BulkWorld) => world.sagas.map(({ id }) => [id, [`bulk-a/${id}`]])

test('ten thousand sagas are each asked once, at the rate, with never more than a part of them at hand', async () => {
  const world = await worldOf(10_000)
  const { driver } = world.start()
  const began = world.clock.now()
  await world.ask('bulk-a', { kind: 'retry' }, 500)
  expect(await untilEnded(world, 'bulk-a')).toMatchObject({ as: 'done', sagas: 10_000, done: 10_000, refused: {} })
  expect([...world.requests].toSorted()).toEqual(all(world))
  expect(busiest(world)).toBeLessThanOrEqual(500 + 250)
  const took = (world.sent.at(-1)?.at ?? 0) - began
  expect(took).toBeGreaterThanOrEqual(((10_000 - 250) / 500) * SECOND_MS)
  expect(took).toBeLessThan(60 * SECOND_MS)
  expect(world.idsAtOnceMax).toBeLessThanOrEqual(500)
  await world.clockwise(driver.stop())
})

test('two processes drive as one, and the other goes on where the first one died', async () => {
  const world = await worldOf(300)
  const [a, b] = [world.start(), world.start()]
  await world.ask('bulk-a', { kind: 'retry' }, 20)
  await world.clock.advance(5 * SECOND_MS)
  const before = world.sent.length
  expect(before).toBeGreaterThan(40)
  expect(new Set(world.sent.map(({ by }) => by)).size).toBe(1)
  expect([a, b].filter(({ driver }) => driver.drives)).toHaveLength(1)
  const driving = a.driver.drives ? a : b
  driving.die()
  expect(await untilEnded(world, 'bulk-a')).toMatchObject({ as: 'done', done: 300 })
  expect(new Set(world.sent.map(({ by }) => by)).size).toBe(2)
  expect([...world.requests].map(([id, asked]) => [id, [...new Set(asked)]]).toSorted()).toEqual(all(world))
  // What was asked in the turn that nobody noted any more.
  expect(world.sent.length).toBeLessThanOrEqual(300 + 10)
  expect(busiest(world)).toBeLessThanOrEqual(20 + 20)
})

test('what begins to match later is not asked, and what does not match any more is counted', async () => {
  const world = await worldOf(60)
  world.start()
  await world.ask('bulk-a', { kind: 'retry' }, 10)
  await world.clock.advance(2 * SECOND_MS)
  const asked = world.sent.length
  expect(asked).toBeGreaterThan(0)
  world.sagas.push(stuck('later', world.clock.now() - LONG_MS))
  const rest = world.sagas.filter(({ id }) => id !== 'later' && !world.requests.has(id))
  const [one, two, three] = rest.slice(-3)
  if (!one || !two || !three) throw new Error('all were asked already')
  world.sagas.splice(world.sagas.indexOf(one), 1)
  world.sagas.splice(world.sagas.indexOf(two), 1, { ...two, status: 'completed', phase: 'completed', ended: true })
  world.sagas.splice(world.sagas.indexOf(three), 1, { ...three, status: 'running' })
  expect(await untilEnded(world, 'bulk-a')).toMatchObject({
    ...{ as: 'done', sagas: 60, done: 57 },
    refused: { 'unknown-saga': 1, ended: 1, 'not-stuck': 1 },
  })
  expect(world.requests.has('later')).toBe(false)
  expect(world.sent).toHaveLength(57)
})

test('bulk acts go on side by side, each at its own rate; an abort ends one within a second', async () => {
  const world = await worldOf(100)
  world.start()
  await world.ask('bulk-a', { kind: 'retry' }, 1)
  await world.ask('bulk-b', { kind: 'kill' }, 50)
  expect(await untilEnded(world, 'bulk-b')).toMatchObject({ done: 100 })
  expect(world.clock.now()).toBeLessThan(1_700_000_000_000 + 10 * SECOND_MS)
  await world.abort('bulk-a')
  const then = world.sent.length
  await world.clock.advance(SECOND_MS)
  const bulk = await world.bulk('bulk-a')
  expect(bulk?.ended).toMatchObject({ as: 'aborted' })
  await world.clock.advance(60 * SECOND_MS)
  expect(world.sent.length).toBeLessThanOrEqual(then + 1)
  expect(world.sent.filter(({ command }) => command.kind === 'retry')).toHaveLength(bulk?.ended?.done ?? -1)
})

test.each(Array.from({ length: 60 }, (_, seed) => seed))(
  'whoever dies, or is not heard any more, at any time: seed %i',
  async (seed) => {
    const random = seededRandom(seed)
    const draw = (below: number) => Math.floor(random.next() * below)
    const world = await worldOf(1 + draw(700))
    const living = [world.start(), world.start()]
    await world.ask('bulk-a', { kind: 'retry' }, 20 + draw(480))
    const matched = new Set(world.sagas.map(({ id }) => id))
    for (let i = 0; i < 12; i++) {
      await world.clock.advance(draw(2_000))
      const victim = living[draw(living.length)]
      if (random.next() < 0.3) victim?.deafAfter(draw(3))
      else if (victim && random.next() < 0.5) {
        victim.die()
        living.splice(living.indexOf(victim), 1, world.start())
      } else if (random.next() < 0.1) await world.abort('bulk-a')
    }
    for (const victim of living.splice(0)) victim.die()
    world.start()
    const ended = await untilEnded(world, 'bulk-a')
    for (const [id, asked] of world.requests) {
      expect(matched.has(id)).toBe(true)
      expect([...new Set(asked)]).toEqual([`bulk-a/${id}`])
    }
    if (ended.as === 'done') {
      expect(ended).toMatchObject({ sagas: matched.size, done: matched.size, refused: {} })
      expect(world.requests.size).toBe(matched.size)
    } else {
      expect(ended.as).toBe('aborted')
      expect(ended.done).toBeLessThanOrEqual(world.requests.size)
    }
  },
)

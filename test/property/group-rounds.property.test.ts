/** Members of a group come, go, die, lose their coordinator and take their time, in any order. */
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type GroupMemberInWorld, GroupWorld } from '../support/group-world.ts'
import { parameters } from './property-runs.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const RUNS = 50
/** Sessions, slow releases and the group's own patience are over by then. */
const CALM_MS = 60_000
const QUIET_MS = 120_000

const change = fc.record({
  what: fc.constantFrom('join', 'join', 'leave', 'kill', 'away', 'slow'),
  which: fc.nat(10),
  forMs: fc.integer({ min: 0, max: 15_000 }),
  thenMs: fc.integer({ min: 0, max: 8_000 }),
})
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never

function make(world: GroupWorld, { what, which, forMs }: Change): void {
  const { alive } = world
  const member: GroupMemberInWorld | undefined = alive[which % Math.max(1, alive.length)]
  if (what === 'join' || !member || alive.length === 1) world.join()
  else if (what === 'leave') void world.leave(member)
  else if (what === 'kill') world.kill(member)
  else if (what === 'slow') member.releaseMs = forMs
  else {
    member.reach.away = true
    setTimeout(() => {
      if (!member.isDead) member.reach.away = false
    }, forMs)
  }
}

async function play(partitions: number, changes: readonly Change[]): Promise<void> {
  const world = new GroupWorld(partitions)
  try {
    world.join()
    for (const one of changes) {
      make(world, one)
      await vi.advanceTimersByTimeAsync(one.thenMs)
    }
    await vi.advanceTimersByTimeAsync(CALM_MS)
    expect(world.faults).toEqual([])
    expect(world.alive.map(({ owned }) => owned)).toSatisfy(() => world.isShared)
    const { generation } = world.group
    const told = world.members.map(({ journal }) => journal.length)
    await vi.advanceTimersByTimeAsync(QUIET_MS)
    expect(world.group.generation).toBe(generation)
    expect(world.members.map(({ journal }) => journal.length)).toEqual(told)
  } finally {
    const closed = world.close()
    await vi.advanceTimersByTimeAsync(1_000)
    await closed
  }
}

test('no partition has two members at a time, all are shared out in the end, and then nothing moves', async () => {
  const world = fc.asyncProperty(fc.integer({ min: 1, max: 12 }), fc.array(change, { maxLength: 12 }), play)
  await fc.assert(world, parameters(RUNS))
})

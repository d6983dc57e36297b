/** Several members before one coordinator: what a change of the group costs those who stay. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { SESSION_MS } from '../../../shared/adapters/kafka/group-membership.ts'
import { encodeClaim, PROTOCOL } from '../../../shared/adapters/kafka/group-protocol.ts'
import { type GroupMemberInWorld, GroupWorld } from '../../support/group-world.ts'

const worlds: GroupWorld[] = []
beforeEach(() => void vi.useFakeTimers())
afterEach(async () => {
  const closed = Promise.all(worlds.splice(0).map((world) => world.close()))
  await pass(1_000)
  vi.useRealTimers()
  await closed
})

const SETTLED_MS = 5_000
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

/** A group of so many, whose partitions are shared out. */
async function group(count: number, partitions = 12) {
  const world = new GroupWorld(partitions)
  worlds.push(world)
  for (let i = 0; i < count; i++) {
    world.join()
    await pass(SETTLED_MS)
  }
  expect(world.isShared).toBe(true)
  return world
}

/** A member that is given a share, says that it lives, and never joins again: the group waits for it at every change. */
async function silentGuest(world: GroupWorld): Promise<{ end(): void }> {
  const node = await world.group.link({ away: false }).coordinator('g')
  const claim = encodeClaim(['t'], { held: [], generation: -1 })
  const groupProtocols = [{ name: PROTOCOL, metadata: claim }]
  const times = { sessionTimeout: SESSION_MS, rebalanceTimeout: 20_000 }
  const joining = node
    .joinGroup({ groupId: 'g', memberId: '', ...times, groupProtocols })
    .then(({ memberId, generationId }) => {
      const beats = setInterval(() => {
        node.heartbeat({ groupId: 'g', memberId, groupGenerationId: generationId }).catch(() => {})
      }, 1_000)
      return { end: () => clearInterval(beats) }
    })
  await pass(SETTLED_MS)
  return joining
}

const only = (world: GroupWorld, i: number): GroupMemberInWorld => world.members[i] as GroupMemberInWorld
const revoked = ({ journal }: GroupMemberInWorld, from = 0) =>
  journal.slice(from).filter((line) => line.startsWith('revoking'))

test('who joins takes no more than its share, and what stays is kept without a word', async () => {
  const world = await group(2)
  const before = world.members.map(({ owned, journal }) => ({ owned, told: journal.length }))
  world.join()
  await pass(SETTLED_MS)
  expect(world.isShared).toBe(true)
  for (const [i, { owned, told }] of before.entries()) {
    const member = only(world, i)
    const moved = owned.filter((partition) => !member.owned.includes(partition))
    expect(moved).toHaveLength(2)
    expect(member.journal.slice(told).sort()).toEqual(moved.flatMap((p) => [`revoked ${p}`, `revoking ${p}`]).sort())
  }
  expect(world.faults).toEqual([])
})

test('when one leaves or dies the others keep what they have, and get the rest', async () => {
  for (const ends of ['leaves', 'dies']) {
    const world = await group(3)
    const staying = [only(world, 0), only(world, 2)]
    const before = staying.map(({ owned, journal }) => ({ owned, told: journal.length }))
    if (ends === 'leaves') void world.leave(only(world, 1))
    else world.kill(only(world, 1))
    await pass(SESSION_MS + SETTLED_MS)
    expect(world.isShared).toBe(true)
    for (const [i, { owned, told }] of before.entries()) {
      expect(staying[i]?.owned).toEqual(expect.arrayContaining(owned))
      expect(staying[i]?.journal.slice(told).every((line) => line.startsWith('assigned'))).toBe(true)
    }
    expect(world.faults).toEqual([])
  }
})

test('one that takes its time to let go of a partition holds up nothing but that partition', async () => {
  const world = await group(3)
  const slow = only(world, 0)
  const told = slow.journal.length
  slow.releaseMs = 14_000
  const joining = world.join()
  await pass(SETTLED_MS)
  // The others have let go of theirs, and the new one works on them.
  expect(revoked(slow, told)).toHaveLength(1)
  expect(joining.held.size).toBe(2)
  // Another one dies meanwhile: its partitions are shared out before the slow one is done.
  world.kill(only(world, 1))
  await pass(SESSION_MS + 2_000)
  expect(slow.journal.slice(told).filter((line) => line.startsWith('revoked'))).toEqual([])
  const owners = world.alive.flatMap(({ owned }) => owned)
  expect(new Set(owners).size).toBe(owners.length)
  expect(owners.length).toBe(12)
  await pass(30_000)
  expect(world.isShared).toBe(true)
  expect(world.faults).toEqual([])
})

test('who waits for another one to join, for as long as the group allows, keeps what it holds', async () => {
  const world = await group(2)
  const guest = await silentGuest(world)
  await pass(1_000)
  const before = world.members.map(({ owned }) => owned)
  expect(before.map(({ length }) => length)).toEqual([4, 4])
  for (let passed = 0; passed < 12_000; passed += 500) {
    await pass(500)
    expect(world.members.map(({ owned }) => owned)).toEqual(before)
  }
  guest.end()
  await pass(30_000)
  expect(world.isShared).toBe(true)
  for (const [i, owned] of before.entries()) expect(only(world, i).owned).toEqual(expect.arrayContaining(owned))
  expect(world.faults).toEqual([])
})

test('a coordinator that does not answer for a while costs nothing, and makes no round', async () => {
  const world = await group(3)
  const before = world.members.map(({ journal }) => journal.length)
  const { generation } = world.group
  for (const { reach } of world.members) reach.away = true
  await pass(SESSION_MS / 2)
  for (const { reach } of world.members) reach.away = false
  await pass(60_000)
  expect(world.group.generation).toBe(generation)
  expect(world.members.map(({ journal }) => journal.length)).toEqual(before)
})

test('a group that nobody joins or leaves makes no round', async () => {
  const world = await group(3)
  const { generation } = world.group
  await pass(600_000)
  expect(world.group.generation).toBe(generation)
})

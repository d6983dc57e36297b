import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import type { ClusterLink } from '../../../shared/adapters/kafka/cluster-link.ts'
import { GroupMembership, SESSION_MS } from '../../../shared/adapters/kafka/group-membership.ts'
import type { KafkaNode } from '../../../shared/adapters/kafka/kafkajs-internals.ts'
import { noLog } from '../../../shared/ports/telemetry.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

type State = 'answers' | 'away' | 'silent'

/** A coordinator of a group of one, that can be away, or take questions and never answer. */
function coordinator() {
  const state = { is: 'answers' as State, known: new Set<string>(), joins: [] as string[], disconnects: 0 }
  const reach = async (): Promise<void> => {
    if (state.is === 'away') throw new Error('Closed connection')
    if (state.is === 'silent') await new Promise(() => {})
  }
  const unknown = () => Object.assign(new Error('unknown member'), { type: 'UNKNOWN_MEMBER_ID', code: 25 })
  const node: Partial<KafkaNode> = {
    async joinGroup({ memberId: named, groupProtocols }) {
      await reach()
      state.joins.push(named)
      if (named !== '' && !state.known.has(named)) throw unknown()
      const memberId = named === '' ? `m${state.known.size + 1}` : named
      state.known.add(memberId)
      const memberMetadata = groupProtocols[0]?.metadata ?? Buffer.alloc(0)
      return { generationId: state.joins.length, leaderId: memberId, memberId, members: [{ memberId, memberMetadata }] }
    },
    async syncGroup({ groupAssignment }) {
      await reach()
      return { memberAssignment: groupAssignment[0]?.memberAssignment ?? Buffer.alloc(0) }
    },
    async heartbeat({ memberId }) {
      await reach()
      if (!state.known.has(memberId)) throw unknown()
    },
    leaveGroup: reach,
    disconnect: async () => void state.disconnects++,
  }
  return { state, node }
}

function member() {
  const { state, node } = coordinator()
  const link = { coordinator: async () => node, distrust() {} } as unknown as ClusterLink
  const held = new Set<number>()
  const membership = new GroupMembership({
    group: 'g',
    topics: ['t'],
    partitions: 2,
    link,
    log: noLog,
    assigned: (partition) => void held.add(partition),
    revoked: async (partition) => void held.delete(partition),
    trouble() {},
  })
  onTestFinished(async () => {
    vi.useRealTimers()
    state.is = 'away'
    await membership.leave()
  })
  membership.start()
  return { state, held, membership }
}

test('a member keeps its name while its coordinator is away, though it has let go of everything', async () => {
  const { state, held, membership } = member()
  await vi.advanceTimersByTimeAsync(2_000)
  expect([...held]).toEqual([0, 1])
  state.is = 'away'
  await vi.advanceTimersByTimeAsync(SESSION_MS + 2_000)
  expect(membership.holds(0)).toBe(false)
  expect(held.size).toBe(0)
  state.is = 'answers'
  await vi.advanceTimersByTimeAsync(1_000)
  expect([...held]).toEqual([0, 1])
  expect(new Set(state.joins)).toEqual(new Set(['', 'm1']))
  expect(state.known.size).toBe(1)
})

test('a member that the group does not know any more joins as a new one', async () => {
  const { state, held, membership } = member()
  await vi.advanceTimersByTimeAsync(2_000)
  state.known.delete('m1')
  state.known.add('other')
  await vi.advanceTimersByTimeAsync(2_000)
  expect(state.joins).toEqual(['', ''])
  expect(membership.identity().memberId).toBe('m2')
  expect([...held]).toEqual([0, 1])
})

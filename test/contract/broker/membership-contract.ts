import { expect, onTestFinished, test } from 'vitest'
import type { TheBroker } from '../broker-suite.ts'
import { GroupRecorder, type RecorderOptions } from './group-recorder.ts'
import { ARRIVES, appendTo, expectCode, fresh, freshTopic, numbered, quiet } from './support.ts'

const PARTITIONS = [0, 1, 2, 3]

export function membershipContract(broker: TheBroker): void {
  async function joined(options: RecorderOptions): Promise<GroupRecorder> {
    const recorder = await GroupRecorder.join(broker(), options)
    onTestFinished(() => recorder.member.close())
    return recorder
  }

  /** Every partition is at just one of the members, and each member has some. */
  async function shared(members: readonly GroupRecorder[]): Promise<void> {
    await expect
      .poll(
        () =>
          members
            .flatMap((m) => [...m.held])
            .sort()
            .join(),
        ARRIVES,
      )
      .toBe(PARTITIONS.join())
    await expect.poll(() => members.every((m) => m.held.size > 0), ARRIVES).toBe(true)
    await expect
      .poll(() => members.every((m) => PARTITIONS.every((p) => m.member.owns(p) === m.held.has(p))), ARRIVES)
      .toBe(true)
  }

  test('join throws topic-missing for a topic that is not there', async () => {
    const topic = await freshTopic(broker())
    const options = { group: fresh('group'), topics: [topic, fresh('missing')] }
    await expectCode(broker().join(options, new GroupRecorder(options)), 'topic-missing')
  })

  test('join throws not-co-partitioned when the numbers of partitions differ', async () => {
    const options = { group: fresh('group'), topics: [await freshTopic(broker(), 2), await freshTopic(broker(), 3)] }
    await expectCode(broker().join(options, new GroupRecorder(options)), 'not-co-partitioned')
  })

  test('a member owns what it was assigned until it closes, and close revokes all of it', async () => {
    const topic = await freshTopic(broker(), 4)
    const member = await joined({ group: fresh('group'), topics: [topic], openAt: 0n, revokeMs: 30 })
    await member.holds(4)
    expect(PARTITIONS.map((p) => member.member.owns(p))).toEqual([true, true, true, true])
    expect(member.member.owns(4)).toBe(false)
    await member.member.close()
    expect(member.held.size).toBe(0)
    expect(PARTITIONS.map((p) => member.member.owns(p))).toEqual([false, false, false, false])
    await appendTo(broker(), [topic, 0], numbered('late', 0, 1))
    await quiet()
    expect(member.faults).toEqual([])
    await member.member.close()
  })

  test('two members share the partitions, partition i of both topics at the same member', async () => {
    const topics = [await freshTopic(broker(), 4), await freshTopic(broker(), 4)]
    const options: RecorderOptions = { group: fresh('group'), topics, openAt: 0n }
    const one = await joined(options)
    await one.holds(4)
    const other = await joined(options)
    await shared([one, other])
    for (const topic of topics) {
      for (const p of PARTITIONS) await appendTo(broker(), [topic, p], numbered(`p${p}-`, 0, 2))
    }
    for (const topic of topics) {
      for (const p of PARTITIONS) await (one.held.has(p) ? one : other).receives(topic, p, [`p${p}-0`, `p${p}-1`])
    }
    expect([...one.faults, ...other.faults]).toEqual([])
  })

  test('a member that leaves hands its partitions over, after it has let go of them', async () => {
    const topic = await freshTopic(broker(), 4)
    const options: RecorderOptions = { group: fresh('group'), topics: [topic], openAt: 0n }
    const staying = await joined(options)
    const leaving = await joined({ ...options, revokeMs: 60 })
    await shared([staying, leaving])
    const handedOver = [...leaving.held]
    const assignedBefore = staying.journal.length
    const closing = leaving.member.close()
    await closing
    expect(handedOver.every((p) => leaving.journal.includes(`revoked ${p}`))).toBe(true)
    await staying.holds(4)
    const assigned = staying.journal.slice(assignedBefore)
    expect(handedOver.every((p) => assigned.includes(`assigned ${p}`))).toBe(true)
    for (const p of PARTITIONS) await appendTo(broker(), [topic, p], numbered('after', 0, 1))
    for (const p of PARTITIONS) await staying.receives(topic, p, ['after0'])
    expect(leaving.faults).toEqual([])
  })

  test('a group keeps its checkpoints: none at first, the last commit after, for a later member too', async () => {
    const topic = await freshTopic(broker(), 2)
    const group = fresh('group')
    const first = await joined({ group, topics: [topic] })
    await first.holds(2)
    expect(await first.member.committed(topic, 0)).toBeUndefined()
    await appendTo(broker(), [topic, 0], numbered('a', 0, 9))
    await first.member.commit(topic, 0, 4n)
    await first.member.commit(topic, 0, 7n)
    expect(await first.member.committed(topic, 0)).toBe(7n)
    expect(await first.member.committed(topic, 1)).toBeUndefined()
    await first.member.close()
    const later = await joined({ group, topics: [topic] })
    await later.holds(2)
    expect(await later.member.committed(topic, 0)).toBe(7n)
    const stranger = await joined({ group: fresh('group'), topics: [topic] })
    await stranger.holds(2)
    expect(await stranger.member.committed(topic, 0)).toBeUndefined()
  })
}

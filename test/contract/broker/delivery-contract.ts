import { expect, onTestFinished, test } from 'vitest'
import type { TheBroker } from '../broker-suite.ts'
import { GroupRecorder, type RecorderOptions } from './group-recorder.ts'
import { ARRIVES, appendTo, fresh, freshTopic, numbered, quiet } from './support.ts'

const upTo = (label: string, from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `${label}${from + i}`)

export function deliveryContract(broker: TheBroker): void {
  async function joined(topic: string, rest: Partial<RecorderOptions> = {}): Promise<GroupRecorder> {
    const recorder = await GroupRecorder.join(broker(), { group: fresh('group'), topics: [topic], ...rest })
    onTestFinished(() => recorder.member.close())
    return recorder
  }

  test('every partition is assigned, and nothing is delivered before it is opened', async () => {
    const topic = await freshTopic(broker(), 3)
    for (const partition of [0, 1, 2]) await appendTo(broker(), [topic, partition], numbered('a', 0, 3))
    const group = await joined(topic)
    await group.holds(3)
    await quiet()
    expect(group.faults).toEqual([])
    group.open(topic, 1, 0n)
    await group.receives(topic, 1, ['a0', 'a1', 'a2'])
    await quiet()
    expect(group.faults).toEqual([])
  })

  test('delivery starts at the offset opened, also inside a batch', async () => {
    const topic = await freshTopic(broker())
    await appendTo(broker(), [topic, 0], numbered('a', 0, 6))
    await appendTo(broker(), [topic, 0], numbered('a', 6, 12))
    const group = await joined(topic)
    await group.holds(1)
    group.open(topic, 0, 4n)
    await group.receives(topic, 0, upTo('a', 4, 12))
  })

  test('what is appended while the member listens is delivered, in order', async () => {
    const topic = await freshTopic(broker())
    const group = await joined(topic, { openAt: 0n })
    await group.holds(1)
    await appendTo(broker(), [topic, 0], numbered('a', 0, 1))
    await group.receives(topic, 0, ['a0'])
    const calls = Array.from({ length: 100 }, (_, i) =>
      appendTo(broker(), [topic, 0], numbered('a', 1 + i * 10, 11 + i * 10)),
    )
    await Promise.all(calls)
    await group.receives(topic, 0, upTo('a', 0, 1_001))
  })

  test('a long backlog is delivered whole, with appends landing behind it', async () => {
    const topic = await freshTopic(broker())
    for (let i = 0; i < 3_000; i += 500) await appendTo(broker(), [topic, 0], numbered('a', i, i + 500))
    const group = await joined(topic, { openAt: 0n })
    for (let i = 3_000; i < 3_100; i += 10) await appendTo(broker(), [topic, 0], numbered('a', i, i + 10))
    await group.receives(topic, 0, upTo('a', 0, 3_100))
  })

  test('pause holds delivery and resume goes on without a gap', async () => {
    const topic = await freshTopic(broker(), 2)
    const group = await joined(topic, { openAt: 0n })
    await group.holds(2)
    await appendTo(broker(), [topic, 0], numbered('a', 0, 3))
    await group.receives(topic, 0, upTo('a', 0, 3))
    group.member.pause(topic, 0)
    await quiet()
    await appendTo(broker(), [topic, 0], numbered('a', 3, 6))
    await appendTo(broker(), [topic, 1], numbered('b', 0, 2))
    await group.receives(topic, 1, ['b0', 'b1'])
    await quiet()
    expect(group.from(topic, 0)).toEqual(upTo('a', 0, 3))
    group.member.resume(topic, 0)
    await group.receives(topic, 0, upTo('a', 0, 6))
  })

  test('pausing inside each delivery loses nothing', async () => {
    const topic = await freshTopic(broker())
    const group = await joined(topic)
    group.onRecords = () => {
      group.member.pause(topic, 0)
      setTimeout(() => group.member.resume(topic, 0), 1)
    }
    await group.holds(1)
    group.open(topic, 0, 0n)
    for (let i = 0; i < 60; i += 3) await appendTo(broker(), [topic, 0], numbered('a', i, i + 3))
    await group.receives(topic, 0, upTo('a', 0, 60))
  })

  test('opening again moves delivery back and forward', async () => {
    const topic = await freshTopic(broker())
    await appendTo(broker(), [topic, 0], numbered('a', 0, 10))
    const group = await joined(topic, { openAt: 0n })
    await group.receives(topic, 0, upTo('a', 0, 10))
    group.open(topic, 0, 3n)
    await group.receives(topic, 0, upTo('a', 3, 10))
    group.open(topic, 0, 8n)
    await group.receives(topic, 0, upTo('a', 8, 10))
    group.open(topic, 0, 10n)
    await appendTo(broker(), [topic, 0], numbered('a', 10, 12))
    await group.receives(topic, 0, upTo('a', 10, 12))
  })

  test('opening again while records are on their way delivers nothing that was fetched before', async () => {
    const topic = await freshTopic(broker())
    for (let i = 0; i < 2_000; i += 200) await appendTo(broker(), [topic, 0], numbered('a', i, i + 200))
    const group = await joined(topic)
    await group.holds(1)
    group.open(topic, 0, 0n)
    group.open(topic, 0, 1_500n)
    await group.receives(topic, 0, upTo('a', 1_500, 2_000))
    let moves = 0
    group.onRecords = () => {
      if (moves++ < 3) group.open(topic, 0, 700n)
    }
    group.open(topic, 0, 0n)
    await expect.poll(() => moves, ARRIVES).toBeGreaterThan(3)
    await group.receives(topic, 0, upTo('a', 700, 2_000))
  })

  test('opening resumes a paused partition', async () => {
    const topic = await freshTopic(broker())
    await appendTo(broker(), [topic, 0], numbered('a', 0, 4))
    const group = await joined(topic, { openAt: 0n })
    await group.receives(topic, 0, upTo('a', 0, 4))
    group.member.pause(topic, 0)
    group.open(topic, 0, 2n)
    await group.receives(topic, 0, ['a2', 'a3'])
  })

  test('an offset beyond the end is trouble, and is not moved silently', async () => {
    const topic = await freshTopic(broker())
    await appendTo(broker(), [topic, 0], numbered('a', 0, 3))
    const group = await joined(topic)
    await group.holds(1)
    group.open(topic, 0, 50n)
    await expect.poll(() => group.troubles.map((t) => t.code), ARRIVES).toContain('offset-out-of-range')
    await quiet()
    expect(group.from(topic, 0)).toEqual([])
    expect(group.faults).toEqual([])
  })

  test('two groups see every record each', async () => {
    const topic = await freshTopic(broker())
    const [one, other] = [await joined(topic, { openAt: 0n }), await joined(topic, { openAt: 0n })]
    await appendTo(broker(), [topic, 0], numbered('a', 0, 25))
    await one.receives(topic, 0, upTo('a', 0, 25))
    await other.receives(topic, 0, upTo('a', 0, 25))
  })
}

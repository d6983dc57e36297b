import { expect, test } from 'vitest'
import type { TheBroker } from '../broker-suite.ts'
import { GroupRecorder } from './group-recorder.ts'
import { appendTo, endOf, fresh, freshTopic, numbered, readAll, values } from './support.ts'

/** `reopen` closes the broker and opens the same log again, or answers false where nothing outlives a broker. */
export function durabilityContract(broker: TheBroker, reopen: () => Promise<boolean>): void {
  test('what was acknowledged is there after closing and opening again', async (context) => {
    const topic = await freshTopic(broker(), 2)
    const group = fresh('group')
    await appendTo(broker(), [topic, 1], numbered('a', 0, 30))
    const before = await GroupRecorder.join(broker(), { group, topics: [topic] })
    await before.holds(2)
    await before.member.commit(topic, 1, 11n)
    await before.member.close()

    context.skip(!(await reopen()), 'nothing outlives this broker')
    expect(await broker().partitions(topic)).toBe(2)
    expect(await endOf(broker(), topic, 1)).toBe(30n)
    expect(values(await readAll(broker(), topic, 1))).toEqual(Array.from({ length: 30 }, (_, i) => `a${i}`))
    expect(await appendTo(broker(), [topic, 1], numbered('b', 0, 2))).toBe(30n)

    const after = await GroupRecorder.join(broker(), { group, topics: [topic] })
    await after.holds(2)
    expect(await after.member.committed(topic, 1)).toBe(11n)
    after.open(topic, 1, 29n)
    await after.receives(topic, 1, ['a29', 'b0', 'b1'])
    await after.member.close()
  })
}

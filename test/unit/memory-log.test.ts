import { expect, test } from 'vitest'
import { ManualClock } from '../../shared/adapters/memory/manual-clock.ts'
import { MemoryLog } from '../../shared/adapters/memory/memory-log.ts'
import type { GroupListener } from '../../shared/ports/broker.ts'

const topics = ['t']

async function logOf(partitions: number) {
  const clock = new ManualClock()
  const log = new MemoryLog({ clock })
  await log.connect().createTopics([{ name: 't', partitions, retention: 'forever' }])
  return { clock, log }
}

function listener(name: string, journal: string[], revoked = async () => {}): GroupListener {
  return {
    assigned: (p) => journal.push(`${name}+${p}`),
    revoked: (p) => {
      journal.push(`${name}-${p}`)
      return revoked()
    },
    records: (_, p, records) => journal.push(`${name}:${p}:${records.map((r) => r.offset)}`),
    trouble: (error) => journal.push(`${name}!${error.code}`),
  }
}

test('nothing is answered or delivered before the clock moves', async () => {
  const { clock, log } = await logOf(1)
  const journal: string[] = []
  const broker = log.connect()
  const member = await broker.join({ group: 'g', topics }, listener('a', journal))
  const appended = broker.append([{ topic: 't', partition: 0, records: [{ key: null, value: 'v', headers: [] }] }])
  void appended.then(() => journal.push('appended'))
  await new Promise((resolve) => setTimeout(resolve, 10))
  expect(journal).toEqual([])
  await clock.advance(0)
  member.open('t', 0, 0n)
  await clock.advance(0)
  expect(journal).toEqual(['a+0', 'appended', 'a:0:0'])
})

test('a dropped connection hears nothing more, and another member takes its partitions over', async () => {
  const { clock, log } = await logOf(2)
  const journal: string[] = []
  const [dying, living] = [log.connect(), log.connect()]
  await dying.join({ group: 'g', topics }, listener('dying', journal))
  await clock.advance(0)
  await living.join({ group: 'g', topics }, listener('living', journal))
  await clock.advance(0)
  expect(journal).toEqual(['dying+0', 'dying+1', 'dying-1', 'living+1'])
  dying.drop()
  await clock.advance(0)
  expect(journal.slice(4)).toEqual(['living+0'])
  const [result] = await dying.append([{ topic: 't', partition: 0, records: [{ key: null, value: 'v', headers: [] }] }])
  expect(result).toMatchObject({ kind: 'refused', error: { code: 'broker-closed' } })
})

test('a member that does not let a partition go is told, and loses it after the limit', async () => {
  const { clock, log } = await logOf(2)
  const journal: string[] = []
  await log.connect().join(
    { group: 'g', topics },
    listener('stuck', journal, () => new Promise(() => {})),
  )
  await clock.advance(0)
  await log.connect().join({ group: 'g', topics }, listener('other', journal))
  await clock.advance(29_999)
  expect(journal).toEqual(['stuck+0', 'stuck+1', 'stuck-1'])
  await clock.advance(1)
  expect(journal.slice(3)).toEqual(['stuck!revoke-failed', 'other+1'])
})

test('a revocation that fails is trouble, and the partition is handed over all the same', async () => {
  const { clock, log } = await logOf(2)
  const journal: string[] = []
  const failing = () => Promise.reject(new Error('disk on fire'))
  await log.connect().join({ group: 'g', topics }, listener('failing', journal, failing))
  await clock.advance(0)
  await log.connect().join({ group: 'g', topics }, listener('other', journal))
  await clock.advance(0)
  expect(journal.slice(2)).toEqual(['failing-1', 'failing!revoke-failed', 'other+1'])
})

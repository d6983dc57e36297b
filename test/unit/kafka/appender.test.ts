import { expect, test } from 'vitest'
import { Appender } from '../../../shared/adapters/kafka/appender.ts'
import type { ProduceAnswer } from '../../../shared/adapters/kafka/produce-request.ts'
import { type Answer, type Asked, fakeKafka } from '../../support/fake-kafka.ts'

const batch = (partition: number) => ({
  topic: 't',
  partition,
  records: [{ key: null, value: 'v', headers: [] }],
})
const stored = ({ topic, partition }: Asked, baseOffset = 0n): ProduceAnswer => ({
  topic,
  partition,
  errorCode: 0,
  baseOffset,
})

/** Opens a new fake for every set of connections, each with the answers in turn. */
function appending(...answers: Answer[]) {
  const opened: ReturnType<typeof fakeKafka>[] = []
  let asked = 0
  const answer: Answer = async (parts, body) => (answers[Math.min(asked++, answers.length - 1)] ?? never)(parts, body)
  const appender = new Appender(
    () => {
      const fake = fakeKafka(4, answer)
      opened.push(fake)
      return fake.link
    },
    () => 0,
  )
  return { appender, opened }
}
const never: Answer = () => Promise.reject(new Error('no answer'))

test('one partition has one request out at a time, others share a request', async () => {
  const requests: string[] = []
  let base = 0n
  const { appender } = appending(async (parts) => {
    requests.push(parts.map(({ partition }) => partition).join())
    await new Promise((resolve) => setTimeout(resolve, 2))
    return parts.map((part) => stored(part, base++))
  })
  const results = await Promise.all([0, 0, 1, 2, 0].map((partition) => appender.append(batch(partition))))
  expect(results.every(({ kind }) => kind === 'appended')).toBe(true)
  expect(requests).toEqual(['0,1,2', '0', '0'])
})

test('a partition that the answer leaves out is unknown, the others are as answered', async () => {
  const { appender } = appending(async (parts) =>
    parts.filter(({ partition }) => partition !== 1).map((p) => stored(p)),
  )
  const results = await Promise.all([0, 1, 2].map((partition) => appender.append(batch(partition))))
  expect(results.map(({ kind }) => kind)).toEqual(['appended', 'unknown', 'appended'])
})

test('a lost connection makes all of its request unknown, nothing is sent again, and new connections are taken', async () => {
  const { appender, opened } = appending(
    () => Promise.reject(new Error('Closed connection')),
    async (parts) => parts.map((part) => stored(part, 9n)),
  )
  const lost = await Promise.all([0, 1].map((partition) => appender.append(batch(partition))))
  expect(lost).toMatchObject([{ kind: 'unknown' }, { kind: 'unknown', error: { code: 'broker-unreachable' } }])
  expect(await appender.append(batch(0))).toEqual({ kind: 'appended', baseOffset: 9n })
  expect(opened.map(({ state }) => state.requests)).toEqual([1, 1])
  expect(opened[0]?.state.disconnects).toBe(1)
})

test('a leader that moved is unknown, and what is known of the cluster is refreshed before the next', async () => {
  const { appender, opened } = appending(
    async (parts) => parts.map((part) => ({ ...stored(part, -1n), errorCode: 6 })),
    async (parts) => parts.map((part) => stored(part)),
  )
  expect(await appender.append(batch(0))).toMatchObject({ kind: 'unknown', error: { code: 'leader-moved' } })
  expect(opened[0]?.state.refreshes).toBe(0)
  expect(await appender.append(batch(0))).toMatchObject({ kind: 'appended' })
  expect(opened[0]?.state.refreshes).toBe(1)
})

test('a broker that takes nothing of a batch refuses it', async () => {
  const { appender } = appending(async (parts) => parts.map((part) => ({ ...stored(part, -1n), errorCode: 10 })))
  expect(await appender.append(batch(0))).toMatchObject({ kind: 'refused', error: { code: 'record-too-large' } })
})

test('close refuses what was not sent and waits for what was', async () => {
  let answer = () => {}
  const answered = new Promise<void>((resolve) => {
    answer = resolve
  })
  const { appender, opened } = appending(async (parts) => {
    await answered
    return parts.map((part) => stored(part))
  })
  const first = appender.append(batch(0))
  await expect.poll(() => opened[0]?.state.requests).toBe(1)
  const second = appender.append(batch(0))
  const closed = appender.close()
  answer()
  await closed
  expect(await first).toMatchObject({ kind: 'appended' })
  expect(await second).toMatchObject({ kind: 'refused', error: { code: 'broker-closed' } })
  expect(await appender.append(batch(0))).toMatchObject({ kind: 'refused' })
})

test('a node that does not know the topic leaves the append open: the topic may only be new to it', async () => {
  const { appender } = appending(async (parts) => parts.map((part) => ({ ...stored(part), errorCode: 3 })))
  const result = await appender.append(batch(0))
  expect(result).toMatchObject({ kind: 'unknown', error: { code: 'leader-missing', retriable: true } })
})

import { expect, onTestFinished, test } from 'vitest'
import type { FetchAnswer } from '../../../shared/adapters/kafka/fetch-request.ts'
import { GroupDelivery } from '../../../shared/adapters/kafka/group-delivery.ts'
import { encodeRecordBatch } from '../../../shared/adapters/kafka/record-batch-encoder.ts'
import { noLog } from '../../../shared/ports/telemetry.ts'
import { type Asked, fakeKafka } from '../../support/fake-kafka.ts'

const LEADERLESS = 1
const oneRecord = encodeRecordBatch([{ key: null, value: 'v', headers: [] }], 0)

function answer(part: Asked): FetchAnswer {
  return { ...part, errorCode: 0, settledEnd: 1n, aborted: [], bytes: oneRecord }
}

test('partitions are read while another has no leader, which is read as soon as it has one', async () => {
  let elected = false
  const given = new Set<number>()
  const { link } = fakeKafka(
    3,
    async (asked) => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      return asked.map((part) =>
        given.has(part.partition) ? { ...answer(part), bytes: Buffer.alloc(0) } : answer(part),
      )
    },
    (partition) => (partition === LEADERLESS && !elected ? -1 : 1),
  )
  const listener = {
    assigned() {},
    revoked: async () => {},
    records: (_topic: string, partition: number) => void given.add(partition),
    trouble() {},
  }
  const delivery = new GroupDelivery(link, listener, noLog)
  onTestFinished(() => delivery.close())
  for (const partition of [LEADERLESS, 0, 2]) {
    delivery.hold(partition)
    delivery.open('t', partition, 0n)
  }
  await expect.poll(() => [...given].toSorted()).toEqual([0, 2])
  elected = true
  await expect.poll(() => given.has(LEADERLESS), { timeout: 3_000 }).toBe(true)
})

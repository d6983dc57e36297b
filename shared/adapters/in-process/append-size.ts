import { assert, OperationalError } from '../../message/errors.ts'
import { contentBytes, contentBytesBound } from '../../message/record-bytes.ts'
import { type AppendBatch, RECORD_BYTES_MAX } from '../../ports/broker.ts'
import type { LogStore } from './log-store.ts'

/** Checks a batch before it waits for its turn: answers at most how many bytes it takes, or why it is refused. */
export function appendSize(store: LogStore, batch: AppendBatch): number | OperationalError {
  const { topic, partition } = batch
  assert(batch.records.length > 0, 'a batch has at least one record')
  const refused = (code: string, why: string) =>
    new OperationalError(code, why, { where: store.where, retriable: false })
  const partitions = store.topic(topic)?.partitions
  if (partitions === undefined) return refused('topic-missing', `there is no topic ${topic}`)
  if (!Number.isInteger(partition) || partition < 0 || partition >= partitions)
    return refused('partition-missing', `${topic} has ${partitions} partitions, there is no ${partition}`)
  let bytes = 0
  for (const record of batch.records) {
    const bound = contentBytesBound(record)
    if (bound > RECORD_BYTES_MAX && contentBytes(record) > RECORD_BYTES_MAX)
      return refused('record-too-large', `a record for ${topic} is larger than ${RECORD_BYTES_MAX} bytes`)
    bytes += bound
  }
  return bytes
}

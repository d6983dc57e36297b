/** Stores dead letters before the mark passes their records: a record is never lost between the two (S12, S18). */
import { deadLetterRecord, RECORD_TOO_LARGE, withoutValue } from '../message/dead-letter.ts'
import { OperationalError } from '../message/errors.ts'
import { partitionOf } from '../message/murmur2.ts'
import type { AppendBatch, Broker } from '../ports/broker.ts'
import { type Clock, sleep } from '../ports/clock.ts'
import { OngoingTrouble } from '../ports/ongoing-trouble.ts'
import type { Log, Metrics } from '../ports/telemetry.ts'
import type { DeadRecord } from './turn.ts'

export interface DeadLetterPorts {
  readonly broker: Broker
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  /** Topic that they go to. */
  readonly topic: string
  readonly group: string
  readonly service: string
}

const RETRY_MS = 200
const TEXTS = { met: 'dead letters could not be stored; trying again', over: 'dead letters are stored again' }

/**
 * Stores one dead letter a record, trying until it is stored. A crash before the mark moves stores them again, with the
 * same origin and reason, by which readers know them.
 * @throws OperationalError `stopped` when `stopped` says so before all are stored.
 */
export async function storeDeadLetters(
  ports: DeadLetterPorts,
  dead: readonly DeadRecord[],
  stopped: () => boolean,
): Promise<void> {
  if (dead.length === 0) return
  const { broker, clock, topic } = ports
  const trouble = new OngoingTrouble(ports, TEXTS)
  const partitions = await broker.partitions(topic)
  let left = dead.map((one) => batchOf(ports, one, partitions))
  for (;;) {
    const results = await broker.append(left)
    const again: AppendBatch[] = []
    left.forEach((batch, i) => {
      const result = results[i]
      if (result?.kind === 'appended') return
      const tooLarge = result?.kind === 'refused' && result.error.code === RECORD_TOO_LARGE
      again.push(tooLarge ? { ...batch, records: batch.records.map(withoutValue) } : batch)
    })
    if (again.length === 0) return trouble.over()
    if (stopped())
      throw new OperationalError('stopped', 'dead letters are not stored yet', {
        where: 'dead-letters',
        retriable: true,
      })
    trouble.met('not-stored', { count: again.length })
    await sleep(clock, RETRY_MS)
    left = again
  }
}

function batchOf(ports: DeadLetterPorts, { record, reason, message }: DeadRecord, partitions: number): AppendBatch {
  const { clock, group, service, topic, log, metrics } = ports
  const origin = { topic: record.topic, partition: record.partition, offset: String(record.offset) }
  log.warn('dead letter', { ...origin, reason, message })
  metrics.count('kasaga_dead_letters_total', { service, reason })
  const letter = deadLetterRecord(record, { reason, message, group, service, at: clock.now() })
  return { topic, partition: record.key === null ? 0 : partitionOf(record.key, partitions), records: [letter] }
}

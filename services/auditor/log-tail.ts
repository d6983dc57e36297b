/**
 * What was appended to the log after the audit had read it. Participants go on meanwhile: what they did for a saga that
 * the audit has not seen is in the log by now, or it is a violation.
 */
import type { Broker } from '../../shared/ports/broker.ts'
import { askedBy } from './command-ledger.ts'
import type { PartitionAudit } from './partition-audit.ts'

export interface LogTail {
  readonly sagas: ReadonlySet<string>
  /** `saga/step/direction/attempt` */
  readonly commands: ReadonlySet<string>
}

export async function readTail(broker: Broker, topic: string, partitions: readonly PartitionAudit[]): Promise<LogTail> {
  const sagas = new Set<string>()
  const commands = new Set<string>()
  for (const { partition, reader, nextOffset } of partitions) {
    for await (const records of broker.read(topic, partition, nextOffset)) {
      for (const record of records) {
        for (const { decoded } of reader.read(record)?.events ?? []) {
          if (decoded.kind !== 'event') continue
          sagas.add(decoded.envelope.sagaId)
          const id = askedBy(decoded.envelope)
          if (id !== undefined) commands.add(id)
        }
      }
    }
  }
  return { sagas, commands }
}
